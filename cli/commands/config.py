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
    from registry.settings import DEFINITIONS

    settings = load_settings()
    if form == "json":
        output.print_json(
            {
                item.name: {
                    "value": _plain(getattr(settings, item.name)),
                    "variable": item.variable,
                    "help": item.help,
                    "from": [
                        {"value": _plain(one.value), "origin": one.origin} for one in settings.candidates[item.name]
                    ],
                }
                for item in DEFINITIONS
            }
        )
        return
    for item in DEFINITIONS:
        winner, *losers = settings.candidates[item.name]
        click.echo(f"{click.style(item.name, bold=True)} = {_plain(winner.value)}")
        click.echo(f"    {item.help}")
        click.echo(
            f"    from {winner.origin}"
            + "".join(f"; overrides {_plain(one.value)} from {one.origin}" for one in losers)
        )
    click.echo(f"\nfiles: ./zoo.toml and {user_file()}", err=True)


def _plain(value: Any) -> Any:
    from registry.store.web import shown

    if isinstance(value, tuple):
        return [shown(one) if "://" in one else one for one in value]  # an address may hold a password
    return value if isinstance(value, bool) or value is None else str(value)
