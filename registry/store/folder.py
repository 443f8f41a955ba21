"""A folder that holds `blobs/sha256/<hex>`: a mirror on disk, an OCI Image Layout, or another cache."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from registry.digest import CHUNK, Digest
from registry.errors import UnavailableError
from registry.store.base import NotHeldError, Opened


class FolderMirror:
    """A folder with `blobs/sha256/<hex>`."""

    local = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def address(self) -> str:
        """The folder's path as it was given."""
        return str(self.folder)

    @contextlib.contextmanager
    def open(self, digest: Digest) -> Iterator[Opened]:
        """Open a blob; see `Mirror.open`."""
        path = self.folder / digest.blob_path
        if not self.folder.is_dir():
            raise UnavailableError(f"mirror {self.folder}: no such folder")
        try:
            # never waits for a pipe that somebody put there
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        except FileNotFoundError:
            raise NotHeldError(f"mirror {self.folder}: does not hold {digest}") from None
        except OSError as error:
            raise UnavailableError(f"mirror {self.folder}: {error.strerror}: {path}") from None
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UnavailableError(f"mirror {self.folder}: not a regular file: {path}")
            yield Opened(str(path), status.st_size, _chunks(file, path))


def _chunks(file: IO[bytes], path: Path) -> Iterator[bytes]:
    try:
        while chunk := file.read(CHUNK):
            yield chunk
    except OSError as error:
        raise UnavailableError(f"{path}: reading failed: {error.strerror}") from None
