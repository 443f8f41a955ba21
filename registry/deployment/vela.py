"""Vela, Arm's compiler for the Ethos-U (`ethos-u-vela` of PyPI): its command, and its report read back.

Options and report: the package's page on PyPI, and PERFORMANCE.md of
https://github.com/nxp-imx/ethos-u-vela/tree/lf-6.6.3_1.0.0. The report's memories are in KiB and its times in
seconds: on its console the same numbers stand with these units.
"""

from __future__ import annotations

import csv
import io
import math
import re
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from registry import inspect
from registry.deployment.base import Ran, Reading, Subject, Toolbox
from registry.digest import Digest
from registry.errors import MismatchError, RejectedError, UnavailableError

TOOL = "ethos-u-vela"
COMMAND = "vela"
OPTIONS = (
    "--accelerator-config=ethos-u65-256",
    "--config=Arm/vela.ini",
    # of Vela's own systems the one whose Ethos-U65 has DRAM behind it and runs at 1 GHz
    "--system-config=Ethos_U65_High_End",
    "--memory-mode=Dedicated_Sram_384KB",
    "--optimise=Performance",
)
"""The Ethos-U65 of i.MX 93. NXP's own Vela gives it 384 KB of SRAM (ethosu/config_files/Arm/vela.ini of
nxp-imx/ethos-u-vela, commit 1538dce9f07a310587f057aee5fbe25509963879)."""

_ACCELERATOR = "Ethos_U65_256"
_OPERATOR = "ethos-u"
"""Name of the custom operator that stands for a part of the network on the NPU."""

_VERSION = re.compile(r"[0-9]{1,5}(?:[.+-][0-9A-Za-z]{1,20}){1,6}")
_LARGEST_REPORT = 1 << 20
_NUMBERS = (
    ("sram_memory_used", "internal-ram", "bytes", 1024.0),
    ("dram_memory_used", "external-ram", "bytes", 1024.0),
    ("inference_time", "estimated-time", "ms", 1000.0),
    ("cycles_total", "estimated-cycles", "cycles", 1.0),
    ("cycles_npu", "estimated-npu-cycles", "cycles", 1.0),
    ("total_npu_encoded_weights", "npu-weights", "bytes", 1.0),
)
"""Column, name of the reading, its unit, and what the column's number is multiplied by."""


@dataclass(frozen=True)
class Compiled:
    """What Vela made.

    Attributes:
        model: The compiled file.
        report: Its report, CSV.
        readings: What the report says, and what inspection of the compiled file says.
        on_cpu: Operators that stay on the CPU: how many by native name.
    """

    model: Path
    report: Path
    readings: tuple[Reading, ...]
    on_cpu: dict[str, int]


def command(model: str, output: str = ".") -> tuple[str, ...]:
    """The command that compiles a model file into a folder."""
    return (COMMAND, *OPTIONS, f"--output-dir={output}", f"./{model}")


def version_of(path: str, toolbox: Toolbox, work: Path) -> str:
    """What Vela says of its version.

    Raises:
        UnavailableError: It is another program of that name, such as that of KubeVela, or cannot be started.
    """
    said = toolbox.run((path, "--version"), work).output.strip()
    if not _VERSION.fullmatch(said):
        raise UnavailableError(
            f"{COMMAND}: expected Arm's Vela, which tells a version such as 5.2.0, found another program",
            hint=f"pip install {TOOL}",
        )
    return said


def inspected_copy(subject: Subject, work: Path) -> Path:
    """A copy of the very bytes that inspection has accepted, under the package's name.

    Raises:
        RejectedError: Inspection found danger in the file, or its bytes are not the inspected ones any more.
    """
    graph = subject.facts.graph
    dangers = [finding for finding in graph.findings if finding.severity == "danger"]
    if dangers:
        raise RejectedError(
            f"{subject.path}: not given to Vela, since it may do harm: {dangers[0].where}: {dangers[0].message}",
            hint="`zoo inspect` tells more",
        )
    copy = work / f"{subject.name}.tflite"
    shutil.copyfile(subject.path, copy)
    found = Digest.of_file(copy)
    if found != subject.digest:
        raise MismatchError(str(subject.path), expected=str(subject.digest), found=str(found))
    return copy


def compile_model(subject: Subject, model: Path, path: str, toolbox: Toolbox, work: Path) -> Compiled:
    """Compile a model.

    Args:
        subject: What inspection knows of it.
        model: Its inspected copy in `work`.
        path: Of the command.
        toolbox: Runs it.
        work: Where it runs.

    Raises:
        RejectedError: Its report or result is not what was asked for.
        UnavailableError: It failed.
    """
    words = command(model.name, "compiled")
    ran = toolbox.run((path, *words[1:]), work)
    compiled = work / "compiled" / f"{model.stem}_vela.tflite"
    reports = sorted((work / "compiled").glob("*_summary_*.csv"))
    if ran.code or len(reports) != 1 or not compiled.is_file():
        raise UnavailableError(
            f"vela made no compiled file of {model.name}, exit code {ran.code}: {_last_line(ran)}",
            hint=f"run it by hand: {' '.join(words)}",
        )
    on_cpu, counts = _placed(subject, compiled)
    return Compiled(compiled, reports[0], (*readings_of(_text(reports[0])), *counts), on_cpu)


def readings_of(text: str) -> tuple[Reading, ...]:
    """Read Vela's summary, one line of titles and one of numbers.

    Raises:
        RejectedError: It is something else, of another accelerator, or holds no numbers.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise _not_a_report(f"{error}") from None
    if len(rows) != 1:
        raise _not_a_report(f"{len(rows)} lines of numbers")
    row = rows[0]
    if row.get("accelerator_configuration") != _ACCELERATOR:
        raise _not_a_report(f"the accelerator {row.get('accelerator_configuration')!r}"[:200])
    return tuple(
        Reading(name, _number(row, column) * factor, unit, f"{column} {row[column]}", TOOL)
        for column, name, unit, factor in _NUMBERS
    )


def _number(row: dict[str, str], column: str) -> float:
    said = row.get(column)
    try:
        number = float(said or "")
    except ValueError:
        number = math.nan
    if not 0 <= number <= 1e15 or len(said or "") > 40:
        raise _not_a_report(f"{column} {said!r}"[:200])
    return number


def _not_a_report(found: str) -> RejectedError:
    return RejectedError(
        f"Vela's report: expected one line of numbers for {_ACCELERATOR}, found {found}",
        hint="another version of Vela may write another report; 5.2.0 is known",
    )


def _placed(subject: Subject, compiled: Path) -> tuple[dict[str, int], tuple[Reading, ...]]:
    """Where the operators of the model went, by inspection of the compiled file."""
    natives = Counter(one.native for one in inspect.read(compiled, "tflite").operators)
    parts = natives.pop(_OPERATOR, 0)
    whole, left = len(subject.facts.graph.operators), natives.total()
    text = f"compiled file: {parts} {_OPERATOR}, {left} of {whole} operators left"
    return dict(natives), (
        Reading("npu-operators", max(whole - left, 0) if parts else 0, "operators", text, TOOL),
        Reading("cpu-operators", left, "operators", text, TOOL),
    )


def _text(report: Path) -> str:
    with report.open("rb") as file:
        return file.read(_LARGEST_REPORT).decode("utf-8", "replace")


def _last_line(ran: Ran) -> str:
    lines = (ran.errors.strip() or ran.output.strip()).splitlines()
    return lines[-1][:300] if lines else "it said nothing"
