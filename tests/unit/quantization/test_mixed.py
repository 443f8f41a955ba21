from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import RejectedError
from registry.quantization.mixed import LayerLoss, chosen, difference, ranked
from tests.unit.strategies import PROPERTY

LOSSES = [LayerLoss(name, loss) for name, loss in zip("abcdefgh", (1, 8, 3, 3, 5, 0, 7, 2), strict=True)]


def test_the_greatest_loss_comes_first_and_of_equals_the_earlier_layer() -> None:
    assert "".join(one.layer for one in ranked(LOSSES)) == "bgecdhaf"


@PROPERTY
@given(st.integers(1, 40), st.integers(0, 40), st.integers(1, 40))
def test_as_few_as_hold_the_bound_with_few_evaluations(layers: int, needed: int, most: int) -> None:
    losses = [LayerLoss(str(number), -number) for number in range(layers)]
    asked: list[int] = []

    def loss(floats: tuple[str, ...]) -> float:
        asked.append(len(floats))
        assert floats == tuple(str(number) for number in range(len(floats)))
        return float(max(0, needed - len(floats)))

    if needed > min(layers, most):
        with pytest.raises(RejectedError, match="expected a loss of at most"):
            chosen(losses, loss, 0.0, most)
    else:
        found = chosen(losses, loss, 0.0, most)
        assert len(found.float_layers) == needed
        assert [trial.float_layers for trial in found.trials] == asked
    assert len(asked) == len(set(asked)) <= 2 * math.ceil(math.log2(min(layers, most)) + 1) + 2


def test_difference_of_scores_is_relative_and_of_class_ids_a_share() -> None:
    scores = [np.array([[3.0, 4.0]]), np.array([[0.0, 5.0]])]
    assert difference(scores, scores) == 0
    assert difference(scores, [one * 1.1 for one in scores]) == pytest.approx(0.1)
    ids = [np.array([1, 2, 3, 4])]
    assert difference(ids, [np.array([1, 2, 3, 5])]) == 0.25
