"""Put values into a YAML text and leave every other letter of it as it is: comments, order, quotes, line breaks."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from registry.card_text import dumped
from registry.document import Step


def append(text: str, path: Sequence[Step], value: Any, key: str | None = None) -> str:
    """Add an item at the end of a list, or a key at the end of a mapping.

    The caller parses the result and sees that it means what it should: YAML has forms that this does not foresee.

    Args:
        text: A document that `registry.document` takes.
        path: Where the list or mapping is, which holds something already or is written in brackets.
        value: What is added.
        key: Its key; None for an item of a list.
    """
    node = _node(text, path)
    if node.flow_style:
        plain = json.dumps(value, ensure_ascii=False)
        return _in_brackets(text, node, plain if key is None else f"{json.dumps(key)}: {plain}")
    newline = "\r\n" if "\r\n" in text else "\n"
    place = _line_after(text, _end(text, node))
    # libyaml has a block list begin at its first dash and a block mapping at its first key
    lines = textwrap.indent(_block(value, key), " " * node.start_mark.column).replace("\n", newline)
    before = text[:place]
    return before + ("" if before.endswith("\n") else newline) + lines + text[place:]


def replace(text: str, path: Sequence[Step], value: Any) -> str:
    """Put a value in place of another, which is a mapping.

    Args:
        text: A document that `registry.document` takes.
        path: Where the mapping is.
        value: What comes in its place.
    """
    node = _node(text, path)
    start, end = _offset(text, node.start_mark), _end(text, node)
    if node.flow_style:
        return text[:start] + json.dumps(value, ensure_ascii=False) + text[end:]
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = textwrap.indent(dumped(value), " " * node.start_mark.column).strip().replace("\n", newline)
    return text[:start] + lines + text[end:]


def _node(text: str, path: Sequence[Step]) -> Any:
    import yaml

    node: Any = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    for step in path:
        if isinstance(step, int):
            node = node.value[step]
        else:
            node = next(value for key, value in node.value if key.value == step)
    return node


def _block(value: Any, key: str | None) -> str:
    return dumped([value] if key is None else {key: value})


def _in_brackets(text: str, node: Any, plain: str) -> str:
    """A flow list or mapping with one more entry before its bracket closes."""
    closing = _offset(text, node.end_mark) - 1
    inside = text[_offset(text, node.start_mark) + 1 : closing].rstrip()
    comma = "" if not node.value or inside.endswith(",") else ", "
    return text[:closing] + comma + plain + text[closing:]


def _end(text: str, node: Any) -> int:
    """Where the last letter of a node stands; libyaml ends a block at the next token, after comments."""
    import yaml

    last = node
    while not isinstance(last, yaml.ScalarNode) and not last.flow_style and last.value:
        last = last.value[-1][1] if isinstance(last, yaml.MappingNode) else last.value[-1]
    end = _offset(text, last.end_mark)
    if isinstance(last, yaml.ScalarNode) and last.style in ("|", ">"):
        return len(text[:end].rstrip())
    return end


def _line_after(text: str, place: int) -> int:
    """The beginning of the next line: a comment behind the last value stays with it."""
    found = text.find("\n", place)
    return len(text) if found < 0 else found + 1


def _offset(text: str, mark: Any) -> int:
    """Place of a mark in the text; its own index counts bytes in some versions of libyaml."""
    place = 0
    for _ in range(mark.line):
        place = text.index("\n", place) + 1
    return place + int(mark.column)


def described(value: Mapping[str, Any]) -> str:
    """A value as a person would write it below a list of a variant."""
    return textwrap.indent(dumped([value]), "    ")
