"""Judge a document by its JSON Schema: a list of problems, each with its place."""

from __future__ import annotations

import difflib
import functools
import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators
from jsonschema.exceptions import best_match

from registry import leaves
from registry.document import Document
from registry.errors import RequestError
from registry.problem import Problem
from registry.resources import data_folder

KINDS = (
    "model-card", "target", "dataset", "lock", "training", "quantization", "lineage", "pipeline", "deployment",
    "check",
)  # fmt: skip


@functools.cache
def load_schema(kind: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a kind of document: one of `KINDS`."""
    text = Path(data_folder("schemas"), f"{kind}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@functools.cache
def validator(kind: str) -> Any:
    """A validator of a kind of document, made once."""
    schema = load_schema(kind)
    return _Validator(_inlined(schema, schema.get("$defs", {})))


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    """A schema with its `$ref`s replaced by what they name: looking them up costs a quarter of the judgement.

    Our schemas refer only to their own `$defs`, and none of these to itself.
    """
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        named = definitions[str(node["$ref"]).removeprefix("#/$defs/")]
        node = {**named, **{key: value for key, value in node.items() if key != "$ref"}}
    return {key: _inlined(value, definitions) for key, value in node.items() if key != "$defs"}


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not leaves.strict(pattern).search(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


_KEYWORDS = {"pattern": _pattern, "properties": leaves.properties, "items": leaves.items}
_Validator: Any = validators.extend(Draft202012Validator, _KEYWORDS)  # type: ignore[no-untyped-call]


def kind_of(document: Document) -> str:
    """Kind that a document says it is, by its `schema` property such as `model-card/1`.

    Raises:
        RequestError: The document does not say, or says a kind that this version does not know.
    """
    stated = document.value.get("schema") if isinstance(document.value, dict) else None
    kind = stated.rpartition("/")[0] if isinstance(stated, str) else ""
    if kind not in KINDS:
        raise RequestError(f"{document.file}: unknown kind of document: {stated!r}")
    return kind


def check(document: Document, kind: str) -> list[Problem]:
    """Every breach of the schema, in order of place. An empty list means valid."""
    found = [
        problem for error in validator(kind).iter_errors(document.value) for problem in _explain(document, error)
    ]
    return sorted(found, key=lambda problem: (problem.line, problem.column, problem.pointer, problem.message))


def _explain(document: Document, error: ValidationError) -> Iterator[Problem]:
    path = tuple(error.absolute_path)
    rule = str(error.validator)
    if rule == "additionalProperties" and isinstance(error.instance, dict):
        yield from _unknown_keys(document, path, error)
    elif rule == "required":
        key = error.message.split("'")[1]  # jsonschema reports one missing property an error
        yield document.problem(
            path,
            "required",
            f"the property {key!r} is missing",
            expected=_described(error, key),
            found=_listed(error.instance),
        )
    elif rule in ("oneOf", "anyOf") and error.context:
        # the form that was meant is the one whose type fits
        meant = [cause for cause in error.context if cause.validator != "type"] or error.context
        nearest = best_match(iter(meant))
        deeper = tuple(nearest.absolute_path)
        yield document.problem(
            deeper,
            rule,
            f"{_name(deeper)} fits none of the allowed forms",
            expected=_expected(nearest),
            found=_shown(nearest.instance),
        )
    else:
        found = _shown(error.instance) + (_foreign(error.instance) if rule == "pattern" else "")
        yield document.problem(path, rule, _message(path, rule), expected=_expected(error), found=found)


def _unknown_keys(document: Document, path: tuple[str | int, ...], error: ValidationError) -> Iterator[Problem]:
    known = list(_schema(error).get("properties", {}))
    for key in _mapping(error.instance):
        if key in known:
            continue
        near = difflib.get_close_matches(key, known, n=1)
        expected = f"{near[0]!r}?" if near else "one of " + ", ".join(sorted(known))
        yield document.problem((*path, key), "unknown-key", f"unknown property {key[:80]!r}", expected=expected)


_MESSAGES = {
    "type": "is of the wrong type",
    "enum": "is not one of the allowed values",
    "const": "is not the fixed value",
    "pattern": "has the wrong form",
    "minimum": "is too small",
    "exclusiveMinimum": "is too small",
    "maximum": "is too large",
    "minItems": "has too few items",
    "maxItems": "has too many items",
    "minLength": "is too short",
    "maxLength": "is too long",
    "uniqueItems": "has the same item twice",
    "minProperties": "says nothing",
    "maxProperties": "has too many properties",
    "propertyNames": "has a key of the wrong form",
}


def _message(path: tuple[str | int, ...], rule: str) -> str:
    return f"{_name(path)} {_MESSAGES.get(rule, 'is not allowed')}"


def _name(path: tuple[str | int, ...]) -> str:
    names = [step for step in path if isinstance(step, str)]
    return f"{names[-1]!r}" if names else "the document"


def _expected(error: ValidationError) -> str:
    rule, value = str(error.validator), error.validator_value
    if rule == "type":
        return " or ".join(value) if isinstance(value, list) else str(value)
    if rule == "enum" and isinstance(value, list):
        return "one of " + ", ".join(json.dumps(item, ensure_ascii=False).strip('"') for item in value)
    if rule in _PHRASES:
        return f"{_PHRASES[rule]} {value}"
    return str(_schema(error).get("description", ""))


_PHRASES = {
    "const": "just", "pattern": "text matching", "exclusiveMinimum": "more than", "minimum": "at least",
    "maximum": "at most", "minItems": "at least", "maxItems": "at most", "minLength": "at least",
    "maxLength": "at most", "maxProperties": "at most",
}  # fmt: skip


def _described(error: ValidationError, key: str) -> str:
    properties = _schema(error).get("properties", {})
    return str(properties.get(key, {}).get("description", f"a property {key!r}"))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _schema(error: ValidationError) -> dict[str, Any]:
    """The subschema that was broken."""
    return _mapping(error.schema)


def _listed(instance: Any) -> str:
    return "only " + ", ".join(list(instance)[:12]) if instance else "an empty mapping"


def _foreign(text: Any) -> str:
    """Letters of a name that are none of ASCII, by their Unicode names: many look just like one that is."""
    letters = dict.fromkeys(letter for letter in str(text) if not letter.isascii())
    named = [f"U+{ord(one):04X} {unicodedata.name(one, 'without a name')}" for one in list(letters)[:3]]
    return f" with {', '.join(named)}" if named else ""


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 100 else f"{text[:97]}..."
