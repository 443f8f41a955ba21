"""`zoo gc`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli import output
from cli.session import Voice, voice_options
from cli.store_option import chosen_store, store_option
from cli.stores import open_collectable
from registry.units import format_bytes, parse_seconds

if TYPE_CHECKING:
    from registry.collect import Collection


@click.command(
    "gc",
    epilog="""\b
Examples:
  zoo gc --store /srv/models --dry-run -v
  zoo gc --store /srv/models --grace 30d
  zoo gc --store /srv/models --take-over       after one that was killed

Removes blobs that no manifest in the index reaches, entries of other tools included, and that are older than the
grace period; and what killed writers left. Publishers at the same time lose nothing: they wait, or upload again.
Exit codes: 1 a manifest cannot be read, so that what it needs is not known; 2 asked wrongly; 3 the store cannot be
reached, or somebody else is collecting.""",
)
@store_option("--store")
@click.option("--grace", metavar="TIME", default="7d", show_default=True, help="Least age: 7d, 12h, 30min, 0.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be removed, but remove nothing.")
@click.option("--take-over", is_flag=True, help="End what a collection that was killed has begun.")
@output.format_option("text", "json")
@voice_options
def command(
    address: str | None, grace: str, dry_run: bool, take_over: bool, form: str, quiet: bool, verbose: bool
) -> None:
    """Remove what nothing in a store needs any more."""
    from registry.collect import collect

    voice = Voice(quiet=quiet, verbose=verbose)
    store = open_collectable(chosen_store(address, voice))
    done = collect(store, parse_seconds(grace), voice, dry_run=dry_run, take_over=take_over)
    verb = "would remove" if dry_run else "removed"
    for blob in done.removed:
        voice.detail(f"{verb} {blob.digest}, {format_bytes(blob.size)}")
    for leftover in done.leftovers:
        voice.detail(f"{verb} {leftover.name}, {format_bytes(leftover.size)}")
    if form == "json":
        output.print_json(_document(done, store.address, dry_run=dry_run))
        return
    parts = [output.counted(len(done.removed), "blob")]
    if done.leftovers:
        parts.append(output.counted(len(done.leftovers), "unfinished file"))
    click.echo(f"{verb} {' and '.join(parts)}, {format_bytes(done.freed)}")
    young = f"; {output.counted(done.young, 'blob')} younger than {grace} left alone" if done.young else ""
    click.echo(f"kept {output.counted(done.kept, 'blob')} that manifests reach{young}")


def _document(done: Collection, address: str, *, dry_run: bool) -> dict[str, object]:
    return {
        "store": address,
        "dry_run": dry_run,
        "removed": [{"digest": str(one.digest), "size": one.size} for one in done.removed],
        "unfinished": [{"name": one.name, "size": one.size} for one in done.leftovers],
        "freed": done.freed,
        "kept": done.kept,
        "young": done.young,
    }
