from __future__ import annotations

import pytest

from registry.errors import RejectedError
from registry.metrics import Scores
from registry.quantization.gate import judge

NAMES = ("sky", "sea", "land")


def scores(mean: float | None, *classes: float | None, protocol: str = "voc") -> Scores:
    return Scores(protocol, mean, None, None, None, classes, 1, 0)


def test_bounds_that_hold() -> None:
    found = judge(scores(0.8, 0.9, 0.7, None), scores(0.79, 0.88, 0.7, None), NAMES, overall=0.02, per_class=0.03)
    assert found.passed
    assert found.reasons == ()
    assert found.loss == pytest.approx(0.01)
    assert [one.loss for one in found.classes] == [pytest.approx(0.02), 0, None]


def test_every_bound_that_does_not_hold_is_a_reason() -> None:
    found = judge(scores(0.8, 0.9, 0.7, 0.5), scores(0.7, 0.9, 0.6, 0.2), NAMES, overall=0.05, per_class=0.08)
    assert not found.passed
    assert found.reasons == (
        "mean IoU loses 10.00 points, expected at most 5.00",
        "IoU of sea loses 10.00 points, expected at most 8.00",
        "IoU of land loses 30.00 points, expected at most 8.00",
    )


def test_a_class_alone_rejects_and_without_its_bound_does_not() -> None:
    before, after = scores(0.8, 0.9, 0.7, 0.8), scores(0.8, 1.0, 0.6, 0.8)
    assert not judge(before, after, NAMES, overall=0, per_class=0.05).passed
    assert judge(before, after, NAMES, overall=0, per_class=None).passed


def test_what_cannot_be_compared_is_no_verdict() -> None:
    with pytest.raises(RejectedError, match="not comparable"):
        judge(scores(0.8), scores(0.8, protocol="per-image"), (), overall=0, per_class=None)
    with pytest.raises(RejectedError, match="no pixel was counted"):
        judge(scores(None), scores(None), (), overall=0, per_class=None)
