from typing import Any

import pytest

from registry.card import Variant
from registry.judgement import Judgement, judge
from registry.metrics import Scores
from tests.unit import builders


def scores(value: float | None, protocol: str = "voc") -> dict[str, Scores]:
    return {protocol: Scores(protocol, value, value, value, value, (value,), 1, 0)}


def variant(**changes: Any) -> Variant:
    return builders.one(metrics=[builders.metric(0.5, **changes)])


def one(card: Variant, measured: dict[str, Scores], *, dataset: str = "shapes", split: str = "val") -> Judgement:
    (found,) = judge(card, dataset, split, measured)
    return found


@pytest.mark.parametrize(
    ("measured", "state"),
    [
        (0.5, "reproduced"),
        (0.5049, "reproduced"),
        (0.4951, "reproduced"),
        (0.506, "contradicted"),
        (0.1, "contradicted"),
    ],
)
def test_a_figure_is_reproduced_within_the_tolerance(measured: float, state: str) -> None:
    found = one(variant(), scores(measured))
    assert (found.state, found.measured) == (state, measured)
    assert "0.005 allowed" in found.reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"precision": "int8"}, "measured at int8, this file is float32"),
        ({"dataset": "other"}, "it is of other val, this is shapes val"),
        ({"split": "test"}, "it is of shapes test"),
        ({"protocol": "unstated"}, "its protocol is unstated, measured were voc"),
        ({"protocol": "per-image"}, "its protocol is per-image"),
    ],
)
def test_figures_under_other_conditions_are_never_compared(changes: dict[str, Any], reason: str) -> None:
    found = one(variant(**changes), scores(0.5))
    assert (found.state, found.measured) == ("not comparable", None)
    assert reason in found.reason


def test_a_figure_without_a_value_is_not_compared() -> None:
    assert one(variant(), scores(None)).state == "not comparable"
    assert one(builders.one(metrics=[builders.metric(None)]), scores(0.5)).state == "not comparable"
