"""What lies beside a model that a registry published: as it was published, checked and mended like the model."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.digest import Digest
from tests.acceptance.test_publish import SMALL, card
from tests.acceptance.test_registry import colleague, store
from tests.acceptance.world import Cards, Zoo, assert_says
from tests.unit import builders

__all__ = ["card", "colleague", "store"]

NAMES = ("small.card.yaml", "small.labels.txt", "small.licence.txt")


@pytest.fixture
def pulled(colleague: Zoo, store: Path) -> Zoo:
    """A machine with a pull of `small` in `out`."""
    result = colleague("pull", "net/small", "-o", "out")
    assert result.code == 0, result
    return colleague


def states(zoo: Zoo) -> dict[str, str]:
    found = zoo("verify", "--format", "json").json()["files"]
    return {Path(item["path"]).name: item["state"] for item in found if "/out/" in f"/{item['path']}"}


def test_they_are_verified_with_the_model(pulled: Zoo) -> None:
    assert states(pulled) == dict.fromkeys((*NAMES, "small.tflite"), "ok")


@pytest.mark.parametrize("name", NAMES)
def test_one_that_was_edited_or_removed_is_told_and_mended_from_the_cache(pulled: Zoo, name: str) -> None:
    path = pulled.work / "out" / name
    before = path.read_bytes()
    path.unlink()
    assert states(pulled)[name] == "missing"
    path.write_bytes(before + b"# mine\n")
    result = pulled("verify")
    assert result.code == 1
    assert f"changed  out/{name}" in result.out
    assert_says(result, "1 changed", "zoo repair")
    mended = pulled("repair")
    assert mended.code == 0, mended
    assert f"mended  out/{name}  from cache" in mended.out
    assert path.read_bytes() == before
    assert pulled("verify").code == 0


def test_one_that_the_cache_has_lost_too_comes_from_the_registry(pulled: Zoo, store: Path) -> None:
    path = pulled.work / "out" / "small.labels.txt"
    before = path.read_bytes()
    (pulled.cache / Digest.of(before).blob_path).unlink()
    path.write_bytes(b"cat\n")
    result = pulled("repair")
    assert result.code == 0, result
    assert f"mended  out/{path.name}  from {store}" in result.out
    assert path.read_bytes() == before


def test_labels_are_those_of_the_publisher(colleague: Zoo, store: Path) -> None:
    """The colleague's dataset has come to have other names: the published model has still the old ones."""
    classes = {"count": 3, "names": ["new-background", "new-square", "new-circle"]}
    Cards(colleague.folder / "cards").write(builders.dataset(classes=classes))
    assert colleague("pull", "net/small", "-o", "out").code == 0
    labels = (colleague.work / "out" / "small.labels.txt").read_bytes()
    assert labels == b"background\nsquare\ncircle\n"
    assert (store / Digest.of(labels).blob_path).is_file()
    assert set(states(colleague).values()) == {"ok"}


def test_without_the_manifest_in_the_cache_the_model_alone_is_checked(pulled: Zoo) -> None:
    release = pulled.lock()["pulls"][0]["release"]
    (pulled.cache / Digest(release["manifest"]).blob_path).unlink()
    assert states(pulled) == {"small.tflite": "ok"}
    assert (pulled.work / "out" / "small.tflite").read_bytes() == SMALL
