"""A measured accuracy as a card has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from registry.entry import Ledger
from registry.evaluation import Evaluation

ACCURACIES = Ledger(
    figures="metrics",
    tool="zoo eval",
    key="evaluation",
    conditions=("name", "dataset", "split", "protocol", "precision"),
)
"""Where accuracies that were measured here stand on a card; other images of the split are no other conditions."""


def accuracies(found: Evaluation, precision: str, date: str) -> list[dict[str, Any]]:
    """Items of a card's `metrics` without their provenance: mean IoU by each protocol, pixel accuracy by the first.

    Args:
        found: What was measured.
        precision: The card's word for what the network computes in, such as `int8`.
        date: Day, ISO 8601.
    """
    subject = found.subject
    measurement = {
        "artifact": subject.artifact.hex,
        "images": subject.images.hex,
        "preprocessing": subject.preprocessing.hex,
        "samples": found.samples,
        "runtime": {"name": subject.engine, "version": subject.version},
        "threads": subject.threads,
        "date": date,
    }
    return [
        {
            "name": name,
            "value": round(value, 4),
            "unit": "fraction",
            "dataset": subject.dataset,
            "split": subject.split,
            "protocol": protocol,
            "precision": precision,
            "status": "reproduced",
            "measurement": dict(measurement),
        }
        for name, protocol, value in _values(found)
    ]


def _values(found: Evaluation) -> Iterator[tuple[str, str, float]]:
    """Name, protocol and value of each figure that there is."""
    for number, (protocol, scores) in enumerate(found.scores.items()):
        values = scores.to_json()
        for name in ("mean-iou", "pixel-accuracy")[: 1 if number else 2]:
            if values[name] is not None:
                yield name, protocol, values[name]
