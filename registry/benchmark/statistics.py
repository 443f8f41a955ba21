"""What the times of many runs come to, and whether they are steady enough to be a figure. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PERCENTILES = (50, 90, 99)

FEWEST_RUNS = 10
"""Runs below which nothing can be said of the noise."""

MOST_VARIATION = 0.10
"""Greatest coefficient of variation that a figure may have: the standard deviation as a part of the mean."""

MOST_DRIFT = 0.05
"""Greatest difference between the medians of the two halves of the runs, as a part of the first."""

STEADIER = (
    "close other programs, hold the clock (governor `performance`), let it cool, or measure longer with --runs"
)
"""What makes a measurement steadier."""


@dataclass(frozen=True)
class Distribution:
    """Times of the runs of one measurement, milliseconds.

    Attributes:
        count: Number of runs.
        mean, minimum, maximum: Of all runs; the last two None where the tool does not say.
        standard_deviation: Of the runs as a whole population; None where the tool does not say.
        percentiles: Times by percentile, such as 50 for the median; what the tool says, or `PERCENTILES`.
        variation: Coefficient of variation; of single times without the slowest hundredth, since one interrupt of
            the system says nothing about the model. None where the tool does not say.
        drift: How far the median of the second half of the runs lies from that of the first, as a part of it and
            with its sign; None where the single times are not known.
    """

    count: int
    mean: float
    minimum: float | None = None
    maximum: float | None = None
    standard_deviation: float | None = None
    percentiles: Mapping[int, float] = field(default_factory=dict)
    variation: float | None = None
    drift: float | None = None

    @classmethod
    def of(cls, times: Sequence[float]) -> Distribution:
        """The distribution of single times.

        Args:
            times: At least one, in the order of the runs, milliseconds.
        """
        half = len(times) // 2
        usual = sorted(times)[: math.ceil(len(times) * 0.99)]
        drift = statistics.median(times[half:]) / statistics.median(times[:half]) - 1 if half else None
        return cls(
            len(times),
            statistics.fmean(times),
            min(times),
            max(times),
            statistics.pstdev(times),
            {one: percentile(times, one) for one in PERCENTILES},
            statistics.pstdev(usual) / statistics.fmean(usual),
            drift,
        )

    @property
    def typical(self) -> tuple[str, float]:
        """The figure that stands for all runs and its name: the median where it is known, else the mean."""
        return ("p50", self.percentiles[50]) if 50 in self.percentiles else ("mean", self.mean)

    def unsteady(self) -> tuple[str, ...]:
        """Why this is too noisy for a figure; nothing where it is steady."""
        found = []
        if self.count < FEWEST_RUNS:
            found.append(f"{self.count} runs, at least {FEWEST_RUNS} are needed")
        if self.variation is None and self.count >= FEWEST_RUNS:
            found.append("the tool does not say how far the runs spread")
        if self.variation is not None and self.variation > MOST_VARIATION:
            found.append(
                f"the runs vary by {self.variation:.1%} of their mean, at most {MOST_VARIATION:.0%} is taken"
            )
        if self.drift is not None and abs(self.drift) > MOST_DRIFT:
            found.append(f"the second half differs from the first by {self.drift:+.1%}, at most {MOST_DRIFT:.0%}")
        return tuple(found)

    def to_document(self) -> dict[str, Any]:
        """The same as a card says it, to a tenth of a microsecond; without what is not known."""
        named = {
            "mean": self.mean,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "standard_deviation": self.standard_deviation,
            **{f"p{one}": value for one, value in sorted(self.percentiles.items())},
        }
        return {name: round(value, 4) for name, value in named.items() if value is not None}


def percentile(times: Sequence[float], share: float) -> float:
    """A percentile, between two times by linear interpolation (Hyndman and Fan 1996, type 7).

    Args:
        times: At least one.
        share: 0 to 100.
    """
    ordered = sorted(times)
    place = (len(ordered) - 1) * share / 100
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
