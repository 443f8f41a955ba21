"""`zoo eval --record`: measured accuracies on the card, bound to the bytes, and found again by `zoo check`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.acceptance.world import Zoo, assert_says
from tests.submissions.cases import REPOSITORY

NAME = "acme/brightness/16-int8"
DATA = ("--data", "data/brightness", "--dataset", "brightness")


@pytest.fixture
def card(zoo: Zoo) -> Path:
    """A card of a repository with the images that its figures are of."""
    shutil.copytree(REPOSITORY, zoo.work, dirs_exist_ok=True)
    return zoo.work / "cards/acme/brightness.yaml"


def metrics(card: Path) -> list[dict[str, Any]]:
    (found,) = [one for one in yaml.safe_load(card.read_text())["variants"] if one["name"] == "16-int8"]
    return list(found.get("metrics", []))


def without_metrics(card: Path) -> None:
    """As it was before anybody measured."""
    document = yaml.safe_load(card.read_text())
    for variant in document["variants"]:
        variant.pop("metrics", None)
    del document["sources"]["evaluation"]
    card.write_text("# kept as it is\n" + yaml.safe_dump(document, sort_keys=False))


def test_figures_are_entered_and_hold_when_they_are_measured_again(zoo: Zoo, card: Path) -> None:
    without_metrics(card)
    before = card.read_text().splitlines()
    result = zoo("eval", NAME, *DATA, "--record")
    assert result.code == 0, result
    assert_says(result, "recorded in cards/acme/brightness.yaml: 5 figures of acme/brightness/16-int8")
    assert [line for line in before if line not in card.read_text().splitlines()] == []
    found = metrics(card)
    assert [(one["name"], one["protocol"]) for one in found] == [
        ("mean-iou", "voc"),
        ("pixel-accuracy", "voc"),
        ("mean-iou", "st-present-classes"),
        ("mean-iou", "per-image"),
        ("mean-iou", "ti-global"),
    ]
    assert {one["measurement"]["artifact"] for one in found} == {
        "520143fe107f5dedbde40da68f46517d895285f1be65585a8040552cc3b0cff8"
    }
    checked = zoo("eval", NAME, *DATA, "--check", "--format", "json")
    assert {one["state"] for one in checked.json()["check"]} == {"reproduced"}
    judged = zoo("check", card, "--rerun", "required")
    assert judged.code == 0, judged
    assert "measured again" in judged.out


def test_figures_of_the_same_conditions_give_way(zoo: Zoo, card: Path) -> None:
    before = metrics(card)
    card.write_text(card.read_text().replace("value: 0.7832", "value: 0.5"))
    result = zoo("eval", NAME, *DATA, "--protocol", "voc", "--record")
    assert result.code == 0, result
    assert_says(result, "2 figures of acme/brightness/16-int8, 2 in place of earlier ones")
    assert [one["value"] for one in metrics(card)] == [one["value"] for one in before]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((NAME, "--limit", "2"), 2, "a card's figure is of the whole split"),
        (("other.tflite",), 2, "no card of the catalogue has this file"),
        (("other.tflite", "--as", NAME), 1, "which was measured"),
        (("zoo/deeplabv3-shapes/128-int8-qdq",), 1, "is in none of your folders of cards"),
    ],
)
def test_what_is_not_recorded_is_told_and_changes_nothing(
    zoo: Zoo, card: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    other = "cards/blobs/sha256/141a4bc37dd40e716cbffeab322a00c19cc785213e7fe39848e1a60acdb64904"
    data = (zoo.work / other).read_bytes()
    (zoo.work / "other.tflite").write_bytes(data + b"\0" * 4)
    before = card.read_text()
    result = zoo("eval", *arguments, *DATA, "--record")
    assert result.code == code, result
    assert_says(result, told)
    assert card.read_text() == before
