"""COCO's panoptic segments as masks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from registry.dataset import Dataset
from registry.document import Document, read
from registry.errors import RejectedError
from registry.progress import Silent
from registry.resources import data_folder
from registry.samples import coco, panoptic
from registry.samples.pictures import VOID, read_mask
from registry.samples.voc import CARD, VocFolder
from tests.unit.samples import folders

SIDE = 64
PERSON, CROWD, GRASS, TOOTHBRUSH = 3226956, 7, 65536, 16777215
"""Ids of segments: some have one colour only, and one has the greatest of all."""


@given(arrays(np.int64, (3, 2), elements=st.integers(0, panoptic.MOST_ID)))
def test_an_id_is_its_colour_in_base_256(ids: Any) -> None:
    plain = [[[number % 256, number // 256 % 256, number // 65536] for number in row] for row in ids.tolist()]
    assert panoptic.segment_ids(np.array(plain, np.uint8)).tolist() == ids.tolist()


@given(st.dictionaries(st.integers(1, panoptic.MOST_ID), st.integers(0, 20), max_size=5), st.data())
def test_each_pixel_has_the_class_of_its_segment(classes: dict[int, int], data: st.DataObject) -> None:
    ids = data.draw(arrays(np.int32, (2, 3), elements=st.sampled_from([0, *classes])))
    expected = [[classes[number] if number else VOID for number in row] for row in ids.tolist()]
    assert panoptic.classes_of(ids, classes, "x.png").tolist() == expected


@given(st.sets(st.integers(0, panoptic.MOST_ID)), st.integers(1, panoptic.MOST_ID))
def test_an_id_without_a_segment_is_named(known: set[int], strange: int) -> None:
    classes = dict.fromkeys(known - {0, strange}, 1)
    with pytest.raises(RejectedError, match=rf"x\.png: expected the segments .* 1 more: {strange}$"):
        panoptic.classes_of(np.array([[0, strange]], np.int32), classes, "x.png")


def write_ids(path: Path, ids: Any) -> None:
    """A panoptic PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    colours = np.stack([ids & 255, ids >> 8 & 255, ids >> 16], axis=-1).astype(np.uint8)
    Image.fromarray(colours).save(path)


def segment(number: Any, category: int, area: float, **options: Any) -> dict[str, Any]:
    return {"id": number, "category_id": category, "area": area, "iscrowd": 0, **options}


def painted() -> Any:
    """A person in the upper left, a crowd on the right, grass and a toothbrush, and one row of nothing."""
    ids = np.full((SIDE, SIDE), GRASS)
    ids[:40, :40] = PERSON
    ids[:, 48:] = CROWD
    ids[60:, :10] = TOOTHBRUSH
    ids[-1] = 0
    return ids


@pytest.fixture
def document() -> dict[str, Any]:
    segments = [
        segment(PERSON, 1, 1600),
        segment(CROWD, 72, 1008, iscrowd=1),
        segment(GRASS, 193, 1000),
        segment(TOOTHBRUSH, 90, 30),
    ]
    names = ((1, "two"), (2, "one"), (3, "small"))
    small = [segment(PERSON, 1, 1000), *segments[2:], segment(CROWD, 193, 2000)]
    return {
        "images": [{"id": key, "file_name": f"{name}.png", "height": SIDE, "width": SIDE} for key, name in names],
        "categories": [
            {"id": 1, "name": "person", "isthing": 1},
            {"id": 72, "name": "tv", "isthing": 1},
            {"id": 90, "name": "toothbrush", "isthing": 1},
            {"id": 193, "name": "grass-merged", "isthing": 0},
        ],
        "annotations": [
            {"image_id": key, "file_name": f"{name}.png", "segments_info": small if name == "small" else segments}
            for key, name in names
        ],
    }


def build(place: Path, document: Any) -> VocFolder:
    voc = folders.dataset(place / "voc", "SegmentationClassAug", trainaug=["v1"], val=["v2"])
    for seed, name in enumerate(("one", "two", "small")):
        folders.write_image(place / "coco" / f"{name}.png", SIDE, SIDE, seed)
        if not (place / "ids" / f"{name}.png").is_symlink():
            write_ids(place / "ids" / f"{name}.png", painted())
    return run(place, voc, document)


def run(place: Path, voc: Path, document: Any) -> VocFolder:
    (place / "panoptic.json").write_text(json.dumps(document), encoding="utf-8")
    card = read(Path(data_folder("cards"), "datasets", "coco-2017-voc-2012.yaml"))
    assert isinstance(card, Document)
    dataset = Dataset.from_document(card.value)
    json_, masks, images = place / "panoptic.json", place / "ids", place / "coco"
    panoptic.build(json_, masks, images, VocFolder(voc), dataset, place / "out", Silent())
    return VocFolder(place / "out")


