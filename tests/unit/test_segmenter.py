"""Facts of real files: their publishers' own golden output and mask."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, save_model
from PIL import Image

from registry import pictures
from registry.card import Variant, merged
from registry.errors import RejectedError
from registry.inspect import read
from registry.inspect.graph import Finding, Graph
from registry.runtime.base import Array
from registry.samples.pictures import VOID
from registry.segmenter import Segmenter, open_segmenter
from tests.acceptance.world import SHARED
from tests.unit import builders
from tests.unit.onnx_models import brightness_classes

BLOBS, IMAGES = SHARED / "real/blobs/sha256", SHARED / "real/images"
QUANTIZED = BLOBS / "0470d2a782aa54eeeb99d32e7b6b3fb7722905c7c4f5d26bd957ec861366d48b"
FLOAT = BLOBS / "9711334db2b01d5894feb8ed0f5cb3e97d125b8d229f8d8692f625801818f5ef"
BIRD = 3

needs_real_files = pytest.mark.skipif(not IMAGES.is_dir(), reason="needs ../shared/real")


def opened(path: Path) -> Segmenter:
    return open_segmenter(path, read(path), None, threads=2)


def bird_iou(found: Array, mask: Array) -> float:
    both, either = (found == BIRD) & (mask == BIRD), (found == BIRD) | (mask == BIRD)
    return float(both.sum() / either.sum())


@needs_real_files
def test_the_quantized_model_sees_the_bird() -> None:
    mask = np.asarray(Image.open(IMAGES / "bird_mask.bmp"))
    found = opened(QUANTIZED).class_map(pictures.read(IMAGES / "bird.bmp"))
    assert bird_iou(found, mask) == pytest.approx(0.82, abs=0.005)
    assert (found == mask).mean() == pytest.approx(0.96, abs=0.005)


@needs_real_files
def test_the_float_model_sees_the_bird_at_the_size_of_the_picture() -> None:
    mask = np.asarray(Image.open(IMAGES / "bird_mask.bmp"))
    found = opened(FLOAT).class_map(pictures.read(IMAGES / "bird.bmp"))
    assert found.shape == mask.shape
    assert bird_iou(found, mask) == pytest.approx(0.856, abs=0.002)


@needs_real_files
def test_every_pixel_is_that_of_the_publishers_golden_output() -> None:
    golden = np.asarray(Image.open(IMAGES / "rider_golden_257.png"))
    segmenter = opened(FLOAT)
    picture = pictures.read(IMAGES / "rider.jpg")
    assert (segmenter.class_map(picture) * 10 == golden).all()
    stored, _view = segmenter.prepare(picture)
    assert (
        segmenter.class_maps(segmenter.model.invoke(stored), None, network=True).at_network * 10 == golden
    ).all()


@needs_real_files
@pytest.mark.parametrize("path", [QUANTIZED, FLOAT])
def test_a_cat_covers_about_a_fifth(path: Path) -> None:
    found = opened(path).class_map(pictures.read(IMAGES / "cat.jpg"))
    assert found.shape == (533, 800)
    assert (found == 8).mean() == pytest.approx(0.2, abs=0.02)


def test_a_dangerous_file_is_not_loaded(tmp_path: Path) -> None:
    finding = Finding("danger", "onnx-external", "weights", "reads ../../secret")
    graph = Graph("onnx", "NCHW", (), (), (), (), findings=(finding,))
    with pytest.raises(RejectedError, match=r"may do harm: weights: reads \.\./\.\./secret"):
        open_segmenter(tmp_path / "missing.onnx", graph, None)


def test_a_label_offset_moves_classes_but_not_what_was_not_seen(tmp_path: Path) -> None:
    """A picture three times as wide as high, of which a network of `shorter-side` sees the middle third."""
    path = brightness_classes(tmp_path / "net.onnx")
    document = builders.variant(
        format="onnx",
        classes={"count": 2, "names": ["one", "two"]},
        preprocessing={"mean": 127.5, "scale": 1, "resize": "shorter-side", "interpolation": "nearest"},
        postprocessing={"kind": "argmax", "label_offset": 1},
    )
    card = builders.card(document)
    segmenter = open_segmenter(path, read(path), Variant.from_document(card, merged(card)[0]))
    picture = np.zeros((8, 24, 3), np.uint8)
    picture[:4] = 255
    found = segmenter.class_map(picture)
    assert (found[:4, 8:16] == 2).all()
    assert (found[4:, 8:16] == 1).all()
    assert (found[:, :8] == VOID).all()
    assert (found[:, 16:] == VOID).all()
    stored, _view = segmenter.prepare(picture)
    assert set(segmenter.class_maps(segmenter.model.invoke(stored), None, network=True).at_network.ravel()) == {
        1,
        2,
    }


def test_a_model_of_two_inputs_is_no_segmentation_of_one_image(tmp_path: Path) -> None:
    path = tmp_path / "add.onnx"
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 4, 4]) for name in "abc"]
    node = helper.make_node("Add", ["a", "b"], ["c"])
    graph = helper.make_graph([node], "add", ports[:2], ports[2:])
    save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    with pytest.raises(RejectedError, match="expected one input, an image, found 2"):
        open_segmenter(path, read(path), None)
