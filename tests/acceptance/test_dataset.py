"""`zoo dataset`: datasets on disk, checked, generated and derived."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.acceptance.world import Cards, Result, Zoo, assert_says, files_below
from tests.unit.samples import folders


def problems(result: Result) -> set[tuple[str, str, str]]:
    """Kind, split and name of each problem."""
    return {(item["rule"], item["split"], item["name"]) for item in result.json()["findings"]}


@pytest.fixture
def sound(zoo: Zoo, cards: Cards) -> Path:
    """A dataset without a fault, of the small catalogue's three classes."""
    return folders.dataset(zoo.work / "set", train=["a", "b", "c"], val=["d", "e"])


def check(zoo: Zoo, *arguments: str) -> Result:
    return zoo("dataset", "check", "set", "--dataset", "shapes", "--format", "json", *arguments)


def test_a_sound_dataset_and_what_is_in_it(zoo: Zoo, sound: Path) -> None:
    result = check(zoo)
    assert (result.code, problems(result)) == (0, set()), result
    train, val = result.json()["splits"]
    assert (train["images"], val["images"]) == (3, 2)
    counts = {item["name"]: (item["pixels"], item["images"]) for item in train["classes"]}
    assert counts == {"background": (21, 3), "square": (24, 3), "circle": (0, 0), "void": (3, 3)}
    text = zoo("dataset", "check", "set", "--dataset", "shapes")
    assert text.code == 0
    assert "0 problems; held against shapes" in text.out


def test_all_problems_are_told_at_once(zoo: Zoo, sound: Path) -> None:
    folders.write_list(sound, "train", "a", "b", "c", "a", "gone", "../out", "twin")
    folders.write_list(sound, "val", "d", "e", "b", "copy")
    (sound / "SegmentationClass" / "a.png").unlink()
    folders.write_mask(sound / "SegmentationClass" / "b.png", [[0, 1], [2, 7]])
    image = sound / "JPEGImages" / "c.png"
    image.write_bytes(image.read_bytes()[:60])
    for copied, name in (("b", "twin"), ("a", "copy")):
        shutil.copy(sound / "JPEGImages" / f"{copied}.png", sound / "JPEGImages" / f"{name}.png")
        folders.write_mask(sound / "SegmentationClass" / f"{name}.png", [[0] * 4] * 4)
    result = check(zoo)
    assert result.code == 1
    assert problems(result) == {
        ("missing-mask", "train", "a"),
        ("size", "train", "b"),
        ("unknown-id", "train", "b"),
        ("damaged", "train", "c"),
        ("duplicate", "train", "a"),
        ("missing-image", "train", "gone"),
        ("missing-mask", "train", "gone"),
        ("bad-name", "train", "../out"),
        ("duplicate", "train", "twin"),
        ("size", "val", "b"),
        ("unknown-id", "val", "b"),
        ("leak", "val", "b"),
        ("leak", "val", "copy"),
    }, result
    text = zoo("dataset", "check", "set", "--dataset", "shapes")
    assert text.code == 1
    assert "13 problems" in text.out
    assert "7 (1 pixels)" in text.out


def test_one_split_is_asked_about(zoo: Zoo, sound: Path) -> None:
    (sound / "SegmentationClass" / "a.png").unlink()
    folders.write_list(sound, "val", "d", "a")
    assert problems(check(zoo, "--split", "train")) == {("missing-mask", "train", "a")}
    assert problems(check(zoo, "--split", "val")) == {("missing-mask", "val", "a"), ("leak", "val", "a")}
    result = check(zoo, "--split", "test")
    assert result.code == 2
    assert_says(result, "no split 'test'", "train, val")


def test_the_union_of_both_is_no_leak(zoo: Zoo, sound: Path) -> None:
    folders.write_list(sound, "trainval", "a", "b", "c", "d", "e")
    assert check(zoo).code == 0


def test_an_empty_list_is_a_problem(zoo: Zoo, sound: Path) -> None:
    folders.write_list(sound, "val")
    assert problems(check(zoo)) == {("count", "val", "")}


