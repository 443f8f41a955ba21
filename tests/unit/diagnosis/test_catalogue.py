from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from registry.catalog import Catalog
from registry.diagnosis.catalogue import examine
from registry.diagnosis.finding import Finding
from tests.unit import builders

HEX = "ab" * 32


class World:
    """A folder of cards, the folder of its compiled index, and a lock file."""

    def __init__(self, folder: Path) -> None:
        self.cards, self.compiled, self.lock = folder / "cards", folder / "compiled", folder / "zoo.lock"
        self.published: list[str] = []
        self.write("small")

    def write(self, *variants: str) -> None:
        builders.write_card(self.cards, builders.card(*(builders.variant(name) for name in variants)))

    def compile(self) -> None:
        Catalog.open([*self.published, str(self.cards)], str(self.compiled)).close()

    def examine(self) -> dict[str, Finding]:
        found = examine([str(self.cards)], self.published, str(self.compiled), self.lock)
        return {one.subject.partition(" ")[0]: one for one in found}

    def pulled(self, *variants: str) -> None:
        request: dict[str, Any] = {"target": None, "prefer": "accuracy", "constraints": {}}
        file = {"file": "net.tflite", "size": 1, "sha256": HEX, "pinned_by": "card"}
        pulls = [{"request": request | {"name": one}, "variant": one, "artifacts": [file]} for one in variants]
        self.lock.write_text(json.dumps({"schema": "lock/1", "pulls": pulls}), encoding="utf-8")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_fresh_catalogue(world: World) -> None:
    world.compile()
    found = world.examine()
    assert {one.state for one in found.values()} == {"ok"}
    assert found["cards"].found == "1 documents"
    assert found["compiled"].found == "fresh, 1 variants"


def test_one_that_was_never_compiled_is_not_compiled_now(world: World) -> None:
    found = world.examine()["compiled"]
    assert (found.state, found.command) == ("note", "zoo list --quiet")
    assert "not compiled yet" in found.found
    assert not world.compiled.exists()


def test_cards_that_changed_since(world: World) -> None:
    world.compile()
    world.write("small", "large")
    found = world.examine()["compiled"]
    assert (found.state, found.found) == (
        "note",
        "cards changed since it was compiled: the next command does it",
    )


@pytest.mark.parametrize("data", [b"", b"no database", b"SQLite format 3\0" + bytes(4000)])
def test_a_damaged_index_is_stale(world: World, data: bytes) -> None:
    world.compile()
    (path,) = world.compiled.iterdir()
    path.write_bytes(data)
    assert world.examine()["compiled"].state == "note"
    assert path.read_bytes() == data


def test_documents_that_are_left_out(world: World) -> None:
    (world.cards / "acme" / "broken.yaml").write_text("schema: [", encoding="utf-8")
    world.compile()
    found = world.examine()["compiled"]
    assert (found.state, found.command) == ("warning", "zoo validate")
    assert "broken.yaml" in found.found


def test_a_card_of_a_registry_goes_before_one_of_a_folder_and_that_is_no_warning(
    world: World, tmp_path: Path
) -> None:
    world.published = [str(tmp_path / "published")]
    builders.write_card(tmp_path / "published", builders.card(builders.variant("small")))
    world.compile()
    assert world.examine()["compiled"].state == "ok"


def test_a_document_that_leads_nowhere(world: World) -> None:
    (world.cards / "acme" / "gone.yaml").symlink_to("nowhere")
    found = world.examine()["cards"]
    assert (found.state, found.command) == ("warning", "zoo validate")
    assert "gone.yaml" in found.found


def test_a_folder_without_cards(world: World, tmp_path: Path) -> None:
    world.cards = tmp_path / "empty"
    world.cards.mkdir()
    assert world.examine()["cards"].state == "warning"


@pytest.mark.parametrize("kind", ["absent", "file"])
def test_no_folder_of_cards(world: World, tmp_path: Path, kind: str) -> None:
    world.cards = tmp_path / kind
    if kind == "file":
        world.cards.touch()
    found = world.examine()["cards"]
    assert (found.state, found.command) == ("fault", "zoo config")


def test_a_file_where_the_compiled_index_should_go(world: World) -> None:
    world.compiled.touch()
    found = world.examine()["compiled"]
    assert found.state == "warning"
    assert "each command compiles the cards anew" in found.found


def test_a_lock_file_whose_names_the_cards_have(world: World) -> None:
    world.pulled("acme/net/small")
    world.compile()
    assert world.examine()["lock"].found == "holds 1 pulls"


def test_a_lock_file_with_names_that_no_card_has(world: World) -> None:
    world.pulled("acme/net/small", *(f"acme/net/gone-{number}" for number in range(5)))
    world.compile()
    found = world.examine()["lock"]
    assert found.state == "warning"
    assert found.found.endswith("acme/net/gone-0, acme/net/gone-1, acme/net/gone-2 and 2 more")


def test_names_of_a_lock_file_are_not_judged_by_an_old_index(world: World) -> None:
    world.pulled("acme/net/gone")
    found = world.examine()["lock"]
    assert (found.state, found.command) == ("note", "zoo list --quiet && zoo doctor")


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"schema": "lock/2", "pulls": []}', "[" * 2000])
def test_a_lock_file_that_is_none(world: World, text: str) -> None:
    world.lock.write_text(text, encoding="utf-8")
    found = world.examine()["lock"]
    assert found.state == "fault"
    assert "not a valid lock file" in found.found
    assert "version control" in found.advice


def test_a_lock_file_that_cannot_be_read(world: World) -> None:
    world.lock.mkdir()
    found = world.examine()["lock"]
    assert found.state == "fault"
    assert "Is a directory" in found.found
