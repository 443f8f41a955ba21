"""A device that is this machine: its commands are run by `sh` here, with nothing but the PATH that a test gives."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from registry.device.base import Answer
from registry.errors import UnavailableError

NEEDED = ("sh", "mktemp", "sha256sum", "rm", "cat", "test", "uname")


class LocalDevice:
    """A device as `registry.device.base` describes it.

    Args:
        folder: Where its programs (`bin`) and its temporary files (`tmp`) are.
        lost_after: Number of commands after which the connection is lost; never where None.
    """

    name = "root@board"

    def __init__(self, folder: Path, lost_after: int | None = None) -> None:
        self.programs, self.temporary = folder / "bin", folder / "tmp"
        self.lost_after = lost_after
        self.commands: list[tuple[str, ...]] = []
        for place in (self.programs, self.temporary):
            place.mkdir()
        for name in NEEDED:
            (self.programs / name).symlink_to(str(shutil.which(name)))

    def run(self, command: Sequence[str], *, data: bytes = b"", seconds: float = 600) -> Answer:
        """Run a command as a remote shell would, its words quoted."""
        self.commands.append(tuple(command))
        if self.lost_after is not None and len(self.commands) > self.lost_after:
            raise UnavailableError(f"{self.name}: the connection was lost", hint="try again")
        ended = subprocess.run(
            ["/bin/sh", "-c", shlex.join(command)],
            input=data,
            capture_output=True,
            timeout=seconds,
            env={"PATH": str(self.programs), "TMPDIR": str(self.temporary)},
            check=False,
        )
        return Answer(ended.returncode, ended.stdout, ended.stderr.decode())

    def put(self, source: Path, destination: str) -> None:
        """Copy a file."""
        self.run(["true"])  # a connection that is lost carries no file
        shutil.copyfile(source, destination)

    def install(self, name: str, script: str) -> Path:
        """Give the device a program."""
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    @property
    def left(self) -> list[Path]:
        """What mktemp made and nobody removed."""
        return list(self.temporary.glob("tmp.*"))
