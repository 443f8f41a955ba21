"""The local cache: a content-addressed folder that only ever holds whole, verified files."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from registry.digest import Digest
from registry.store import stamp


class Cache:
    """A folder with `blobs/sha256/<hex>`, and so a mirror for others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

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
    def incoming(self) -> Iterator[tuple[IO[bytes], Path]]:
        """A file in the cache's own folder for bytes that are not verified yet; always removed at the end.

        Raises:
            OSError: The cache cannot be written.
        """
        folder = self.folder / "incoming"
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder, suffix=".part")
        path = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as handle:
                yield handle, path
        finally:
            path.unlink(missing_ok=True)

    def admit(self, file: IO[bytes], path: Path, digest: Digest) -> Path:
        """Give a verified incoming file its place. Blobs are read-only.

        Raises:
            OSError: The cache cannot be written, or the disk is full.
        """
        file.flush()
        os.fsync(file.fileno())
        file.close()
        destination = self.path(digest)
        destination.parent.mkdir(parents=True, exist_ok=True)
        path.chmod(0o444)
        path.replace(destination)
        stamp.record(self.folder, digest, destination)
        return destination
