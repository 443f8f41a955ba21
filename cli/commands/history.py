"""`zoo history`."""

from __future__ import annotations

import click

from cli import output
from cli.output import Column
from cli.session import Voice, voice_options
from cli.store_option import chosen_store, store_option
from cli.stores import open_readable


@click.command(
    "history",
    epilog="""\b
Examples:
  zoo history google/deeplabv3/257-float32 --store /srv/models
  zoo history deeplabv3 --store s3://models/zoo --format json
  zoo history deeplabv3 --store https://models.example.org/edge

NAME is a model, publisher/model or publisher/model/variant as published. TAG is what OCI tools take:
`skopeo inspect --raw oci:/srv/models:TAG`.""",
)
@click.argument("name")
@store_option("--store")
@output.format_option("text", "json")
@voice_options
def command(name: str, address: str | None, form: str, quiet: bool, verbose: bool) -> None:
    """List the published versions of NAME, the yanked ones included."""
    from registry.yank import history

    versions = history(open_readable(chosen_store(address, Voice(quiet=quiet, verbose=verbose))), name)
    if form == "json":
        output.print_json(
            [
                {
                    "variant": one.name,
                    "version": one.number,
                    "digest": str(one.digest),
                    "size": one.size,
                    "tag": one.tag,
                    "yanked": one.yanked,
                }
                for one in versions
            ]
        )
        return
    rows = [
        [
            one.name,
            str(one.number),
            str(one.digest),
            one.tag,
            f"yanked: {one.yanked}" if one.yanked else "published",
        ]
        for one in versions
    ]
    columns = [
        Column("VARIANT"),
        Column("VERSION", right=True),
        Column("MANIFEST", keep=5),
        Column("TAG", keep=6),
        Column("STATE", wrap=True),
    ]
    output.print_table(columns, rows, output.terminal_width())
