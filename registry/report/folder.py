"""Where a report lies: a folder of its own, in which nobody else's files are touched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from registry.errors import RequestError, UnavailableError
from registry.files import open_regular, unreadable, write_atomically

PAGE, DATA = "index.html", "evaluation.json"
MARK = '<meta name="generator" content="zoo eval --report">'
"""What a page of ours has among its first lines, so that an earlier report is known as one."""
_HEAD_BYTES = 1024


def require_place(folder: Path) -> None:
    """See that a report may be written there; asked before the work, so that hours of it are not lost.

    Raises:
        RequestError: It is no folder, or one with files and without an earlier report.
        UnavailableError: It cannot be read.
    """
    try:
        entries = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return
    except NotADirectoryError:
        raise RequestError(f"{folder}: expected a folder, found a file", hint="name a new folder") from None
    except OSError as error:
        raise unreadable(folder, error) from None
    if entries and not _is_report(folder / PAGE):
        raise RequestError(
            f"{folder}: expected a new or empty folder or an earlier report, found {sorted(entries)[0]!r} in it",
            hint="name a new folder",
        )


def write(folder: Path, page: str, document: Mapping[str, Any]) -> None:
    """Write the page and its data, in place of those of an earlier report.

    Args:
        folder: Made where it is missing.
        page: HTML.
        document: What the page shows, as plain data.

    Raises:
        RequestError: See `require_place`.
        UnavailableError: It cannot be written.
    """
    require_place(folder)
    data = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    # half a character, from a file name that is no UTF-8, becomes an escape of JSON and a question mark in HTML;
    # the page goes first: it says whose folder this is
    contents = {PAGE: page.encode(errors="replace"), DATA: data.encode(errors="backslashreplace")}
    for name, content in contents.items():
        try:
            write_atomically(folder / name, content)
        except OSError as error:
            raise UnavailableError(
                f"{folder / name}: cannot be written: {error.strerror or error}", hint="choose another folder"
            ) from None


def _is_report(page: Path) -> bool:
    try:
        with open_regular(page) as file:
            return MARK.encode() in file.read(_HEAD_BYTES)
    except OSError:
        return False
