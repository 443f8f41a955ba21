"""`zoo update`."""

from __future__ import annotations

import click

from cli import output, registries
from cli.output import Column
from cli.session import Voice, load_settings
from registry.errors import RequestError


@click.command(
    "update",
    epilog="""\b
Examples:
  zoo update
  zoo update --registry s3://team-models/zoo
  ZOO_REGISTRY=oci://registry.example.org/models zoo update

A registry is a store that `zoo publish` fills. Name yours once, in zoo.toml:

\b
  registries = ["s3://team-models/zoo"]

Its newest versions then stand in `zoo list` and `zoo pull`, before cards of the same name in folders; yanked ones
do not. `zoo pull` reads it anew by itself; `zoo list` and `zoo show` use what was read last.""",
)
@registries.registry_option
@click.option("--cache", metavar="DIR", help="Folder of verified files and of the compiled catalogue.")
@output.format_option("text", "json")
@click.option("-q", "--quiet", is_flag=True, help="Only errors on stderr.")
@click.option("-v", "--verbose", is_flag=True, help="More on stderr.")
def command(cache: str | None, form: str, quiet: bool, verbose: bool, **options: tuple[str, ...]) -> None:
    """Read which variants the registries of the settings publish now."""
    settings = load_settings(registries=options["registries"], cache=cache)
    if not settings.registries:
        raise RequestError(
            "no registry is set",
            hint='give one with --registry, ZOO_REGISTRY, or `registries = ["..."]` in zoo.toml',
        )
    registries.refresh(settings, Voice(quiet=quiet, verbose=verbose))
    found = registries.published(settings)
    if form == "json":
        output.print_json(
            [
                {
                    "registry": address,
                    "variant": one.name,
                    "version": one.number,
                    "digest": str(one.digest),
                }
                for address, one in found
            ]
        )
        return
    columns = [Column("VARIANT"), Column("VERSION", right=True), Column("REGISTRY", keep=8)]
    output.print_table(
        columns, [[one.name, str(one.number), place] for place, one in found], output.terminal_width()
    )
