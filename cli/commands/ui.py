"""`zoo ui`."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

import click

from cli.session import Voice, load_settings, voice_options
from cli.tracking import Tracking
from registry.errors import RequestError, UnavailableError

if TYPE_CHECKING:
    from registry.lineage import Address


@click.command(
    "ui",
    epilog="""\b
Examples:
  zoo sync && zoo ui
  zoo ui --port 8080 --no-open
  zoo ui --tracking http://mlflow.example.org:5000      says and opens the address, starts nothing

For a database MLflow's server is started, and ends with Ctrl-C. It listens on this machine only unless --host says
otherwise; nobody has to log in, so whoever reaches it can read and change everything. Exit codes: 2 the port is
taken, 3 MLflow is missing or does not start.""",
)
@click.option("--tracking", metavar="URI", help="A database's or an MLflow server's address.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=5000,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Interface to listen on.")
@click.option("--no-open", is_flag=True, help="Only say the address; open no browser.")
@voice_options
def command(tracking: str | None, port: int, host: str, no_open: bool, quiet: bool, verbose: bool) -> None:
    """Open MLflow's pages: registered models, runs, figures side by side."""
    voice = Voice(quiet=quiet, verbose=verbose)
    address = Tracking(load_settings(tracking=tracking), voice).address
    scheme = urlsplit(address.shown).scheme
    if scheme in ("http", "https"):
        _say(address.shown, no_open)
        return
    if address.shown.startswith("databricks"):
        raise RequestError("databricks: its pages are those of the workspace", hint="open them in a browser")
    if address.database is not None and not address.database.exists():
        raise UnavailableError(
            f"{address.shown}: nothing is tracked there yet", hint="`zoo sync` puts the catalogue there"
        )
    _serve(address, host, port, voice, no_open)


def _serve(address: Address, host: str, port: int, voice: Voice, no_open: bool) -> None:
    from registry.lineage import pages

    if host not in pages.LOOPBACK:
        voice.note(f"{host}: whoever reaches this machine can read and change all of it; nobody has to log in")
    signal.signal(signal.SIGTERM, _interrupt)  # the server must not outlive us
    try:
        with pages.serve(address, host, port, os.environ) as served:
            _say(served.url, no_open)
            voice.note("Ctrl-C ends it")
            code = served.wait()
    except KeyboardInterrupt:
        voice.note("ended")
        return
    raise UnavailableError(f"MLflow's server ended by itself with exit code {code}", hint="start it again")


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _say(url: str, no_open: bool) -> None:
    click.echo(url)
    if not no_open:
        click.launch(url)
