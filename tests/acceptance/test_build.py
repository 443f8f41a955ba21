"""`zoo build`: the shipped recipe, on the real parent."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from registry.digest import Digest
from registry.resources import data_folder
from tests.acceptance.world import SHARED, Zoo, assert_says

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/real")

REAL = SHARED / "real"
NAME = "zoo/deeplabv3-voc/257-int8-qdq"


def test_the_shipped_recipe_makes_the_pinned_file_which_a_pull_then_takes(shipped: Zoo) -> None:
    """On a processor that rounds otherwise it is another, the same each time, which is told and not kept."""
    before = shipped("pull", NAME, "--offline")
    assert before.code == 1, before
    assert_says(before, "--why")
    words = ("build", NAME, "--mirror", REAL, "--offline", "--format", "json")
    built = shipped(*words, "-o", "one")
    made = Digest.of_file(shipped.work / "one" / "model.onnx").hex
    card = yaml.safe_load(Path(data_folder("cards"), "zoo", "deeplabv3-voc.yaml").read_text())
    pinned = card["variants"][0]["artifacts"][0]["sha256"]
    pulled = shipped("pull", NAME, "--offline", "-o", "out")
    if made != pinned:
        assert (built.code, pulled.code) == (1, 1)
        assert_says(built, f"expected its recipe to make sha256:{pinned}", f"found sha256:{made}")
        assert shipped(*words, "-o", "other").code == 1
        assert made == Digest.of_file(shipped.work / "other" / "model.onnx").hex
        return
    assert (built.code, pulled.code) == (0, 0)
    assert built.json()["verified"] is True
    assert Digest.of_file(shipped.work / "out" / "deeplabv3-voc-257-int8-qdq.onnx").hex == pinned


def changed_card(folder: Path, old: str, new: str) -> Path:
    """The shipped card with something else in it, in a folder of cards that has what it refers to."""
    text = Path(data_folder("cards"), "zoo", "deeplabv3-voc.yaml").read_text()
    assert old in text
    document = yaml.safe_load(text.replace(old, new))
    document["model"] = "other"
    place = folder / "zoo" / "other.yaml"
    place.parent.mkdir(parents=True)
    place.write_text(yaml.safe_dump(document, sort_keys=False))
    return folder


def test_other_bytes_than_the_card_says_are_refused_and_not_kept(shipped: Zoo) -> None:
    cards = changed_card(shipped.folder / "cards", "count: 32}\n      versions", "count: 2}\n      versions")
    words = ("build", "zoo/other", "--cards", "builtin", "--cards", cards, "--mirror", REAL, "--offline")
    result = shipped(*words)
    assert result.code == 1, result
    assert_says(result, "zoo/other/257-int8-qdq: expected its recipe to make sha256:", "found sha256:")
    assert len(shipped.blobs()) == 1  # the parent


def test_another_parent_than_the_recipe_means_is_refused(shipped: Zoo) -> None:
    pinned = "9711334db2b01d5894feb8ed0f5cb3e97d125b8d229f8d8692f625801818f5ef"
    cards = changed_card(shipped.folder / "cards", f"parent: {pinned}", f"parent: {'f' * 64}")
    words = ("build", "zoo/other", "--cards", "builtin", "--cards", cards, "--mirror", REAL, "--offline")
    result = shipped(*words)
    assert result.code == 1, result
    assert_says(result, pinned, "f" * 64)


@pytest.mark.parametrize(
    ("name", "code", "said"), [("google/deeplabv3", 2, "has no recipe"), ("zoo/nothing", 2, "zoo/nothing")]
)
def test_a_wrong_question(shipped: Zoo, name: str, code: int, said: str) -> None:
    result = shipped("build", name, "--offline")
    assert result.code == code, result
    assert_says(result, said)
