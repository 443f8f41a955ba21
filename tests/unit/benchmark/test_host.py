"""What a machine says of itself, in the forms of several."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from registry.benchmark.host import BOARD, CLOCK, CPUINFO, FILES, GOVERNOR, LOAD, SYSTEM, of_texts, this_host
from tests.unit.strategies import PROPERTY

X86 = (
    "processor\t: 0\nmodel name\t: Some CPU @ 2.10GHz\ncpu MHz\t\t: 2100.000\n\nprocessor\t: 1\ncpu MHz\t: 800.5\n"
)

ARM = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd03\n\nprocessor\t: 1\nCPU part\t: 0xd08\n"


def test_a_personal_computer() -> None:
    found = of_texts({CPUINFO: X86, SYSTEM: "Linux 6.1.0 x86_64\n"})
    assert str(found) == "Some CPU @ 2.10GHz, 2 cores, Linux 6.1.0 x86_64"
    assert found.clock_mhz == 2100
    assert found.to_document() == {
        "processor": "Some CPU @ 2.10GHz",
        "cores": 2,
        "clock_mhz": 2100,
        "system": "Linux 6.1.0 x86_64",
    }


def test_a_board_names_its_cores_by_part_numbers() -> None:
    found = of_texts(
        {CPUINFO: ARM, BOARD: "NXP i.MX8MPlus EVK board\0", CLOCK: "1800000\n", GOVERNOR: "ondemand\n"}
    )
    assert str(found) == "NXP i.MX8MPlus EVK board, Cortex-A53 + Cortex-A72, 2 cores"
    assert found.clock_mhz == 1800
    assert found.notes == ("the clock is set by the governor ondemand, so it may have changed between runs",)


def test_a_fixed_clock_and_an_idle_machine_need_no_note() -> None:
    assert of_texts({GOVERNOR: "performance", LOAD: "0.42 0.90 1.00 1/90 1234\n"}).notes == ()
    assert of_texts({}).notes == ()


def test_a_load_is_told_since_a_steady_one_shows_in_no_spread() -> None:
    assert of_texts({LOAD: "5.30 5.75 6.54 4/104 9\n"}).notes == (
        "other programs ran: load average 5.3 in the minute before",
    )


def test_what_is_not_known_stays_open() -> None:
    found = of_texts({CPUINFO: "CPU part : 0xfff\n", CLOCK: "fast", BOARD: "\x1b[31m" + "x" * 5000})
    assert found.processor == "Arm part 0xfff"
    assert (found.cores, found.clock_mhz) == (None, None)
    assert found.board.isprintable()
    assert len(found.board) == 120


@PROPERTY
@given(st.dictionaries(st.sampled_from([*FILES, SYSTEM]), st.text()))
def test_any_text_gives_a_line_to_print(texts: dict[str, str]) -> None:
    found = of_texts(texts)
    assert str(found).isprintable()
    assert found.processor


def test_this_machine_knows_itself() -> None:
    found = this_host()
    assert found.cores
    assert found.system
