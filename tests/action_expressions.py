"""Expressions of GitHub Actions, the few that this project writes; any other is an error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(r"\s*(?:(?P<string>'[^']*')|(?P<operator>==|!=|\|\||&&)|(?P<path>[a-z][\w.-]*))")
_INTERPOLATION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_CONTEXTS = ("github", "inputs", "steps")


def interpolate(text: str, context: Mapping[str, Any]) -> str:
    """Text with the values of its `${{ }}`."""
    return _INTERPOLATION.sub(lambda found: str(evaluate(found[1], context)), text)


def evaluate(text: str, context: Mapping[str, Any]) -> Any:
    """Value of an expression; what is nowhere is the empty string, as where GitHub prints it.

    Raises:
        ValueError: It is none of the expressions known here.
    """
    tokens, position = [], 0
    stripped = text.rstrip()
    while position < len(stripped):
        found = _TOKEN.match(stripped, position)
        if found is None:
            raise ValueError(f"not an expression known here: {text}")
        tokens.append(found)
        position = found.end()
    value = _either(tokens, context)
    if tokens:
        raise ValueError(f"not an expression known here: {text}")
    return value


def _either(tokens: list[re.Match[str]], context: Mapping[str, Any]) -> Any:
    value = _both(tokens, context)
    while tokens and tokens[0]["operator"] == "||":
        tokens.pop(0)
        other = _both(tokens, context)
        value = value or other
    return value


def _both(tokens: list[re.Match[str]], context: Mapping[str, Any]) -> Any:
    value = _compared(tokens, context)
    while tokens and tokens[0]["operator"] == "&&":
        tokens.pop(0)
        other = _compared(tokens, context)
        value = value and other
    return value


def _compared(tokens: list[re.Match[str]], context: Mapping[str, Any]) -> Any:
    value = _operand(tokens, context)
    if tokens and tokens[0]["operator"] in ("==", "!="):
        same = tokens.pop(0)["operator"] == "=="
        return (value == _operand(tokens, context)) is same
    return value


def _operand(tokens: list[re.Match[str]], context: Mapping[str, Any]) -> Any:
    if not tokens or tokens[0]["operator"]:
        raise ValueError("an operand is missing")
    token = tokens.pop(0)
    if token["string"]:
        return token["string"][1:-1]
    first, *rest = token["path"].split(".")
    if first not in _CONTEXTS:
        raise ValueError(f"no context known here: {first}")
    value: Any = context[first]
    for name in rest:
        value = value.get(name, "") if isinstance(value, Mapping) else ""
    return value
