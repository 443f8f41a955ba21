"""Licence expressions (SPDX) held against a list of licences that are allowed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

UNKNOWN = "unknown"


def allows(permitted: Iterable[str], expression: str) -> bool:
    """Whether somebody who keeps to the permitted licences may take something under an expression.

    Of `A OR B` one is enough, of `A AND B` both are needed, and `A WITH E` is a licence of its own. The case of
    the letters does not matter (SPDX specification 2.3, annex D).

    Args:
        permitted: Licences, with their exception where they have one; `unknown` permits what nobody states.
        expression: A valid SPDX expression, or `unknown`.
    """
    names = {one.lower() for one in permitted}
    if expression == UNKNOWN:
        return UNKNOWN in names

    from license_expression import Licensing

    return _allowed(Licensing().parse(expression), names)


def _allowed(node: Any, names: set[str]) -> bool:
    parts = [_allowed(part, names) for part in getattr(node, "args", ())]
    if not parts:
        return str(node).lower() in names
    return any(parts) if type(node).__name__ == "OR" else all(parts)
