"""The tools of this machine, run without a shell; what is broken off leaves no process behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from registry.deployment.base import Ran
from registry.errors import UnavailableError


class Machine:
    """A `Toolbox` of commands on the search path and in a few more folders.

    Args:
        folders: Looked into first, such as the one of the running Python, where pip puts commands.
        seconds: How long a command may run.
    """

    def __init__(self, folders: Sequence[Path] = (), *, seconds: float = 1800) -> None:
        self._folders = tuple(folders)
        self._seconds = seconds

    def find(self, name: str) -> str | None:
        """Path of a command, or None."""
        here = os.pathsep.join(map(str, self._folders))
        return (shutil.which(name, path=here) if here else None) or shutil.which(name)

    def run(self, command: Sequence[str], folder: Path) -> Ran:
        """Run a command in a folder (see `Toolbox.run`); when it is broken off, all that it started ends too.

        Raises:
            UnavailableError: It cannot be started, or did not end in time.
        """
        try:
            process = subprocess.Popen(  # noqa: S603 - words of our own adapters, and no shell
                list(command),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                text=True,
                errors="replace",
            )
        except (OSError, ValueError) as error:
            told = getattr(error, "strerror", None) or error
            raise UnavailableError(
                f"{command[0]}: cannot be started: {told}", hint="see that it is installed and may be run"
            ) from None
        with process:
            try:
                output, errors = process.communicate(timeout=self._seconds)
            except subprocess.TimeoutExpired:
                _end(process)
                raise UnavailableError(
                    f"{command[0]}: did not end within {self._seconds:g} s",
                    hint=f"run it by hand and see why: {' '.join(command)}",
                ) from None
            except BaseException:
                _end(process)
                raise
        return Ran(process.returncode, output, errors)


def _end(process: subprocess.Popen[str]) -> None:
    """End a command that runs, with all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # nothing is left
        return
