"""Schemas of single values, decided at once: nearly everything in a document is one, and nearly all of it is right.

jsonschema makes a validator for each value that it goes down to, which costs more than the question. Here a value
is only ever called right; about all others, and every schema with a keyword that is not known here, jsonschema is
asked as before, and says what is wrong.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

Test = Callable[[Any], bool]
Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError]]

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_WORDS = frozenset({"description", "examples", "title", "format", "type"})
"""Keywords that ask nothing more: words for people, and `format`, which only tells (draft 2020-12, section 7)."""

_tests: dict[int, tuple[dict[str, Any], Test | None]] = {}


@functools.cache
def strict(pattern: str) -> re.Pattern[str]:
    """A pattern as JSON Schema means it: `$` is the very end, where Python's also matches before a last newline."""
    return re.compile(pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern)


def is_right(value: Any, schema: Any) -> bool:
    """Whether a value surely keeps the schema of a single value; False says nothing."""
    if type(schema) is not dict:
        return False
    known = _tests.get(id(schema))
    if known is None or known[0] is not schema:  # an id may stand for another one after the first is gone
        known = _tests[id(schema)] = (schema, _compiled(schema))
    test = known[1]
    return test is not None and test(value)


def _compiled(schema: dict[str, Any]) -> Test | None:
    """One question of all keywords; None where one is not known, or nothing says which types are meant."""
    types = _types(schema)
    if not types:
        return None
    tests: list[Test] = []
    for keyword, asked in schema.items():
        if keyword in _WORDS:
            continue
        make = _TESTS.get(keyword)
        if make is None:
            return None
        tests.append(make(asked))

    def test(value: Any) -> bool:
        return type(value) in types and all(one(value) for one in tests)

    return test


def _types(schema: dict[str, Any]) -> frozenset[type]:
    named = schema.get("type")
    if named is None:  # a list of words, or one word, says it as well
        words = schema.get("enum", [schema["const"]] if "const" in schema else [])
        return frozenset({str}) if words and all(type(word) is str for word in words) else frozenset()
    names = named if isinstance(named, list) else [named]
    if any(name not in _TYPES for name in names):
        return frozenset()
    return frozenset(kind for name in names for kind in _TYPES[name])


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_number(value: Any) -> bool:
    return type(value) is int or type(value) is float


def _one_of(words: Any) -> Test:
    texts = frozenset(word for word in words if type(word) is str)
    return lambda value: type(value) is str and value in texts


_TESTS: dict[str, Callable[[Any], Test]] = {
    "enum": _one_of,
    "const": lambda word: _one_of([word]),
    "pattern": lambda pattern: lambda value: not _is_text(value) or strict(pattern).search(value) is not None,
    "minLength": lambda least: lambda value: not _is_text(value) or len(value) >= least,
    "maxLength": lambda most: lambda value: not _is_text(value) or len(value) <= most,
    "minimum": lambda least: lambda value: not _is_number(value) or value >= least,
    "maximum": lambda most: lambda value: not _is_number(value) or value <= most,
    "exclusiveMinimum": lambda least: lambda value: not _is_number(value) or value > least,
}


def properties(validator: Any, asked: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    """The keyword `properties`: only what is not surely right is gone down to."""
    if isinstance(instance, dict):
        for name, schema in asked.items():
            if name in instance and not is_right(instance[name], schema):
                yield from validator.descend(instance[name], schema, path=name, schema_path=name)


def items(validator: Any, asked: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """The keyword `items`, the same."""
    if "prefixItems" in schema:
        yield from Draft202012Validator.VALIDATORS["items"](validator, asked, instance, schema)
    elif isinstance(instance, list):
        for index, item in enumerate(instance):
            if not is_right(item, asked):
                yield from validator.descend(item, asked, path=index)
