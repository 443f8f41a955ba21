"""`--set KEY=VALUE`: values of a configuration that the command line sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from registry.errors import RequestError

Command = TypeVar("Command", bound=Callable[..., Any])


def overrides_option(command: Command) -> Command:
    """`--set`."""
    option = click.option(
        "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Another value; may be repeated."
    )
    return option(command)


def pairs(overrides: Iterable[str]) -> dict[str, str]:
    """Values by dotted key.

    Raises:
        RequestError: One is no `KEY=VALUE`.
    """
    found = {}
    for text in overrides:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise RequestError(f"--set {text}: expected KEY=VALUE", hint="such as --set epochs=60")
        found[key] = value
    return found
