"""`zoo config`."""

from __future__ import annotations

from typing import Any

import click

from cli import output
from cli.session import load_settings, user_file


@click.command(
    "config",
    epilog="""\b
Examples:
  zoo config
  ZOO_OFFLINE=1 zoo config --format json

A setting is taken from, best first: the flag, its ZOO_ variable, ./zoo.toml, your own file, the default.""",
)
@output.format_option("text", "json")
def command(form: str) -> None:
    """Show every setting, which place gives its value, and what that overrides."""
    from registry.settings import DEFINITIONS, TABLES

    settings = load_settings()
    about: dict[str, tuple[str | None, str]] = {item.name: (item.variable, item.help) for item in DEFINITIONS}
    for name in settings.candidates.keys() - about.keys():
        about[name] = (None, f"{TABLES[name.partition('.')[0]]}; only in files")
    if form == "json":
        output.print_json(
            {
                name: {
                    "value": _plain(found[0].value),
                    "variable": about[name][0],
                    "help": about[name][1],
                    "from": [{"value": _plain(one.value), "origin": one.origin} for one in found],
                }
                for name, found in settings.candidates.items()
            }
        )
        return
    for name, (winner, *losers) in settings.candidates.items():
        click.echo(f"{click.style(name, bold=True)} = {_plain(winner.value)}")
        click.echo(f"    {about[name][1]}")
        click.echo(
            f"    from {winner.origin}"
            + "".join(f"; overrides {_plain(one.value)} from {one.origin}" for one in losers)
        )
    click.echo(f"\nfiles: ./zoo.toml and {user_file()}", err=True)


def _plain(value: Any) -> Any:
    from registry.policy import Rule
    from registry.store.web import shown

    if isinstance(value, Rule):
        return {"keys": list(value.keys), "require": value.require}
    if isinstance(value, tuple):
        return [shown(one) if "://" in one else one for one in value]  # an address may hold a password
    if isinstance(value, str) and "://" in value:
        return shown(value)
    return value if isinstance(value, bool | int | float) or value is None else str(value)
