"""A file that grows in the cache's `incoming` folder, hashed as it grows; never taken for a model by itself."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from pathlib import Path

from registry.content import HEAD
from registry.digest import CHUNK, Digest
from registry.hashing import Hasher

_ETAG = re.compile(r'"[\x21\x23-\x7e]{1,200}"')


class Partial:
    """What has been received of a file so far. One writer at a time: the cache's lock sees to that.

    Attributes:
        path: Where it lies.
        count: Bytes so far.
        head: The first of them.
        mixed: Whether the bytes came in more than one answer, so that a wrong digest may be nobody's lie.
    """

    def __init__(self, path: Path) -> None:
        """Open or make it, and hash what is there from an earlier run.

        Raises:
            OSError: It cannot be opened, read or written.
        """
        self.path = path
        self.count = 0
        self.head = b""
        self.mixed = False
        self._hasher = Hasher()
        self._file = open_private(path)
        self._note = path.with_suffix(".etag")
        self._aside = path.with_suffix(".aside")
        try:
            self._hash_prefix()
            self.bring_back()  # where a run was killed that had set bytes aside
        except BaseException:
            self.close()
            raise

    def _hash_prefix(self) -> None:
        with os.fdopen(os.dup(self._file), "rb", buffering=0) as reader:
            while chunk := reader.read(CHUNK):
                self._take(chunk)
        self.mixed = self.count > 0

    def _take(self, chunk: bytes) -> None:
        if len(self.head) < HEAD:
            self.head = (self.head + chunk)[:HEAD]
        self.count += len(chunk)
        self._hasher.update(chunk)

    def write(self, chunk: bytes) -> None:
        """Append bytes.

        Raises:
            OSError: The disk is full, or the file may not grow; it is as it was before.
        """
        rest = memoryview(chunk)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            self._cut(self.count)
            raise
        self._take(chunk)

    def _cut(self, count: int) -> None:
        os.ftruncate(self._file, count)
        os.lseek(self._file, count, os.SEEK_SET)

    def restart(self) -> None:
        """Forget all bytes.

        Raises:
            OSError: The file cannot be cut.
        """
        self._cut(0)
        self._note.unlink(missing_ok=True)
        self._forget()

    def _forget(self) -> None:
        self._hasher.close()
        self._hasher = Hasher()
        self.count, self.head, self.mixed = 0, b"", False

    def set_aside(self, count: int) -> None:
        """Begin anew, but keep the first `count` bytes until the file is whole: `bring_back` gives them back.

        Raises:
            OSError: The folder cannot be written.
        """
        self._cut(count)
        os.close(self._file)
        self._file = -1
        self.path.replace(self._aside)
        self._note.unlink(missing_ok=True)
        self._file = open_private(self.path)
        self._forget()

    def bring_back(self) -> None:
        """Take what was set aside in place of what came since, unless that is more.

        Raises:
            OSError: The folder cannot be written, or the bytes not be read.
        """
        if not self._aside.is_file() or self._aside.is_symlink():
            return
        if self._aside.stat().st_size <= self.count:
            self._aside.unlink()
            return
        os.close(self._file)
        self._file = -1
        self._aside.replace(self.path)
        self._note.unlink(missing_ok=True)
        self._file = open_private(self.path)
        self._forget()
        self._hash_prefix()

    def etag(self, address: str) -> str | None:
        """The strong validator that this address gave for the bytes, if it did."""
        with contextlib.suppress(OSError, ValueError):
            etag, _, noted = self._note.read_text(encoding="utf-8").partition("\n")
            if noted == address and _ETAG.fullmatch(etag):
                return etag
        return None

    def note_etag(self, address: str, etag: str | None) -> None:
        """Remember the validator of the bytes for a later run.

        Raises:
            OSError: It cannot be written.
        """
        if etag is None or not _ETAG.fullmatch(etag):
            self._note.unlink(missing_ok=True)
        else:
            self._note.write_text(f"{etag}\n{address}", encoding="utf-8")

    def digest(self) -> Digest:
        """Digest of all bytes; none may follow, but `restart` may."""
        return self._hasher.digest()

    def hand_over(self, destination: Path) -> None:
        """Give the verified file its place, read-only.

        Raises:
            OSError: The disk is full, or the place cannot be written.
        """
        destination.parent.mkdir(parents=True, exist_ok=True)
        # Synced before it gets its name: a stamp of size, time and inode then spares later pulls the hashing, and
        # must not vouch for bytes that a power cut kept from the disk. Boards and build machines are switched off.
        os.fsync(self._file)
        descriptor, self._file = self._file, -1
        os.close(descriptor)
        self._note.unlink(missing_ok=True)  # first: killed in between, it would stay without its file
        try:
            self.path.replace(destination)
        except OSError:
            self._file = open_private(self.path)
            os.lseek(self._file, 0, os.SEEK_END)
            raise
        destination.chmod(0o444)  # only now: a part that cannot be written could not be resumed
        self.remove()

    def remove(self) -> None:
        """Remove what is still here."""
        for path in (self.path, self._note, self._aside):
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """End the hashing and close the file; an empty one is removed."""
        self._hasher.close()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if not self.count:
            with contextlib.suppress(OSError):
                self.remove()


def open_private(path: Path) -> int:
    """Open or make a regular file for reading and writing; never through a link that somebody put there.

    Raises:
        OSError: It cannot be opened, or is not a regular file.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return descriptor
