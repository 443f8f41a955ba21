"""COCO's annotations as masks."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.dataset import Dataset
from registry.document import Document, read
from registry.errors import RejectedError
from registry.progress import Silent
from registry.resources import data_folder
from registry.samples import coco, regions
from registry.samples.pictures import read_mask
from registry.samples.voc import VocFolder
from tests.unit.samples import folders

SIDE = 64


def packed(runs: list[int]) -> str:
    """Run lengths in COCO's compressed form."""
    text = ""
    for index, run in enumerate(runs):
        value = run - runs[index - 2] if index > 2 else run
        while True:
            bits, value = value & 31, value >> 5
            more = value != (-1 if bits & 16 else 0)
            text += chr(bits + (32 if more else 0) + 48)
            if not more:
                break
    return text


@given(st.lists(st.integers(0, 100_000), max_size=20))
def test_compressed_runs_are_unpacked(runs: list[int]) -> None:
    assert regions.unpacked(packed(runs)) == runs


@given(st.text(max_size=30))
def test_any_text_is_unpacked_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert all(isinstance(run, int) for run in regions.unpacked(text))


def test_runs_go_down_the_columns() -> None:
    found = regions.covered({"counts": [1, 2, 3]}, 3, 2)
    assert found.tolist() == [[False, False], [True, False], [True, False]]
    with pytest.raises(ValueError, match="add up to 5"):
        regions.covered({"counts": [5]}, 3, 2)


def box(left: int, top: int, right: int, bottom: int) -> list[list[int]]:
    return [[left, top, right, top, right, bottom, left, bottom]]


def annotation(image: int, category: int, segmentation: Any, area: float) -> dict[str, Any]:
    return {"image_id": image, "category_id": category, "segmentation": segmentation, "area": area}


@pytest.fixture
def instances() -> dict[str, Any]:
    images = [
        {"id": number, "file_name": name, "height": SIDE, "width": SIDE}
        for number, name in ((1, "two.png"), (2, "one.png"), (3, "small.png"), (4, "other.png"))
    ]
    crowd = {"counts": [SIDE * 32, SIDE * 32], "size": [SIDE, SIDE]}
    return {
        "images": images,
        "categories": [{"id": 1, "name": "person"}, {"id": 72, "name": "tv"}, {"id": 90, "name": "toothbrush"}],
        "annotations": [
            annotation(1, 1, box(0, 0, 39, 39), 1600),
            annotation(1, 72, crowd, 2048),
            annotation(2, 1, box(0, 0, 9, 9), 100),
            annotation(2, 72, box(0, 0, 40, 40), 1000.5),
            annotation(3, 1, box(0, 0, 40, 40), 1000),
            annotation(4, 90, box(0, 0, 60, 60), 3600),
        ],
    }


def build(place: Path, document: Any) -> VocFolder:
    voc = folders.dataset(place / "voc", "SegmentationClassAug", trainaug=["v1"], val=["v2"])
    for seed, name in enumerate(("one", "two", "small", "other")):
        folders.write_image(place / "coco" / f"{name}.png", SIDE, SIDE, seed)
    (place / "instances.json").write_text(json.dumps(document), encoding="utf-8")
    card = read(Path(data_folder("cards"), "datasets", "coco-2017-voc-2012.yaml"))
    assert isinstance(card, Document)
    dataset = Dataset.from_document(card.value)
    coco.build(
        place / "instances.json", place / "coco", VocFolder(voc), dataset, place / "out", Silent(), train="trainaug"
    )
    return VocFolder(place / "out")


def test_coco_is_painted_and_voc_is_added(tmp_path: Path, instances: dict[str, Any]) -> None:
    built = build(tmp_path, instances)
    assert built.names("train") == ["one", "two", "v1"]
    assert built.names("val") == ["v2"]
    masks = {sample.name: read_mask(sample.mask) for sample in built.samples("train")}
    assert masks["one"][5, 5] == 20, "the later annotation covers the earlier"
    expected = np.zeros((SIDE, SIDE), np.uint8)
    expected[:40, :40] = 15
    expected[:, 32:] = 20  # the crowd: the right half, by columns
    assert (masks["two"] == expected).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"annotations": [{}]}, "category_id"),
        ({"images": [{"id": 1, "file_name": "../x.png", "height": 64, "width": 64}]}, "name of a file"),
        ({"images": [{"id": 1, "file_name": "gone.png", "height": 64, "width": 64}]}, "missing"),
        ({"images": [{"id": 1, "file_name": "one.png", "height": 1 << 20, "width": 1 << 20}]}, "pixels"),
        ({"annotations": [annotation(1, 1, {"counts": "zz"}, 2000)]}, "compressed"),
        ({"annotations": [annotation(1, 1, [[1, 2]], 2000)]}, "polygon"),
        ({"annotations": [annotation(1, 1, 7, 2000)]}, "TypeError"),
    ],
)
def test_what_is_not_cocos_is_refused_and_leaves_nothing(
    tmp_path: Path, instances: dict[str, Any], change: dict[str, Any], said: str
) -> None:
    with pytest.raises(RejectedError, match=said):
        build(tmp_path, instances | change)
    assert {path.name for path in tmp_path.iterdir()} == {"voc", "coco", "instances.json"}
