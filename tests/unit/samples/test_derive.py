"""Datasets made of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.dataset import Dataset
from registry.digest import Digest
from registry.errors import RequestError
from registry.progress import Silent
from registry.samples import derive
from registry.samples.own_card import read_card
from registry.samples.pictures import read_mask
from registry.samples.voc import CARD, VocFolder
from tests.unit import builders
from tests.unit.samples import folders

DATASET = Dataset.from_document(builders.dataset())
SIDE = 60


def mask(circles: int, squares: int = 0, void: int = 10) -> list[list[int]]:
    """A mask of so many pixels of each class."""
    flat = [2] * circles + [1] * squares + [255] * void
    flat += [0] * (SIDE * SIDE - len(flat))
    return [flat[row * SIDE : (row + 1) * SIDE] for row in range(SIDE)]


@pytest.fixture
def source(tmp_path: Path) -> VocFolder:
    root = folders.dataset(tmp_path / "source", side=SIDE, train=["t3", "t1", "t2", "t0"], val=["v1", "v2", "v3"])
    masks = {"t3": 801, "t1": 3000, "t2": 800, "t0": 900, "v1": 0, "v2": 801, "v3": 12}
    for name, circles in masks.items():
        folders.write_mask(root / "SegmentationClass" / f"{name}.png", mask(circles, 100))
    return VocFolder(root)


def test_images_stay_that_have_more_than_800_pixels(source: VocFolder, tmp_path: Path) -> None:
    derive.few_classes(source, DATASET, ["circle"], tmp_path / "out", Silent())
    built = VocFolder(tmp_path / "out")
    assert (built.names("train"), built.names("val")) == (["t3", "t1", "t0"], ["v2"])
    for sample in built.samples("train"):
        ids = read_mask(sample.mask)
        assert set(ids.ravel()) == {0, 1}, "the other class and void become background"
        assert (ids == 1).sum() == {"t3": 801, "t1": 3000, "t0": 900}[sample.name]
        assert Digest.of_file(sample.image) == Digest.of_file(source.images / f"{sample.name}.png")
    card = read_card(tmp_path / "out" / CARD)
    assert card.class_names == ("background", "circle")
    assert card.document["splits"]["val"]["sha256"] == built.list_digest("val").hex


def test_st_tops_the_validation_list_up(source: VocFolder, tmp_path: Path) -> None:
    derive.few_classes(source, DATASET, ["circle"], tmp_path / "out", Silent(), mode="st")
    built = VocFolder(tmp_path / "out")
    assert (built.names("train"), built.names("val")) == (["t3", "t1", "t0"], ["v2", "t0", "t1"])


def test_ids_follow_the_order_of_the_classes(source: VocFolder, tmp_path: Path) -> None:
    derive.few_classes(source, DATASET, ["circle", "square"], tmp_path / "out", Silent())
    sample = next(VocFolder(tmp_path / "out").samples("val"))
    ids = read_mask(sample.mask)
    assert [(ids == number).sum() for number in (1, 2)] == [801, 100]


@pytest.mark.parametrize("wanted", [["hexagon"], ["background"], [], ["circle", "circle"]])
def test_unknown_classes_are_refused(source: VocFolder, tmp_path: Path, wanted: list[str]) -> None:
    with pytest.raises(RequestError):
        derive.few_classes(source, DATASET, wanted, tmp_path / "out", Silent())
    assert not (tmp_path / "out").exists()


def test_trainaug_is_every_augmented_mask_that_val_has_not(tmp_path: Path) -> None:
    folders.dataset(tmp_path, "SegmentationClassAug", train=["c", "a"], val=["b"], other=["d"])
    folder = VocFolder(tmp_path)
    assert derive.trainaug(folder) == ["a", "c", "d"] == folder.names("trainaug")


def test_trainaug_needs_augmented_masks(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="SegmentationClassAug"):
        derive.trainaug(VocFolder(folders.dataset(tmp_path, train=["a"], val=["b"])))
