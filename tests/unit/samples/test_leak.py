"""Images that the network was trained on, in the split that it is measured on."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.errors import RequestError
from registry.samples import VocFolder
from registry.samples.leak import leaked


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three training and three held-out images."""
    for name in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation"):
        (tmp_path / name).mkdir(parents=True)
    for number in range(6):
        (tmp_path / "JPEGImages" / f"{number}.jpg").write_bytes(bytes([number]) * 100)
    lists(tmp_path, train="0 1 2", val="3 4 5")
    return tmp_path


def lists(folder: Path, **splits: str) -> None:
    for split, names in splits.items():
        (folder / "ImageSets/Segmentation" / f"{split}.txt").write_text("\n".join(names.split()) + "\n")


def test_nothing_leaks(folder: Path) -> None:
    assert leaked(VocFolder(folder), "val", "train") == {}


def test_the_same_name(folder: Path) -> None:
    lists(folder, val="3 1 5")
    assert leaked(VocFolder(folder), "val", "train") == {"1": "1"}


def test_the_same_bytes_under_another_name(folder: Path) -> None:
    (folder / "JPEGImages/4.jpg").write_bytes(bytes([2]) * 100)
    assert leaked(VocFolder(folder), "val", "train") == {"4": "2"}


def test_missing_pictures_are_no_leak(folder: Path) -> None:
    for number in (2, 4):
        (folder / f"JPEGImages/{number}.jpg").unlink()
    assert leaked(VocFolder(folder), "val", "train") == {}


def test_without_a_training_list_or_against_itself_nothing_leaks(folder: Path) -> None:
    assert leaked(VocFolder(folder), "val", "trainaug") == {}
    assert leaked(VocFolder(folder), "val", "val") == {}


def test_a_held_out_list_that_is_not_there(folder: Path) -> None:
    with pytest.raises(RequestError):
        leaked(VocFolder(folder), "test", "train")
