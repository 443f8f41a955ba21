"""Which of a variant's figures answers a question, when several sources give several.

A figure counts for a variant only when it describes that file: an accuracy that was measured on the float
parent does not. Where sources contradict each other the worse value counts, so that nothing is promised
that only one of them claims.
"""

from __future__ import annotations

from dataclasses import dataclass

from registry.card import Metric, Variant

ACCURACY = "mean-iou"
"""The metric that `accuracy` means for segmentation."""


@dataclass(frozen=True, order=True)
class Conditions:
    """What two metrics must share to be compared.

    Attributes:
        metric, dataset, split, protocol: As on the card.
        publisher: Set only when the protocol is unstated: two publishers' unstated protocols need not agree.
    """

    metric: str
    dataset: str
    split: str
    protocol: str
    publisher: str = ""

    @property
    def rank(self) -> tuple[bool, Conditions]:
        """What orders conditions: `voc` first, under which most of the field compares."""
        return self.protocol != "voc", self

    def __str__(self) -> str:
        by = f" by {self.publisher}" if self.publisher else ""
        return f"{self.metric} on {self.dataset} {self.split}, protocol {self.protocol}{by}"


def own_metrics(variant: Variant) -> dict[Conditions, float]:
    """Metrics of this very file by their conditions; the lower value where sources disagree."""
    found: dict[Conditions, float] = {}
    for metric in variant.metrics:
        if metric.value is None or not describes(variant, metric):
            continue
        key = conditions(variant, metric)
        found[key] = min(metric.value, found.get(key, metric.value))
    return found


def describes(variant: Variant, metric: Metric) -> bool:
    """Whether the evaluated network had this variant's precision."""
    return metric.precision == variant.scheme


def conditions(variant: Variant, metric: Metric) -> Conditions:
    """What another metric must share to be compared with this one."""
    publisher = variant.publisher if metric.protocol == "unstated" else ""
    return Conditions(metric.name, metric.dataset, metric.split, metric.protocol, publisher)


def latency_ms(variant: Variant, target: str) -> float | None:
    """Fastest configuration measured on a target, milliseconds; None when nobody measured."""
    values = [item.milliseconds for item in variant.latencies if item.target == target and item.milliseconds]
    return min(values, default=None)


def ram_bytes(variant: Variant, target: str) -> float | None:
    """RAM on a target: internal plus external, or the activation RAM where only that is stated; in bytes."""
    internal, external, activation = (
        _worst(variant, target, f"{kind}-ram") for kind in ("internal", "external", "activation")
    )
    return activation if internal is None else internal + (external or 0)


def flash_bytes(variant: Variant, target: str) -> float | None:
    """Flash that the weights take on a target, in bytes; None when unknown."""
    return _worst(variant, target, "weights-flash")


def size_bytes(variant: Variant) -> float | None:
    """Size of the model file: the artifact's, or the one that a document states for this precision."""
    if variant.size is not None:
        return variant.size
    sizes = [
        item.value
        for item in variant.footprints
        if item.name == "file-size" and item.precision in (None, variant.scheme) and item.value is not None
    ]
    return max(sizes, default=None)


def _worst(variant: Variant, target: str, name: str) -> float | None:
    values = [
        item.value
        for item in variant.footprints
        if item.name == name and item.target == target and item.value is not None
    ]
    return max(values, default=None)
