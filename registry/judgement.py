"""A measured accuracy against the figure on a card: reproduced, contradicted, or not comparable. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from registry.card import Metric, Variant
from registry.figures import describes
from registry.metrics import Scores

TOLERANCE = 0.005
"""Difference of two fractions that are the same figure: half a point, more than rounding and engines make."""


@dataclass(frozen=True)
class Judgement:
    """A figure of the card and what was measured.

    Attributes:
        metric: The card's figure.
        state: `reproduced`, `contradicted`, or `not comparable`.
        measured: The figure that was measured; None where there is none to compare.
        reason: Why it is not comparable, or how far apart they are.
    """

    metric: Metric
    state: str
    measured: float | None
    reason: str


def judge(
    variant: Variant, dataset: str, split: str, scores: Mapping[str, Scores], tolerance: float = TOLERANCE
) -> list[Judgement]:
    """Hold every accuracy of a card against a measurement."""
    return [_one(variant, metric, dataset, split, scores, tolerance) for metric in variant.metrics]


def _one(
    variant: Variant, metric: Metric, dataset: str, split: str, scores: Mapping[str, Scores], tolerance: float
) -> Judgement:
    if reason := next(_obstacles(variant, metric, dataset, split, scores), None):
        return Judgement(metric, "not comparable", None, reason)
    found = scores[metric.protocol].to_json().get(metric.name)
    if metric.value is None or found is None:
        return Judgement(metric, "not comparable", found, "one of the two has no value")
    apart = abs(metric.value - found)
    state = "reproduced" if apart <= tolerance else "contradicted"
    return Judgement(metric, state, found, f"{apart:.4f} apart, {tolerance:g} allowed")


def _obstacles(
    variant: Variant, metric: Metric, dataset: str, split: str, scores: Mapping[str, Scores]
) -> Iterator[str]:
    if not describes(variant, metric):
        yield f"it was measured at {metric.precision}, this file is {variant.scheme}"
    if (metric.dataset, metric.split) != (dataset, split):
        yield f"it is of {metric.dataset} {metric.split}, this is {dataset} {split}"
    if metric.protocol not in scores:
        yield f"its protocol is {metric.protocol}, measured were {', '.join(scores)}"
