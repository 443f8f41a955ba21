"""`zoo import`; the module's name has an underscore because the bare word is Python's own."""

from __future__ import annotations

from pathlib import Path

import click

from cli import output, replicas
from cli.session import Voice, voice_options
from cli.store_option import chosen_store, store_option
from cli.stores import open_store


@click.command(
    "import",
    epilog="""\b
Examples:
  zoo import models.tar --to /srv/models --dry-run
  zoo import models.tar --to /srv/models

The whole file is proven before anything is written: every blob by its digest, and nothing in it that its index does
not reach. Versions keep their numbers and yanks. Exit codes: 1 the file is damaged or hostile, or the store has
other content under the same version; 2 asked wrongly; 3 the file or the store cannot be reached.""",
)
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@store_option("--to")
@click.option("-n", "--dry-run", is_flag=True, help="Prove everything, but write nothing.")
@output.format_option("text", "json")
@voice_options
def command(path: Path, address: str | None, dry_run: bool, form: str, quiet: bool, verbose: bool) -> None:
    """Copy what `zoo bundle` has written into a store."""
    from registry.bundle import prove
    from registry.replicate import replicate
    from registry.selection import EVERYTHING
    from registry.store.archive import open_archive

    voice = Voice(quiet=quiet, verbose=verbose)
    target = open_store(chosen_store(address, voice))
    with open_archive(path) as archive:
        index = prove(archive, voice)
        done = replicate(archive, target, EVERYTHING, voice, dry_run=dry_run)
    if others := len(index.entries) - len(done.replicas) - done.referrers:
        voice.note(f"left out: {output.counted(others, 'manifest')} that other tools have put into the file")
    replicas.report(done, str(path), target.address, form, dry_run=dry_run)
