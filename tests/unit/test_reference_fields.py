"""How the reference tells of a schema: its fields, what they allow, and the tables they stand in."""

from __future__ import annotations

from typing import Any

import pytest

from docs.generator.allowed import allowed, between, type_of
from docs.generator.fields import Field, Repeated, Section, Walk
from docs.generator.markdown import prose, table

SCHEMA: dict[str, Any] = {
    "properties": {
        "parts": {"type": "array", "items": {"$ref": "#/$defs/part"}, "description": "Parts."},
        "other": {"$ref": "#/$defs/source"},
        "same": {"$ref": "#/$defs/usual"},
    },
    "required": ["parts"],
    "$defs": {
        "part": {
            "type": "object",
            "properties": {"value": {"type": "number", "minimum": 0}, "source": {"$ref": "#/$defs/source"}},
        },
        "source": {"type": "object", "description": "A source.", "properties": {"row": {"type": "string"}}},
        "usual": {"type": "object", "properties": {"value": {"type": "number", "minimum": 0}}},
    },
    "examples": [{"parts": [{"source": {"row": "x" * 100}}, {"value": 2, "source": {"row": "DeepLab"}}]}],
}
NUMBERS = {"type": "array", "items": {"type": "number"}}
WORDS = {"type": "array", "items": {"type": "string", "maxLength": 5}, "uniqueItems": True}
PAIR = {"type": "array", "prefixItems": [{"type": "number"}], "minItems": 2, "maxItems": 2}


@pytest.fixture
def sections() -> list[Section]:
    return Walk(SCHEMA, {"usual": Repeated("parts[]", "part")}).sections()


@pytest.fixture
def fields(sections: list[Section]) -> dict[str, Field]:
    return {one.path: one for section in sections for one in section.fields}


def test_fields_are_told_by_the_way_to_them(fields: dict[str, Field]) -> None:
    assert list(fields) == ["parts", "other", "same", "parts[].value", "parts[].source", "source.row"]
    assert [path for path, one in fields.items() if one.required] == ["parts"]
    assert fields["parts"].type == "list of objects"
    assert fields["parts[].value"].allowed == "at least 0"


def test_what_two_places_share_is_told_once(sections: list[Section], fields: dict[str, Field]) -> None:
    assert [one.path for one in sections] == ["", "parts[]", "source"]
    assert fields["parts"].below == "parts[]"
    assert fields["other"].below == fields["parts[].source"].below == "source"


def test_what_repeats_another_place_is_told_there(fields: dict[str, Field]) -> None:
    assert fields["same"].below == "parts[]"
    assert fields["same"].lacking == ("source",)


def test_a_field_that_nothing_would_describe_is_refused() -> None:
    other = {"usual": {"type": "object", "properties": {"value": {"type": "string"}}}}
    with pytest.raises(ValueError, match="usual: value"):
        Walk({**SCHEMA, "$defs": {**SCHEMA["$defs"], **other}}, {"usual": Repeated("parts[]", "part")}).sections()


def test_an_example_is_the_first_short_value_of_the_document(fields: dict[str, Field]) -> None:
    assert fields["parts[].value"].example == "2"
    assert fields["source.row"].example == '"DeepLab"'


@pytest.mark.parametrize(
    ("schema", "type_", "values"),
    [
        ({"const": "model-card/1"}, "string", "`model-card/1`"),
        ({"enum": ["a", 1, None]}, "integer or null or string", "`a`, `1`, `null`"),
        ({"type": ["integer", "null"], "minimum": 1, "maximum": 9}, "integer or null", "1 to 9"),
        ({"type": "number", "exclusiveMinimum": 0}, "number", "more than 0"),
        ({"type": "string", "pattern": "^a|b$", "minLength": 1}, "string", "`^a|b$`"),
        (WORDS, "list of strings", "each once; each: at most 5 characters"),
        (PAIR, "list of numbers", "2 items"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "mapping to numbers", ""),
        (
            {"type": "object", "additionalProperties": WORDS},
            "mapping to (list of strings)",
            "each: " + allowed(WORDS),
        ),
        ({"oneOf": [{"type": "number"}, NUMBERS]}, "number or list of numbers", ""),
    ],
)
def test_a_schema_is_told_in_a_few_words(schema: dict[str, Any], type_: str, values: str) -> None:
    assert (type_of(schema), allowed(schema)) == (type_, values)


@pytest.mark.parametrize(
    ("least", "most", "noun", "told"),
    [
        (0, 1, "", "0 to 1"),
        (2, None, " items", "at least 2 items"),
        (None, 9, " items", "at most 9 items"),
        (1, 9, " items", "at most 9 items"),
        (3, 3, " items", "3 items"),
        (1, None, " items", ""),
        (None, None, "", ""),
    ],
)
def test_bounds_are_told_in_words(least: int | None, most: int | None, noun: str, told: str) -> None:
    assert between(least, most, noun) == told


def test_a_table_keeps_its_cells_and_leaves_empty_columns_out() -> None:
    assert table(("A", "B", "C"), [("a|b", "", "two\nlines")]) == "| A | C |\n| --- | --- |\n| a\\|b | two lines |"
    assert table(("A",), []) == ""


def test_prose_is_no_html_and_code_stays() -> None:
    assert prose("a <hex> of `blobs/<hex>` * 2") == r"a &lt;hex> of `blobs/<hex>` \* 2"
