"""`stedgeai generate`: the command that compiles a model for the NPU, and running it where it is installed."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from registry.deployment.base import DATA, REPORT, SOURCE, File, Reading, Tool, Toolbox
from registry.deployment.stm32n6.memory_pools import PROFILE
from registry.deployment.stm32n6.stedgeai_report import TOOL, Stored, readings, stored_by, version_of
from registry.deployment.stm32n6.tensors import Input, Output
from registry.errors import RejectedError, UnavailableError
from registry.runtime.base import Port

OUTPUT = "st_ai_output"
"""Folder that the tool writes to."""

PROFILE_FILE = "user_neuralart.json"
_REPORTS = ("network_generate_report.txt", "network_analyze_report.txt")
"""Names of the report; the second one with versions before 2.1."""

_LARGEST_REPORT = 1 << 22
_PRINTED = 1e-6
"""What the report's nine decimals leave open."""

_MOST_FILES = 64
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}")
_ROLES = {".c": SOURCE, ".h": SOURCE, ".raw": DATA, ".txt": REPORT, ".json": REPORT}
_USE = "compiles the model for the NPU: network.c, network_ecblobs.h and the weights"


@dataclass(frozen=True)
class Compiled:
    """What the tool made.

    Attributes:
        tool: Itself.
        files: What it wrote and an application needs; none where it is not installed.
        readings: Numbers of its report.
        stored: How it says that `input` and `output` are stored.
        warnings: What is wrong with the report.
    """

    tool: Tool
    files: tuple[File, ...] = ()
    readings: tuple[Reading, ...] = ()
    stored: Mapping[str, Stored] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def unlike(self, what: str, port: Port) -> list[str]:
        """Where the compiled network stores its input or output in another way than the headers say, in words."""
        said = self.stored.get(what)
        if said is None or port.scale is None:
            return []
        close = math.isclose(said.scale, port.scale, rel_tol=_PRINTED, abs_tol=_PRINTED)
        if close and (said.dtype, said.zero_point) == (port.dtype, port.zero_point):
            return []
        return [
            f"{TOOL} stores the {what} as {said.dtype} with scale {said.scale:g} and zero point {said.zero_point},"
            f" network_io.h says {port.dtype}, {port.scale:g} and {port.zero_point}: correct it before use"
        ]


def command(model: str, image: Input, scores: Output) -> tuple[str, ...]:
    """The command, for the folder of the package.

    Channels are turned only where the file has them first: the compiler takes the order of an ONNX file for the
    order that the option names against, and a file that was converted from TensorFlow has them last already.

    Args:
        model: The model's path in the package.
        image: Input as it shall be.
        scores: Output as it shall be.
    """
    words = [TOOL, "generate", "--model", model, "--target", "stm32n6"]
    words += ["--st-neural-art", f"{PROFILE}@{PROFILE_FILE}", "--input-data-type", "uint8"]
    if scores.converted:
        words += ["--output-data-type", scores.kind]
    if image.transposed:
        words += ["--inputs-ch-position", "chlast"]
    if scores.transposed:
        words += ["--outputs-ch-position", "chlast"]
    return (*words, "--output", OUTPUT)


def compiled(words: Sequence[str], toolbox: Toolbox, folder: Path, kinds: Mapping[str, str]) -> Compiled:
    """Run the command where the tool is installed.

    Args:
        words: The command.
        toolbox: Tools of this machine.
        folder: With the model, the profile and the pools, as in the package.
        kinds: Kind of each memory pool by name.

    Raises:
        UnavailableError: The tool cannot be started, does not end, fails, or makes no network.
    """
    found = toolbox.find(TOOL)
    if found is None:
        return Compiled(Tool(TOOL, None, _USE, found=False))
    ran = toolbox.run((found, *words[1:]), folder)
    said = f"{ran.output}\n{ran.errors}"
    files = _files(folder / OUTPUT)
    if ran.code or not any(file.path == f"{OUTPUT}/network.c" for file in files):
        last = next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "nothing")
        raise UnavailableError(
            f"{TOOL}: expected {OUTPUT}/network.c, found exit code {ran.code}; it says last: {last[:300]}",
            hint=f"run it yourself to see all it says: {' '.join(words)}",
        )
    text = _report(folder / OUTPUT) or said
    tool = Tool(TOOL, version_of(text) or version_of(said), _USE, found=True)
    try:
        return Compiled(tool, files, readings(text, kinds), stored_by(text))
    except RejectedError as unreadable:
        return Compiled(tool, files, warnings=(unreadable.message,))


def _files(folder: Path) -> tuple[File, ...]:
    """What lies in the tool's folder under a harmless name; no links, no folders."""
    if not folder.is_dir():
        return ()
    paths = sorted(
        path
        for path in folder.iterdir()
        if path.suffix in _ROLES and _NAME.fullmatch(path.name) and path.is_file() and not path.is_symlink()
    )
    return tuple(File(f"{OUTPUT}/{path.name}", path, _ROLES[path.suffix]) for path in paths[:_MOST_FILES])


def _report(folder: Path) -> str:
    """The report's text, its beginning where it is huge; empty where there is none."""
    for name in _REPORTS:
        path = folder / name
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                return file.read(_LARGEST_REPORT).decode("utf-8", "replace")
    return ""
