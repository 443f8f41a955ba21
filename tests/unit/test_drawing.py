from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from registry.drawing import class_map_png, overlay_png, voc_colour

PICTURE = np.full((30, 400, 3), 100, np.uint8)


@pytest.mark.parametrize(
    ("class_id", "colour"),
    [(0, (0, 0, 0)), (1, (128, 0, 0)), (8, (64, 0, 0)), (15, (192, 128, 128)), (255, (224, 224, 192))],
)
def test_the_colours_are_those_of_pascal_voc(class_id: int, colour: tuple[int, int, int]) -> None:
    assert voc_colour(class_id) == colour


def test_the_pixels_of_a_class_map_are_ids_and_show_in_colours() -> None:
    class_map = np.array([[0, 15, 255]], np.int64)
    image = Image.open(BytesIO(class_map_png(class_map)))
    assert image.mode == "P"
    assert np.asarray(image).tolist() == class_map.tolist()
    assert np.asarray(image.convert("RGB"))[0, 1].tolist() == [192, 128, 128]


def test_an_overlay_tints_what_is_not_background_and_has_a_legend_below() -> None:
    class_map = np.zeros((30, 400), np.uint8)
    class_map[:, 200:] = 15
    found = np.asarray(Image.open(BytesIO(overlay_png(PICTURE, class_map, [(0, "background"), (15, "person")]))))
    assert found.shape[0] > 30
    assert (found[:30, :200] == 100).all()
    assert (found[:30, 200:] == [146, 114, 114]).all()
    legend = {tuple(colour) for colour in found[30:].reshape(-1, 3).tolist()}
    assert {(192, 128, 128), (0, 0, 0), (255, 255, 255)} <= legend


def test_a_picture_narrower_than_its_legend_gets_room_for_it() -> None:
    tiny = np.zeros((2, 2, 3), np.uint8)
    image = Image.open(BytesIO(overlay_png(tiny, tiny[..., 0], [(3, "a name that takes some room 100.0%")])))
    assert image.width > 100
