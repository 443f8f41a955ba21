"""Shell scripts for devices: settings that stand quoted, then a body that is the same for every model.

Nothing of a card or a file is ever part of a body, so that no name can be read as a command.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from registry.deployment.base import SCRIPT, File
from registry.errors import RejectedError


def assignments(settings: Mapping[str, str]) -> str:
    """Variables of a POSIX shell, one a line, every value quoted.

    Raises:
        RejectedError: A value holds a NUL, which no shell can hold.
    """
    for name, value in settings.items():
        if "\0" in value:
            raise RejectedError(f"{name}: expected text for a shell script, found a NUL in {value[:80]!r}")
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items())


def script(path: str, body: str, settings: Mapping[str, str], note: str) -> File:
    """A script of a package.

    Args:
        path: In the package.
        body: Name of a file beside this module.
        settings: Variables that the body reads.
        note: What it does.
    """
    text = Path(__file__).with_name(body).read_text(encoding="utf-8")
    return File(path, f"#!/bin/sh\n{assignments(settings)}{text}".encode(), SCRIPT, note, executable=True)
