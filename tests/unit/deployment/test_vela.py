from __future__ import annotations

import csv
import io
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.deployment import vela
from registry.deployment.base import Reading
from registry.deployment.toolbox import Machine
from registry.errors import MismatchError, RejectedError, UnavailableError
from registry.facts import Facts
from registry.inspect.graph import Finding
from tests.unit.deployment.packages import program
from tests.unit.family import subject

ROW = {
    "experiment": "default",
    "network": "net",
    "accelerator_configuration": "Ethos_U65_256",
    "inference_time": "0.00515704",
    "sram_memory_used": "380.75",
    "dram_memory_used": "949.703125",
    "total_npu_encoded_weights": "164608",
    "cycles_npu": "4031347",
    "cycles_total": "5157040",
}
"""Columns of a report of Vela 5.2.0, without those that are not read."""

SUBJECT = subject("256-int8-per-tensor", "imx93")


def report(*rows: dict[str, str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def test_a_report_becomes_readings_in_bytes_and_milliseconds() -> None:
    found = {one.name: one for one in vela.readings_of(report(ROW))}
    assert found["internal-ram"] == Reading(
        "internal-ram", 389888, "bytes", "sram_memory_used 380.75", "ethos-u-vela"
    )
    assert (found["external-ram"].value, found["npu-weights"].value) == (972496, 164608)
    assert found["estimated-time"].value == pytest.approx(5.15704)
    assert found["estimated-time"].unit == "ms"
    assert (found["estimated-cycles"].value, found["estimated-npu-cycles"].value) == (5157040, 4031347)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "0 lines of numbers"),
        (report(ROW, ROW), "2 lines of numbers"),
        (report({**ROW, "accelerator_configuration": "Ethos_U55_128"}), "the accelerator 'Ethos_U55_128'"),
        (report({**ROW, "cycles_total": "many"}), "cycles_total 'many'"),
        (report({**ROW, "cycles_total": "nan"}), "cycles_total 'nan'"),
        (report({**ROW, "sram_memory_used": "-1"}), "sram_memory_used '-1'"),
        (report({**ROW, "sram_memory_used": "1e999"}), "sram_memory_used '1e999'"),
        (report({**ROW, "cycles_npu": "0" * 50}), "cycles_npu '0000"),
        (report({name: ROW[name] for name in ROW if name != "inference_time"}), "inference_time None"),
        ('"open', "unexpected end of data"),
    ],
)
def test_another_report_is_refused_and_told(text: str, found: str) -> None:
    with pytest.raises(RejectedError, match="expected one line of numbers for Ethos_U65_256") as error:
        vela.readings_of(text)
    assert found in error.value.message


CELLS = st.text(max_size=12) | st.sampled_from(["1", "0.5", "-1", "nan", '"', "1e400", "Ethos_U65_256", ""])


@given(st.text() | st.dictionaries(st.sampled_from(list(ROW)), CELLS).map(lambda row: report({**ROW, **row})))
def test_any_text_is_readings_or_refused(text: str) -> None:
    try:
        found = vela.readings_of(text)
    except RejectedError:
        return
    assert all(0 <= one.value < 1e19 and one.unit for one in found)


def test_the_command_is_one_of_vela_for_the_board() -> None:
    words = vela.command("net.tflite")
    assert words[0] == "vela"
    assert words[-2:] == ("--output-dir=.", "./net.tflite")
    assert "--accelerator-config=ethos-u65-256" in words


def test_what_inspection_fears_never_reaches_vela(tmp_path: Path) -> None:
    fear = Finding("danger", "tflite-size", "tensor 3", "it claims more bytes than there are")
    graph = replace(SUBJECT.facts.graph, findings=(fear,))
    with pytest.raises(RejectedError, match="not given to Vela, since it may do harm: tensor 3"):
        vela.inspected_copy(replace(SUBJECT, facts=Facts(graph)), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_only_the_inspected_bytes_reach_vela(tmp_path: Path) -> None:
    changed = tmp_path / "changed.tflite"
    changed.write_bytes(SUBJECT.path.read_bytes() + b"more")
    with pytest.raises(MismatchError):
        vela.inspected_copy(replace(SUBJECT, path=changed), tmp_path)


@pytest.mark.parametrize("text", ["echo CLI Version: v1.9", "exit 1", "echo 5.2.0; echo more", "printf '\\377'"])
def test_another_program_of_that_name_is_told(tmp_path: Path, text: str) -> None:
    path = program(tmp_path / "vela", text)
    with pytest.raises(UnavailableError, match="expected Arm's Vela"):
        vela.version_of(str(path), Machine(), tmp_path)


@pytest.mark.parametrize("version", ["5.2.0", "3.10.0.dev7+gabcdef0"])
def test_versions_that_vela_tells(tmp_path: Path, version: str) -> None:
    path = program(tmp_path / "vela", f"echo {version}")
    assert vela.version_of(str(path), Machine(), tmp_path) == version


def failing(tmp_path: Path, text: str) -> vela.Compiled:
    """Compile by a program in the place of Vela."""
    path = program(tmp_path / "vela", text)
    work = tmp_path / "work"
    work.mkdir()
    model = vela.inspected_copy(SUBJECT, work)
    return vela.compile_model(SUBJECT, model, str(path), Machine(), work)


def making(model: str, text: str) -> str:
    """A program that leaves a compiled model and a report."""
    name = SUBJECT.name
    return (
        f"mkdir compiled && cp {shlex.quote(model)} compiled/{name}_vela.tflite"
        f" && printf %s {shlex.quote(text)} > compiled/{name}_summary_Ethos_U65_High_End.csv"
    )


def test_a_vela_that_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="exit code 1: Error: no such operator") as error:
        failing(tmp_path, "echo first >&2; echo 'Error: no such operator' >&2; exit 1")
    assert error.value.hint is not None
    assert error.value.hint.startswith("run it by hand: vela --accelerator-config")


@pytest.mark.parametrize("text", ["exit 0", "mkdir compiled", "kill -9 $$"])
def test_a_vela_that_leaves_nothing_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(UnavailableError, match="made no compiled file"):
        failing(tmp_path, text)


def test_a_report_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(RejectedError, match="Vela's report"):
        failing(tmp_path, making(str(SUBJECT.path), "<html>"))


def test_a_result_that_is_no_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(RejectedError):
        failing(tmp_path, making("/bin/sh", report(ROW)))


def test_a_result_that_has_nothing_for_the_npu_says_so(tmp_path: Path) -> None:
    compiled = failing(tmp_path, making(str(SUBJECT.path), report(ROW)))
    counts = {one.name: one.value for one in compiled.readings if one.unit == "operators"}
    assert counts == {"npu-operators": 0, "cpu-operators": len(SUBJECT.facts.graph.operators)}
