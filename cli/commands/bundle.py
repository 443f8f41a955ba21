"""`zoo bundle`."""

from __future__ import annotations

from pathlib import Path

import click

from cli import output, replicas
from cli.session import Voice, voice_options
from cli.store_option import chosen_store, store_option
from cli.stores import open_readable
from registry.errors import RequestError
from registry.units import format_bytes


@click.command(
    "bundle",
    epilog="""\b
Examples:
  zoo bundle deeplabv3 --store /srv/models -o models.tar
  zoo bundle net/small --version 2 --store https://models.example.org/edge -o small.tar
  zoo bundle --all --store /srv/models -o everything.tar

The same selection gives the same bytes, on any machine. `zoo import` takes the file into another store; OCI tools
read it too: `skopeo inspect --raw oci-archive:models.tar:TAG`.""",
)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@store_option("--store")
@click.option(
    "-o",
    "--output",
    "destination",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file; replaced when it is there.",
)
@click.option("--all", "everything", is_flag=True, help="Everything, all versions.")
@replicas.version_options
@output.format_option("text", "json")
@voice_options
def command(
    names: tuple[str, ...],
    address: str | None,
    destination: Path,
    everything: bool,
    number: int | None,
    all_versions: bool,
    form: str,
    quiet: bool,
    verbose: bool,
) -> None:
    """Write published versions of NAME into one file, to carry elsewhere."""
    from registry.bundle import bundle

    if everything == bool(names):
        found = "both" if names else "neither"
        raise RequestError(f"expected either NAME or --all, found {found}", hint="`zoo bundle --help` shows how")
    selection = replicas.selected(names, number, all_versions=all_versions)
    voice = Voice(quiet=quiet, verbose=verbose)
    done = bundle(open_readable(chosen_store(address, voice)), selection, destination, voice)
    if form == "json":
        output.print_json(
            {
                "file": str(destination),
                "size": done.size,
                "digest": str(done.digest),
                "versions": [
                    {"variant": one.name, "version": one.number, "digest": str(one.digest), "tag": one.tag}
                    for one in done.versions
                ],
                "referrers": done.referrers,
                "blobs": done.blobs,
            }
        )
        return
    for version in done.versions:
        click.echo(f"{version.name} version {version.number}")
        click.echo(f"  {version.digest}  tag {version.tag}")
    if done.referrers:
        click.echo(f"with {output.counted(done.referrers, 'manifest')} that refer to them, such as signatures")
    click.echo(f"{destination}: {output.counted(done.blobs, 'blob')}, {format_bytes(done.size)}, {done.digest}")
