"""The cache: whether it can be used, how large it is, what lies about in it, and how much room is left.

No byte of a blob is read: whether it is right is for `zoo verify --all` to tell.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from registry.diagnosis import rights
from registry.diagnosis.finding import Finding
from registry.digest import Digest
from registry.store.cache import ABANDONED_SECONDS
from registry.units import format_bytes

LEAST_FREE_BYTES = 1 << 30
"""Below this a pull still works and a training may not: its checkpoints take hundreds of megabytes."""

MOST_FILES = 200_000
"""Files that are looked at, so that a very large cache takes a second and not a minute."""

_BLOB = re.compile(r"[0-9a-f]{64}")
_EMPTY = Digest.of(b"").hex
_ELSEWHERE = "or choose another folder with --cache or ZOO_CACHE"


def examine(folder: Path) -> Iterator[Finding]:
    """Look at a cache, which need not exist yet."""
    usable = _folder(folder)
    yield usable
    if usable.state == "fault":
        return
    yield _room(folder)
    if folder.is_dir():
        contents = _Contents.of(folder)
        yield _size(contents)
        yield from _blobs(folder, contents)
        yield from _unreadable(folder, contents)
        yield from _unfinished(folder)
        yield from _held(folder)


def _folder(folder: Path) -> Finding:
    subject, quoted = f"folder {folder}", shlex.quote(str(folder))
    if not os.path.lexists(folder):
        return _future(subject, folder)
    if not folder.is_dir():
        return Finding(subject, "fault", "is no folder", f"ls -l {quoted}", f"move it away, {_ELSEWHERE}")
    if _on_read_only_disk(folder):
        found = "on a file system that cannot be written: it serves what it holds, and takes nothing new"
        return Finding(subject, "warning", found, advice=f"mount it so that it can be written, {_ELSEWHERE}")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        found = f"cannot be read and written by {rights.user()}: it is {rights.owner_and_mode(folder)}"
        return Finding(subject, "fault", found, rights.taking(folder), f"take it over, {_ELSEWHERE}")
    mode = folder.stat().st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        return Finding(subject, "warning", "everybody on this machine can write it", f"chmod o-w {quoted}")
    if not rights.is_mine(folder) and not mode & stat.S_IWGRP:  # a team may share one through its group
        found = f"it is {rights.owner_and_mode(folder)}: what {rights.user()} adds, its owner cannot change"
        return Finding(subject, "warning", found, advice=f"run zoo as its owner, {_ELSEWHERE}")
    return Finding(subject, "ok", f"can be written; it is {rights.owner_and_mode(folder)}")


def _future(subject: str, folder: Path) -> Finding:
    if rights.can_write(folder):
        return Finding(subject, "ok", "not there: the first command that needs it makes it")
    above = rights.nearest(folder)
    why = f"cannot be written by {rights.user()}" if above.is_dir() else "is no folder"
    found = f"not there, and it cannot be made: {above} {why}"
    return Finding(subject, "fault", found, f"ls -ld {shlex.quote(str(above))}", f"mend that, {_ELSEWHERE}")


def _on_read_only_disk(folder: Path) -> bool:
    return hasattr(os, "statvfs") and bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def _room(folder: Path) -> Finding:
    place = rights.nearest(folder)
    usage = shutil.disk_usage(place)
    found = f"{format_bytes(usage.free)} free of {format_bytes(usage.total)}"
    if usage.free >= LEAST_FREE_BYTES:
        return Finding("disk", "ok", found)
    found += f", less than {format_bytes(LEAST_FREE_BYTES)}"
    return Finding("disk", "warning", found, f"du -sh {shlex.quote(str(place))}", f"free space, {_ELSEWHERE}")


@dataclass
class _Contents:
    """What lies in a cache.

    Attributes:
        files: Files that were looked at.
        size: Their bytes.
        whole: Whether all were.
        blobs: How many of them are named as blobs are.
        strangers: Files among the blobs that are not.
        empty: Blobs without a byte, whose digest says that they should have some.
        unreadable: Files and folders that this user cannot read.
    """

    files: int = 0
    size: int = 0
    whole: bool = True
    blobs: int = 0
    strangers: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, folder: Path) -> _Contents:
        """Walk through a cache, without following links."""
        found, blobs = cls(), str(folder / "blobs" / "sha256")
        for parent, folders, files in os.walk(
            folder, onerror=lambda error: found.unreadable.append(str(error.filename))
        ):
            folders.sort()
            for name in files:
                if found.files >= MOST_FILES:
                    found.whole = False
                    return found
                with contextlib.suppress(FileNotFoundError):  # a command at work has just moved it
                    found._take(parent, name, among_blobs=parent == blobs)
        return found

    def _take(self, parent: str, name: str, *, among_blobs: bool) -> None:
        path = os.path.join(parent, name)  # noqa: PTH118 - two hundred thousand times
        status = os.lstat(path)
        self.files += 1
        self.size += status.st_size
        if not os.access(path, os.R_OK):
            self.unreadable.append(path)
        if not among_blobs:
            return
        if not (stat.S_ISREG(status.st_mode) and _BLOB.fullmatch(name)):
            self.strangers.append(path)
            return
        self.blobs += 1
        if not status.st_size and name != _EMPTY:
            self.empty.append(path)


def _size(contents: _Contents) -> Finding:
    least = "" if contents.whole else "at least "
    found = f"{least}{format_bytes(contents.size)}; files: {contents.files}, blobs: {contents.blobs}"
    return Finding("size", "ok", f"{found}; `zoo verify --all` tells whether their bytes are right")


def _blobs(folder: Path, contents: _Contents) -> Iterator[Finding]:
    if contents.empty:
        found = f"without a byte in them: {_some(folder, contents.empty)}"
        yield Finding("damaged blobs", "fault", found, "zoo verify --all; zoo repair --all")
    if contents.strangers:
        found = f"not named by a digest: {_some(folder, contents.strangers)}"
        yield Finding("strangers among the blobs", "note", found, advice="nothing takes them; they may be removed")


def _unreadable(folder: Path, contents: _Contents) -> Iterator[Finding]:
    if contents.unreadable:
        found = f"cannot be read by {rights.user()}: {_some(folder, contents.unreadable)}"
        command = f'sudo chown -R "$(id -u)" {shlex.quote(str(folder))}'
        yield Finding("unreadable files", "fault", found, command, "they may stem from a run with sudo")


def _unfinished(folder: Path) -> Iterator[Finding]:
    """What interrupted pulls left: the next pull of the same file goes on with it."""
    ages, size = [], 0
    with contextlib.suppress(FileNotFoundError), os.scandir(folder / "incoming") as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                status = entry.stat(follow_symlinks=False)
                ages.append(time.time() - status.st_mtime)
                size += status.st_size
    if not ages:
        return
    days = ABANDONED_SECONDS / (24 * 3600)
    old = sum(age > ABANDONED_SECONDS for age in ages)
    found = (
        f"{len(ages)} with {format_bytes(size)} in incoming/, {old} of them older than {days:.0f} days:"
        " a pull goes on with its own, and removes old ones"
    )
    yield Finding("unfinished files", "note", found)


def _held(folder: Path) -> Iterator[Finding]:
    """Guard files that a process holds; the system lets go of those of a process that ended, however it did."""
    guards = folder / "guards"
    held = [path for path in sorted(guards.glob("*.blob")) if _is_held(path)] if guards.is_dir() else []
    if held:
        found = f"a process is fetching now, or hangs: {_some(folder, list(map(str, held)))}"
        command = "fuser -v " + " ".join(shlex.quote(str(path)) for path in held[:3])
        yield Finding("locks", "note", found, command, "end it where it hangs")


def _is_held(path: Path) -> bool:
    """Whether a process has an exclusive lock; a shared one of ours for a moment changes nothing."""
    try:
        import fcntl
    except ImportError:  # another system, whose locks cannot be looked at so
        return False
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _some(folder: Path, paths: list[str]) -> str:
    """The first few of some paths in a folder, and how many more there are."""
    shown = [os.path.relpath(path, folder) for path in paths[:3]]
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return ", ".join(shown) + more
