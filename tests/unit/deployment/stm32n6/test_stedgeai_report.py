from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.deployment.base import Reading
from registry.deployment.stm32n6.stedgeai_report import Stored, readings, stored_by, version_of
from registry.errors import RejectedError
from tests.unit.family import target
from tests.unit.strategies import PROPERTY

KINDS = {memory["name"]: memory["kind"] for memory in target("stm32n6").document["memories"]}

SUMMARY = """\
ST Edge AI Core v3.0.0-20426 123456789
 Exec/report summary (generate)
 ---------------------------------------------------------------
 model file         :   model/shapes.tflite
 target/series      :   stm32n6npu
 ---------------------------------------------------------------
 input 1/1          :   'Input_0_out_0', uint8(1x256x256x3), 192 KBytes, QLinear(0.007843138,127,uint8), activations
 output 1/1         :   'Out_0', int8(1x256x256x9), 576 KBytes, QLinear(0.137151226,19,int8), activations
 macc               :   195,309,568
 weights (ro)       :   190,464 B (186.00 KiB) (1 segment)
 activations (rw)   :   1,376,256 B (1.31 MiB) (3 segments) *
 ram (total)        :   1,376,256 B (1.31 MiB) = 1,376,256 + 0 + 0
"""


def pool(name: str, span: str, size: str, weights: str = "0  B", activations: str = "0  B") -> str:
    """The line of a memory pool, with columns as wide as the tool's."""
    used = weights if activations == "0  B" else activations
    shares = f"weights: {weights:>12} (  0.16 % used)  activations: {activations:>12} (  0.16 % used)    "
    return f"        {name:<10} [{span}]: {used:>12} / {size:>12}  (  0.16 % used) -- {shares}\n"


POOLS = (
    "Memory usage information\n   ------------------------------\n"
    + pool("cpuRAM1", "0x34064000 - 0x34064000", "0  B")
    + pool("cpuRAM2", "0x34100000 - 0x34200000", "1.000 MB", activations="1.000 MB")
    + pool("npuRAM6", "0x34350000 - 0x343C0000", "448.000 kB", activations="256.000 kB")
    + pool("octoFlash", "0x71000000 - 0x77FC0000", "111.750 MB", weights="186.000 kB")
    + pool("hyperRAM", "0x90000000 - 0x92000000", "32.000 MB", activations="64.000 kB")
    + "\nTotal:       1.494 MB     -- weights:    186.000 kB         activations:      1.312 MB\n"
    + "Used memory ranges\n        cpuRAM2    [0x34100000 - 0x34200000]: 0x34100000-0x34200000\n"
)
EPOCHS = """\
Epochs details
   ---------------------------------------------------------------
Total number of epochs                               61
>> pure software (SW) epochs                          3
>> hybrid epochs (using both software and hardware)   2
>> pure hardware (HW or EC) epochs                   56  (implemented in 4 epoch controller blobs/meta epochs)
"""
REPORT = SUMMARY + POOLS + EPOCHS
OLD_EPOCHS = "Total number of epochs: 77 of which 5 implemented in software\n"


def report(image: tuple[float, int], scores: tuple[float, int]) -> str:
    """The report of a network whose input and output have these scales and zero points."""
    said = REPORT.replace("QLinear(0.007843138,127,", f"QLinear({image[0]:.9f},{image[1]},")
    return said.replace("QLinear(0.137151226,19,", f"QLinear({scores[0]:.9f},{scores[1]},")


def by_name(text: str) -> dict[str, Reading]:
    found = readings(text, KINDS)
    assert len({one.name for one in found}) == len(found)
    return {one.name: one for one in found}


def test_a_whole_report() -> None:
    found = by_name(REPORT)
    assert {name: (one.value, one.unit) for name, one in found.items()} == {
        "internal-ram": (1310720, "bytes"),
        "external-ram": (65536, "bytes"),
        "weights-flash": (190464, "bytes"),
        "cpuRAM2": (1048576, "bytes"),
        "npuRAM6": (262144, "bytes"),
        "octoFlash": (190464, "bytes"),
        "hyperRAM": (65536, "bytes"),
        "weights": (190464, "bytes"),
        "activations": (1376256, "bytes"),
        "macs": (195309568, "operations"),
        "epochs": (61, "epochs"),
        "software-epochs": (3, "epochs"),
        "hybrid-epochs": (2, "epochs"),
        "hardware-epochs": (56, "epochs"),
    }
    assert {one.tool for one in found.values()} == {"stedgeai"}
    assert found["hybrid-epochs"].text == ">> hybrid epochs (using both software and hardware)   2"
    assert found["external-ram"].text.startswith("hyperRAM [0x90000000 - 0x92000000]: 64.000 kB / 32.000 MB")
    assert version_of(REPORT) == "3.0.0-20426"


def test_what_the_tables_rounding_hides_is_in_the_summary() -> None:
    text = REPORT.replace("190,464 B", "190,471 B")
    found = by_name(text)
    assert (found["weights"].value, found["weights-flash"].value) == (190471, 190464)


def test_epochs_as_versions_before_3_word_them() -> None:
    found = by_name(OLD_EPOCHS)
    assert {name: one.value for name, one in found.items()} == {"epochs": 77, "software-epochs": 5}


def test_no_work_is_no_figure() -> None:
    assert "macs" not in by_name(REPORT.replace("195,309,568", "0"))


def test_how_input_and_output_are_stored() -> None:
    assert stored_by(REPORT) == {
        "input": Stored("uint8", 0.007843138, 127),
        "output": Stored("int8", 0.137151226, 19),
    }
    assert stored_by(POOLS) == {}


@pytest.mark.parametrize("text", ["", "\n" * 5000, "E101: cannot read the model\n", "Total number of epochs\n"])
def test_no_report(text: str) -> None:
    with pytest.raises(RejectedError, match="memory pools or epochs"):
        readings(text, KINDS)


@PROPERTY
@given(st.text() | st.lists(st.sampled_from(REPORT.splitlines()) | st.text(), max_size=40).map("\n".join))
def test_any_text_gives_readings_or_a_clean_error(text: str) -> None:
    try:
        found = readings(text, KINDS)
    except RejectedError:
        return
    assert found
    assert all(one.value >= 0 and one.text and one.name for one in found)
    stored_by(text)


@PROPERTY
@given(st.integers(0, len(REPORT)), st.integers(0, len(REPORT)), st.text(max_size=5))
def test_a_damaged_report(first: int, last: int, inserted: str) -> None:
    text = REPORT[:first] + inserted + REPORT[last:]
    with contextlib.suppress(RejectedError):
        assert readings(text, KINDS)


@pytest.mark.parametrize(
    "line",
    [
        "cpuRAM2 [0x0 - 0x1]: " + "9" * 5000 + " B / 1 B -- weights: 1 B activations: 1 B\n",
        " " * 200_000 + "macc : 1",
        "weights (ro) : " + "," * 200_000 + " B",
        "-- weights: 0 B " * 20_000,
        ("x [0x0 - 0x1]: 1 B" + " " * 150) * 2_000,
    ],
    ids=["digits", "spaces", "commas", "weights", "pools"],
)
def test_a_hostile_line_takes_no_time_and_does_not_hide_the_rest(line: str) -> None:
    assert by_name(f"{line}\n{EPOCHS}")["epochs"].value == 61
