"""`zoo yank`."""

from __future__ import annotations

import click

from cli import output
from cli.session import Voice, voice_options
from cli.store_option import chosen_store, store_option
from cli.stores import open_store
from registry.errors import RequestError


@click.command(
    "yank",
    epilog="""\b
Examples:
  zoo yank google/deeplabv3/257-float32 --store /srv/models --reason "wrong label order"
  zoo yank google/deeplabv3/257-float32 --store /srv/models --version 2 --reason "withdrawn by the publisher"
  zoo yank google/deeplabv3/257-float32 --store /srv/models --version 2 --undo

Nothing is deleted: whoever has the digest still gets the bytes.""",
)
@click.argument("name")
@store_option("--store")
@click.option("--version", "number", type=click.IntRange(min=1), help="Which one; needed when there are several.")
@click.option("--reason", metavar="TEXT", help="Why, in one line; everybody who asks for the version reads it.")
@click.option("--undo", is_flag=True, help="Show the version again.")
@output.format_option("text", "json")
@voice_options
def command(
    name: str,
    address: str | None,
    number: int | None,
    reason: str | None,
    undo: bool,
    form: str,
    quiet: bool,
    verbose: bool,
) -> None:
    """Hide a published version of NAME, without deleting it."""
    from registry.yank import yank

    text = _reason(reason, undo=undo)
    store = open_store(chosen_store(address, Voice(quiet=quiet, verbose=verbose)))
    version, changed = yank(store, name, number, text)
    if form == "json":
        output.print_json(
            {"variant": version.name, "version": version.number, "yanked": version.yanked, "changed": changed}
        )
        return
    state = "published" if version.yanked is None else f"yanked: {version.yanked}"
    click.echo(f"{version.name} version {version.number}: {state}{'' if changed else ' (as before)'}")


def _reason(reason: str | None, *, undo: bool) -> str | None:
    if undo:
        if reason is not None:
            raise RequestError("--undo does not go with --reason", hint="leave one of them out")
        return None
    if not reason or not reason.strip() or not reason.isprintable() or len(reason) > 300:
        raise RequestError(
            "expected --reason with one line of at most 300 letters, found "
            + ("none" if not reason else ascii(reason)[:60]),
            hint='such as --reason "wrong label order"',
        )
    return reason.strip()
