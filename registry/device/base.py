"""What a device does for us, however it is reached: run a command, take a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from registry.progress import Advance


@dataclass(frozen=True)
class Answer:
    """What became of a command on a device.

    Attributes:
        code: Its exit code.
        output: What it wrote on standard output.
        errors: What it wrote on standard error, as text.
    """

    code: int
    output: bytes
    errors: str


class Device(Protocol):
    """A machine that runs commands for us.

    Attributes:
        name: `user@host[:port]`, for messages.
    """

    name: str

    def run(self, command: Sequence[str], *, data: bytes = b"", seconds: float = 600) -> Answer:
        """Run a command to its end.

        Args:
            command: Its words; they reach the command as they are, whatever letters they hold.
            data: Its standard input.
            seconds: How long it may take.

        Raises:
            RequestError: A word cannot be part of a command.
            UnavailableError: The connection was lost, login was refused, the host key is not the known one, or the
                command did not end in time.
        """

    def put(self, source: Path, destination: str) -> None:
        """Copy a file to the device, whole or not at all, its digest compared there. Makes the folders above it.

        Raises:
            MismatchError: Other bytes arrived.
            UnavailableError: As of `run`; or the file cannot be read here or written there.
        """


class Session(Device, Protocol):
    """A device with a connection that stays.

    Attributes:
        process: Number of a process on the device that lives as long as the connection; its command line holds
            `registry.device.shell.SESSION`.
    """

    process: int

    def put(self, source: Path, destination: str, advance: Advance = ...) -> None:
        """As of a device; `advance` hears of the bytes that are sent."""
