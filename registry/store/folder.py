"""A folder that holds `blobs/sha256/<hex>`: a mirror on disk, an OCI Image Layout, or another cache."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from registry.digest import Digest
from registry.errors import UnavailableError
from registry.files import open_regular, pieces
from registry.store.base import WHOLE, NotHeldError, Opened, Wanted


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
    def open(self, digest: Digest, wanted: Wanted = WHOLE) -> Iterator[Opened]:
        """Open a blob; see `Mirror.open`."""
        path = self.folder / digest.blob_path
        if not self.folder.is_dir():
            raise UnavailableError(f"mirror {self.folder}: no such folder")
        try:
            file = open_regular(path)
        except FileNotFoundError:
            raise NotHeldError(f"mirror {self.folder}: does not hold {digest}") from None
        except OSError as error:
            raise UnavailableError(f"mirror {self.folder}: {error.strerror}: {path}") from None
        with file:
            size = os.fstat(file.fileno()).st_size
            start = wanted.start if wanted.start < size else 0
            file.seek(start)
            yield Opened(str(path), size, pieces(file, path), start)
