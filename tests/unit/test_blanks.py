"""Blanks of a card; `tests/cards/invalid/blanks` has them side by side with words that only look like one."""

from __future__ import annotations

import json

import pytest

from registry import blanks, rules
from registry.document import Document, parse
from registry.schema import load_schema
from tests.unit import builders
from tests.unit.builders import Plain, artifact, card, variant

SOURCE = {"url": "TODO", "kind": "file", "checked": "derived"}


def document(value: Plain) -> Document:
    found = parse(json.dumps(value).encode(), "cards/acme/net.yaml")
    assert isinstance(found, Document)
    return found


@pytest.mark.parametrize(
    ("card_", "name", "says"),
    [
        (card(title="TODO"), "title", "say what people call the model, such as"),
        (card(family="TODO"), "family", "deeplabv3"),
        (card(task="TODO"), "task", "semantic-segmentation"),
        (card(common={"classes": {"count": 3, "dataset": "TODO"}}), "classes.dataset", "pascal-voc-2012"),
        (card(variant(parent="TODO")), "parent", "float variant"),
        (card(variant(preprocessing={"scale": "TODO"})), "preprocessing.scale", "0.0078"),
        (card(variant(artifacts=[artifact(sources=[SOURCE])])), "artifacts.sources.url", "public address"),
        (card(purpose="TODO"), "purpose", "one of deployment, bring-up"),
    ],
)
def test_a_blank_says_what_belongs_there(card_: Plain, name: str, says: str) -> None:
    (blank,) = blanks.of(document(card_))
    assert blank.name == name
    (problem,) = rules.check(document(card_), "model-card")
    assert (problem.rule, problem.severity, problem.found) == ("blank", "error", "TODO")
    assert says in problem.message


def test_other_breaches_stand_beside_the_blanks_in_the_order_of_the_text() -> None:
    broken = document(card(title="TODO", task="drive", licence={"code": "TODO", "weights": "MIT"}))
    found = [(one.rule, one.pointer) for one in rules.check(broken, "model-card")]
    assert sorted(found) == [
        ("blank", "/licence/code"),
        ("blank", "/title"),
        ("enum", "/task"),
        ("required", "/licence"),
    ]


def test_a_mark_that_a_source_or_a_file_has_is_no_blank() -> None:
    metric = builders.metric(None, provenance={"source": "page", "text": "TODO"})
    tensor = {"name": "TODO", "shape": [1, 64, 96, 3], "dtype": "float32"}
    own = variant(metrics=[metric], known_as=["TODO"], tensors={"inputs": [tensor], "outputs": []})
    assert rules.check(document(card(own)), "model-card") == []


@pytest.mark.parametrize("value", ["TODO", ["TODO"], [["TODO"]], {"TODO": 1}, 3, None])
def test_any_document_has_its_blanks_looked_for(value: object) -> None:
    found = Document("card.yaml", value)
    assert {one.rule for one in rules.check(found, "model-card")} <= {"type", "required", "unknown-key", "blank"}


@pytest.mark.parametrize("name", blanks.WANTED)
def test_what_is_wanted_is_a_property_of_cards(name: str) -> None:
    schema = load_schema("model-card")
    places = (schema, schema["$defs"]["variant"])
    assert any(_has(schema, place, name.split(".")) for place in places)


def _has(schema: Plain, place: Plain, steps: list[str]) -> bool:
    for step in steps:
        named = schema["$defs"].get(str(place.get("$ref")).rpartition("/")[2], place)
        place = named.get("items", named)
        place = schema["$defs"].get(str(place.get("$ref")).rpartition("/")[2], place)
        if step not in place.get("properties", {}):
            return False
        place = place["properties"][step]
    return True
