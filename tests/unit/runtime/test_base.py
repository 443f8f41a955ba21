from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import RejectedError
from registry.runtime.base import Array, Model, Port
from tests.unit.strategies import PROPERTY


@PROPERTY
@given(
    dtype=st.sampled_from(["uint8", "int8", "int16"]),
    scale=st.floats(1e-5, 10),
    zero_point=st.integers(-100, 100),
    data=st.data(),
)
def test_what_is_stored_comes_back_from_its_real_number(
    dtype: str, scale: float, zero_point: int, data: st.DataObject
) -> None:
    port = Port("x", (1,), dtype, scale, zero_point)
    limits = np.iinfo(dtype)
    stored = np.array(data.draw(st.lists(st.integers(int(limits.min), int(limits.max)), min_size=1)), dtype)
    assert (port.stored(port.real(stored)) == stored).all()


def test_what_a_type_cannot_hold_is_limited_not_wrapped() -> None:
    port = Port("x", (1,), "int8", 0.5, 10)
    assert port.stored(np.array([1e6, -1e6, 0.0])).tolist() == [127, -128, 10]


def test_class_ids_have_no_scale_and_stay() -> None:
    ids = np.array([0, 15], dtype=np.int64)
    assert Port("x", (1,), "int64").real(ids).dtype == np.int64


class Doubling(Model):
    """An engine whose stored output is twice its stored input."""

    name, version = "doubling", "1"
    inputs = (Port("in", (1, 2), "int8", 0.5, 1),)
    outputs = (Port("out", (1, 2), "int8", 0.25, 0),)

    def invoke(self, stored: Array) -> list[Array]:
        self.check(stored)
        return [stored * 2]


def test_run_takes_and_gives_real_numbers() -> None:
    (found,) = Doubling().run(np.array([[1.0, 2.0]]))  # stored 3 and 5, doubled 6 and 10
    assert found.tolist() == [[1.5, 2.5]]


@pytest.mark.parametrize("array", [np.zeros((1, 3), np.int8), np.zeros(2, np.int8), np.zeros((1, 2), np.float32)])
def test_another_shape_or_type_is_named(array: Array) -> None:
    with pytest.raises(RejectedError, match=r"input in: expected int8 1x2, found "):
        Doubling().invoke(array)
