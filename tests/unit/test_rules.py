"""What a single document breaks by itself; `tests/cards/` has one case for each rule of a card."""

import json
from typing import Any

import pytest
from hypothesis import given

from registry import rules
from registry.document import Document, parse
from registry.problem import Problem
from tests.unit import builders
from tests.unit.builders import Plain, card, variant
from tests.unit.strategies import PROPERTY, cards


def problems_of(value: Any, kind: str = "model-card", file: str = "cards/acme/net.yaml") -> list[Problem]:
    found = parse(json.dumps(value).encode(), file)
    assert isinstance(found, Document)
    return rules.check(found, kind)


@PROPERTY
@given(cards())
def test_random_cards_keep_the_rules(document: Plain) -> None:
    assert problems_of(document) == []


def test_rules_wait_until_the_schema_accepts() -> None:
    broken = card(variant("a"), variant("a"), publisher="apex", task="drive")
    assert [item.rule for item in problems_of(broken)] == ["enum"]


def test_every_breach_is_reported() -> None:
    broken = card(variant("a"), variant("a", parent="a"), publisher="apex", model="other")
    assert [item.rule for item in problems_of(broken)] == ["file-name", "file-name", "duplicate-name", "parent"]


@pytest.mark.parametrize("key", ["format", "quantization", "resolution", "availability", "artifacts"])
def test_a_variant_needs_what_it_needs_from_itself_or_from_all(key: str) -> None:
    own = variant()
    shared = {key: own.pop(key)}
    assert problems_of(card(own, common=shared)) == []
    (problem,) = problems_of(card(own))
    assert (problem.rule, problem.pointer) == ("required", "/variants/0")
    assert key in problem.message


@pytest.mark.parametrize("kind", ["target", "dataset"])
def test_other_documents_are_named_like_their_files(kind: str) -> None:
    document = {"target": builders.target, "dataset": builders.dataset}[kind]("board")
    assert problems_of(document, kind, f"{kind}s/board.yaml") == []
    (problem,) = problems_of(document, kind, f"{kind}s/stick.yaml")
    assert (problem.rule, problem.expected, problem.found) == ("file-name", "stick", "board")


def test_a_dataset_has_as_many_names_as_classes() -> None:
    document = builders.dataset(classes={"count": 4, "names": ["a", "b"]})
    (problem,) = problems_of(document, "dataset", "datasets/shapes.yaml")
    assert (problem.pointer, problem.expected, problem.found) == ("/classes/count", "2", "4")


@pytest.mark.parametrize(
    ("layout", "shape", "fits"),
    [
        ("NHWC", [1, 64, 96, 3], True),
        ("NCHW", [1, 3, 64, 96], True),
        ("NCHW", [1, 64, 96, 3], False),
        ("NHWC", [1, None, None, 3], True),
        ("NHWC", [1, None, None, None], True),
        ("unknown", [1, 9, 9, 9], True),
        ("NC", [1, 3], True),
        ("NC", [1, 4], False),
        ("NHWC", [64, 96, 3], True),
    ],
)
def test_only_axes_that_are_known_are_compared(layout: str, shape: list[int | None], fits: bool) -> None:
    scores = {"shape": shape, "dtype": "int8", "layout": layout, "meaning": "class-scores"}
    document = card(variant(classes={"count": 3}, tensors={"inputs": [], "outputs": [scores]}))
    assert (problems_of(document) == []) == fits


def test_a_class_map_has_no_class_axis() -> None:
    output = {"shape": [1, 64, 96], "dtype": "int64", "layout": "NHW", "meaning": "class-map"}
    assert problems_of(card(variant(classes={"count": 3}, tensors={"inputs": [], "outputs": [output]}))) == []


def test_a_lock_file_is_judged_by_its_schema() -> None:
    assert problems_of({"schema": "lock/1", "pulls": []}, "lock", "zoo.lock") == []
    assert [item.rule for item in problems_of({"schema": "lock/1"}, "lock", "zoo.lock")] == ["required"]
