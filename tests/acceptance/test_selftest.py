"""Golden vectors from recording to the verdict: the installed command on generated networks and on a real file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from registry import manifest
from registry.digest import Digest
from tests.acceptance.test_skopeo import skopeo
from tests.acceptance.world import SHARED, Cards, Zoo, assert_says, files_below, pinned
from tests.unit import builders
from tests.unit.onnx_models import brightness_classes

REAL = SHARED / "real"
QUANTIZED = "0470d2a782aa54eeeb99d32e7b6b3fb7722905c7c4f5d26bd957ec861366d48b"
FLOAT = "9711334db2b01d5894feb8ed0f5cb3e97d125b8d229f8d8692f625801818f5ef"

needs_real_files = pytest.mark.skipif(not REAL.is_dir(), reason="needs ../shared/real")

PREPROCESSING = {"mean": 127.5, "scale": 1 / 127.5, "resize": "stretch", "interpolation": "nearest"}


def net_variant(path: Path, **changes: Any) -> builders.Plain:
    data = path.read_bytes()
    artifact = builders.artifact(file=path.name, size=len(data), sha256=Digest.of(data).hex, sources=[])
    common = {"format": "onnx", "artifacts": [artifact], "preprocessing": PREPROCESSING, "classes": {"count": 2}}
    return builders.variant(path.stem, **{**common, **changes})


def with_golden(variant: builders.Plain, folder: Path) -> builders.Plain:
    """The variant with what a recording says of it."""
    said = yaml.safe_load((folder / "golden.yaml").read_text(encoding="utf-8"))
    return {**variant, "artifacts": [*variant["artifacts"], *said["artifacts"]], "golden": said["golden"]}


@pytest.fixture
def net(zoo: Zoo, cards: Cards) -> Path:
    """An ONNX file with a golden vector of `photo.png` on its card; both lie in `golden`."""
    Image.radial_gradient("L").convert("RGB").save(zoo.work / "photo.png")
    (zoo.work / "golden").mkdir()
    path = brightness_classes(zoo.work / "golden/net.onnx", height=16, width=16)
    cards.card(net_variant(path))
    result = zoo("selftest", path, "--record", "photo.png", "-o", "golden")
    assert result.code == 0, result
    cards.card(with_golden(net_variant(path), path.parent))
    return path


def test_what_was_recorded_passes(zoo: Zoo, net: Path) -> None:
    assert zoo("validate", zoo.environment["ZOO_CARDS"]).code == 0
    assert "Golden vectors\n  name photo, input (file net.photo.input.bin, number 0" in zoo("show", "acme/net").out
    result = zoo("selftest", "acme/net", "--from", "golden", "--threads", "2", "--format", "json")
    assert result.code == 0, result
    (verdict,) = result.json()
    assert (verdict["variant"], verdict["state"], verdict["runtime"]["threads"]) == ("acme/net/net", "pass", 2)
    assert verdict["sha256"] == Digest.of_file(net).hex
    (outcome,) = verdict["outcomes"]
    assert (outcome["vector"], outcome["passed"], outcome["failures"]) == ("photo", True, [])
    assert outcome["figures"]["values"] == 2 * 16 * 16
    assert (outcome["figures"]["absolute"], outcome["figures"]["best_class"]) == (0, 0)
    told = zoo("selftest", net, "--from", "golden").out  # by the file's digest
    assert "pass  acme/net/net  onnxruntime" in told
    assert "best class differs in 0.000% of places (at most 0.100%)" in told


def test_a_recording_is_the_same_every_time(zoo: Zoo, net: Path) -> None:
    again = zoo("selftest", net, "--record", "photo.png", "--record", "photo.png", "-o", "again")
    assert again.code == 0, again
    first, second = zoo.work / "golden", zoo.work / "again"
    names = [path.name for path in files_below(second)]
    assert names == [
        "golden.yaml",
        "net.photo-2.input.bin",
        "net.photo-2.output.bin",
        "net.photo.input.bin",
        "net.photo.output.bin",
    ]
    for side in ("input", "output"):
        twin = (second / f"net.photo-2.{side}.bin").read_bytes()
        assert (
            (first / f"net.photo.{side}.bin").read_bytes()
            == twin
            == (second / f"net.photo.{side}.bin").read_bytes()
        )


def test_another_network_in_its_place_fails(zoo: Zoo, cards: Cards, net: Path) -> None:
    other = brightness_classes(zoo.work / "other.onnx", height=16, width=16, inverted=True)
    held = zoo("selftest", other, "--as", "acme/net/net", "--from", "golden")
    assert held.code == 1, held
    assert "fail  acme/net/net" in held.out
    assert "best class differs: expected at most 0.1000%, found " in held.out
    # somebody who can change the card can change its digests: the output still tells
    shutil.copyfile(other, net)
    variant = with_golden(net_variant(net), net.parent)
    variant["golden"][0]["recorded"]["model"] = Digest.of_file(net).hex
    cards.card(variant)
    assert zoo("validate", zoo.environment["ZOO_CARDS"]).code == 0
    replaced = zoo("selftest", "acme/net", "--from", "golden")
    assert replaced.code == 1, replaced
    assert "best class differs" in replaced.out


def test_bytes_that_the_card_does_not_promise_are_never_run(zoo: Zoo, net: Path) -> None:
    brightness_classes(net, height=16, width=16, inverted=True)
    result = zoo("selftest", "acme/net", "--from", "golden")
    assert result.code == 1, result
    assert "golden/net.onnx: expected sha256:" in result.out


def test_a_truncated_vector_fails_and_a_missing_one_tells_nothing(zoo: Zoo, net: Path) -> None:
    vector = zoo.work / "golden/net.photo.output.bin"
    vector.write_bytes(vector.read_bytes()[:-1])
    cut = zoo("selftest", "acme/net", "--from", "golden")
    assert cut.code == 1, cut
    assert "net.photo.output.bin: expected sha256:" in cut.out
    vector.unlink()
    gone = zoo("selftest", "acme/net", "--from", "golden")
    assert gone.code == 3, gone
    assert "unknown  acme/net/net" in gone.out
    assert "found nothing" in gone.out


def test_a_model_of_another_size_does_not_fit_the_vector(zoo: Zoo, net: Path) -> None:
    other = brightness_classes(zoo.work / "other.onnx", height=8, width=8)
    result = zoo("selftest", other, "--as", "acme/net/net", "--from", "golden")
    assert result.code == 1, result
    assert "input image: expected float32 1x3x8x8, found float32 1x3x16x16" in result.out
    coarse = brightness_classes(zoo.work / "coarse.onnx", height=16, width=16, stride=2)
    result = zoo("selftest", coarse, "--as", "acme/net/net", "--from", "golden")
    assert result.code == 1, result
    assert (
        "output scores: expected float32 1x2x16x16 as in net.photo.output.bin, found float32 1x2x8x8" in result.out
    )


def test_every_variant_with_vectors_is_tested(zoo: Zoo, cards: Cards, net: Path) -> None:
    bare = brightness_classes(net.with_name("bare.onnx"), height=16, width=16, argmax=True)
    bad = brightness_classes(net.with_name("bad.onnx"), height=16, width=16, inverted=True)
    whole = with_golden(net_variant(net), net.parent)
    wrong = {**whole, **net_variant(bad), "golden": json.loads(json.dumps(whole["golden"]))}
    wrong["artifacts"] = [*wrong["artifacts"], *whole["artifacts"][1:]]
    del wrong["golden"][0]["recorded"]
    cards.card(whole, net_variant(bare), wrong)
    result = zoo("selftest", "acme/net", "--from", "golden", "--format", "json")
    assert result.code == 1, result
    assert {one["variant"]: one["state"] for one in result.json()} == {
        "acme/net/net": "pass",
        "acme/net/bad": "fail",
    }
    assert_says(result, "not tested: acme/net/bare carries no golden vector")
    assert zoo("selftest", "acme/net/net", "--from", "golden").code == 0


def test_a_published_vector_comes_along_only_when_asked_for(zoo: Zoo, net: Path, cards: Cards) -> None:
    card = cards.folder / "acme/net.yaml"
    published = zoo("publish", card, "--to", "store", "--from", "golden")
    assert published.code == 0, published
    (entry,) = json.loads((zoo.work / "store/index.json").read_bytes())["manifests"]
    data = (zoo.work / "store" / Digest.parse(entry["digest"]).blob_path).read_bytes()
    layers = {layer.title: layer.media_type for layer in manifest.parse(data, "it").layers}
    assert layers["net.photo.input.bin"] == layers["net.photo.output.bin"] == manifest.DATASET_TYPE

    mirror = ("--mirror", "store")
    plain = zoo("pull", "acme/net/net", *mirror, "-o", "plain")
    assert plain.code == 0, plain
    assert [path.name for path in files_below(zoo.work / "plain")] == [
        "net.card.yaml",
        "net.licence.txt",
        "net.onnx",
    ]
    planned = zoo("pull", "acme/net/net", *mirror, "--golden", "--dry-run", "--update", "--format", "json").json()
    assert [one["file"] for one in planned["files"]] == ["net.onnx", "net.photo.input.bin", "net.photo.output.bin"]
    full = zoo("pull", "acme/net/net", *mirror, "-o", "full", "--golden")
    assert full.code == 0, full
    same = (zoo.work / "full/net.photo.output.bin").read_bytes()
    assert same == (zoo.work / "golden/net.photo.output.bin").read_bytes()
    assert zoo("verify", "full", "--strict").code == 0
    assert zoo("selftest", "acme/net", "--from", "full").code == 0
    shutil.rmtree(zoo.cache / "blobs")
    assert zoo("selftest", "acme/net", *mirror).code == 0
    offline = zoo("selftest", "acme/net", "--offline")  # now from the cache
    assert offline.code == 0, offline
    assert zoo("copy", "store", "other").code == 0
    assert len(files_below(zoo.work / "other/blobs")) == len(files_below(zoo.work / "store/blobs"))


@pytest.mark.server
@pytest.mark.skipif(not shutil.which("skopeo"), reason="needs the Debian package skopeo")
def test_a_foreign_client_sees_the_vectors(zoo: Zoo, net: Path, cards: Cards) -> None:
    assert zoo("publish", cards.folder / "acme/net.yaml", "--to", "store", "--from", "golden").code == 0
    seen = json.loads(skopeo(zoo.work, "inspect", "--raw", "oci:store:acme_net_net_v1"))
    named = {layer["annotations"][manifest.TITLE]: layer for layer in seen["layers"]}
    for side in ("input", "output"):
        data = (zoo.work / f"golden/net.photo.{side}.bin").read_bytes()
        layer = named[f"net.photo.{side}.bin"]
        assert (layer["digest"], layer["size"]) == (str(Digest.of(data)), len(data))
        assert layer["mediaType"] == "application/vnd.cncf.model.dataset.v1.raw"


def test_without_vectors_nothing_can_be_told(zoo: Zoo, cards: Cards, net: Path) -> None:
    cards.card(net_variant(net))
    bare = zoo("selftest", "acme/net", "--from", "golden")
    assert bare.code == 3, bare
    assert_says(bare, "acme/net/net carries no golden vector", "--record")
    unknown = brightness_classes(zoo.work / "unknown.onnx")
    nobody = zoo("selftest", unknown)
    assert nobody.code == 3, nobody
    assert_says(nobody, "no card of the catalogue has this file", "--as NAME")


def test_without_the_runtime_nothing_can_be_told(zoo: Zoo, net: Path) -> None:
    (zoo.folder / "stub").mkdir()
    (zoo.folder / "stub/onnxruntime.py").write_text("raise ImportError\n", encoding="utf-8")
    result = zoo("selftest", "acme/net", "--from", "golden", PYTHONPATH=str(zoo.folder / "stub"))
    assert result.code == 3, result
    assert "onnxruntime is not installed" in result.out
    assert "edge-model-zoo[eval]" in result.out


def test_what_does_not_run_here_cannot_be_told(zoo: Zoo, cards: Cards, net: Path) -> None:
    delegate = zoo("selftest", "acme/net", "--from", "golden", "--delegate", "warp")
    assert delegate.code == 3, delegate
    assert "no execution provider 'warp'" in delegate.out
    cards.card({**with_golden(net_variant(net), net.parent), "format": "pytorch"})
    format_ = zoo("selftest", "acme/net", "--from", "golden")
    assert format_.code == 3, format_
    assert "no runtime for pytorch files here" in format_.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["golden/net.onnx", "--record", "photo.png"], "--record and -o go together"),
        (["golden/net.onnx", "-o", "x"], "--record and -o go together"),
        (["golden/net.onnx", "--record", "photo.png", "-o", "x", "--from", "golden"], "does not go with --record"),
        (["acme/net", "--as", "acme/net/net"], "--as goes with a file"),
        (["nowhere.onnx"], "no such file"),
        (["acme/nothing"], "acme/nothing"),
    ],
)
def test_what_was_asked_wrongly(zoo: Zoo, net: Path, words: list[str], said: str) -> None:
    result = zoo("selftest", *words)
    assert result.code == 2, result
    assert_says(result, said)


def test_what_cannot_be_recorded_says_why(zoo: Zoo, net: Path) -> None:
    (zoo.work / "text.png").write_text("no picture", encoding="utf-8")
    bad = zoo("selftest", net, "--record", "text.png", "-o", "x")
    assert bad.code == 1, bad
    assert_says(bad, "text.png")
    full = zoo("selftest", net, "--record", "photo.png", "-o", "photo.png")
    assert full.code == 3, full
    assert_says(full, "cannot be written", "-o DIR")
    Image.new("RGB", (16, 16)).save(zoo.work / "black.png")
    flat = brightness_classes(zoo.work / "flat.onnx", height=16, width=16, argmax=True)
    noted = zoo("selftest", flat, "--as", "acme/net/net", "--record", "black.png", "-o", "y")
    assert noted.code == 0, noted
    assert_says(noted, "black: the output is one value everywhere, which proves little")


@needs_real_files
def test_the_real_quantized_file_is_held_to_its_bird(shipped: Zoo) -> None:
    """A private card with the shipped variant's facts and vectors of this test."""
    mirror = ("--mirror", str(REAL))
    name = "google/deeplabv3-mnv2-dm05"
    recorded = shipped("selftest", name, *mirror, "--record", REAL / "images/bird.bmp", "-o", "golden", "-q")
    assert recorded.code == 0, recorded
    own = Cards(shipped.folder / "cards")
    data = (REAL / "blobs/sha256" / QUANTIZED).read_bytes()
    variant = with_golden(pinned("small", data), shipped.work / "golden")
    own.card(variant)
    environment = {"ZOO_CARDS": str(own.folder)}
    (shipped.work / "golden/small.tflite").write_bytes(data)
    passed = shipped("selftest", "acme/net", "--from", "golden", "--format", "json", **environment)
    assert passed.code == 0, passed
    (outcome,) = passed.json()[0]["outcomes"]
    assert outcome["tolerance"] == {"differing": 0.02}
    assert (outcome["figures"]["values"], outcome["figures"]["differing"]) == (513 * 513, 0)
    other = REAL / "blobs/sha256" / FLOAT
    failed = shipped("selftest", other, "--as", "acme/net/small", "--from", "golden", **environment)
    assert failed.code == 1, failed
    assert "input sub_7: expected uint8 as in deeplabv3_mnv2_dm05_pascal_quant.bird.input.bin" in failed.out


@needs_real_files
def test_the_real_file_on_another_picture_is_beyond_the_tolerance(shipped: Zoo) -> None:
    """The bird's input with the cat's output is what a model that computes something else gives."""
    mirror = ("--mirror", str(REAL))
    pictures = [word for one in ("bird.bmp", "cat.jpg") for word in ("--record", str(REAL / "images" / one))]
    recorded = shipped("selftest", "google/deeplabv3-mnv2-dm05", *mirror, *pictures, "-o", "golden", "-q")
    assert recorded.code == 0, recorded
    own = Cards(shipped.folder / "cards")
    data = (REAL / "blobs/sha256" / QUANTIZED).read_bytes()
    variant = with_golden(pinned("small", data), shipped.work / "golden")
    bird, cat = variant["golden"]
    bird["output"], cat["output"] = cat["output"], bird["output"]
    own.card(variant)
    (shipped.work / "golden/small.tflite").write_bytes(data)
    failed = shipped("selftest", "acme/net", "--from", "golden", ZOO_CARDS=str(own.folder))
    assert failed.code == 1, failed
    assert failed.out.count("share of values that differ: expected at most 2.0000%, found ") == 2
