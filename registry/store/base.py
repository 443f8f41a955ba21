"""What every kind of store offers to a reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from registry.digest import Digest
from registry.errors import UnavailableError


class NotHeldError(UnavailableError):
    """The store answered, and does not hold the bytes."""


class DeniedError(UnavailableError):
    """The store answered, and asks for another login than it got: waiting does not help."""


class ForbiddenError(DeniedError):
    """The store answered that this is not allowed. Some say so of what they do not hold, too."""


class NoStoreError(UnavailableError):
    """The store's host answered, and has no such store."""


class BrokenOffError(UnavailableError):
    """The bytes stopped in the middle, by a lost connection or a stall; asking for the rest may help."""


class UnusablePartError(UnavailableError):
    """The store has changed the file, or gave another part than was asked for: only the whole helps."""


@dataclass(frozen=True)
class Wanted:
    """The part of a file that a reader asks for. A store may answer with the whole; `Opened.start` tells.

    Attributes:
        start: Offset of the first byte.
        end: Offset after the last byte, or None for all the rest.
        etag: Strong validator of the bytes that the reader has already, or None.
    """

    start: int = 0
    end: int | None = None
    etag: str | None = None


WHOLE = Wanted()


@dataclass(frozen=True)
class Opened:
    """Bytes that are about to arrive.

    Attributes:
        address: Where from, fit to be shown: no credentials.
        size: Total bytes of the file, or None when the store does not say.
        chunks: The bytes, in pieces; raises `BrokenOffError` when they stop early.
        start: Offset of the first byte: what was asked for, or 0.
        etag: Strong validator of the file, or None.
        ranged: Whether parts may be worth asking for.
    """

    address: str
    size: int | None
    chunks: Iterator[bytes]
    start: int = 0
    etag: str | None = None
    ranged: bool = False


Open = Callable[[Wanted], AbstractContextManager[Opened]]
"""Opens one file; raises `NotHeldError`, `UnusablePartError` or another `UnavailableError`."""


@dataclass(frozen=True)
class Source:
    """One file at one place.

    Attributes:
        address: Where it is, fit to be shown.
        open: Opens it, as often as it takes.
    """

    address: str
    open: Open


class Mirror(Protocol):
    """Any place with `blobs/sha256/<hex>`."""

    @property
    def address(self) -> str:
        """Where it is, fit to be shown."""

    @property
    def local(self) -> bool:
        """Whether it answers without the network."""

    def open(self, digest: Digest, wanted: Wanted = WHOLE) -> AbstractContextManager[Opened]:
        """Open a blob.

        Raises:
            NotHeldError: The mirror does not hold it.
            UnusablePartError: It gives another part than was asked for.
            UnavailableError: The mirror did not answer.
        """
