"""The fields of a JSON Schema: a section for each object, under the path that leads to it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from docs.generator.allowed import Schema, allowed, type_of

_NAME = "$name"
"""Where a resolved schema keeps the name of the definition that it came from."""

_LONGEST_EXAMPLE = 60


class Field(NamedTuple):
    """One property of an object.

    Attributes:
        path: How it is reached, such as `variants[].metrics[].value`.
        type: Its type, such as `list of string`.
        required: Whether the object must have it.
        allowed: Values that it takes.
        meaning: What it says.
        example: A value, as JSON; empty where there is no short one.
        below: Path of the section with its own fields; empty where it has none.
        lacking: Fields of that section that it does not have.
    """

    path: str
    type: str
    required: bool
    allowed: str
    meaning: str
    example: str
    below: str
    lacking: tuple[str, ...] = ()


class Repeated(NamedTuple):
    """A definition whose fields are all those of another: where that one stands, and its name."""

    path: str
    definition: str


class Section(NamedTuple):
    """An object: its path, what it is, and its fields."""

    path: str
    meaning: str
    fields: tuple[Field, ...]


class Walk:
    """A walk through a schema.

    Args:
        schema: The whole schema.
        repeated: Definitions that are not described, since they have only fields of another.
    """

    def __init__(self, schema: Schema, repeated: Mapping[str, Repeated]) -> None:
        self._schema, self._repeated = schema, repeated
        self._definitions: dict[str, Schema] = schema.get("$defs", {})
        described = {name: one for name, one in self._definitions.items() if name not in repeated}
        self._uses = Counter(_references([schema["properties"], described]))
        self._shared: dict[str, list[Any]] = {}

    def sections(self) -> list[Section]:
        """Sections of all objects, in order of the document; what several places refer to comes last."""
        found = list(self._object(self._resolved(self._schema), "", self._schema.get("examples", ())))
        told: set[str] = set()
        while waiting := [name for name in self._shared if name not in told]:
            name = waiting[0]
            told.add(name)
            found += self._object(self._resolved(self._definitions[name]), name, self._shared[name])
        return found

    def _object(self, node: Schema, path: str, examples: Sequence[Any]) -> Iterator[Section]:
        """The section of an object, then those of the objects in it."""
        fields, below = [], []
        for key, inner in node["properties"].items():
            name = f"{path}.{key}" if path else key
            values = [one[key] for one in examples if isinstance(one, dict) and key in one]
            held, place, values_held = _innermost(inner, name, values)
            there = ""
            if "properties" in held and not (there := self._elsewhere(held, values_held)):
                there = place
                below.append((held, place, values_held))
            fields.append(
                Field(
                    name,
                    type_of(inner),
                    key in node.get("required", ()),
                    allowed(inner),
                    inner.get("description", ""),
                    _example([*inner.get("examples", ()), *values]),
                    there,
                    self._lacking(held),
                )
            )
        yield Section(path, node.get("description", ""), tuple(fields))
        for part in below:
            yield from self._object(*part)

    def _elsewhere(self, held: Schema, examples: Sequence[Any]) -> str:
        """Where the fields of an object are described that has no section of its own; empty for any other."""
        name = str(held.get(_NAME, ""))
        if name in self._repeated:
            return self._repeated[name].path
        if self._uses[name] < 2:
            return ""
        self._shared.setdefault(name, []).extend(examples)
        return name

    def _lacking(self, held: Schema) -> tuple[str, ...]:
        """What a definition lacks of the one whose fields it repeats.

        Raises:
            ValueError: It has a field of its own, which nothing would describe.
        """
        if held.get(_NAME) not in self._repeated:
            return ()
        whole = self._resolved(self._definitions[self._repeated[held[_NAME]].definition])["properties"]
        if own := [name for name, one in held["properties"].items() if whole.get(name) != one]:
            raise ValueError(f"{held[_NAME]}: {', '.join(own)}: expected only fields of the repeated definition")
        return tuple(name for name in whole if name not in held["properties"])

    def _resolved(self, node: Any) -> Any:
        """A schema in which what a `$ref` names stands in its place; our schemas refer to none of their parents."""
        if isinstance(node, list):
            return [self._resolved(one) for one in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            named = node["$ref"].removeprefix("#/$defs/")
            rest = {key: value for key, value in node.items() if key != "$ref"}
            return {**self._resolved(self._definitions[named]), **rest, _NAME: named}
        return {key: self._resolved(value) for key, value in node.items() if key != "$defs"}


def _references(node: Any) -> Iterator[str]:
    """Names of definitions, each as often as something refers to it."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].removeprefix("#/$defs/")
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            yield from _references(one)


def _innermost(node: Schema, path: str, examples: list[Any]) -> tuple[Schema, str, list[Any]]:
    """What a list or a mapping holds, with the path to it and examples of it; anything else itself."""
    for keyword, suffix in (("items", "[]"), ("additionalProperties", ".*")):
        if isinstance(node.get(keyword), dict) and "properties" not in node:
            inside = [one for value in examples for one in _items(value)]
            return _innermost(node[keyword], path + suffix, inside)
    return node, path, examples


def _items(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _example(values: Iterable[Any]) -> str:
    """The first value that is short enough for a table."""
    texts = (json.dumps(value, ensure_ascii=False) for value in values if value not in (None, [], {}))
    return next((text for text in texts if len(text) <= _LONGEST_EXAMPLE), "")
