from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from registry.class_map import Reading, mask_at_network_size, planes
from registry.errors import RejectedError
from registry.preparation import Preparation, View, prepare
from registry.runtime.base import Port
from registry.samples.pictures import VOID
from tests.unit.strategies import PROPERTY

SCORES = np.random.default_rng(1).normal(size=(1, 4, 6, 5)).astype(np.float32)


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_the_number_of_classes_tells_the_axis_whatever_the_input_has(layout: str) -> None:
    assert (planes(SCORES, 5, layout) == SCORES[0]).all()
    assert (planes(SCORES.transpose(0, 3, 1, 2), 5, layout) == SCORES[0]).all()


def test_without_it_the_layout_of_the_input_does() -> None:
    assert planes(SCORES, None, "NHWC").shape == (4, 6, 5)
    assert planes(SCORES, None, "NCHW").shape == (6, 5, 4)


@pytest.mark.parametrize("shape", [(1, 4, 6), (1, 4, 6, 1), (1, 1, 4, 6)])
def test_a_class_map_may_have_an_axis_of_one(shape: tuple[int, ...]) -> None:
    ids = np.arange(24).reshape(4, 6)
    assert (planes(ids.reshape(shape), 30, "NHWC") == ids).all()


@pytest.mark.parametrize("output", [np.zeros((1, 4, 6, 1), np.float32), np.zeros((1, 10), np.float32)])
def test_what_is_neither_is_rejected(output: np.ndarray) -> None:
    with pytest.raises(RejectedError, match="expected a class map or scores"):
        planes(output, None, "NHWC")


def test_scores_are_interpolated_before_the_best_is_taken() -> None:
    """Of two pixels the surer one reaches further; the nearest pixel puts the border in the middle."""
    scores = np.array([[[9.0, 0.0], [0.0, 1.0]]], np.float32)
    view = View((1, 40), (1, 2), (1, 2))
    assert 24 <= (Reading(scores).at_picture_size(view) == 0).sum() < 30
    assert (Reading(Reading(scores).best).at_picture_size(view) == 0).sum() == 20


@PROPERTY
@given(classes=st.integers(2, 6), side=st.integers(1, 6), grow=st.integers(1, 4), seed=st.integers(0, 99))
def test_borders_alone_give_the_same_as_all_scores(classes: int, side: int, grow: int, seed: int) -> None:
    scores = np.random.default_rng(seed).normal(size=(side, side, classes)).astype(np.float32)
    size = side * grow
    view = View((size, size), (size, size), (size, size))
    found = Reading(scores).at_picture_size(view)
    by_planes = np.ascontiguousarray(scores.transpose(2, 0, 1)).transpose(1, 2, 0)  # as ONNX files have them
    assert (Reading(by_planes).best == scores.argmax(axis=-1)).all()
    assert (Reading(by_planes).at_picture_size(view) == found).all()
    # bilinear interpolation with half-pixel centres, written as two matrix products
    places = np.clip((np.arange(size) + 0.5) / grow - 0.5, 0, side - 1)
    weights = np.maximum(0, 1 - np.abs(places[:, np.newaxis] - np.arange(side)))
    whole = np.einsum("yh,xw,hwc->yxc", weights, weights, scores)
    chosen = np.take_along_axis(whole, found[..., np.newaxis].astype(int), axis=2)[..., 0]
    assert np.allclose(chosen, whole.max(axis=2), atol=1e-5)


@pytest.mark.parametrize("resize", ["stretch", "pad", "shorter-side"])
@pytest.mark.parametrize("size", [(80, 120), (120, 80), (64, 64), (33, 190)])
@pytest.mark.parametrize("stride", [1, 4])
def test_a_map_comes_back_where_the_picture_shows_it(resize: str, size: tuple[int, int], stride: int) -> None:
    """A picture whose lower right quarter is white, seen by a network that says 1 where it sees white."""
    picture = np.zeros((*size, 3), np.uint8)
    picture[size[0] // 2 :, size[1] // 2 :] = 255
    how = Preparation(64, 64, resize, "nearest", (127.0,), (1.0,), "RGB", "NHWC")
    stored, view = prepare(picture, how, Port("image", (1, 64, 64, 3), "float32"))
    seen = (stored[0, ::stride, ::stride, 0] > 0).astype(np.int64)
    found = Reading(seen).at_picture_size(view)
    assert found.shape == size
    known = found != VOID
    assert known.all() or resize == "shorter-side"
    wrong = (found != picture[..., 0] // 255) & known
    rows, columns = np.nonzero(wrong)
    step = stride * max(size) / 64 + 1  # within one pixel of the output of an edge of the quarter
    assert (np.minimum(abs(rows - size[0] // 2), abs(columns - size[1] // 2)) <= step).all()
    if resize == "shorter-side":
        assert abs(known.sum() - min(size) ** 2) <= 2 * min(size)


@PROPERTY
@given(*[st.integers(1, 40)] * 4)
def test_a_mask_takes_the_pixels_that_pillow_takes(rows: int, columns: int, height: int, width: int) -> None:
    ids = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    expected = np.asarray(Image.fromarray(ids).resize((width, height), Image.Resampling.NEAREST))
    # where a centre lies on the border of two pixels, Pillow's floats may take either
    clear = np.outer(off_border(rows, height), off_border(columns, width))
    assert np.array_equal(stretched(ids, height, width)[clear], expected[clear])


def stretched(ids: np.ndarray, height: int, width: int) -> np.ndarray:
    found: np.ndarray = mask_at_network_size(ids, View(ids.shape, (64, 48), (64, 48)), (height, width))
    return found


def off_border(old: int, new: int) -> list[bool]:
    return [(2 * position + 1) * old % (2 * new) != 0 for position in range(new)]


def test_a_mask_takes_the_later_pixel_where_a_centre_lies_on_a_border() -> None:
    assert stretched(np.array([[0, 1, 2, 3]]), 1, 2).tolist() == [[1, 3]]
    assert stretched(np.array([[0, 1]]), 2, 3).tolist() == [[0, 1, 1]] * 2


@pytest.mark.parametrize("resize", ["stretch", "pad", "shorter-side"])
@pytest.mark.parametrize("size", [(80, 120), (120, 80), (64, 64), (33, 190)])
@pytest.mark.parametrize("stride", [1, 4])
def test_a_mask_is_brought_to_where_the_network_sees_its_picture(
    resize: str, size: tuple[int, int], stride: int
) -> None:
    """The mask of a picture whose lower right quarter is white, and what a network sees that says 1 for white."""
    mask = np.zeros(size, np.uint8)
    mask[size[0] // 2 :, size[1] // 2 :] = 1
    picture = np.repeat(mask[:, :, np.newaxis] * 254 + 1, 3, axis=2)  # 1 and 255: what is filled up becomes 0
    how = Preparation(64, 64, resize, "nearest", (0.0,), (1.0,), "RGB", "NHWC")
    stored, view = prepare(picture, how, Port("image", (1, 64, 64, 3), "float32"))
    seen = stored[0, stride // 2 :: stride, stride // 2 :: stride, 0]
    found = mask_at_network_size(mask, view, seen.shape)
    assert ((found == VOID) == (seen == 0)).mean() > 0.98
    shown = (found != VOID) & (seen != 0)
    assert (found == (seen > 128))[shown].mean() > 0.95
