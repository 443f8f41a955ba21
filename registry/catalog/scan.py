"""What card files there are, and whether they changed: one directory level, one `stat` a file.

Runs at every start, over ten thousand files in a large catalogue, so it builds one text and compares it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable

SUFFIXES = (".yaml", ".yml")
_TICK_NANOSECONDS = 20_000_000


def scan(roots: Iterable[str]) -> str:
    """A line for each document under the roots: size, times of change, path; in order of the roots.

    Two equal texts mean that nothing changed. Documents are `<root>/<publisher|targets|datasets>/*.yaml`;
    a missing root has none.
    """
    lines: list[str] = []
    for root in roots:
        for folder in sorted(_folders(root)):
            lines += sorted(_lines(folder))
    return "\n".join(lines)


def settle(text: str) -> None:
    """Wait until the file system's clock has left the tick of the newest change, a few milliseconds at most.

    A file that is written twice within one tick, with the same size, would look unchanged.
    """
    newest = max((int(line.split(" ", 3)[2]) for line in text.split("\n") if line and line[0] != "-"), default=0)
    missing = newest + _TICK_NANOSECONDS - time.time_ns()
    if 0 < missing <= _TICK_NANOSECONDS:
        time.sleep(missing / 1e9)


def paths(text: str) -> dict[str, str]:
    """Path of each document in a scan, in order, with the line that stands for its state."""
    return {line.split(" ", 3)[3]: line for line in text.split("\n") if line}


def _folders(root: str) -> list[str]:
    try:
        with os.scandir(root) as entries:
            return [entry.path for entry in entries if _visible(entry.name) and entry.is_dir()]
    except OSError:
        return []


def _visible(name: str) -> bool:
    return name[0] != "." and name.isprintable()


def _lines(folder: str) -> list[str]:
    lines: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                # a name that no text holds cannot be a card's: the file is named after the model
                if not entry.name.endswith(SUFFIXES) or not _visible(entry.name):
                    continue
                try:
                    status = entry.stat()
                except OSError:  # a dangling or looping link: compiled into a problem
                    lines.append(f"- - - {entry.path}")
                else:
                    lines.append(f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {entry.path}")
    except OSError:  # the folder went away
        return []
    return lines
