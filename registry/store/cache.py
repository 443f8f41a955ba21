"""The local cache: a content-addressed folder that only ever holds whole, verified files."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from registry.digest import Digest
from registry.store import stamp

if TYPE_CHECKING:
    from registry.partial import Partial


ABANDONED_SECONDS = 14 * 24 * 3600.0
"""Age at which an unfinished file is taken for given up."""


class Cache:
    """A folder with `blobs/sha256/<hex>`, and so a mirror for others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._swept = False

    def path(self, digest: Digest) -> Path:
        """Where a blob lies, whether it is there or not."""
        return self.folder / digest.blob_path

    def verified(self, digest: Digest) -> Path | None:
        """Path of a blob whose bytes are right; None when absent.

        They are hashed, unless a stamp says that nothing touched the file since they last were. A blob with other
        bytes is removed: it can only be damage.

        Raises:
            OSError: The blob cannot be read, or damage not be removed.
        """
        path = self.path(digest)
        if not path.is_file():
            return None
        if stamp.is_unchanged(self.folder, digest, path):
            return path
        if Digest.of_file(path) == digest:
            stamp.record(self.folder, digest, path)
            return path
        self.remove(digest)
        return None

    def recheck(self, digest: Digest) -> Path | None:
        """The same as `verified`, with the bytes hashed whatever a stamp says.

        Raises:
            OSError: The blob cannot be read, or damage not be removed.
        """
        stamp.remove(self.folder, digest)
        return self.verified(digest)

    def remove(self, digest: Digest) -> None:
        """Remove a blob that is damaged.

        Raises:
            OSError: The cache cannot be written.
        """
        stamp.remove(self.folder, digest)
        self.path(digest).unlink(missing_ok=True)

    @contextlib.contextmanager
    def only_writer(self, digest: Digest, waiting: Callable[[], None]) -> Iterator[None]:
        """Be the only process that fetches a blob into this cache.

        Args:
            digest: The blob.
            waiting: Called when another process is at it, before waiting for that.

        Raises:
            OSError: The cache cannot be written.
        """
        from filelock import FileLock, Timeout

        guards = self.folder / "guards"
        guards.mkdir(parents=True, exist_ok=True)
        guard = FileLock(guards / f"{digest.hex}.blob")
        try:
            guard.acquire(timeout=0)
        except Timeout:
            waiting()
            guard.acquire()
        try:
            yield
        finally:
            guard.release()

    @contextlib.contextmanager
    def partial(self, digest: Digest | None) -> Iterator[Partial]:
        """A file for bytes that are not verified yet.

        With a digest it is the one that earlier runs left, and it stays when the block fails: its bytes are
        hashed again and the digest decides. Without one it is new, and always removed at the end.

        Raises:
            OSError: The cache cannot be written.
        """
        from registry.partial import Partial

        folder = self.folder / "incoming"
        folder.mkdir(parents=True, exist_ok=True)
        self._sweep(folder)
        if digest is None:
            descriptor, name = tempfile.mkstemp(dir=folder, suffix=".part")
            os.close(descriptor)
            path = Path(name)
        else:
            path = folder / f"{digest.hex}.part"
        partial = Partial(path)
        try:
            yield partial
        finally:
            partial.close()
            if digest is None:
                partial.remove()

    def _sweep(self, folder: Path) -> None:
        """Remove what nobody has gone on with for a long time; once a process, and only when a transfer starts."""
        if self._swept:
            return
        self._swept = True
        oldest = time.time() - ABANDONED_SECONDS
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    if entry.stat(follow_symlinks=False).st_mtime < oldest:
                        self._remove_unheld(Path(entry.path))

    def _remove_unheld(self, path: Path) -> None:
        """Remove an unfinished file, unless a process is at it: that may just have begun with an old part."""
        from filelock import FileLock, Timeout

        guard = self.folder / "guards" / f"{path.stem}.blob"
        if not guard.exists():  # so nobody can hold it
            path.unlink()
            return
        with contextlib.suppress(Timeout), FileLock(guard, timeout=0):
            path.unlink()

    def admit(self, partial: Partial, digest: Digest) -> Path:
        """Give a verified file its place. Blobs are read-only.

        Raises:
            OSError: The cache cannot be written, or the disk is full.
        """
        destination = self.path(digest)
        partial.hand_over(destination)
        stamp.record(self.folder, digest, destination)
        return destination
