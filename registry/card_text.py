"""Values as YAML that reads like a card written by hand, and that `registry.document` reads back the same."""

from __future__ import annotations

from typing import Any

import yaml

from registry.card import BLANK
from registry.document import plain

WIDTH = 110
"""Columns of a line."""

_SHORT = 30
"""Letters of a word that may stand in a row of others."""

_IN_A_ROW = 90
"""Columns that a small mapping may take."""


def dumped(value: Any) -> str:
    """A mapping or list as lines of YAML that end with a newline.

    Small mappings and short lists stand in brackets on one line, unless they hold a blank.

    Args:
        value: Of dicts, lists and scalars.
    """
    text = yaml.dump(_marked(value), Dumper=_Writer, sort_keys=False, allow_unicode=True, width=WIDTH)
    assert isinstance(text, str)  # noqa: S101 - narrows the type
    return text


class _Row(dict[Any, Any]):
    """A mapping in braces."""


class _Line(list[Any]):
    """A list in brackets."""


class _Writer(yaml.SafeDumper):
    """Lists one step deeper than their key; quotes around what our reader would take for something else."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(writer: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    quoted = plain(value) is not value
    return writer.represent_scalar("tag:yaml.org,2002:str", value, style="'" if quoted else None)


_Writer.add_representer(str, _text)
_Writer.add_representer(
    _Row, lambda writer, row: writer.represent_mapping("tag:yaml.org,2002:map", row.items(), flow_style=True)
)
_Writer.add_representer(
    _Line, lambda writer, line: writer.represent_sequence("tag:yaml.org,2002:seq", line, flow_style=True)
)


def _marked(value: Any) -> Any:
    """The value with its small parts marked to stand in one line."""
    if isinstance(value, dict):
        inner = {key: _marked(item) for key, item in value.items()}
        small = all(_scalar(item) or isinstance(item, _Line) for item in inner.values())
        return _Row(inner) if small and BLANK not in inner.values() and len(str(inner)) <= _IN_A_ROW else inner
    if isinstance(value, list):
        short = all(_scalar(item) and len(str(item)) <= _SHORT for item in value)
        # a longer list takes several lines, and no name should be broken by them
        short = short and (len(str(value)) <= _IN_A_ROW or " " not in "".join(map(str, value)))
        return _Line(value) if short else [_marked(item) for item in value]
    return value


def _scalar(value: Any) -> bool:
    return not isinstance(value, dict | list)
