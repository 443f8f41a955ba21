"""A SHA-256 digest as a type, so that it is never mistaken for any other string."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from registry.errors import RequestError

CHUNK = 1 << 20
"""Bytes read at a time: large enough that Python's overhead vanishes, small enough to stay in cache."""

_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, order=True)
class Digest:
    """A SHA-256 digest.

    Attributes:
        hex: 64 hexadecimal digits in lower case.
    """

    hex: str

    def __post_init__(self) -> None:
        if not _HEX.fullmatch(self.hex):
            raise RequestError(
                f"not a SHA-256 digest: {self.hex[:80]!r}",
                hint="a digest is 64 hexadecimal digits in lower case, with or without 'sha256:' before it",
            )

    @classmethod
    def parse(cls, text: str) -> Digest:
        """Read `sha256:<hex>` or `<hex>`.

        Raises:
            RequestError: The text is not a SHA-256 digest.
        """
        return cls(text.removeprefix("sha256:"))

    @classmethod
    def of(cls, data: bytes) -> Digest:
        """Digest of bytes in memory."""
        return cls(hashlib.sha256(data).hexdigest())

    @classmethod
    def of_file(cls, path: Path) -> Digest:
        """Digest of a file, read in pieces of 1 MiB.

        Raises:
            OSError: The file cannot be read.
        """
        with path.open("rb") as file:
            return cls(hashlib.file_digest(file, "sha256").hexdigest())

    @property
    def blob_path(self) -> str:
        """Path of the blob inside an OCI Image Layout 1.1 folder."""
        return f"blobs/sha256/{self.hex}"

    def __str__(self) -> str:
        return f"sha256:{self.hex}"
