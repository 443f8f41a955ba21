"""Differences of outputs in the figures of tolerances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.deviation import Deviation, deviation
from registry.errors import RejectedError
from registry.golden import GoldenTensor, Tolerance
from tests.unit.strategies import PROPERTY


def test_quantized_scores_in_steps_and_real_units() -> None:
    tensor = GoldenTensor("o.bin", 0, (1, 1, 2, 2), "int8", "NHWC", 0.5, 3)
    expected = np.array([[[[-128, 127], [5, 4]]]], np.int8)
    found = np.array([[[[127, -128], [5, 4]]]], np.int8)  # no difference of int8 may wrap around
    assert deviation(found, expected, tensor) == Deviation(4, 0, 0.5, 255, 127.5, 0.5)


def test_classes_of_planes() -> None:
    tensor = GoldenTensor("o.bin", 0, (1, 2, 1, 4), "float32", "NCHW")
    expected = np.array([[[[0, 0, 0, 0]], [[1, 1, 1, -1]]]], np.float32)
    found = expected.copy()
    found[0, 0, 0, 0] = 2
    made = deviation(found, expected, tensor)
    assert (made.best_class, made.absolute, made.steps, made.differing) == (0.25, 2, None, 1 / 8)


def test_class_ids_have_no_real_unit() -> None:
    tensor = GoldenTensor("o.bin", 0, (1, 2, 2), "int64", "NHW")
    found, expected = np.array([[[0, 15], [15, 0]]]), np.array([[[0, 15], [15, 15]]])
    made = deviation(found, expected, tensor)
    assert (made.differing, made.absolute, made.best_class) == (0.25, None, None)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_never_passes(bad: float) -> None:
    tensor = GoldenTensor("o.bin", 0, (1, 2), "float32")
    expected = np.array([[1, 2]], np.float32)
    made = deviation(np.array([[1, bad]], np.float32), expected, tensor)
    assert (made.not_finite, made.absolute, made.differing) == (1, 0, 0.5)
    assert made.breaches(Tolerance(absolute=1e9)) == ("1 of 2 values are no numbers",)
    nothing = deviation(np.full((1, 2), bad, np.float32), expected, tensor)
    assert (nothing.not_finite, nothing.absolute, nothing.differing) == (2, None, 1)
    with pytest.raises(RejectedError, match=r"o\.bin: the golden output holds values that are no numbers"):
        deviation(expected, np.array([[1, bad]], np.float32), tensor)


def test_a_bound_holds_at_its_very_value_and_each_is_told() -> None:
    made = Deviation(100, 0, 0.02, 3, 0.75, 0.01)
    assert made.breaches(Tolerance(3, 0.75, 0.02, 0.01)) == ()
    assert made.breaches(Tolerance(2, 0.7, 0.01, 0.005)) == (
        "greatest difference in steps: expected at most 2, found 3",
        "greatest difference: expected at most 0.7, found 0.75",
        "share of values that differ: expected at most 1.0000%, found 2.0000%",
        "share of places whose best class differs: expected at most 0.5000%, found 1.0000%",
    )


@PROPERTY
@given(dtype=st.sampled_from(["uint8", "int8", "int16", "float16", "float32"]), seed=st.integers(0, 1000))
def test_an_output_agrees_with_itself(dtype: str, seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 100, (1, 3, 3, 2)).astype(dtype)
    tensor = GoldenTensor("o.bin", 0, (1, 3, 3, 2), dtype, "NHWC", None)
    assert deviation(values, values.copy(), tensor).breaches(Tolerance(0, 0.0, 0.0, 0.0)) == ()
