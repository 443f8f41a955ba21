"""`zoo eval` on real files: the published bytes, the real picture, all protocols."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.world import SHARED, Zoo, assert_says

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/real")

REAL = SHARED / "real"
BIRD = 3


@pytest.fixture
def bird(shipped: Zoo) -> Path:
    """A dataset of one real picture."""
    folder = shipped.work / "voc"
    for name in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation"):
        (folder / name).mkdir(parents=True)
    shutil.copy(REAL / "images" / "bird.bmp", folder / "JPEGImages" / "bird.bmp")
    shutil.copy(REAL / "images" / "bird_mask.bmp", folder / "SegmentationClass" / "bird.bmp")
    (folder / "ImageSets" / "Segmentation" / "val.txt").write_text("bird\n")
    return folder


def evaluated(zoo: Zoo, what: str, data: Path, *options: str) -> dict[str, Any]:
    result = zoo("eval", what, "--data", data, "--mirror", REAL, "--offline", "--format", "json", *options)
    assert result.code == 0, result
    found: dict[str, Any] = result.json()
    return found


def test_the_real_models_find_the_bird(shipped: Zoo, bird: Path) -> None:
    quantized = evaluated(shipped, "google/deeplabv3-mnv2-dm05", bird)["protocols"]["voc"]
    assert quantized["class-iou"][BIRD] == pytest.approx(0.82, abs=0.01)
    assert quantized["pixel-accuracy"] == pytest.approx(0.96, abs=0.005)
    plain = evaluated(shipped, "google/deeplabv3", bird)
    assert plain["protocols"]["voc"]["class-iou"][BIRD] == pytest.approx(0.856, abs=0.003)
    assert plain["artifact"] == "9711334db2b01d5894feb8ed0f5cb3e97d125b8d229f8d8692f625801818f5ef"
    assert plain["variant"] == "google/deeplabv3/257-float32"
    assert (plain["samples"], plain["bad"]) == (1, [])


def test_protocols_differ_and_one_alone_may_be_asked_for(shipped: Zoo, bird: Path) -> None:
    found = evaluated(shipped, "google/deeplabv3", bird)["protocols"]
    assert set(found) == {"voc", "st-present-classes", "per-image", "ti-global"}
    assert found["voc"]["mean-iou"] != found["ti-global"]["mean-iou"]
    alone = evaluated(shipped, "google/deeplabv3", bird, "--protocol", "voc")["protocols"]
    assert alone == {"voc": found["voc"]}


def test_text_names_the_bytes(shipped: Zoo, bird: Path) -> None:
    result = shipped("eval", "google/deeplabv3", "--data", bird, "--mirror", REAL, "--offline", "--check")
    assert result.code == 0, result
    assert "states no accuracy" in result.out
    for piece in ("sha256:9711334d", "pascal-voc-2012 val, 1 images", "st-present-classes", "litert"):
        assert piece in result.out


def test_a_generated_dataset_is_evaluated_and_its_own_card_is_named(shipped: Zoo) -> None:
    made = shipped("dataset", "make", "shapes", "shapes", "--count", "6", "--size", "64")
    assert made.code == 0, made
    result = shipped(
        "eval", "google/deeplabv3", "--data", "shapes", "--mirror", REAL, "--offline", "--max-bad", "99"
    )
    assert result.code == 0, result
    assert "shapes val" in result.out


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--data", "nowhere"], 2, "no such folder"),
        (["--data", "voc", "--split", "train"], 2, "train"),
        (["--data", "voc", "--protocol", "best"], 2, "unknown protocol 'best'"),
        (["--data", "voc", "--dataset", "nowhere"], 2, "unknown dataset"),
    ],
)
def test_a_wrong_question(shipped: Zoo, bird: Path, options: list[str], code: int, said: str) -> None:
    result = shipped("eval", "google/deeplabv3", "--mirror", REAL, "--offline", *options)
    assert result.code == code, result
    assert_says(result, said)


def test_a_damaged_picture_stops_the_run_unless_allowed(shipped: Zoo, bird: Path) -> None:
    path = bird / "JPEGImages" / "bird.bmp"
    path.write_bytes(path.read_bytes()[:1000])
    result = shipped("eval", "google/deeplabv3", "--data", bird, "--mirror", REAL, "--offline")
    assert result.code == 1, result
    assert_says(result, "1 of 1 images cannot be evaluated", "bird", "--max-bad")
    allowed = evaluated(shipped, "google/deeplabv3", bird, "--max-bad", "1", "--restart")
    assert (allowed["samples"], len(allowed["bad"])) == (0, 1)
    assert allowed["protocols"]["voc"]["mean-iou"] is None


def test_two_models_are_compared_for_each_class(shipped: Zoo, bird: Path) -> None:
    found = evaluated(shipped, "google/deeplabv3", bird, "--against", "google/deeplabv3-mnv2-dm05")
    against = found["against"]
    assert against["evaluation"]["variant"] == "google/deeplabv3-mnv2-dm05/513-uint8"
    ours, theirs = found["protocols"]["voc"], against["evaluation"]["protocols"]["voc"]
    lost = against["difference"]["voc"]
    assert lost["class-iou"][BIRD] == pytest.approx(ours["class-iou"][BIRD] - theirs["class-iou"][BIRD])
    assert lost["mean-iou"] == pytest.approx(ours["mean-iou"] - theirs["mean-iou"])
    assert against["agreement"]["share"] == pytest.approx(0.97, abs=0.02)
    assert [one["image"] for one in against["agreement"]["apart"]] == ["bird"]


def test_text_of_a_comparison_shows_where_two_models_differ(shipped: Zoo, bird: Path) -> None:
    words = ("eval", "google/deeplabv3", "--against", "google/deeplabv3-mnv2-dm05", "--data", bird)
    result = shipped(*words, "--mirror", REAL, "--offline")
    assert result.code == 0, result
    for piece in ("against google/deeplabv3-mnv2-dm05/513-uint8", "DIFFERENCE", "only the first right", "bird"):
        assert piece in result.out
