"""What a JSON Schema allows, in a few words: its type, and its values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from docs.generator.markdown import code

Schema = dict[str, Any]

_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def type_of(node: Schema) -> str:
    """The type, such as `list of string`; the schema's references are resolved."""
    if "oneOf" in node and "properties" not in node:
        return " or ".join(dict.fromkeys(type_of(one) for one in node["oneOf"]))
    values = node.get("enum", [node["const"]] if "const" in node else [])
    stated = node.get("type", sorted({_TYPES[type(value)] for value in values}))
    words = [stated] if isinstance(stated, str) else list(stated)
    return " or ".join(_word(word, node) for word in words)


def _word(word: str, node: Schema) -> str:
    if word == "array":
        inner = node.get("items") or next(iter(node.get("prefixItems", ())), None)
        return f"list of {_several(type_of(inner))}" if inner else "list"
    if word == "object" and "properties" not in node and isinstance(node.get("additionalProperties"), dict):
        return f"mapping to {_several(type_of(node['additionalProperties']))}"
    return word


def _several(word: str) -> str:
    return f"({word})" if " " in word else f"{word}s"


def allowed(node: Schema) -> str:
    """Bounds, forms and words that a value is held to; empty where there are none."""
    if "oneOf" in node and "properties" not in node:
        return " or ".join(dict.fromkeys(filter(None, map(allowed, node["oneOf"]))))
    parts = [*_values(node), *_bounds(node)]
    for keyword, said in (("items", "each"), ("additionalProperties", "each"), ("propertyNames", "keys")):
        inner = node.get(keyword)
        if isinstance(inner, dict) and "properties" not in inner and (told := allowed(inner)):
            parts.append(f"{said}: {told}")
    return "; ".join(parts)


def _values(node: Schema) -> Iterator[str]:
    if "const" in node:
        yield code(_plain(node["const"]))
    if "enum" in node:
        yield ", ".join(code(_plain(value)) for value in node["enum"])
    if "pattern" in node:
        yield code(node["pattern"])


def _bounds(node: Schema) -> Iterator[str]:
    if "exclusiveMinimum" in node:
        yield f"more than {node['exclusiveMinimum']}"
    for least, most, noun in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
        ("minProperties", "maxProperties", " keys"),
    ):
        if told := between(node.get(least), node.get(most), noun):
            yield told
    if node.get("uniqueItems"):
        yield "each once"


def between(least: float | None, most: float | None, noun: str = "") -> str:
    """Bounds in words, such as `1 to 5 items`; empty where there are none.

    Args:
        least: Lower bound, None for none.
        most: Upper bound, None for none.
        noun: What is counted, with a space before it. That something must be there at all goes without saying.
    """
    if noun and least in (0, 1):
        least = None
    if least is not None and most is not None:
        return f"{least}{noun}" if least == most else f"{least} to {most}{noun}"
    if least is not None:
        return f"at least {least}{noun}"
    return f"at most {most}{noun}" if most is not None else ""


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
