"""What TensorFlow Lite's `benchmark_model` prints, as figures.

Its summary has stood for years in this form (tensorflow/lite/tools/benchmark/benchmark_model.cc and
tensorflow/core/util/stats_calculator.h; newer versions add the percentiles):

    count=50 first=106022 curr=105780 min=105416 max=106528 avg=105784 std=260 p5=105485 median=105718 p95=106281
    Inference timings in us: Init: 87639, First inference: 106436, Warmup (avg): 106065, Inference (avg): 105784
    Memory footprint delta from the start of the tool (MB): init=14.4414 overall=14.8164

One `count=` line ends the warm-up, the next one the runs; of equal times it says `count=3 curr=7(all same)`.
A log's own prefix may stand before each line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from registry.benchmark.statistics import Distribution
from registry.errors import RejectedError, UnavailableError

_NUMBER = r"([0-9]{1,15}(?:\.[0-9]{1,12})?(?:[eE][-+]?[0-9]{1,2})?)"
_SUMMARY = re.compile(
    rf"Inference timings in us: Init: {_NUMBER}, First inference: {_NUMBER},"
    rf" Warmup \(avg\): {_NUMBER}, Inference \(avg\): {_NUMBER}"
)
_COUNT = re.compile(r"\bcount=([0-9]{1,9})\b(.*)")
_FIELD = re.compile(rf"\b(first|curr|min|max|avg|std|p5|median|p95)={_NUMBER}")
_MEMORY = re.compile(
    rf"(?:Memory footprint delta from the start of the tool|Peak memory footprint) \(MB\): init={_NUMBER}"
    rf" overall={_NUMBER}"
)
_LEFT_OUT = "the model graph will not be executed by the delegate"
_PARTLY = "the model graph will be partially executed by the delegate"
_PERCENTILES = {"p5": 5, "median": 50, "p95": 95}
_MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Report:
    """What a run of `benchmark_model` says.

    Attributes:
        distribution: Times of the runs after the warm-up.
        initialisation: Time until the model was ready, milliseconds.
        first: Time of the first inference, milliseconds.
        memory: Bytes that the model took, by the tool's own estimate; None where it says nothing.
        partly: Whether the delegate took only a part of the model.
    """

    distribution: Distribution
    initialisation: float
    first: float
    memory: int | None
    partly: bool


def options(graph: str, threads: int, runs: int, seconds: float, warmup: int, library: str | None) -> list[str]:
    """Options of the tool, after its name.

    Args:
        graph: Path of the model.
        threads: CPU threads.
        runs: Runs that are measured, at least.
        seconds: Time that is measured, at least.
        warmup: Runs before.
        library: Shared library of a delegate; None for the CPU.
    """
    found = [f"--graph={graph}", f"--num_threads={threads}", f"--warmup_runs={warmup}", f"--num_runs={runs}"]
    found.append(f"--min_secs={seconds:g}")
    return [*found, *([f"--external_delegate_path={library}"] if library else [])]


def parse(text: str, tool: str = "benchmark_model") -> Report:
    """Read what the tool printed.

    Args:
        text: All of it, whatever it is.
        tool: What messages call it.

    Raises:
        RejectedError: A delegate was asked for and did not take the model.
        UnavailableError: There is no summary in it, or one that cannot be.
    """
    if _LEFT_OUT in text:
        raise RejectedError(
            f"{tool}: the delegate did not take the model, so the time would be the CPU's",
            hint="`zoo fit` names operators that an engine does not take; without --delegate the CPU is measured",
        )
    summary = _SUMMARY.search(text)
    if summary is None:
        raise UnavailableError(
            f"{tool}: expected a line 'Inference timings in us: ...', found {_last_line(text)}",
            hint="run the tool by hand on the device; it tells there what it lacks",
        )
    initialisation, first, _warmup, mean = (float(one) / 1000 for one in summary.groups())
    counts = _COUNT.findall(text[: summary.start()])
    memory = _MEMORY.search(text)
    distribution = _distribution(counts, mean)
    if not (distribution.mean > 0 and math.isfinite(distribution.mean)):
        raise UnavailableError(
            f"{tool}: expected a time above 0, found an average of {mean:g} ms",
            hint="measure more runs with --runs",
        )
    taken = None if memory is None else round(float(memory[2]) * _MEBIBYTE)
    return Report(distribution, initialisation, first, taken, _PARTLY in text)


def _distribution(counts: Sequence[tuple[str, str]], mean: float) -> Distribution:
    """The times of the last `count=` line, which is of the runs; the summary's average has more digits.

    Args:
        counts: Number and rest of each such line.
        mean: Of the runs, milliseconds.
    """
    if not counts:
        return Distribution(1, mean)
    number, rest = counts[-1]
    fields = {name: float(value) / 1000 for name, value in _FIELD.findall(rest)}
    count = max(int(number), 1)
    if "avg" not in fields:  # all runs took the same time, or there was one
        return Distribution(count, mean, mean, mean, 0.0, variation=0.0)
    percentiles = {_PERCENTILES[name]: value for name, value in fields.items() if name in _PERCENTILES}
    deviation = fields.get("std")
    variation = None if deviation is None or not mean else deviation / mean
    return Distribution(count, mean, fields.get("min"), fields.get("max"), deviation, percentiles, variation)


def _last_line(text: str) -> str:
    """The end of what was said, short and printable."""
    lines = [line.strip() for line in text[-4000:].splitlines() if line.strip()]
    return repr(lines[-1][:200]) if lines else "nothing"