def test_a_generated_dataset_is_sound_and_its_own_card_is_held_against_it(zoo: Zoo) -> None:
    made = zoo("dataset", "make", "shapes", "set", "--seed", "4", "--count", "10", "--size", "64")
    assert made.code == 0, made
    assert "8 images" in made.out
    result = zoo("dataset", "check", "set", "--format", "json")
    assert (result.code, result.json()["dataset"]) == (0, "shapes"), result
    names = zoo.work / "set" / "ImageSets" / "Segmentation" / "val.txt"
    names.write_text(names.read_text().splitlines()[0] + "\n")
    changed = zoo("dataset", "check", "set", "--format", "json")
    assert problems(changed) == {("count", "val", ""), ("digest", "val", "")}
    again = zoo("dataset", "make", "shapes", "set")
    assert again.code == 2
    assert_says(again, "exists already")


def test_a_broken_card_of_the_folders_own_is_told(zoo: Zoo, sound: Path) -> None:
    (sound / "dataset.yaml").write_text("schema: dataset/1\nname: 7\n")
    result = zoo("dataset", "check", "set")
    assert result.code == 1
    assert_says(result, "not a dataset card", "--dataset")


def test_few_classes_of_a_generated_dataset(zoo: Zoo) -> None:
    assert zoo("dataset", "make", "shapes", "set", "--count", "20", "--size", "160").code == 0
    for mode, leaks in (("zoo", False), ("st", True)):
        words = ("--class", "ring", "--class", "heart", "--mode", mode)
        built = zoo("dataset", "build", "classes", "set", mode, *words)
        assert built.code == 0, built
        found = zoo("dataset", "check", mode, "--format", "json")
        assert {item["rule"] for item in found.json()["findings"]} == ({"leak"} if leaks else set()), found
        assert [item["name"] for item in found.json()["splits"][0]["classes"]] == ["background", "ring", "heart"]


def test_trainaug(zoo: Zoo, cards: Cards) -> None:
    folders.dataset(zoo.work / "voc", "SegmentationClassAug", train=["b", "a"], val=["c"])
    result = zoo("dataset", "build", "trainaug", "voc")
    assert result.code == 0, result
    assert (zoo.work / "voc/ImageSets/Segmentation/trainaug.txt").read_text() == "a\nb\n"


def test_cocos_panoptic_segments_become_masks_that_check_finds_sound(shipped: Zoo) -> None:
    work = shipped.work
    folders.dataset(work / "voc", "SegmentationClassAug", trainaug=["v1"], val=["v2"])
    folders.write_image(work / "images" / "a.png", 64, 64, 1)
    (work / "ids").mkdir()
    ids = Image.new("RGB", (64, 64), (0, 0, 1))
    ids.paste((2, 1, 0), (0, 0, 40, 40))
    ids.save(work / "ids" / "a.png")
    segments = [{"id": 258, "category_id": 17, "area": 1600}, {"id": 65536, "category_id": 193, "area": 2496}]
    document = {
        "images": [{"id": 5, "file_name": "a.png", "height": 64, "width": 64}],
        "annotations": [{"image_id": 5, "file_name": "a.png", "segments_info": segments}],
        "categories": [{"id": 17, "name": "cat"}, {"id": 193, "name": "grass-merged"}],
    }
    (work / "panoptic.json").write_text(json.dumps(document), encoding="utf-8")
    built = shipped("dataset", "build", "coco", "panoptic.json", "images", "voc", "out", "--panoptic", "ids")
    assert built.code == 0, built
    assert "2 images" in built.out
    checked = shipped("dataset", "check", "out", "--split", "train", "--format", "json")
    assert checked.code == 0, checked
    assert {one["name"]: one["pixels"] for one in checked.json()["splits"][0]["classes"]}["cat"] == 1600
    (work / "ids" / "a.png").unlink()
    missing = shipped("dataset", "build", "coco", "panoptic.json", "images", "voc", "other", "--panoptic", "ids")
    assert missing.code == 1
    assert_says(missing, "a.png: is missing")


@pytest.mark.parametrize(
    "words",
    [
        ("check", "nowhere"),
        ("check", "."),
        ("build", "trainaug", "."),
        ("build", "classes", ".", "out", "--class", "person"),
        ("build", "coco", "x.json", ".", ".", "out"),
    ],
)
def test_what_is_no_dataset_is_said(zoo: Zoo, words: tuple[Any, ...]) -> None:
    result = zoo("dataset", *words)
    assert result.code == 2, result
    assert_says(result, "folder")
    assert files_below(zoo.work) == []
