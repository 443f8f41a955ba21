"""`zoo quantize`: the installed command on a small Keras network, and on the real 257 px model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from registry.digest import Digest
from tests.acceptance.world import SHARED, Result, Zoo, assert_says
from tests.unit.quantization import networks
from tests.unit.quantization.networks import World
from tests.unit.samples import folders

GATE = {"split": "val", "overall": 0.9}
QDQ: dict[str, Any] = {"representation": "onnx-qdq", "method": "moving-average"}
REAL = SHARED / "real"


@pytest.fixture
def config(zoo: Zoo) -> Path:
    """Where the configuration goes."""
    return zoo.work / "config.yaml"


def made(result: Result) -> dict[str, Any]:
    assert result.code == 0, result
    found: dict[str, Any] = result.json()
    return found


@pytest.mark.parametrize("changes", [{}, QDQ])
def test_two_processes_make_the_same_bytes_and_only_that(
    zoo: Zoo, world: World, config: Path, changes: dict[str, Any]
) -> None:
    networks.written(config, networks.plain("elsewhere", gate=GATE, **changes))
    words = ("quantize", world.keras, config, "--data", world.data)
    first, second = zoo(*words, "--format", "json", "-o", "first"), zoo(*words, "-o", "second")
    assert first.err == ""
    model = made(first)["model"]
    assert second.code == 0, second
    for piece in (model["sha256"], "int8 per-channel", "4 images", "all (mean)", "Gate: passed"):
        assert piece in second.out
    for folder in ("first", "second"):
        assert Digest.of_file(zoo.work / folder / model["file"]).hex == model["sha256"]
    inspected = zoo("inspect", zoo.work / "first" / model["file"], "--format", "json")
    assert inspected.code == 0, inspected


def test_a_result_that_loses_too_much_is_rejected_class_by_class(zoo: Zoo, world: World, config: Path) -> None:
    gate = {"split": "val", "overall": 0.0, "per_class": 0.0}
    networks.written(config, networks.plain(world.data, granularity="per-tensor", gate=gate))
    result = zoo("quantize", world.keras, config)
    assert result.code == 1, result
    for piece in ("not written", "Gate: rejected", "mean IoU loses", "IoU of one loses", "LOSS"):
        assert piece in result.out
    folder = zoo.work / "quantized" / "tiny"
    assert [path.name for path in folder.iterdir()] == ["quantization.json"]
    eased = ("--set", "gate.overall=1", "--set", "gate.per_class=0.0001")
    kept = zoo("quantize", world.keras, config, "--keep", *eased)
    assert kept.code == 1, kept
    assert "mean IoU loses" not in kept.out
    assert "IoU of one loses" in kept.out
    assert (folder / "model.tflite").is_file()


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"scheme": "int4"}, 2, ["config.yaml:4:12", "'scheme' is not one of the allowed values"]),
        ({"calibration": {"split": "train", "ids": ["a", "q"]}}, 2, ["'q'", "the list 'train'"]),
        ({"parent": {"sha256": "0" * 64}}, 1, ["expected the parent sha256:000", "found sha256:"]),
        ({"preprocessing": None}, 1, ["says what becomes of a pixel's value"]),
    ],
)
def test_a_wrong_question(
    zoo: Zoo, world: World, config: Path, changes: dict[str, Any], code: int, said: list[str]
) -> None:
    networks.written(config, networks.plain(world.data, **changes))
    result = zoo("quantize", world.tflite, config, "--data", world.data)
    assert result.code == code, result
    assert_says(result, *said)
    assert not (zoo.work / "quantized" / "tiny").exists()


def test_a_full_disk_leaves_nothing(zoo: Zoo, world: World, config: Path) -> None:
    networks.written(config, networks.plain(world.data))
    limited = ("bash", "-c", 'ulimit -f 4; exec "$@"', "bash")
    result = zoo.under(limited, "quantize", world.keras, config)
    assert result.code == 3, result
    assert_says(result, "cannot be written", "free space")
    assert list((zoo.work / "quantized").rglob("*")) == []


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/real")
def test_the_real_float_model_becomes_qdq(shipped: Zoo, config: Path) -> None:
    data = folders.dataset(shipped.work / "noise", side=64, train=["a", "b"])
    parent = {"sha256": "9711334db2b01d5894feb8ed0f5cb3e97d125b8d229f8d8692f625801818f5ef"}
    document = networks.plain(data, parent=parent, **QDQ, preprocessing=None)
    networks.written(config, {**document, "calibration": {"data": str(data), "split": "train", "ids": ["b", "a"]}})
    result = shipped("quantize", "google/deeplabv3", config, "--mirror", REAL, "--offline", "--format", "json")
    found = made(result)
    assert result.err == ""
    assert found["made_of"]["parent"]["variant"] == "google/deeplabv3/257-float32"
    model = found["model"]
    assert (model["scheme"], model["granularity"], model["representation"]) == ("int8", "per-channel", "qdq")
    assert model["layers"] == 55
    assert model["size"] < 1_000_000
    assert json.loads((shipped.work / "quantized/tiny/quantization.json").read_text())["model"] == model
