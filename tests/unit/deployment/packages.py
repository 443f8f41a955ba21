"""What tests need of packages: a machine's tools, the files in a folder, and programs that stand for others."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from registry.deployment.base import Package, Ran
from registry.deployment.toolbox import Machine

HOSTILE = ('a "quoted" name', "it's", "two\nlines", "*/ $(touch hacked) `touch hacked`", "- yaml: [", "ünïcode", "")
"""Class names that break a careless script or document."""

PYTHON = Path(sys.executable).parent
"""Where the commands of this environment are, such as `vela`."""


class Recording(Machine):
    """The tools of this machine, and which commands were run."""

    def __init__(self, folders: Sequence[Path]) -> None:
        super().__init__(folders)
        self.ran: list[tuple[str, ...]] = []

    def run(self, command: Sequence[str], folder: Path) -> Ran:
        """See `Toolbox.run`."""
        self.ran.append(tuple(command))
        return super().run(command, folder)


class Nothing(Machine):
    """A machine without any tool."""

    def find(self, name: str) -> None:
        """See `Toolbox.find`."""
        del name


NOTHING = Nothing()


def contents(package: Package) -> dict[str, bytes]:
    """Bytes of a package's files by path."""
    return {
        file.path: file.content if isinstance(file.content, bytes) else file.content.read_bytes()
        for file in package.files
    }


def written(package: Package, folder: Path) -> Path:
    """Write a package's files as `zoo deploy` does."""
    found = contents(package)
    for file in package.files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(found[file.path])
        path.chmod(0o755 if file.executable else 0o644)
    return folder


def program(path: Path, text: str) -> Path:
    """A program of a shell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path
