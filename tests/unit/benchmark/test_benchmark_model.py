"""Output of `benchmark_model`: in its documented forms, and any other text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.benchmark.benchmark_model import Report, options, parse
from registry.errors import RejectedError, UnavailableError, ZooError
from tests.unit.strategies import PROPERTY

WARM_UP = "count=5 first=106436 curr=105929 min=105929 max=106436 avg=106065 std=193"
SUMMARY = (
    "Inference timings in us: Init: 6418, First inference: 1041765, Warmup (avg): 1.04176e+06, Inference (avg): "
)

HEAD = "STARTING!\nLog parameter values verbosely: [0]\nGraph: [net.tflite]\nInitialized session in 6.418ms.\n"


def output(runs: str, average: str, *, prefix: str = "", more: str = "") -> str:
    """What the tool prints, with this line of the runs."""
    lines = [*HEAD.splitlines(), WARM_UP, "", runs, "", SUMMARY + average, *more.splitlines()]
    return "\n".join(prefix + line for line in lines) + "\n"


RUNS = "count=50 first=977738 curr=964908 min=911877 max=1112273 avg=971535 std=39112"
NOTE = "Note: as the benchmark tool itself affects memory footprint, ...\n"


@pytest.mark.parametrize("prefix", ["", "INFO: ", "07-08 15:34:26.201 I/tflite  ( 5395): "])
def test_the_runs_and_not_the_warm_up_are_read(prefix: str) -> None:
    memory = NOTE + "Memory footprint delta from the start of the tool (MB): init=6.14844 overall=109.848"
    found = parse(output(RUNS, "971535", prefix=prefix, more=memory))
    assert found.distribution.to_document() == {
        "mean": 971.535,
        "minimum": 911.877,
        "maximum": 1112.273,
        "standard_deviation": 39.112,
    }
    assert found.distribution.count == 50
    assert found.distribution.variation == pytest.approx(0.0403, abs=1e-4)
    assert found.distribution.unsteady() == ()
    assert (found.initialisation, found.first) == (6.418, 1041.765)
    assert found.memory == round(109.848 * (1 << 20))
    assert not found.partly


def test_newer_versions_tell_percentiles() -> None:
    found = parse(output(RUNS + " p5=915000 median=970000 p95=1080000", "971535")).distribution
    assert found.typical == ("p50", 970.0)
    assert found.percentiles == {5: 915.0, 50: 970.0, 95: 1080.0}


def test_large_averages_come_with_an_exponent() -> None:
    found = parse(
        output("count=50 first=2990275 curr=2 min=2 max=3189954 avg=2.95034e+06 std=109798", "2.95034e+06")
    )
    assert found.distribution.mean == 2950.34


def test_equal_times_have_no_spread() -> None:
    found = parse(output("count=50 curr=7(all same)", "7")).distribution
    assert found == type(found)(50, 0.007, 0.007, 0.007, 0.0, variation=0.0)


def test_older_versions_tell_the_peak() -> None:
    found = parse(output(RUNS, "971535", more="Peak memory footprint (MB): init=4.92969 overall=138.809"))
    assert found.memory == round(138.809 * (1 << 20))


def test_a_delegate_that_took_nothing_gives_no_figure() -> None:
    text = "Though EXTERNAL delegate is explicitly applied, the model graph will not be executed by the delegate.\n"
    with pytest.raises(RejectedError, match="the time would be the CPU's"):
        parse(text + output(RUNS, "971535"))


def test_a_delegate_that_took_a_part_is_told() -> None:
    text = (
        "Explicitly applied EXTERNAL delegate, and the model graph will be partially executed by the delegate w/ 3"
    )
    assert parse(text + "\n" + output(RUNS, "971535")).partly


def test_no_summary_is_told_with_what_came_instead() -> None:
    with pytest.raises(UnavailableError, match=r"found 'Failed to open file net.tflite'"):
        parse("STARTING!\nFailed to open file net.tflite\n\n")
    with pytest.raises(UnavailableError, match="found nothing"):
        parse("")


def test_a_time_of_zero_is_none() -> None:
    with pytest.raises(UnavailableError, match="expected a time above 0"):
        parse(output("count=50 curr=0(all same)", "0"))


FRAGMENTS = st.sampled_from(
    [*output(RUNS, "971535").split(" "), SUMMARY, RUNS, WARM_UP, "\n", "avg=1e99", "count="]
)


@PROPERTY
@given(st.one_of(st.text(), st.lists(st.one_of(FRAGMENTS, st.text(max_size=5))).map("".join)))
def test_any_text_gives_a_report_or_an_error(text: str) -> None:
    try:
        found = parse(text)
    except ZooError:
        return
    assert isinstance(found, Report)
    assert found.distribution.mean > 0


@PROPERTY
@given(st.integers(2, 10**6), st.integers(1, 10**9), st.integers(0, 10**6))
def test_what_the_tool_prints_is_what_is_read(count: int, mean: int, deviation: int) -> None:
    runs = f"count={count} first={mean} curr={mean} min={mean} max={mean} avg={mean} std={deviation}"
    found = parse(output(runs, str(mean))).distribution
    assert (found.count, found.mean, found.standard_deviation) == (count, mean / 1000, deviation / 1000)


def test_options_are_those_of_the_tool() -> None:
    found = options("net.tflite", 4, 50, 1.5, 5, "/usr/lib/libvx_delegate.so")
    assert found == [
        "--graph=net.tflite",
        "--num_threads=4",
        "--warmup_runs=5",
        "--num_runs=50",
        "--min_secs=1.5",
        "--external_delegate_path=/usr/lib/libvx_delegate.so",
    ]
