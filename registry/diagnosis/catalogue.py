"""Folders of cards, their compiled index, and the lock file that names variants of them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from registry import lock
from registry.catalog import scan
from registry.catalog.index import Kept, look
from registry.diagnosis import rights
from registry.diagnosis.finding import Finding, of_error
from registry.errors import RequestError, UnavailableError

_TOLD = 3
"""Documents or variants that are named one by one; more are counted."""


def examine(folders: Sequence[str], published: Sequence[str], compiled: str, lock_file: Path) -> Iterator[Finding]:
    """Look at the cards, at whether their index is fresh, and at what the lock file needs of them.

    Args:
        folders: Folders of cards of the settings, the shipped one by its path.
        published: Folders with the cards of registries, which go before those; they need not exist.
        compiled: Folder of compiled indexes.
        lock_file: The lock file; need not exist.
    """
    yield from (_folder(Path(folder)) for folder in folders)
    kept = look([*published, *folders], compiled)
    yield _index(kept, published)
    yield _lock(lock_file, kept)


def _folder(folder: Path) -> Finding:
    subject = f"cards {folder}"
    if not folder.is_dir():
        found = "is no folder" if os.path.lexists(folder) else "there is no such folder"
        return Finding(subject, "fault", found, "zoo config", "see which setting names it, and correct that")
    if not os.access(folder, os.R_OK | os.X_OK):
        return Finding(subject, "fault", "cannot be read", f"ls -ld {shlex.quote(str(folder))}")
    documents = scan.paths(scan.scan([str(folder)]))
    unreadable = [path for path in documents if not os.access(path, os.R_OK)]
    if unreadable:
        return Finding(subject, "warning", f"left out, as they cannot be read: {_some(unreadable)}", "zoo validate")
    if not documents:
        found = "has no documents: they are expected at PUBLISHER/MODEL.yaml, targets/ and datasets/"
        return Finding(subject, "warning", found, "zoo config", "see whether another folder was meant")
    return Finding(subject, "ok", f"{len(documents)} documents")


def _index(kept: Kept, published: Sequence[str]) -> Finding:
    folder = Path(kept.path).parent
    if not rights.can_write(folder):
        found = f"{folder} cannot be written, so each command compiles the cards anew"
        advice = "see the findings about the cache, or choose another folder with --cache or ZOO_CACHE"
        return Finding("compiled index", "warning" if kept.state != "fresh" else "note", found, advice=advice)
    if problems := _unexpected(kept, published):
        found = f"documents are left out of the catalogue: {_some(problems)}"
        return Finding("compiled index", "warning", found, "zoo validate")
    if kept.state == "fresh":
        return Finding("compiled index", "ok", f"fresh, {len(kept.names)} variants")
    found = {"stale": "cards changed since it was compiled", "absent": "not compiled yet"}[kept.state]
    return Finding("compiled index", "note", f"{found}: the next command does it", "zoo list --quiet")


def _unexpected(kept: Kept, published: Sequence[str]) -> list[str]:
    """Why documents were left out, but for those that a registry's card goes before: that is its use."""
    return [text for text in kept.problems if not any(f"already defined by {root}" in text for root in published)]


def _lock(path: Path, kept: Kept) -> Finding:
    """Whether the lock file can be read, and the catalogue still has what it names."""
    subject = f"lock file {path}"
    try:
        entries = lock.read(path).entries
    except (RequestError, UnavailableError) as error:
        return replace(of_error(subject, error), state="fault")  # it is here, and no pull can do without it
    if not entries:
        return Finding(subject, "ok", "holds nothing" if path.exists() else "not there: the first pull makes it")
    if kept.state != "fresh":
        found = f"holds {len(entries)} pulls; whether the catalogue has them is known when it is compiled"
        return Finding(subject, "note", found, "zoo list --quiet && zoo doctor")
    gone = sorted({entry.variant for entry in entries} - kept.names)
    if not gone:
        return Finding(subject, "ok", f"holds {len(entries)} pulls")
    advice = "give the cards or the registry that have them, or pull with --update to choose anew"
    return Finding(subject, "warning", f"names variants that no card has: {_some(gone)}", "zoo config", advice)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return ", ".join(names[:_TOLD]) + more
