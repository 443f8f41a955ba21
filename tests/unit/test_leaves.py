"""What is decided without jsonschema is what jsonschema says."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from registry import leaves, schema
from tests.unit import builders, strategies
from tests.unit.strategies import PROPERTY

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 5), st.floats(-3, 5), st.sampled_from(["", "a", "ab", "a\n", "abc"])
)
LEAVES = st.fixed_dictionaries(
    {},
    optional={
        "type": st.one_of(
            st.sampled_from(["string", "integer", "number", "boolean", "null", "array"]),
            st.lists(st.sampled_from(["string", "integer", "number", "null"]), min_size=1, max_size=3, unique=True),
        ),
        "enum": st.lists(VALUES, min_size=1, max_size=4),
        "const": VALUES,
        "pattern": st.sampled_from(["^a$", "^[ab]+$", "b"]),
        "minLength": st.integers(0, 3),
        "maxLength": st.integers(0, 3),
        "minimum": st.integers(-2, 3),
        "maximum": st.floats(-2, 3),
        "exclusiveMinimum": st.integers(-2, 3),
        "multipleOf": st.just(2),
        "description": st.just("words"),
    },
)


@PROPERTY
@given(LEAVES, VALUES)
def test_what_is_called_right_is_valid(asked: dict[str, Any], value: Any) -> None:
    if leaves.is_right(value, asked):
        assert Draft202012Validator(asked).is_valid(value)


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        ({"type": "string"}, "x"),
        ({"type": ["integer", "null"], "minimum": 0}, None),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, 0.5),
        ({"enum": ["a", "b"]}, "b"),
        ({"const": "a", "description": "words"}, "a"),
        ({"type": "string", "pattern": "^[a-z]+$", "maxLength": 3}, "abc"),
    ],
)
def test_the_usual_ones_are_decided_here(asked: dict[str, Any], value: Any) -> None:
    assert leaves.is_right(value, asked)


@pytest.mark.parametrize("value", [True, 1.0])
def test_numbers_that_are_something_else_as_well_are_left_to_jsonschema(value: Any) -> None:
    assert not leaves.is_right(value, {"type": "integer"})


@PROPERTY
@given(strategies.cards(), st.data())
def test_a_card_is_judged_as_jsonschema_judges_it(card: builders.Plain, data: st.DataObject) -> None:
    broken = data.draw(_broken(card))
    plain = Draft202012Validator(schema.load_schema("model-card"))
    expected = {(tuple(error.absolute_path), error.validator) for error in plain.iter_errors(broken)}
    found = {
        (tuple(error.absolute_path), error.validator)
        for error in schema.validator("model-card").iter_errors(broken)
    }
    assert found == expected


@st.composite
def _broken(draw: st.DrawFn, card: builders.Plain) -> Any:
    """The card with another value at some place."""
    changed = copy.deepcopy(card)
    node: Any = changed
    for _ in range(draw(st.integers(1, 6))):
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            break
        key = draw(st.sampled_from(keys))
        if not isinstance(node[key], dict | list) or draw(st.booleans()):
            node[key] = draw(VALUES)
            break
        node = node[key]
    return changed
