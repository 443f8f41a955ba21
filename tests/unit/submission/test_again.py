"""Figures held against what is measured again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from registry.card import merged
from registry.digest import Digest
from registry.document import Document, parse
from registry.errors import RejectedError, RequestError, UnavailableError, ZooError
from registry.metrics import Scores
from registry.submission.again import Measured, Pictures, again
from registry.submission.flaw import Flaw, Subject, subjects
from registry.submission.report import Check
from tests.unit import builders

IMAGES = Digest("1" * 64)


@dataclass
class Bench:
    """Pictures of the dataset `shapes`, on which every model has one accuracy."""

    value: float | None = 0.5
    error: float = 0.0
    leaked: dict[str, str] = field(default_factory=dict)
    fails: ZooError | None = None
    asked: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)

    def pictures(self, subject: Subject, dataset: str, split: str) -> Pictures | None:
        return Pictures(IMAGES, 600, self.leaked) if dataset == "shapes" else None

    def close(self) -> None:
        """There is nothing to let go of."""

    def run(self, subject: Subject, model: Path, dataset: str, split: str, protocols: Sequence[str]) -> Measured:
        self.asked.append((dataset, split, tuple(protocols)))
        if self.fails:
            raise self.fails
        scores = {
            one: Scores(one, self.value, self.value, self.value, self.value, (self.value,), 10, 0)
            for one in protocols
        }
        errors = {(one, "mean-iou"): self.error for one in protocols} if self.error else {}
        return Measured(10, scores, errors)


def judged(bench: Bench, *metrics: dict[str, Any], required: bool = False) -> tuple[list[Flaw], list[Check]]:
    card = builders.card(builders.variant(metrics=list(metrics)))
    read = parse(json.dumps(card).encode(), "net.yaml")
    assert isinstance(read, Document)
    (subject,) = subjects(read, merged(card))
    found = list(again(subject, Path("net.tflite"), bench, required=required))
    return [one for one in found if isinstance(one, Flaw)], [one for one in found if isinstance(one, Check)]


@pytest.mark.parametrize(
    ("value", "error", "held"),
    [(0.504, 0.0, True), (0.51, 0.0, False), (0.55, 0.02, True), (0.57, 0.02, False), (0.43, 0.02, False)],
)
def test_a_figure_may_miss_by_three_standard_errors(value: float, error: float, held: bool) -> None:
    flaws, (check,) = judged(Bench(error=error), builders.metric(value))
    assert [(flaw.rule, flaw.path[-1]) for flaw in flaws] == ([] if held else [("not-reproduced", "value")])
    assert check.outcome == ("passed" if held else "failed")
    assert "on 10 of 600 images" in check.told


def test_each_split_is_measured_once_under_the_protocols_that_are_stated() -> None:
    bench = Bench()
    metrics = [
        builders.metric(0.5),
        builders.metric(0.5, protocol="per-image"),
        builders.metric(0.5, split="test"),
        builders.metric(0.9, protocol="unstated"),
        builders.metric(0.9, status="contradicted"),
        builders.metric(0.9, precision="int8"),
        builders.metric(None, name="pixel-accuracy"),
    ]
    flaws, checks = judged(bench, *metrics)
    assert flaws == []
    assert bench.asked == [("shapes", "val", ("voc", "per-image")), ("shapes", "test", ("voc",))]
    assert [check.name for check in checks] == ["measured again: shapes val", "measured again: shapes test"]


@pytest.mark.parametrize(("required", "outcome"), [(False, "skipped"), (True, "unknown")])
def test_without_pictures_the_policy_says_what_it_means(required: bool, outcome: str) -> None:
    flaws, (check,) = judged(Bench(), builders.metric(0.5, dataset="voc"), required=required)
    assert check.outcome == outcome
    assert [(flaw.rule, flaw.severity) for flaw in flaws] == [("not-measured-again", "unknown")] * required


def test_other_images_are_not_compared() -> None:
    measurement = {"artifact": "a" * 64, "runtime": {"name": "litert"}, "images": "2" * 64}
    bench = Bench()
    flaws, (check,) = judged(bench, builders.metric(0.9, measurement=measurement))
    assert bench.asked == [], "what is not compared need not be run"
    assert [(flaw.rule, flaw.severity) for flaw in flaws] == [("other-images", "warning")]
    assert check.outcome == "warned"
    own = {**measurement, "images": IMAGES.hex}
    assert [flaw.rule for flaw in judged(Bench(), builders.metric(0.9, measurement=own))[0]] == ["not-reproduced"]


def test_leaked_images_are_an_error_however_good_the_figure() -> None:
    flaws, (check,) = judged(Bench(leaked={"a": "b"}), builders.metric(0.5))
    assert [flaw.rule for flaw in flaws] == ["leaked-images"]
    assert "a, there b" in flaws[0].found
    assert check.outcome == "failed"


@pytest.mark.parametrize(
    ("failure", "severity", "outcome"),
    [
        (RejectedError("it cannot be run"), "error", "failed"),
        (RequestError("no such split"), "warning", "warned"),
        (UnavailableError("not installed", hint="install it"), "warning", "warned"),
    ],
)
def test_what_cannot_be_measured(failure: ZooError, severity: str, outcome: str) -> None:
    (flaw,), (check,) = judged(Bench(fails=failure), builders.metric(0.5))
    assert (flaw.severity, check.outcome) == (severity, outcome)
    assert failure.message in flaw.message
