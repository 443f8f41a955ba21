"""How long an inference takes: the installed command measures, records, and refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from registry.benchmark.statistics import MOST_DRIFT, MOST_VARIATION
from registry.digest import Digest
from tests.acceptance.world import Cards, Result, Zoo, assert_says, pinned
from tests.unit.onnx_models import brightness_classes

SHORT = ("--runs", "12", "--seconds", "0", "--warmup", "1")
NAME = "acme/net/net"


@pytest.fixture
def net(zoo: Zoo, cards: Cards) -> Path:
    """An ONNX file and its card, which nobody has a comment on."""
    path = brightness_classes(zoo.work / "net.onnx", height=64, width=64)
    cards.card(pinned("net", path.read_bytes(), format="onnx", classes={"count": 2}))
    return path


def card_of(cards: Cards) -> Any:
    return yaml.safe_load((cards.folder / "acme/net.yaml").read_text(encoding="utf-8"))


def test_a_file_is_measured_and_named_by_its_digest(zoo: Zoo, net: Path) -> None:
    result = zoo("bench", net, *SHORT, "--threads", "2", "--format", "json")
    assert result.code == 0, result
    found = result.json()
    assert found["sha256"] == Digest.of_file(net).hex
    assert (found["name"], found["runs"], found["threads"], found["engine"]) == ("net.onnx", 12, 2, "CPU")
    assert found["runtime"]["name"] == "onnxruntime"
    assert found["milliseconds"] > 0
    assert found["host"]["cores"] >= 1
    text = zoo("bench", net, *SHORT)
    assert text.code == 0
    assert "median on this machine" in text.out
    assert text.err == ""


def test_a_folder_named_as_the_package_is_not_taken_for_it(zoo: Zoo, net: Path) -> None:
    (zoo.work / "registry").mkdir()
    (zoo.work / "registry/__init__.py").write_text("raise SystemExit('not this one')\n", encoding="utf-8")
    assert zoo("bench", net, *SHORT).code == 0


def test_record_writes_the_figure_or_says_what_is_too_noisy(zoo: Zoo, net: Path, cards: Cards) -> None:
    path = cards.folder / "acme/net.yaml"
    path.write_text(f"# by hand\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    before = path.read_text(encoding="utf-8")
    result = zoo("bench", net, "--runs", "40", "--record", "--target", "board", "--format", "json")
    found = result.json()
    if found["variation"] > MOST_VARIATION or abs(found["drift"]) > MOST_DRIFT:
        assert result.code == 1, result
        assert_says(result, "not recorded, since it is too noisy:", *found["unsteady"], "governor `performance`")
        assert path.read_text(encoding="utf-8") == before
        return
    assert_recorded(result, found, before, cards)
    assert zoo("validate", cards.folder).code == 0
    assert f"{found['milliseconds']:g} ms" in zoo("show", NAME).out


def assert_recorded(result: Result, found: Any, before: str, cards: Cards) -> None:
    """The card has the figure, and all of its lines."""
    assert result.code == 0, result
    assert_says(result, f"recorded in {cards.folder / 'acme/net.yaml'}", "on board")
    after = (cards.folder / "acme/net.yaml").read_text(encoding="utf-8")
    assert [line for line in before.splitlines() if line not in after.splitlines()] == []
    (latency,) = card_of(cards)["variants"][0]["latencies"]
    assert latency["value"] == found["milliseconds"]
    assert latency["measurement"]["artifact"] == found["sha256"]
    assert latency["status"] == "reproduced"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("net.onnx", "--record"), 2, "--target NAME"),
        (("net.onnx", "--record", "--target", "nowhere"), 2, "nowhere"),
        (("net.onnx", "--record", "--target", "board", "--as", "acme/other"), 2, "acme/other"),
        (("net.onnx", "--benchmark-model", "/usr/bin/x"), 2, "--benchmark-model and --ssh go with --on"),
        ((NAME, "--as", NAME), 3, "net.tflite"),
        (("none.onnx",), 2, "no such file: none.onnx"),
        (("net.onnx", "--delegate", "vx"), 3, "no execution provider 'vx'"),
        (("text.onnx",), 1, "text.onnx"),
    ],
)
def test_what_cannot_be_measured_or_recorded_is_told(
    zoo: Zoo, net: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    (zoo.work / "text.onnx").write_text("not a model\n", encoding="utf-8")
    result = zoo("bench", *arguments, *SHORT)
    assert result.code == code, result
    assert_says(result, told)


def test_other_bytes_than_the_cards_are_not_recorded(zoo: Zoo, net: Path, cards: Cards) -> None:
    other = brightness_classes(zoo.work / "other.onnx", height=32, width=32)
    before = card_of(cards)
    unnamed = zoo("bench", other, *SHORT, "--record", "--target", "board")
    assert unnamed.code == 2
    assert_says(unnamed, "no card of the catalogue has this file")
    named = zoo("bench", other, *SHORT, "--record", "--target", "board", "--as", NAME)
    assert named.code == 1
    assert card_of(cards) == before


def test_the_shipped_cards_stay_as_they_are(zoo: Zoo) -> None:
    result = zoo("bench", "zoo/deeplabv3-shapes/128-int8-qdq", *SHORT, "--record", "--target", "imx8mp")
    assert result.code == 1
    assert_says(result, "is in none of your folders of cards")
