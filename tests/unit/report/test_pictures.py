"""Images of the page, with a network that finds class 1 where red is above the middle."""

from __future__ import annotations

import base64
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from registry import runtime
from registry.drawing import voc_colour
from registry.preparation import Preparation
from registry.report import Exhibit, exhibit
from registry.report.pictures import MISTAKES, Panel
from registry.samples import Sample
from registry.samples.pictures import VOID, png_mask
from registry.segmenter import Segmenter
from tests.unit.onnx_models import brightness_classes

RIGHT, UNCOUNTED, WRONG = MISTAKES


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    """Red in the right half; the mask has class 1 in the lower right quarter and void in the upper left."""
    return made(tmp_path, 16, 8)


def made(folder: Path, width: int, height: int) -> Sample:
    picture = np.zeros((height, width, 3), np.uint8)
    picture[:, width // 2 :, 0] = 255
    mask = np.zeros((height, width), np.uint8)
    mask[height // 2 :, width // 2 :] = 1
    mask[: height // 2, : width // 2] = VOID
    found = Sample("a", folder / "a.png", folder / "a-mask.png")
    Image.fromarray(picture).save(found.image)
    found.mask.write_bytes(png_mask(mask))
    return found


def shown(sample: Sample) -> Exhibit:
    model = runtime.open_model(
        brightness_classes(sample.image.with_name("net.onnx")), "onnx", threads=1, delegate=None
    )
    how = Preparation(8, 8, "stretch", "nearest", (127.5,) * 3, (1 / 127.5,) * 3, "RGB", "NCHW")
    return exhibit(Segmenter(model, how, 0, 2, 0), sample, 0.5, 0.75)


def pixels(panel: Panel) -> Any:
    data = base64.b64decode(panel.address.partition(",")[2], validate=True)
    image = Image.open(BytesIO(data))
    assert image.size == (panel.width, panel.height)
    assert panel.address.startswith(f"data:image/{(image.format or '').lower()};base64,")
    return np.asarray(image.convert("RGB"))


def test_the_four_images_show_picture_mask_prediction_and_mistakes(sample: Sample) -> None:
    found = shown(sample)
    assert [panel.title for panel in found.panels] == ["picture", "mask", "prediction", "mistakes"]
    assert found.classes == (0, 1, VOID)
    picture, mask, prediction, mistakes = map(pixels, found.panels)
    assert picture[0, 15, 0] > 200
    assert picture[0, 0, 0] < 50
    corners = [(0, 0), (0, 15), (7, 0), (7, 15)]
    assert [tuple(mask[at]) for at in corners] == [voc_colour(one) for one in (VOID, 0, 0, 1)]
    assert [tuple(prediction[at]) for at in corners] == [voc_colour(one) for one in (0, 1, 0, 1)]
    assert [tuple(mistakes[at]) for at in corners] == [UNCOUNTED, WRONG, RIGHT, RIGHT]


@pytest.mark.parametrize(
    ("size", "expected"), [((900, 450), (320, 160)), ((20, 3000), (2, 320)), ((2, 900), (1, 320))]
)
def test_images_are_bounded(tmp_path: Path, size: tuple[int, int], expected: tuple[int, int]) -> None:
    found = shown(made(tmp_path, *size))
    assert {(panel.width, panel.height) for panel in found.panels} == {expected}
    assert all(pixels(panel).any() for panel in found.panels[3:])


def test_colours_are_never_mixed(tmp_path: Path) -> None:
    found = shown(made(tmp_path, 901, 333))
    colours = {tuple(colour) for colour in pixels(found.panels[3]).reshape(-1, 3).tolist()}
    assert colours <= set(MISTAKES)


def test_what_has_gone_or_changed_since_is_told(sample: Sample) -> None:
    sample.mask.write_bytes(png_mask(np.zeros((3, 3), np.uint8)))
    assert shown(sample).panels == ()
    assert shown(sample).problem
    sample.image.unlink()
    found = shown(sample)
    assert (found.name, found.mean_iou, found.pixel_accuracy, found.panels) == ("a", 0.5, 0.75, ())
    assert "no such file" in found.problem
