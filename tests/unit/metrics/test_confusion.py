"""Confusion matrices: against scikit-learn, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix as of_scikit_learn

from registry.errors import RejectedError
from registry.metrics import Pair, confusion_matrix
from registry.samples.pictures import VOID
from tests.unit.metrics.random_images import pairs
from tests.unit.strategies import PROPERTY


@PROPERTY
@given(st.integers(1, 6).flatmap(lambda classes: st.tuples(st.just(classes), pairs(classes))))
def test_it_counts_as_scikit_learn_counts(case: tuple[int, Pair]) -> None:
    classes, pair = case
    known = pair.mask != VOID
    expected = np.zeros((classes, classes + 1), int)
    if known.any():
        expected = of_scikit_learn(pair.mask[known], pair.prediction[known], labels=[*range(classes), VOID])[:-1]
    assert confusion_matrix(pair, classes, "image").tolist() == expected.tolist()


@PROPERTY
@given(pairs(4))
def test_void_as_background_is_a_mask_with_zeros_there(pair: Pair) -> None:
    filled = Pair(pair.prediction, np.where(pair.mask == VOID, 0, pair.mask))
    found = confusion_matrix(pair, 4, "image", void_is_background=True)
    assert found.tolist() == confusion_matrix(filled, 4, "image").tolist()
    assert found.sum() == pair.mask.size


def test_255_classes_are_the_most() -> None:
    ids = np.arange(256, dtype=np.uint8).reshape(16, 16)
    found = confusion_matrix(Pair(np.minimum(ids, 254), ids), 255, "image")
    assert np.array_equal(found, np.eye(255, 256))


@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
def test_ids_of_a_prediction_that_the_dataset_lacks_are_named(dtype: type) -> None:
    prediction: NDArray[Any] = np.array([[0, 21, 30, 21]], dtype)
    with pytest.raises(RejectedError, match=r"bird\.png: expected ids 0 to 20 in the prediction, found 21, 30$"):
        confusion_matrix(Pair(prediction, np.full((1, 4), VOID)), 21, "bird.png")


@pytest.mark.parametrize(
    ("number", "shown"), [(-1, "-1"), (-(2**40), "-1099511627776"), (256, "256"), (65536, "65536")]
)
def test_ids_outside_of_a_byte_do_not_wrap_around(number: int, shown: str) -> None:
    good, bad = np.array([[0, 0]]), np.array([[0, number]])
    with pytest.raises(RejectedError, match=f"in the prediction, found {shown}$"):
        confusion_matrix(Pair(bad, good), 21, "image")
    with pytest.raises(RejectedError, match=f"in the mask, found {shown}$"):
        confusion_matrix(Pair(good, bad), 21, "image")


def test_ids_of_a_mask_that_the_dataset_lacks_are_named_and_void_is_not_one_of_them() -> None:
    mask = np.array([[0, 2, VOID, 254]], np.uint8)
    with pytest.raises(RejectedError, match=r"expected ids 0 to 1 in the mask, found 2, 254$"):
        confusion_matrix(Pair(np.zeros_like(mask), mask), 2, "image")


def test_many_unknown_ids_are_counted() -> None:
    prediction = np.arange(32).reshape(1, 32)
    with pytest.raises(RejectedError, match=r"found 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 20 more$"):
        confusion_matrix(Pair(prediction, np.zeros_like(prediction)), 2, "image")


def test_what_was_not_seen_stays_with_its_class_unless_it_is_void() -> None:
    pair = Pair(np.array([[VOID, VOID, VOID, 1]]), np.array([[1, 0, VOID, 1]]))
    assert confusion_matrix(pair, 2, "image").tolist() == [[0, 0, 1], [0, 1, 1]]
    assert confusion_matrix(pair, 2, "image", void_is_background=True).tolist() == [[0, 0, 2], [0, 1, 1]]


def test_shapes_must_be_the_same() -> None:
    pair = Pair(np.zeros((4, 3), int), np.zeros((3, 4), int))
    with pytest.raises(RejectedError, match=r"of the mask's shape \(3, 4\), found \(4, 3\)"):
        confusion_matrix(pair, 2, "image")


@pytest.mark.parametrize("bad", [np.zeros((2, 2, 3), int), np.zeros((2, 2)), np.zeros((2, 2), bool)])
def test_only_integers_in_two_dimensions_are_maps(bad: NDArray[Any]) -> None:
    good = np.zeros((2, 2), int)
    for what, pair in (("prediction", Pair(bad, good)), ("mask", Pair(good, bad))):
        with pytest.raises(RejectedError, match=rf"expected the {what} to be integers of shape \(H, W\), found"):
            confusion_matrix(pair, 2, "image")
