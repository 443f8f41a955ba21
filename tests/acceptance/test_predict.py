"""Class maps of pictures: the installed command on real files, and on a network whose answer is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from registry.pictures import read
from tests.acceptance.world import SHARED, Cards, Zoo, assert_says, files_below, pinned
from tests.unit.onnx_models import brightness_classes

IMAGES = SHARED / "real/images"
FLOAT = SHARED / "real/blobs/sha256/9711334db2b01d5894feb8ed0f5cb3e97d125b8d229f8d8692f625801818f5ef"

needs_real_files = pytest.mark.skipif(not IMAGES.is_dir(), reason="needs ../shared/real")


@pytest.fixture
def net(zoo: Zoo, cards: Cards) -> Path:
    """An ONNX file that sees class 1 in the red right half of `picture`, with a card that names its classes."""
    path = brightness_classes(zoo.work / "net.onnx", stride=4, height=16, width=16)
    cards.card(
        pinned(
            "net",
            path.read_bytes(),
            format="onnx",
            preprocessing={"mean": 127.5, "scale": 1 / 127.5, "resize": "stretch", "interpolation": "nearest"},
            classes={"count": 2, "names": ["nothing", "thing"]},
        )
    )
    return path


def picture(path: Path, *, width: int = 40, height: int = 20) -> Path:
    image = Image.new("RGB", (width, height), "black")
    image.paste("red", (width // 2, 0, width, height))
    path.parent.mkdir(exist_ok=True)
    image.save(path)
    return path


def test_three_files_for_each_picture_at_its_own_size(zoo: Zoo, net: Path) -> None:
    picture(zoo.work / "a.png")
    result = zoo("predict", net, "a.png", "-o", "out", "--threads", "2", "--format", "json")
    assert result.code == 0, result
    assert [path.name for path in files_below(zoo.work / "out")] == ["a.classes.png", "a.json", "a.overlay.png"]
    ids = np.asarray(Image.open(zoo.work / "out/a.classes.png"))
    assert ids.shape == (20, 40)
    assert (ids[:, :18] == 0).all()
    assert (ids[:, 22:] == 1).all()
    written = json.loads((zoo.work / "out/a.json").read_text(encoding="utf-8"))
    assert (written["variant"], written["runtime"]["name"]) == ("acme/net/net", "onnxruntime")
    assert written["runtime"]["threads"] == 2
    assert {one["name"]: one["share"] for one in written["classes"]} == pytest.approx(
        {"nothing": 0.5, "thing": 0.5}, abs=0.06
    )
    (listed,) = result.json()["images"]
    assert listed["classes"] == written["classes"]
    assert listed["files"]["classes"] == "out/a.classes.png"


def test_a_bad_picture_is_named_and_the_others_are_done(zoo: Zoo, net: Path) -> None:
    picture(zoo.work / "a.png")
    whole = picture(zoo.work / "cut.bmp").read_bytes()
    (zoo.work / "cut.bmp").write_bytes(whole[: len(whole) // 2])
    result = zoo("predict", net, "cut.bmp", "nowhere.png", "a.png", "-o", "out")
    assert result.code == 1, result
    assert_says(result, "cut.bmp: the picture is broken or cut short", "nowhere.png", "2 of 3 pictures")
    assert (zoo.work / "out/a.classes.png").is_file()
    assert not (zoo.work / "out/cut.classes.png").exists()
    assert "a.png" in result.out
    assert "cut.bmp" not in result.out


def test_pictures_of_one_name_do_not_overwrite_each_other(zoo: Zoo, net: Path) -> None:
    first, second = picture(zoo.work / "x/a.png"), picture(zoo.work / "y/a.png", width=60)
    result = zoo("predict", net, first, second, "-o", "out")
    assert result.code == 0, result
    widths = [read(zoo.work / f"out/{name}.classes.png").shape[1] for name in ("a", "a-2")]
    assert widths == [40, 60]


def test_a_float_file_that_no_card_has_needs_one(zoo: Zoo, net: Path) -> None:
    other = brightness_classes(zoo.work / "other.onnx", argmax=True)
    picture(zoo.work / "a.png")
    result = zoo("predict", other, "a.png", "-o", "out")
    assert result.code == 1, result
    assert_says(result, "neither a card nor the file says", "--as NAME")
    named = zoo("predict", other, "a.png", "-o", "out", "--as", "acme/net/net")
    assert named.code == 0, named
    assert "thing 50.0%" in named.out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["predict", "net.onnx", "a.png", "-o", "net.onnx"], 3, "cannot be written"),
        (["predict", "net.onnx", "a.png", "-o", "out", "--delegate", "warp"], 3, "no execution provider 'warp'"),
        (["predict", "nowhere.onnx", "a.png", "-o", "out"], 2, "no such file"),
        (["predict", "net.onnx", "a.png"], 2, "Missing option '-o'"),
    ],
)
def test_what_cannot_be_done_says_why(zoo: Zoo, net: Path, words: list[str], code: int, said: str) -> None:
    picture(zoo.work / "a.png")
    result = zoo(*words)
    assert result.code == code, result
    assert_says(result, said)


@needs_real_files
def test_the_rider_by_name_is_the_publishers_golden_output(shipped: Zoo) -> None:
    mirror = str(SHARED / "real")
    result = shipped("predict", "google/deeplabv3", IMAGES / "rider.jpg", "-o", "out", "-q", "--mirror", mirror)
    assert result.code == 0, result
    found = np.asarray(Image.open(shipped.work / "out/rider.classes.png"))
    assert (found * 10 == np.asarray(Image.open(IMAGES / "rider_golden_257.png"))).all()
    assert result.err == ""  # the engine has no voice of its own
    assert "horse" in result.out
    assert "person" in result.out


@needs_real_files
def test_a_file_alone_gives_its_own_labels_and_normalization(zoo: Zoo, cards: Cards) -> None:
    """No card of this catalogue has the file: its metadata and its label list serve."""
    result = zoo("predict", FLOAT, IMAGES / "cat.jpg", "-o", "out", "--format", "json")
    assert result.code == 0, result
    found = result.json()
    assert found["variant"] is None
    assert found["preprocessing"]["mean"] == [127.5] * 3
    (image,) = found["images"]
    shares = {one["name"]: one["share"] for one in image["classes"]}
    assert shares["cat"] == pytest.approx(0.2, abs=0.02)


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_keras_file_says_nothing_but_its_answer(zoo: Zoo, cards: Cards, ending: str) -> None:
    from tests.unit.keras_models import brightness_classes

    format_ = "keras-h5" if ending == "h5" else "keras"
    path = brightness_classes(zoo.work / f"net.{ending}", (None, None, 3))
    stated = {"mean": 127.5, "scale": 1 / 127.5, "resize": "none"}
    cards.card(pinned("net", path.read_bytes(), format=format_, preprocessing=stated))
    for name, width in (("a", 40), ("b", 24)):
        picture(zoo.work / f"{name}.png", width=width)
    result = zoo("predict", path, "a.png", "b.png", "-o", "out", "--format", "json")
    assert (result.code, result.err) == (0, ""), result
    assert result.json()["runtime"]["name"] == "tensorflow"
    for name, width in (("a", 40), ("b", 24)):
        ids = np.asarray(Image.open(zoo.work / f"out/{name}.classes.png"))
        assert (ids[:, : width // 2] == 0).all()
        assert (ids[:, width // 2 :] == 1).all()
