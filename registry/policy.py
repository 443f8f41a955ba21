"""Whom a user trusts: the tables `[trust.PUBLISHER]` of `zoo.toml`. Form only; no key is read here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from registry.errors import RequestError

EVERYBODY = "*"
"""Name of the rule for publishers that have none of their own."""

_PUBLISHER = re.compile(r"[a-z0-9-]{1,32}")
_HINT = 'such as [trust.acme] with keys = ["keys/acme.pub"] and require = true'


class Rule(NamedTuple):
    """What is asked of one publisher.

    Attributes:
        keys: Files of public keys, any one of which may have signed.
        require: Whether nothing of this publisher is taken without such a signature.
    """

    keys: tuple[str, ...] = ()
    require: bool = False


def read(table: object, place: str) -> dict[str, Rule]:
    """The rules of one settings file, by publisher.

    Args:
        table: What the file has under `trust`.
        place: The file, for messages.

    Raises:
        RequestError: A table has another form; names the file and the key.
    """
    if not isinstance(table, dict):
        raise _wrong(f"{place}: trust", "one table a publisher", table)
    return {publisher: _rule(publisher, rule, place) for publisher, rule in table.items()}


def rule_for(rules: Mapping[str, Rule], publisher: str) -> Rule:
    """The rule of a publisher: its own, else the one for everybody, else none that trusts or asks anything."""
    return rules.get(publisher) or rules.get(EVERYBODY) or Rule()


def _rule(publisher: str, table: Any, place: str) -> Rule:
    where = f"{place}: trust.{publisher}"
    if publisher != EVERYBODY and not _PUBLISHER.fullmatch(publisher):
        raise RequestError(
            f"{place}: trust: {publisher[:60]!r} is no publisher", hint=f'use its name, or "{EVERYBODY}"'
        )
    if not isinstance(table, dict):
        raise _wrong(where, "a table", table)
    for key in table:
        if key not in Rule._fields:
            raise RequestError(f"{where}: unknown key {key!r}", hint="known are " + ", ".join(Rule._fields))
    keys = table.get("keys", [])
    keys = [keys] if isinstance(keys, str) else keys
    if not isinstance(keys, list) or not all(isinstance(one, str) and one for one in keys):
        raise _wrong(f"{where}.keys", "a list of files", keys)
    require = table.get("require", False)
    if not isinstance(require, bool):
        raise _wrong(f"{where}.require", "true or false", require)
    return Rule(tuple(keys), require)


def _wrong(where: str, expected: str, found: object) -> RequestError:
    return RequestError(f"{where}: expected {expected}, found {str(found)[:80]!r}", hint=_HINT)
