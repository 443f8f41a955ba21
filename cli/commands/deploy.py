"""`zoo deploy`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import complete, device_run, output
from cli.deployment_run import DeploymentRun
from cli.device_run import ssh_option
from cli.model_file import model_options
from cli.output import Column

if TYPE_CHECKING:
    from registry.deploy import Deployed


@click.command(
    "deploy",
    epilog="""\b
Examples:
  zoo deploy zoo/deeplabv3-shapes/256-int8-per-channel --target linux
  zoo deploy deeplabv3-shapes --target imx93 -o build/board     the variant that `zoo pull` would choose
  zoo deploy net.tflite --target c --as acme/net/small
  zoo deploy google/deeplabv3 --target linux --to ssh://root@board/opt/models

The folder has the model, what the target needs to run it, README.txt for people, and deployment.json, which names
the digest of every file. The same model gives the same bytes. An earlier deployment in the folder is replaced as a
whole; anything else there is never touched. --to also brings it to a device, where `zoo rollback` goes back.
Exit codes: 0 written, 1 the model does not fit or its bytes are wrong, 2 asked wrongly, 3 something is missing.""",
)
@click.argument("what", metavar="NAME|FILE", shell_complete=complete.models)
@click.option("--target", metavar="NAME", shell_complete=complete.targets, help="What it has to run on.")
@click.option(
    "-o",
    "--output",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder of the package; deploy/TARGET/NAME when not given.",
)
@click.option("--as", "card", metavar="NAME", help="The variant whose card says how pictures go in, for a file.")
@click.option("--to", metavar="ssh://USER@HOST/PATH", help="Also bring it to a device.")
@ssh_option
@output.format_option("text", "json")
@model_options
def command(what: str, to: str | None, ssh: str | None, form: str, **options: Any) -> None:
    """Write a folder that runs a model on a board: files, how to use them, and a digest of each."""
    if to is not None:
        from registry.device.address import Address

        Address.parse(to).folder  # noqa: B018 - wrong words are told before any work
    run = DeploymentRun(what, options)
    found = run.deploy()
    installed = device_run.send(found.folder, to, run.voice, ssh) if to is not None else None
    if form == "json":
        told = {"installed": device_run.plain(installed)} if installed else {}
        output.print_json({"folder": str(found.folder), **found.manifest.document, **told})
    else:
        _print(found)
        output.print_section("On the device", device_run.described(installed) if installed else ())


def _print(found: Deployed) -> None:
    document = found.manifest.document
    click.echo(
        click.style(document["variant"] or document["model"]["file"], bold=True) + f" for {document['target']}"
    )
    click.echo(f"  {found.folder}")
    rows = [[one["path"], one["role"], str(one["size"]), one.get("note", "")] for one in document["files"]]
    click.echo()
    columns = [Column("FILE"), Column("ROLE"), Column("BYTES", right=True), Column("WHAT", keep=1)]
    output.print_table(columns, rows, output.terminal_width())
    output.print_section("Warnings", document["warnings"])
    output.print_section("Notes", (one for one in document["fit"]["notes"] if one not in document["warnings"]))
    readings = (f"{one['name']}: {one['value']:.10g} {one['unit']} ({one['tool']})" for one in document["readings"])
    output.print_section("Reports", readings)
    missing = (f"{one['name']}: {one['use']}" for one in document["tools"] if not one["found"])
    output.print_section("Tools that are not here", missing)
    output.print_section("Next", (_step(one) for one in document["instructions"]))


def _step(instruction: dict[str, Any]) -> str:
    command = shlex.join(instruction["command"])
    return f"on the {instruction['where']}: {instruction['title']}" + (f": {command}" if command else "")
