"""Accuracy against latency on one target: what may be compared, what is left out and why. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.card import Variant
from registry.errors import RejectedError
from registry.figures import ACCURACY, Conditions, latency_ms, own_metrics
from registry.pareto import front


@dataclass(frozen=True)
class Wanted:
    """Which accuracies are meant; None where any is.

    Attributes:
        metric: Name of the metric.
        dataset, protocol: Conditions that it was measured under.
    """

    metric: str = ACCURACY
    dataset: str | None = None
    protocol: str | None = None

    def takes(self, conditions: Conditions) -> bool:
        """Whether a metric of these conditions is meant."""
        stated = ((self.dataset, conditions.dataset), (self.protocol, conditions.protocol))
        return conditions.metric == self.metric and all(one in (None, other) for one, other in stated)

    def __str__(self) -> str:
        dataset = f" on {self.dataset}" if self.dataset else ""
        return self.metric + dataset + (f" by protocol {self.protocol}" if self.protocol else "")


@dataclass(frozen=True)
class Row:
    """A variant with both figures.

    Attributes:
        variant: The variant.
        accuracy: Fraction of 1.
        milliseconds: Of one inference on the target.
        accuracy_by, latency_by: Who says so, such as `claimed by st` or `measured here`.
        engine: What ran it, as its source names it.
        on_front: Whether no other is both as accurate and as fast, and better in one.
    """

    variant: Variant
    accuracy: float
    milliseconds: float
    accuracy_by: str
    latency_by: str
    engine: str
    on_front: bool


@dataclass(frozen=True)
class Comparison:
    """Variants on one target.

    Attributes:
        target: Its name.
        conditions: Of all accuracies.
        others: Other conditions that were possible, with the number of variants that have them.
        rows: The fastest first.
        left_out: Full names of the others, each with the reason.
    """

    target: str
    conditions: Conditions
    others: Mapping[Conditions, int]
    rows: tuple[Row, ...]
    left_out: Mapping[str, str]

    @property
    def sources(self) -> tuple[str, ...]:
        """Who measured what, for a line below a chart."""
        accuracy = ", ".join(dict.fromkeys(row.accuracy_by for row in self.rows))
        latency = ", ".join(dict.fromkeys(row.latency_by for row in self.rows))
        return (f"accuracy: {accuracy}", f"latency: {latency}")


def compare(variants: Sequence[Variant], target: str, wanted: Wanted) -> Comparison:
    """Set variants side by side.

    Accuracies are taken under one set of conditions only: of those that are meant, the one that most variants
    with a latency have, by `Conditions.rank` where several have as many.

    Args:
        variants: Which.
        target: Name of the target that the latencies are of.
        wanted: Which accuracies are meant.

    Raises:
        RejectedError: No variant has both figures.
    """
    timed = [one for one in variants if latency_ms(one, target) is not None]
    counts = Counter(key for one in timed for key in own_metrics(one) if wanted.takes(key))
    if not counts:
        raise RejectedError(
            f"nothing to compare: none of {len(variants)} variants has {wanted} and a latency on {target}",
            hint=_hint(variants, timed, target, wanted),
        )
    chosen = min(counts, key=lambda key: (-counts[key], key.rank))
    compared = [one for one in timed if chosen in own_metrics(one)]
    points = [(_milliseconds(one, target), own_metrics(one)[chosen]) for one in compared]
    best = front(points)
    rows = [
        _row(one, target, chosen, point, number in best)
        for number, (one, point) in enumerate(zip(compared, points, strict=True))
    ]
    rows.sort(key=lambda row: (row.milliseconds, -row.accuracy, row.variant.full_name))
    names = {row.variant.full_name for row in rows}
    left = {one.full_name: _reason(one, target, chosen) for one in variants if one.full_name not in names}
    others = {key: count for key, count in counts.items() if key != chosen}
    return Comparison(target, chosen, others, tuple(rows), left)


def _milliseconds(variant: Variant, target: str) -> float:
    found = latency_ms(variant, target)
    assert found is not None  # noqa: S101 - only variants that have one come here
    return found


def _row(variant: Variant, target: str, chosen: Conditions, point: tuple[float, float], on_front: bool) -> Row:
    stated = {"name": chosen.metric, "dataset": chosen.dataset, "split": chosen.split, "protocol": chosen.protocol}
    metric = next(_items(variant, "metrics", value=point[1], precision=variant.scheme, **stated))
    time = next(_items(variant, "latencies", value=point[0], target=target))
    engine = f"{time['engine']}, {time['threads']} threads" if time.get("threads", 1) > 1 else time["engine"]
    return Row(variant, point[1], point[0], _by(variant, metric), _by(variant, time), engine, on_front)


def _items(variant: Variant, kind: str, **stated: Any) -> Iterator[Mapping[str, Any]]:
    """Figures of a card with these properties."""
    for item in variant.document.get(kind, ()):
        if all(item[name] == value for name, value in stated.items()):
            yield item


def _by(variant: Variant, item: Mapping[str, Any]) -> str:
    if item["status"] == "reproduced":
        return f"measured, on {variant.publisher}'s card"
    return f"{item['status']} by {variant.publisher}"


def _reason(variant: Variant, target: str, chosen: Conditions) -> str:
    """The first reason why a variant is not compared."""
    if latency_ms(variant, target) is None:
        others = sorted({one.target for one in variant.latencies if one.milliseconds} - {target})
        return f"no latency on {target}" + (f", only on {', '.join(others)}" if others else "")
    own = sorted(key for key in own_metrics(variant) if key.metric == chosen.metric)
    foreign = {one.precision for one in variant.metrics if one.name == chosen.metric} - {variant.scheme}
    if own:
        return f"under other conditions: {'; '.join(map(str, own))}"
    if foreign:
        return f"its {chosen.metric} is of the {', '.join(sorted(foreign))} network, not of this file"
    return f"no {chosen.metric}"


def _hint(variants: Sequence[Variant], timed: Sequence[Variant], target: str, wanted: Wanted) -> str:
    """What to do where nothing can be compared."""
    if not timed:
        targets = sorted({one.target for variant in variants for one in variant.latencies if one.milliseconds})
        known = f"they have latencies on {', '.join(targets)}; " if targets else ""
        return f"{known}`zoo bench NAME --record --target {target}` measures one"
    found = sorted({str(key) for one in timed for key in own_metrics(one)})
    return f"they have {'; '.join(found[:6])}" if found else f"none of those with a latency has any {wanted.metric}"
