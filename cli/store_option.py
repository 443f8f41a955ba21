"""The option that names the store, of every command that works on one; without it the settings may say which."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli.stores import KINDS
from registry.errors import RequestError

if TYPE_CHECKING:
    from cli.session import Voice
    from registry.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

_HELP = f"The store: {KINDS}, or to read https://HOST/PATH; else the only registry of the settings."


def store_option(flag: str) -> Callable[[Command], Command]:
    """`--store`, or `--to` of what brings something there."""
    return click.option(flag, "address", metavar="ADDRESS", help=_HELP)


def chosen_store(address: str | None, voice: Voice, settings: Settings | None = None) -> str:
    """The address that the option gave, else that of the only registry in the settings, which is then told.

    Raises:
        RequestError: There is none, or more than one to choose from.
    """
    if address is not None:
        return address
    from cli.registries import shown
    from cli.session import load_settings

    found = (settings or load_settings()).registries
    if len(found) == 1:
        voice.note(f"store {shown(found[0])}: the only registry of the settings")
        return found[0]
    flag = next(one.opts[0] for one in click.get_current_context().command.params if one.name == "address")
    if found:
        listed = ", ".join(shown(one) for one in found)
        raise RequestError(
            f"expected {flag} ADDRESS: the settings have {len(found)} registries", hint=f"one of: {listed}"
        )
    raise RequestError(
        f"expected {flag} ADDRESS, found none, and no registry in the settings",
        hint=f'give {KINDS}; or set one for all commands: ZOO_REGISTRY, or registries = ["ADDRESS"] in zoo.toml',
    )
