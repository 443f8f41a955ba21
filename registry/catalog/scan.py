"""What card files there are, and whether they changed: one directory level, one `stat` a file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator


def scan(roots: Iterable[str]) -> str:
    """A line for each document under the roots: size, times of change, path; sorted.

    Two equal texts mean that nothing changed. Folders are `<root>/<publisher|targets|datasets>/*.yaml`;
    a missing root has no documents.
    """
    return "\n".join(sorted(line for root in roots for folder in _folders(root) for line in _lines(folder)))


def paths(text: str) -> dict[str, str]:
    """Path of each document in a scan, with the line that stands for its state."""
    return {line.split(" ", 3)[3]: line for line in text.split("\n") if line}


def _folders(root: str) -> Iterator[str]:
    try:
        with os.scandir(root) as entries:
            yield from [entry.path for entry in entries if not entry.name.startswith(".") and entry.is_dir()]
    except OSError:
        return


def _lines(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.name.endswith((".yaml", ".yml")) or entry.name.startswith("."):
                    continue
                try:
                    status = entry.stat()
                except OSError:  # a dangling or looping link: compiled into a problem
                    yield f"- - - {entry.path}"
                else:
                    yield f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {entry.path}"
    except OSError:
        return
