"""`zoo copy`."""

from __future__ import annotations

import click

from cli import output, replicas
from cli.session import Voice, voice_options
from cli.stores import open_readable, open_store


@click.command(
    "copy",
    epilog="""\b
Examples:
  zoo copy /srv/models /mnt/models deeplabv3                       the latest published version of each
  zoo copy https://models.example.org/edge /srv/models net/small --version 2
  zoo copy /srv/models /mnt/models deeplabv3 --all-versions --dry-run
  zoo copy /srv/models /mnt/models                                 everything, all versions

Versions keep their numbers, manifests and yanks, and signatures come along. Only what TO lacks is moved, and each
blob is proven by its digest; run it again and it goes on. Exit codes: 1 TO has other content under the same
version, or bytes are wrong; 2 asked wrongly; 3 a store cannot be reached.""",
)
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@replicas.version_options
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be moved, but write nothing.")
@output.format_option("text", "json")
@voice_options
def command(
    source: str,
    target: str,
    names: tuple[str, ...],
    number: int | None,
    all_versions: bool,
    dry_run: bool,
    form: str,
    quiet: bool,
    verbose: bool,
) -> None:
    """Copy published versions of NAME from one store into another."""
    from registry.replicate import replicate

    selection = replicas.selected(names, number, all_versions=all_versions)
    reader, writer = open_readable(source), open_store(target)
    done = replicate(reader, writer, selection, Voice(quiet=quiet, verbose=verbose), dry_run=dry_run)
    replicas.report(done, reader.address, writer.address, form, dry_run=dry_run)
