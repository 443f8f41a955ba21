from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from registry.card import Variant, merged
from registry.errors import RejectedError
from registry.inspect.graph import Graph
from registry.preparation import Preparation, preparation_of, prepare
from registry.runtime.base import Port
from tests.unit import builders

FLOAT = Port("image", (1, 4, 6, 3), "float32")
HOW = Preparation(4, 6, "stretch", "nearest", (127.5,) * 3, (1 / 127.5,) * 3, "RGB", "NHWC")
NOISE = np.random.default_rng(1).integers(0, 256, (4, 6, 3), dtype=np.uint8)


def graph(**metadata: str) -> Graph:
    named = {name.replace("_", "."): text for name, text in metadata.items()}
    return Graph("tflite", "NHWC", (), (), (), (), metadata=named)


def variant(**preprocessing: Any) -> Variant:
    card = builders.card(builders.variant(preprocessing=preprocessing))
    return Variant.from_document(card, merged(card)[0])


def test_pixels_become_what_the_formula_says() -> None:
    stored, view = prepare(NOISE, HOW, FLOAT)
    assert (stored.dtype, stored.shape) == (np.float32, (1, 4, 6, 3))
    assert np.allclose(stored[0], (NOISE - 127.5) / 127.5)
    assert (view.picture, view.input, view.scaled) == ((4, 6), (4, 6), (4, 6))


def test_each_channel_has_its_own_mean_and_scale_after_the_colour_order() -> None:
    how = replace(HOW, colour="BGR", mean=(1.0, 2.0, 3.0), scale=(1.0, 0.5, 0.25))
    stored, _view = prepare(NOISE, how, FLOAT)
    assert np.allclose(stored[0, ..., 0], NOISE[..., 2] - 1.0)
    assert np.allclose(stored[0, ..., 2], (NOISE[..., 0] - 3.0) / 4)


def test_channels_first() -> None:
    port = Port("image", (1, 3, 4, 6), "float32")
    stored, _view = prepare(NOISE, replace(HOW, layout="NCHW"), port)
    assert stored.shape == port.shape
    assert stored.flags.c_contiguous
    assert np.allclose(stored[0, 1], (NOISE[..., 1] - 127.5) / 127.5)


@pytest.mark.parametrize(("dtype", "zero_point", "less"), [("uint8", 128, 0), ("int8", 0, 128), ("int8", -5, 128)])
def test_bytes_go_into_a_quantized_input_as_they_are(dtype: str, zero_point: int, less: int) -> None:
    port = Port("image", (1, 4, 6, 3), dtype, 0.0078, zero_point)
    stored, _view = prepare(NOISE, preparation_of(port, graph(), None), port)
    assert stored.dtype == dtype
    assert (stored[0] == NOISE.astype(int) - less).all()


def test_the_card_goes_before_the_metadata_and_these_before_the_tensor() -> None:
    port = Port("image", (1, 4, 6, 3), "uint8", 0.5, 7)
    said = graph(input_0_mean="[1, 2, 3]", input_0_std="2")
    assert preparation_of(port, said, variant(mean=9, scale=0.1)).mean == (9.0,) * 3
    assert preparation_of(port, said, None).mean == (1.0, 2.0, 3.0)
    assert preparation_of(port, said, None).scale == (0.5,) * 3
    assert preparation_of(port, graph(input_0_mean="x", input_0_std="1"), None).mean == (7.0,) * 3


def test_what_nobody_states_is_assumed_and_said() -> None:
    how = preparation_of(FLOAT, graph(), variant(mean=0, scale=1, resize="pad", interpolation="unknown"))
    assert (how.resize, how.interpolation, how.assumed) == (
        "pad",
        "bilinear",
        ("interpolation: bilinear", "colour order: RGB"),
    )


def test_a_float_input_of_which_nobody_says_anything_is_not_guessed() -> None:
    with pytest.raises(RejectedError, match="neither a card nor the file") as caught:
        preparation_of(FLOAT, graph(), None)
    assert "--as" in str(caught.value.hint)


@pytest.mark.parametrize("shape", [(1, 10), (1, 4, 6, 4), (1, 4, 6)])
def test_an_input_that_is_no_image(shape: tuple[int, ...]) -> None:
    with pytest.raises(RejectedError, match="expected an image of 1 or 3 channels"):
        preparation_of(replace(FLOAT, shape=shape), graph(), variant(mean=0, scale=1))


def test_stretch_changes_both_sides() -> None:
    picture = np.zeros((8, 3, 3), np.uint8)
    picture[4:] = 255
    stored, view = prepare(picture, HOW, FLOAT)
    assert (stored[0, :2] == -1).all()
    assert (stored[0, 2:] == 1).all()
    assert view.scaled == view.input


def test_shorter_side_takes_the_middle() -> None:
    picture = np.zeros((4, 12, 3), np.uint8)
    picture[:, 3:9] = 255  # the 6 columns in the middle
    stored, view = prepare(picture, replace(HOW, resize="shorter-side"), FLOAT)
    assert (stored == 1).all()
    assert (view.scaled, view.top, view.left) == ((4, 12), 0, -3)


def test_pad_keeps_the_picture_whole_and_fills_with_zero() -> None:
    picture = np.full((8, 6, 3), 255, np.uint8)
    stored, view = prepare(picture, replace(HOW, resize="pad"), FLOAT)
    assert view.scaled == (4, 3)
    assert (stored[0, :, :3] == 1).all()
    assert (stored[0, :, 3:] == 0).all()


def test_an_input_of_any_size_takes_the_picture_as_it_is() -> None:
    port = Port("image", (1, None, None, 3), "float32")
    how = preparation_of(port, graph(), variant(mean=0, scale=1, interpolation="bilinear"))
    assert how.resize == "none"
    assert prepare(NOISE, how, port)[0].shape == (1, 4, 6, 3)


def test_a_picture_that_must_not_be_resized_has_to_fit() -> None:
    with pytest.raises(RejectedError, match="expected a picture of 6x4, found 3x8"):
        prepare(np.zeros((8, 3, 3), np.uint8), replace(HOW, resize="none"), FLOAT)


def test_a_grey_input_gets_one_channel() -> None:
    port = Port("image", (1, 4, 6, 1), "float32")
    how = preparation_of(port, graph(), variant(mean=0, scale=1))
    stored, _view = prepare(np.full((4, 6, 3), 50, np.uint8), how, port)
    assert (how.colour, stored.shape, set(stored.ravel())) == ("grey", (1, 4, 6, 1), {50.0})
