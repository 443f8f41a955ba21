"""`zoo mirror`."""

from __future__ import annotations

import click

from cli import output, replicas
from cli.session import Voice, voice_options
from cli.stores import open_readable, open_store


@click.command(
    "mirror",
    epilog="""\b
Examples:
  zoo mirror https://models.example.org/edge /srv/models
  zoo mirror /mnt/models /srv/models --prune --dry-run

All versions with their yanks and signatures, and what other tools have put into the index. Only what DIR lacks is
moved; run it again and it goes on. Without --prune nothing leaves DIR; with it, entries that ADDRESS does not have
leave the index, and `zoo gc` frees their blobs. Exit codes: 1 DIR has other content under the same version, or
bytes are wrong; 2 asked wrongly; 3 a store cannot be reached.""",
)
@click.argument("source", metavar="ADDRESS")
@click.argument("target", metavar="DIR")
@click.option("--prune", is_flag=True, help="Remove entries that ADDRESS does not have.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be moved, but write nothing.")
@output.format_option("text", "json")
@voice_options
def command(source: str, target: str, prune: bool, dry_run: bool, form: str, quiet: bool, verbose: bool) -> None:
    """Make DIR a copy of the store at ADDRESS, or bring it up to date."""
    from registry.replicate import mirror

    reader, writer = open_readable(source), open_store(target)
    done = mirror(reader, writer, Voice(quiet=quiet, verbose=verbose), prune=prune, dry_run=dry_run)
    replicas.report(done, reader.address, writer.address, form, dry_run=dry_run)
