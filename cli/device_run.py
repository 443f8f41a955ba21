"""What commands that reach a board over SSH share: the connection, the sending, and what is said of it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.output import counted
from cli.session import Voice, load_settings
from registry.errors import RequestError
from registry.units import format_bytes

if TYPE_CHECKING:
    from registry.device.ssh import Ssh
    from registry.install import Installed, Release


def ssh_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--ssh`, the command that reaches the board."""
    option = click.option("--ssh", metavar="COMMAND", help="The ssh command with options, such as 'ssh -i KEY'.")
    return option(command)


@contextmanager
def connected(to: str, ssh: str | None = None) -> Iterator[tuple[Ssh, str]]:
    """A connection to the board of an address, and the folder that the address names.

    Args:
        to: `ssh://USER@HOST:PORT/PATH`.
        ssh: The `ssh` command; None for the one of the settings.
    """
    from registry.device.address import Address

    folder = Address.parse(to).folder
    with reached(to, ssh) as device:
        yield device, folder


@contextmanager
def reached(to: str, ssh: str | None = None) -> Iterator[Ssh]:
    """A connection to the board of an address, whose folder, if it names one, does not matter."""
    from registry.device.address import Address
    from registry.device.ssh import Ssh

    with Ssh(Address.parse(to), _words(load_settings(ssh=ssh).ssh)) as device:
        yield device


def send(folder: Path, to: str, voice: Voice, ssh: str | None = None) -> Installed:
    """Put a deployment package on the board of an address, and into use."""
    from registry.install import install

    with connected(to, ssh) as (device, path):
        return install(folder, device, path, voice)


def described(found: Installed) -> list[str]:
    """What became of an installation, in lines for people."""
    state = "now in use" if found.switched else "in use already"
    lines = [f"{found.device}:{found.path}/current: {release_text(found.current)}, {state}"]
    if found.sent_files or found.reused_files:
        lines.append(
            f"  sent {counted(found.sent_files, 'file')}, {format_bytes(found.sent_bytes)};"
            f" {counted(found.reused_files, 'file')} were there already"
        )
    if found.previous:
        lines.append(f"  before: {release_text(found.previous)}; `zoo rollback` returns to it")
    if found.removed:
        lines.append(f"  removed: {', '.join(found.removed)}")
    return lines


def plain(found: Installed) -> dict[str, Any]:
    """The same as plain data."""
    from dataclasses import asdict

    return asdict(found)


def release_text(release: Release) -> str:
    """A release for people: its package and its id."""
    return f"{release.name} ({release.id})" if release.name else release.id


def _words(text: str) -> list[str]:
    """The words of the `ssh` command, which no message repeats: it may hold a secret."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        found = str(error)
    else:
        if words:
            return words
        found = "none"
    raise RequestError(f"ssh: expected a command, found {found}", hint="such as --ssh 'ssh -i KEY', or ZOO_SSH")
