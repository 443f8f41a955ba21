"""`zoo deploy` and what it leaves: the installed command, and the package of `linux` run without this project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from registry.deployment import manifest
from registry.digest import Digest
from registry.inspect import read
from registry.record import record, snippet
from registry.segmenter import open_segmenter
from tests.acceptance.test_pull_machine import limited
from tests.acceptance.test_selftest import net_variant, with_golden
from tests.acceptance.world import SHARED, Cards, Result, Zoo, assert_says, files_below, mirror_of, unpinned
from tests.unit import builders
from tests.unit.onnx_models import brightness_classes

REAL = SHARED / "real"
SHAPES = "zoo/deeplabv3-shapes"

ALONE = """
import runpy, sys
sys.argv.pop(0)
sys.modules.update(registry=None, cli=None)
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Runs a script where nothing of this project can be imported."""


def run(script: Path, *arguments: str | Path, folder: Path) -> Result:
    """Run a package's script in a folder of somebody who has nothing of this project."""
    process = subprocess.run(
        [sys.executable, "-c", ALONE, str(script), *map(str, arguments)],
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert "Traceback" not in process.stderr, process.stderr
    return Result(process.returncode, process.stdout, process.stderr)


def picture(path: Path, seed: int = 3) -> Path:
    """A noisy picture of coloured blocks, larger than the network's input and not square."""
    blocks = np.random.default_rng(seed).integers(0, 256, (9, 13, 3), dtype=np.uint8)
    Image.fromarray(blocks).resize((260, 180), Image.Resampling.BICUBIC).save(path)
    return path


def require_class_maps_as_predicted(zoo: Zoo, name: str, image: Path, *places: str | Path) -> None:
    """Deploy a variant, and hold what its script writes to what `zoo predict` does."""
    deployed = zoo("deploy", name, "--target", "linux", "-o", "package", *places, "--format", "json")
    assert deployed.code == 0, deployed
    script = zoo.work / "package/segment.py"
    ran = run(script, image, "-o", "mask.png", "--overlay", "overlay.png", folder=zoo.work)
    assert ran.code == 0, ran
    predicted = zoo("predict", name, image, "-o", "predicted", *places, "--format", "json")
    assert predicted.code == 0, predicted
    (told,) = predicted.json()["images"]
    found = np.asarray(Image.open(zoo.work / "mask.png"))
    expected = np.asarray(Image.open(zoo.work / f"predicted/{image.stem}.classes.png"))
    assert np.array_equal(found, expected)
    assert [line.split(maxsplit=2)[2] for line in ran.out.splitlines()] == [one["name"] for one in told["classes"]]
    assert np.asarray(Image.open(zoo.work / "overlay.png")).shape[:2] == found.shape


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ONNX file in a folder with a golden vector of it, and what a card says of that."""
    folder = tmp_path_factory.mktemp("recorded")
    photo = folder / "photo.png"
    Image.radial_gradient("L").convert("RGB").save(photo)
    path = brightness_classes(folder / "net.onnx", height=16, width=16)
    card = builders.card(net_variant(path))
    segmenter = open_segmenter(path, read(path), builders.variants_of(card)[0])
    made = record(segmenter, [photo], folder, stem="net", model=Digest.of_file(path), quantized=False)
    (folder / "golden.yaml").write_bytes(snippet(made, "net"))
    return path


@pytest.fixture
def net(zoo: Zoo, cards: Cards, recorded: Path) -> Path:
    """The same on its card `acme/net/net`, which a target `linux` with 1 MiB takes; `mirror` holds the bytes."""
    cards.card(with_golden(net_variant(recorded), recorded.parent))
    write_linux(cards)
    mirror_of(zoo.work / "mirror", *(path.read_bytes() for path in recorded.parent.glob("net*")))
    zoo.environment["ZOO_MIRROR"] = "mirror"
    (zoo.work / "photo.png").write_bytes((recorded.parent / "photo.png").read_bytes())
    return recorded


def write_linux(cards: Cards, size: int = 1 << 20) -> None:
    memory = {"name": "RAM", "kind": "external-ram", "size": size}
    accepts = [builders.rule("cpu", ["onnx"], ["float32"])]
    cards.write(builders.target("linux", accepts=accepts, memories=[memory]))


def vectors(folder: Path) -> Any:
    return json.loads((folder / "config.json").read_text(encoding="utf-8"))["golden"]


class TestReferenceFamily:
    """What comes along with the tool, deployed and run."""

    @pytest.mark.parametrize("name", ["128-int8-per-channel", "128-int8-qdq", "256-float32"])
    def test_class_maps_are_those_of_zoo_predict(self, shipped: Zoo, name: str) -> None:
        require_class_maps_as_predicted(shipped, f"{SHAPES}/{name}", picture(shipped.work / "blocks.png"))
        tested = run(shipped.work / "package/segment.py", "--selftest", folder=shipped.folder)
        assert tested.code == 0, tested
        assert tested.out.startswith("shapes: pass (")

    def test_the_folder_tells_people_and_programs_what_it_is(self, shipped: Zoo) -> None:
        result = shipped("deploy", f"{SHAPES}/128-int8-per-channel", "--target", "linux")
        assert result.code == 0, result
        folder = shipped.work / "deploy/linux/deeplabv3-shapes-128-int8-per-channel"
        found = manifest.read(folder)
        manifest.require_whole(folder, found)
        assert {path.relative_to(folder).as_posix() for path in files_below(folder)} == {
            "deployment.json",
            *(one.path for one in found.files),
        }
        roles = {one.role for one in found.files}
        assert roles == {"guide", "script", "configuration", "data", "model", "golden", "card", "licence", "labels"}
        assert "python3 segment.py --selftest" in (folder / "README.txt").read_text(encoding="utf-8")
        assert "Whether it fits is not known: linux's ram is not known" in result.out
        labels = (folder / f"{found.name}.labels.txt").read_text(encoding="utf-8").split()
        assert labels[0] == "background"
        assert len(labels) == 9

    def test_the_same_bytes_every_time_and_everywhere(self, shipped: Zoo) -> None:
        name = f"{SHAPES}/128-int8-qdq"
        for folder in ("one", "one", "else/where"):
            assert shipped("deploy", name, "--target", "linux", "-o", folder).code == 0
        one, other = shipped.work / "one", shipped.work / "else/where"
        assert [path.read_bytes() for path in files_below(one)] == [
            path.read_bytes() for path in files_below(other)
        ]
        assert not [path for path in files_below(one) if str(shipped.folder).encode() in path.read_bytes()]

    def test_a_file_is_known_by_its_digest(self, shipped: Zoo) -> None:
        assert shipped("pull", f"{SHAPES}/128-int8-qdq", "-o", "models").code == 0
        (model,) = (shipped.work / "models").glob("*.onnx")
        result = shipped("deploy", model, "--target", "linux", "--format", "json")
        assert result.code == 0, result
        assert result.json()["variant"] == f"{SHAPES}/128-int8-qdq"

    def test_of_a_model_the_variant_is_chosen_that_a_pull_would_bring(self, shipped: Zoo) -> None:
        result = shipped("deploy", "deeplabv3-shapes", "--target", "linux", "--format", "json")
        assert result.code == 0, result
        pulled = shipped("pull", "deeplabv3-shapes", "--target", "linux", "--dry-run", "--format", "json")
        assert result.json()["variant"] == pulled.json()["variant"]
        assert_says(result, f"chosen for linux: {pulled.json()['variant']}")

    def test_a_format_that_the_target_does_not_take_is_refused_with_the_next_best(self, shipped: Zoo) -> None:
        result = shipped("deploy", f"{SHAPES}/256-float32-keras", "--target", "linux")
        assert result.code == 1, result
        assert_says(result, "does not fit linux: linux takes no keras float32 file", "next best for linux: ")
        assert files_below(shipped.work) == []

    def test_a_target_that_nobody_packs_for_is_told_before_anything_is_fetched(self, shipped: Zoo) -> None:
        result = shipped("deploy", f"{SHAPES}/128-int8-qdq", "--target", "stm32l0")
        assert result.code == 2, result
        assert_says(result, "no deployment package is written for stm32l0", "one of: c, linux")
        assert shipped.blobs() == []


@pytest.mark.skipif(not REAL.is_dir(), reason="needs ../shared/real")
class TestRealModels:
    """Models of others on photographs."""

    @pytest.mark.parametrize(
        ("name", "image"), [("google/deeplabv3", "rider.jpg"), ("google/deeplabv3-mnv2-dm05", "bird.bmp")]
    )
    def test_class_maps_are_those_of_zoo_predict(self, shipped: Zoo, name: str, image: str) -> None:
        require_class_maps_as_predicted(shipped, name, REAL / "images" / image, "--mirror", REAL)


def test_a_published_variant_is_deployed_without_a_card_of_ones_own(zoo: Zoo, net: Path, cards: Cards) -> None:
    card = cards.folder / "acme/net.yaml"
    assert zoo("publish", card, "--to", "store", "--from", "mirror").code == 0
    card.unlink()
    zoo.environment["ZOO_MIRROR"] = ""
    result = zoo(
        "deploy", "acme/net", "--target", "linux", "--registry", "store", "-o", "package", "--format", "json"
    )
    assert result.code == 0, result
    told = result.json()
    assert told["variant"] == "acme/net/net"
    assert {one["role"] for one in told["files"]} >= {"card", "licence", "golden"}
    tested = run(zoo.work / "package/segment.py", "--selftest", folder=zoo.work)
    assert tested.code == 0, tested


class TestSelfTest:
    """The package tests itself where it runs."""

    def test_a_passing_vector(self, zoo: Zoo, net: Path) -> None:
        result = zoo("deploy", "acme/net", "--target", "linux", "-o", "package", "--format", "json")
        assert result.code == 0, result
        assert result.json()["warnings"] == []
        tested = run(zoo.work / "package/segment.py", "--selftest", folder=zoo.work)
        assert (tested.code, tested.out.split(" (")[0]) == (0, "photo: pass"), tested

    def test_another_output_fails(self, zoo: Zoo, net: Path) -> None:
        assert zoo("deploy", "acme/net", "--target", "linux", "-o", "package").code == 0
        folder = zoo.work / "package"
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        side = config["golden"][0]["output"]
        values = np.fromfile(folder / side["file"], "<f4")
        values[::7] *= -1
        values.tofile(folder / side["file"])
        side["sha256"] = Digest.of_file(folder / side["file"]).hex
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        tested = run(folder / "segment.py", "--selftest", folder=zoo.work)
        assert tested.code == 1, tested
        assert "best_class: expected at most 0.001, found 0." in tested.out

    @pytest.mark.parametrize("role", ["model", "golden"])
    def test_bytes_that_changed_are_told(self, zoo: Zoo, net: Path, role: str) -> None:
        result = zoo("deploy", "acme/net", "--target", "linux", "-o", "package", "--format", "json")
        path = next(one["path"] for one in result.json()["files"] if one["role"] == role)
        with (zoo.work / "package" / path).open("ab") as file:
            file.write(b"\0")
        tested = run(zoo.work / "package/segment.py", "--selftest", folder=zoo.work)
        assert tested.code == 1, tested
        assert_says(tested, path, "expected sha256", "found")

    def test_without_vectors_it_cannot_tell(self, zoo: Zoo, net: Path, cards: Cards) -> None:
        cards.card(net_variant(net))
        result = zoo("deploy", "acme/net", "--target", "linux", "-o", "package")
        assert "no golden vectors" in result.out
        tested = run(zoo.work / "package/segment.py", "--selftest", folder=zoo.work)
        assert tested.code == 3, tested

    def test_vectors_that_cannot_be_had_are_said_to_be_missing(self, zoo: Zoo, net: Path) -> None:
        for path in files_below(zoo.work / "mirror"):
            if path.read_bytes() != net.read_bytes():
                path.unlink()
        result = zoo("deploy", "acme/net", "--target", "linux", "-o", "package")
        assert result.code == 0, result
        assert_says(result, "without golden vectors", "net.photo.input.bin")
        assert vectors(zoo.work / "package") == []


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["missing.png"], 1, "missing.png: cannot be read as a picture: "),
        (["photo.png", "-o", "no/such/mask.png"], 1, "no/such/mask.png: No such file or directory"),
        ([], 2, "give one picture, or --selftest"),
        (["photo.png", "--selftest"], 2, "give one picture, or --selftest"),
    ],
)
def test_the_script_tells_what_was_asked_wrongly(
    zoo: Zoo, net: Path, arguments: list[str], code: int, told: str
) -> None:
    assert zoo("deploy", "acme/net", "--target", "linux", "-o", "package").code == 0
    ran = run(zoo.work / "package/segment.py", *arguments, folder=zoo.work)
    assert ran.code == code, ran
    assert_says(ran, told)


class TestRefusals:
    """Nothing is written where it should not be."""

    def test_a_model_that_does_not_fit(self, zoo: Zoo, net: Path, cards: Cards) -> None:
        write_linux(cards, size=100)
        result = zoo("deploy", "acme/net", "--target", "linux", "-o", "package")
        assert result.code == 1, result
        assert_says(result, "acme/net/net does not fit linux: ram: needs", "linux has 100 B", "`zoo fit`")
        assert not (zoo.work / "package").exists()

    def test_a_file_that_no_card_has_and_that_does_not_say_its_use(self, zoo: Zoo, cards: Cards) -> None:
        write_linux(cards)
        path = brightness_classes(zoo.work / "other.onnx")
        result = zoo("deploy", path, "--target", "linux")
        assert result.code == 1, result
        assert_says(result, "neither a card nor the file says what becomes of a pixel's value", "--as NAME")

    def test_a_folder_with_somebodys_files(self, zoo: Zoo, net: Path) -> None:
        (zoo.work / "package").mkdir()
        (zoo.work / "package/letter.txt").write_text("mine", encoding="utf-8")
        result = zoo("deploy", "acme/net", "--target", "linux", "-o", "package")
        assert result.code == 2, result
        assert_says(result, "package: exists already, with letter.txt")
        assert [path.name for path in files_below(zoo.work / "package")] == ["letter.txt"]

    def test_a_place_that_cannot_be_written(self, zoo: Zoo, net: Path) -> None:
        (zoo.work / "file").touch()
        result = zoo("deploy", "acme/net", "--target", "linux", "-o", "file/package")
        assert result.code == 3, result
        assert_says(result, "file/package: cannot be written", "rights")

    def test_a_disk_that_fills_up(self, shipped: Zoo) -> None:
        arguments = ("deploy", f"{SHAPES}/128-int8-per-channel", "--target", "linux", "-o", "package")
        assert shipped(*arguments).code == 0
        before = {path: path.read_bytes() for path in files_below(shipped.work)}
        result = shipped.under(limited(100_000), *arguments)
        assert result.code == 3, result
        assert_says(result, "package: cannot be written: File too large", "free space")
        assert {path: path.read_bytes() for path in files_below(shipped.work)} == before

    def test_a_variant_without_a_digest(self, zoo: Zoo, net: Path, cards: Cards) -> None:
        cards.card(unpinned("net", format="onnx"))
        result = zoo("deploy", "acme/net", "--target", "linux")
        assert result.code == 1, result
        assert_says(result, "no digest of a model file", "--allow-unpinned")

    def test_bytes_in_the_cache_that_changed(self, zoo: Zoo, net: Path) -> None:
        arguments = ("deploy", "acme/net", "--target", "linux", "-o", "package")
        assert zoo(*arguments).code == 0
        blob = zoo.cache / Digest.of_file(net).blob_path
        before = blob.stat()
        data = bytearray(blob.read_bytes())
        data[-1] ^= 1
        blob.chmod(0o644)
        blob.write_bytes(data)
        os.utime(blob, ns=(before.st_atime_ns, before.st_mtime_ns))  # so that a routine look sees no change
        result = zoo(*arguments)
        assert result.code == 1, result
        assert_says(result, f"expected sha256:{Digest.of_file(net).hex}, found sha256:{Digest.of(bytes(data)).hex}")

    @pytest.mark.parametrize(
        ("arguments", "code", "told"),
        [
            (["acme/net"], 2, "no target is named"),
            (["acme/net", "--target", "linus"], 2, "unknown target"),
            (["acme/nett", "--target", "linux"], 2, "acme/nett"),
            (["acme/two", "--target", "linux"], 1, "no variant of 'acme/two' fits for linux"),
            (["none.onnx", "--target", "linux"], 2, "no such file: none.onnx"),
            (["acme/net", "--target", "linux", "--as", "acme/net"], 2, "--as goes with a file"),
            (["short.onnx", "--target", "linux"], 1, "short.onnx"),
        ],
    )
    def test_a_wrong_question(
        self, zoo: Zoo, net: Path, cards: Cards, arguments: list[str], code: int, told: str
    ) -> None:
        cards.card(builders.variant("one"), builders.variant("other"), model="two")
        (zoo.work / "short.onnx").write_bytes(net.read_bytes()[:-20])
        result = zoo("deploy", *arguments)
        assert result.code == code, result
        assert_says(result, told)
        assert not (zoo.work / "deploy").exists()


class TestNames:
    """Whatever a file or a class is called."""

    def test_a_file_with_spaces_and_quotes(self, zoo: Zoo, net: Path) -> None:
        name = "a 'net' \"$(id)\" ; é.onnx"
        (zoo.work / name).write_bytes(net.read_bytes() + b"\x18\x00")  # other bytes, the same network
        result = zoo("deploy", name, "--target", "linux", "--as", "acme/net", "--format", "json")
        assert result.code == 0, result
        assert_says(result, "is not the file of acme/net/net: only its use is taken from there")
        told = result.json()
        assert (told["name"], told["variant"], told["model"]["file"]) == ("a-net-id", None, name)
        assert {one["role"] for one in told["files"]} & {"card", "golden"} == set()
        ran = run(zoo.work / told["folder"] / "segment.py", zoo.work / "photo.png", folder=zoo.work)
        assert ran.code == 0, ran

    def test_classes_with_quotes_and_newlines(self, zoo: Zoo, net: Path, cards: Cards) -> None:
        names = ["no\"th'ing*/", "a\nb\t$(id)"]
        cards.card(with_golden(net_variant(net, classes={"count": 2, "names": names}), net.parent))
        result = zoo("deploy", "acme/net", "--target", "linux", "-o", "package")
        assert result.code == 0, result
        ran = run(zoo.work / "package/segment.py", zoo.work / "photo.png", folder=zoo.work)
        assert ran.code == 0, ran
        assert {line.split(maxsplit=2)[2] for line in ran.out.splitlines()} == {"no\"th'ing*/", "a b $(id)"}