def test_segments_are_painted_and_voc_is_added(tmp_path: Path, document: dict[str, Any]) -> None:
    built = build(tmp_path, document)
    assert built.names("train") == ["one", "two", "v1"]
    assert built.names("val") == ["v2"]
    expected = np.zeros((SIDE, SIDE), np.uint8)
    expected[:40, :40] = 15
    expected[:, 48:] = 20
    expected[-1] = VOID
    for sample in list(built.samples("train"))[:2]:
        assert (read_mask(sample.mask) == expected).all()
    card = read(tmp_path / "out" / CARD)
    assert isinstance(card, Document)
    assert "panoptic_train2017" in card.value["derivation"]


def changed(document: dict[str, Any], kind: str, **options: Any) -> dict[str, Any]:
    """A document whose first image, annotation or segment says something else."""
    first = document["annotations"][0]["segments_info"] if kind == "segments" else document[kind]
    first[0] = first[0] | options
    return document


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("annotations", {"file_name": "../one.png"}, "name of a file"),
        ("annotations", {"file_name": "gone.png"}, "gone.png: is missing"),
        ("annotations", {"image_id": 2}, "annotated twice"),
        ("annotations", {"image_id": []}, "TypeError"),
        ("annotations", {"segments_info": 7}, "TypeError"),
        ("segments", {"id": CROWD}, "a segment of id '7'"),
        ("segments", {"id": 0}, "a segment of id '0'"),
        ("segments", {"id": 1 << 24}, "a segment of id '16777216'"),
        ("segments", {"id": "7"}, "a segment of id '7'"),
        ("segments", {"id": 9}, "found 1 more: 3226956"),
        ("segments", {"category_id": {}}, "TypeError"),
        ("images", {"file_name": "../two.png"}, "name of a file"),
        ("images", {"height": SIDE - 1}, "expected RGB 64x63, found RGB 64x64"),
        ("images", {"height": 1 << 20, "width": 1 << 20}, "pixels"),
        ("images", {"height": -1, "width": -1}, "pixels"),
        ("images", {"width": None}, "TypeError"),
    ],
)
def test_what_is_not_cocos_is_refused_and_leaves_nothing(
    tmp_path: Path, document: dict[str, Any], kind: str, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(RejectedError, match=said):
        build(tmp_path, changed(document, kind, **options))
    assert {path.name for path in tmp_path.iterdir()} == {"voc", "coco", "ids", "panoptic.json"}


@pytest.mark.parametrize(
    ("text", "said"), [("{", "no JSON"), ("[" * 100_000, "no JSON"), ("[]", "categories"), ("{}", "categories")]
)
def test_what_is_no_document_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(RejectedError, match=said):
        coco.read(tmp_path / "x.json", "panoptic")


def test_a_document_beyond_all_bounds_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "x.json").open("wb") as file:
        file.truncate(coco.LARGEST_DOCUMENT + 1)  # a hole, which takes no room
    with pytest.raises(RejectedError, match=f"at most {coco.LARGEST_DOCUMENT} bytes"):
        coco.read(tmp_path / "x.json", "panoptic")


def test_masks_of_another_kind_and_damaged_ones_are_refused(tmp_path: Path, document: dict[str, Any]) -> None:
    build(tmp_path, document)
    shutil.rmtree(tmp_path / "out")
    good = (tmp_path / "ids/one.png").read_bytes()
    for data, said in ((good[: len(good) // 2], "is damaged"), (b"no picture", "cannot be read as a picture")):
        (tmp_path / "ids/one.png").write_bytes(data)
        with pytest.raises(RejectedError, match=said):
            run(tmp_path, tmp_path / "voc", document)
    folders.write_mask(tmp_path / "ids/one.png", [[0] * SIDE] * SIDE)
    with pytest.raises(RejectedError, match="expected RGB 64x64, found P 64x64"):
        run(tmp_path, tmp_path / "voc", document)


def test_a_link_out_of_the_folder_is_not_opened(tmp_path: Path, document: dict[str, Any]) -> None:
    write_ids(tmp_path / "elsewhere.png", painted())
    (tmp_path / "ids").mkdir()
    (tmp_path / "ids/one.png").symlink_to(tmp_path / "elsewhere.png")
    with pytest.raises(RejectedError, match="leads out of the folder"):
        build(tmp_path, document)
