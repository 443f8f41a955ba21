import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import schema
from registry.document import Document, parse
from registry.errors import RequestError
from registry.problem import Problem
from tests.unit import builders, strategies
from tests.unit.strategies import PROPERTY


def document_of(value: Any) -> Document:
    found = parse(json.dumps(value).encode(), "card.yaml")
    assert isinstance(found, Document), found
    return found


def problems_of(value: Any, kind: str = "model-card") -> list[Problem]:
    return schema.check(document_of(value), kind)


@PROPERTY
@given(strategies.cards())
def test_random_cards_are_valid(card: builders.Plain) -> None:
    assert problems_of(card) == []


@PROPERTY
@given(strategies.targets())
def test_random_targets_are_valid(target: builders.Plain) -> None:
    assert problems_of(target, "target") == []


@PROPERTY
@given(strategies.json_values, st.sampled_from(schema.KINDS))
def test_any_value_is_judged_without_an_exception(value: Any, kind: str) -> None:
    document = parse(json.dumps(value).encode(), "card.yaml")
    if isinstance(document, Document):
        problems = schema.check(document, kind)
        assert problems
        assert problems == sorted(problems, key=lambda item: (item.line, item.column, item.pointer, item.message))


@PROPERTY
@given(st.data())
def test_a_card_with_one_value_replaced_is_judged_without_an_exception(data: st.DataObject) -> None:
    card = json.loads(json.dumps(data.draw(strategies.cards())))
    place: Any = card
    while isinstance(place, dict | list) and place:
        step = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else list(range(len(place)))))
        below = place[step]
        if not isinstance(below, dict | list) or not below or data.draw(st.booleans()):
            place[step] = data.draw(strategies.json_values)
            break
        place = below
    document = parse(json.dumps(card).encode(), "card.yaml")
    for problem in schema.check(document, "model-card") if isinstance(document, Document) else ():
        assert problem.message
        assert problem.line >= 1


def test_every_breach_is_reported_in_order_of_place() -> None:
    card = builders.card(builders.variant(metrics=[builders.metric(73.4), builders.metric(-1)]), task="drive")
    found = [(item.pointer, item.rule) for item in problems_of(card)]
    assert found == [
        ("/task", "enum"),
        ("/variants/0/metrics/0/value", "maximum"),
        ("/variants/0/metrics/1/value", "minimum"),
    ]


def test_each_missing_property_is_one_problem_that_says_what_it_is() -> None:
    card = builders.card()
    del card["title"], card["family"]
    problems = problems_of(card)
    assert [(item.rule, item.pointer) for item in problems] == [("required", ""), ("required", "")]
    assert "'family'" in problems[0].message
    assert problems[1].expected == "Name for people."


def test_an_unknown_key_names_a_near_one_or_all() -> None:
    near, far = problems_of({**builders.card(), "titel": "x", "zzz": 1})
    assert near.expected == "'title'?"
    assert far.expected.startswith("one of common, contradictions")


def test_the_nearest_form_explains_a_choice() -> None:
    tensor = {"shape": [1], "dtype": "int8", "scale": [0.5]}
    (problem,) = problems_of(builders.card(builders.variant(tensors={"inputs": [tensor], "outputs": []})))
    assert problem.pointer == "/variants/0/tensors/inputs/0/scale"
    assert problem.expected == "at least 2"
    assert problem.found == "[0.5]"


def test_a_long_value_is_shown_in_part() -> None:
    (problem,) = problems_of({**builders.card(), "title": ["x" * 10_000]})
    assert len(problem.found) == 100
    assert problem.found.endswith("...")


@pytest.mark.parametrize("kind", schema.KINDS)
def test_a_document_says_what_it_is(kind: str) -> None:
    assert schema.kind_of(document_of({"schema": f"{kind}/7"})) == kind


@pytest.mark.parametrize(
    "value", [{}, {"schema": "model-card"}, {"schema": 1}, {"schema": None}, [], None, "model-card/1"]
)
def test_a_document_that_does_not_say_what_it_is(value: Any) -> None:
    with pytest.raises(RequestError, match="unknown kind"):
        schema.kind_of(document_of(value))


def test_a_letter_that_looks_like_another_is_named() -> None:
    (problem,) = problems_of({**builders.card(), "publisher": "\u0430cme"})
    assert (problem.rule, problem.pointer) == ("pattern", "/publisher")
    assert problem.found == '"\u0430cme" with U+0430 CYRILLIC SMALL LETTER A'
