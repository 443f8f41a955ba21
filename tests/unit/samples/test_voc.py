"""The reader of the PASCAL VOC layout."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from registry.errors import RejectedError, RequestError, UnavailableError
from registry.samples.lists import list_digest, parse
from registry.samples.pictures import read_mask, require_extra, voc_palette
from registry.samples.voc import VocFolder
from tests.unit.samples import folders


def test_samples_come_in_the_order_of_the_list(tmp_path: Path) -> None:
    folder = VocFolder(folders.dataset(tmp_path, train=["b", "a", "c"]))
    assert [sample.name for sample in folder.samples("train")] == ["b", "a", "c"]
    assert all(sample.image.is_file() and sample.mask.is_file() for sample in folder.samples("train"))
    assert folder.list_digest("train").hex == hashlib.sha256(b"b\na\nc\n").hexdigest()


def test_case_and_extension_do_not_matter(tmp_path: Path) -> None:
    folders.write_image(tmp_path / "jpegimages" / "One.JPEG", 4, 4, 1)
    folders.write_mask(tmp_path / "SEGMENTATIONCLASS" / "one.PNG", [[0]])
    folders.write_list(tmp_path, "Train", "one.jpg", "", "  ")
    (sample,) = VocFolder(tmp_path).samples("train")
    assert (sample.name, sample.image.name, sample.mask.name) == ("one", "One.JPEG", "one.PNG")


def test_a_missing_file_is_a_path_that_opening_tells(tmp_path: Path) -> None:
    folder = VocFolder(folders.dataset(tmp_path, train=["a"]))
    folders.write_list(tmp_path, "train", "gone")
    (sample,) = folder.samples("train")
    assert not sample.image.exists()
    with pytest.raises(RejectedError, match=r"gone\.png"):
        read_mask(sample.mask)


@pytest.mark.parametrize("name", ["../out", "/etc/passwd", "a/../../out", "..\\out", "C:/x", "a//b", "a\x00b", "."])
def test_names_that_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    folder = VocFolder(folders.dataset(tmp_path / "set", train=["a"]))
    folders.write_list(tmp_path / "set", "train", "a", name)
    with pytest.raises(RejectedError, match=r"Train\.txt:2|train\.txt:2"):
        folder.samples("train")


def test_links_that_leave_the_folder_are_refused(tmp_path: Path) -> None:
    folder = VocFolder(folders.dataset(tmp_path / "set", train=["a"]))
    folders.write_image(tmp_path / "out.png", 4, 4, 1)
    image = tmp_path / "set" / "JPEGImages" / "a.png"
    image.unlink()
    image.symlink_to(tmp_path / "out.png")
    with pytest.raises(RejectedError, match="leads out"):
        list(folder.samples("train"))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_safe_name_stays_below(text: str) -> None:
    line = parse(1, text)
    if line.safe:
        assert Path("/set/x", line.name).resolve().is_relative_to("/set/x")


@pytest.mark.parametrize(
    ("split", "expected"), [("train", "SegmentationClass"), ("trainaug", "SegmentationClassAug")]
)
def test_the_augmented_masks_are_those_of_augmented_lists(tmp_path: Path, split: str, expected: str) -> None:
    folders.dataset(tmp_path, train=["a"])
    folders.dataset(tmp_path, "SegmentationClassAug", trainaug=["a"])
    assert VocFolder(tmp_path).masks(split).name == expected


def test_what_is_no_such_folder_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="JPEGImages"):
        VocFolder(tmp_path)
    (tmp_path / "JPEGImages").mkdir()
    with pytest.raises(RequestError, match="ImageSets/Segmentation"):
        VocFolder(tmp_path)
    (tmp_path / "ImageSets").mkdir()
    with pytest.raises(RequestError, match="ImageSets/Segmentation"):
        VocFolder(tmp_path)
    with pytest.raises(RequestError, match="no split 'val'") as caught:
        VocFolder(folders.dataset(tmp_path, train=["a"])).names("val")
    assert "train" in str(caught.value.hint)


def test_the_palette_is_that_of_voc() -> None:
    palette = voc_palette()
    colours = {number: tuple(palette[3 * number : 3 * number + 3]) for number in (0, 1, 8, 15, 20, 255)}
    assert colours[1] == (128, 0, 0)
    assert colours[8] == (64, 0, 0)
    assert colours[15] == (192, 128, 128)
    assert colours[20] == (0, 64, 128)
    assert colours[255] == (224, 224, 192)


def test_a_mask_of_ids_is_read_whatever_its_palette(tmp_path: Path) -> None:
    rows = np.array([[0, 20, 255]], np.uint8)
    folders.write_mask(tmp_path / "palette.png", rows.tolist())
    Image.fromarray(rows).save(tmp_path / "grey.bmp")
    for name in ("palette.png", "grey.bmp"):
        found = read_mask(tmp_path / name)
        assert found.dtype == np.uint8
        assert found.tolist() == rows.tolist()


def test_a_mask_of_colours_or_cut_short_is_refused(tmp_path: Path) -> None:
    folders.write_image(tmp_path / "colours.png", 8, 8, 1)
    with pytest.raises(RejectedError, match="mode RGB"):
        read_mask(tmp_path / "colours.png")
    rows = np.random.default_rng(1).integers(0, 20, (64, 64), np.uint8)
    folders.write_mask(tmp_path / "whole.png", rows.tolist())
    data = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(RejectedError, match="damaged"):
        read_mask(tmp_path / "cut.png")


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(UnavailableError, match="PIL") as caught:
        require_extra()
    assert "edge-model-zoo[eval]" in str(caught.value.hint)


def test_digests_of_lists_depend_on_order() -> None:
    assert list_digest(["a", "b"]) != list_digest(["b", "a"])
