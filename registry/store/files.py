"""Files that somebody is about to publish: in a folder by name, or by digest in a mirror such as the cache."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from registry.digest import Digest
from registry.files import open_regular, pieces, unreadable
from registry.store.base import NotHeldError, Opened


@contextlib.contextmanager
def open_file(folder: Path, name: str, digest: Digest, *, by_name: bool = True) -> Iterator[Opened]:
    """Open a file by its name, else by its digest below `blobs/sha256`.

    Raises:
        NotHeldError: It is in neither place.
        UnavailableError: It cannot be read.
    """
    path = folder / name
    if not by_name or not path.exists():
        path = folder / digest.blob_path
    if not path.exists():
        places = f"{name} or {digest.blob_path}" if by_name else digest.blob_path
        raise NotHeldError(
            f"{name}: expected {places} in {folder}, found nothing",
            hint="--from takes a folder that holds the file; `zoo pull` brings a published one into the cache",
        )
    try:
        file = open_regular(path)
    except OSError as error:
        raise unreadable(path, error) from None
    with file:
        yield Opened(str(path), os.fstat(file.fileno()).st_size, pieces(file, path))
