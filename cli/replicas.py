"""What the commands that move versions share: which versions are meant, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli import output
from registry.errors import RequestError
from registry.units import format_bytes

if TYPE_CHECKING:
    from registry.replicate import Replica, Replication
    from registry.selection import Selection

Command = TypeVar("Command", bound=Callable[..., Any])


def version_options(command: Command) -> Command:
    """`--version` and `--all-versions`."""
    command = click.option(
        "--all-versions", is_flag=True, help="All versions of each, yanked ones too; else the latest published."
    )(command)
    return click.option("--version", "number", type=click.IntRange(min=1), help="Only this version of each.")(
        command
    )


def selected(names: tuple[str, ...], number: int | None, *, all_versions: bool) -> Selection:
    """What is asked for.

    Raises:
        RequestError: The options do not go together.
    """
    from registry.selection import Selection

    if number is not None and (all_versions or not names):
        other = "--all-versions" if all_versions else "no NAME"
        raise RequestError(f"--version does not go with {other}", hint="name the variants whose version is meant")
    return Selection(names, number, all_versions)


def report(done: Replication, source: str, target: str, form: str, *, dry_run: bool) -> None:
    """Say what came of it on stdout."""
    if form == "json":
        output.print_json(_document(done, source, target, dry_run=dry_run))
        return
    for replica in done.replicas:
        if replica.new or replica.changed:
            click.echo(f"{_verb(replica, dry_run=dry_run)} {replica.version.name} version {replica.version.number}")
            click.echo(f"  {replica.version.digest}")
    unchanged = sum(1 for one in done.replicas if not one.new and not one.changed)
    if unchanged:
        click.echo(f"unchanged: {output.counted(unchanged, 'version')}")
    if done.referrers:
        click.echo(f"with {output.counted(done.referrers, 'manifest')} that refer to them, such as signatures")
    if done.foreign:
        click.echo(f"with {_entries(done.foreign)} of other tools")
    if done.pruned:
        click.echo(f"{'would prune' if dry_run else 'pruned'} {_entries(done.pruned)}; `zoo gc` frees their blobs")
    blobs = output.counted(done.moved, "blob")
    click.echo(f"{'would move' if dry_run else 'moved'} {blobs}, {format_bytes(done.moved_bytes)}")


def _verb(replica: Replica, *, dry_run: bool) -> str:
    if replica.new:
        return "would copy" if dry_run else "copied"
    state = "show" if replica.version.yanked is None else "yank"
    return f"would {state}" if dry_run else {"show": "shown again:", "yank": "yanked"}[state]


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


def _document(done: Replication, source: str, target: str, *, dry_run: bool) -> dict[str, Any]:
    return {
        "from": source,
        "to": target,
        "dry_run": dry_run,
        "versions": [
            {
                "variant": one.version.name,
                "version": one.version.number,
                "digest": str(one.version.digest),
                "yanked": one.version.yanked,
                "new": one.new,
                "changed": one.changed,
            }
            for one in done.replicas
        ],
        "referrers": done.referrers,
        "foreign": done.foreign,
        "left_out": list(done.left_out),
        "pruned": done.pruned,
        "moved": {"blobs": done.moved, "bytes": done.moved_bytes},
    }
