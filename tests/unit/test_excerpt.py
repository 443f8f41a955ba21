import json
from pathlib import Path
from typing import Any

import pytest

from registry import document, excerpt, rules
from registry.card import merged
from registry.document import Document
from registry.problem import Problem
from registry.resources import data_folder
from tests.unit import builders

CARDS = sorted(
    path for path in Path(data_folder("cards")).glob("*/*.yaml") if path.parent.name not in ("targets", "datasets")
)


def parsed(data: bytes, path: Path) -> Document:
    read = document.parse(data, str(path))
    assert not isinstance(read, Problem)
    return read


@pytest.mark.parametrize("path", CARDS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_excerpts_of_every_shipped_card_say_together_what_the_card_says(path: Path) -> None:
    card = parsed(path.read_bytes(), path).value
    names = [variant["name"] for variant in card["variants"]]
    whole = excerpt.combine({name: json.loads(excerpt.cut(card, name)) for name in names})
    assert rules.check(parsed(json.dumps(whole).encode(), path), "model-card") == []
    licence = {part: words for part, words in card["licence"].items() if part != "note"}
    expected = [{**one, "licence": {**licence, **one.get("licence", {})}} for one in merged(card)]
    assert whole["variants"] == expected
    kept = ("title", "family", "task", "licence", "sources", "notes", "links")
    assert {key: whole.get(key) for key in kept} == {key: card.get(key) for key in kept}
    concerned = {name for dispute in whole.get("contradictions", ()) for name in dispute["variants"]}
    assert concerned == {name for dispute in card.get("contradictions", ()) for name in dispute["variants"]}


def test_an_ancestor_that_was_never_published_is_listed_without_files() -> None:
    parent = builders.variant("float")
    child = builders.variant("child", parent="float")
    whole = excerpt.combine({"child": json.loads(excerpt.cut(builders.card(parent, child), "child"))})
    files = {variant["name"]: len(variant["artifacts"]) for variant in whole["variants"]}
    assert files == {"float": 0, "child": 1}
    again = excerpt.combine({name: builders.card(parent, child) for name in ("child", "float")})
    assert all(variant["artifacts"] for variant in again["variants"])


def test_an_ancestor_without_files_has_no_golden_vectors_either() -> None:
    side = {"file": "i.bin", "shape": [1, 4], "dtype": "uint8"}
    vector = {"name": "a", "input": side, "output": {**side, "file": "o.bin"}, "tolerance": {"differing": 0}}
    pins = {"size": 4, "sha256": "b" * 64, "sources": []}
    files = [
        builders.artifact(),
        builders.artifact(file="i.bin", role="golden-input", **pins),
        builders.artifact(file="o.bin", role="golden-output", **pins),
    ]
    parent = builders.variant("float", artifacts=files, golden=[vector])
    card = builders.card(parent, builders.variant("small", parent="float"))
    path = Path("acme/net.yaml")
    assert rules.check(parsed(json.dumps(card).encode(), path), "model-card") == []
    whole = excerpt.combine({"small": json.loads(excerpt.cut(card, "small"))})
    assert rules.check(parsed(json.dumps(whole).encode(), path), "model-card") == []
    alone = excerpt.combine({"float": json.loads(excerpt.cut(card, "float"))})
    assert alone["variants"][0]["golden"] == [vector]


def test_sources_of_one_key_that_differ_get_keys_of_their_own() -> None:
    def card(name: str, document_: str) -> dict[str, Any]:
        sources = {"page": {"document": document_, "kind": "text"}, "page-2": {"document": "b", "kind": "text"}}
        return builders.card(builders.variant(name, metrics=[builders.metric(0.5)]), sources=sources)

    whole = excerpt.combine({"one": card("one", "a"), "two": card("two", "c"), "three": card("three", "a")})
    documents = {
        variant["name"]: whole["sources"][variant["metrics"][0]["provenance"]["source"]]["document"]
        for variant in whole["variants"]
    }
    assert documents == {"one": "a", "two": "c", "three": "a"}
    assert whole["sources"]["page-2"]["document"] == "b"
