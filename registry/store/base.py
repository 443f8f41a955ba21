"""What every kind of store offers to a reader."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from registry.digest import Digest
from registry.errors import UnavailableError


class NotHeldError(UnavailableError):
    """The store answered, and does not hold the bytes."""


@dataclass(frozen=True)
class Opened:
    """Bytes that are about to arrive.

    Attributes:
        address: Where from, fit to be shown: no credentials.
        size: Total bytes, or None when the store does not say.
        chunks: The bytes, in pieces; raises `UnavailableError` when they stop early.
    """

    address: str
    size: int | None
    chunks: Iterator[bytes]


class Mirror(Protocol):
    """Any place with `blobs/sha256/<hex>`."""

    @property
    def address(self) -> str:
        """Where it is, fit to be shown."""

    @property
    def local(self) -> bool:
        """Whether it answers without the network."""

    def open(self, digest: Digest) -> AbstractContextManager[Opened]:
        """Open a blob.

        Raises:
            NotHeldError: The mirror does not hold it.
            UnavailableError: The mirror did not answer.
        """
