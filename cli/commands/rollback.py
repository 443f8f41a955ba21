"""`zoo rollback`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli import output
from cli.device_run import connected, plain, release_text, ssh_option
from cli.session import voice_options

if TYPE_CHECKING:
    from registry.install import Release


@click.command(
    "rollback",
    epilog="""\b
Examples:
  zoo rollback ssh://root@board/opt/models --list
  zoo rollback ssh://root@board/opt/models
  zoo rollback ssh://root@board/opt/models --ssh 'ssh -i board.key'

The two releases change places, so a second rollback returns. Nothing is switched to that is damaged.""",
)
@click.argument("address", metavar="ssh://USER@HOST/PATH")
@click.option("--list", "listed", is_flag=True, help="Only show the current and the previous release.")
@output.format_option("text", "json")
@ssh_option
@voice_options
def command(address: str, listed: bool, form: str, ssh: str | None, **_voice: Any) -> int:
    """Return a board to the release before the current one."""
    from registry.install import rollback, status

    with connected(address, ssh) as (device, path):
        if listed:
            return _list(form, *status(device, path))
        found = rollback(device, path)
    if form == "json":
        output.print_json(plain(found))
        return 0
    old = f"from {release_text(found.previous)} " if found.previous else ""
    click.echo(output.visible(f"{found.device}:{found.path}/current: {old}back to {release_text(found.current)}"))
    return 0


def _list(form: str, current: Release | None, previous: Release | None) -> int:
    from dataclasses import asdict

    found = {"current": current, "previous": previous}
    if form == "json":
        output.print_json({name: asdict(one) if one else None for name, one in found.items()})
        return 0
    for name, one in found.items():
        click.echo(f"{name:8}  {output.visible(release_text(one)) if one else 'none'}")
    return 0
