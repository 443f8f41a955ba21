"""What a store offers beyond its blobs, whatever its kind: an index to read, and for a publisher one to swap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from registry.digest import Digest
from registry.errors import RequestError, UnavailableError
from registry.store.base import Mirror
from registry.store.index import Index, Referrer

ATTEMPTS = 200
"""Swaps that are tried; each one that fails means that another publisher got through."""


@dataclass(frozen=True)
class HeldIndex:
    """The index as a store has it.

    Attributes:
        data: Its bytes.
        token: What identifies just these bytes to the store, such as a digest or an ETag; None when there is
            no index yet.
    """

    data: bytes
    token: str | None


class ReadableStore(Mirror, Protocol):
    """A mirror that also says what its manifests are: `file:`, `s3:`, `oci:` and plain `https:`."""

    def read_index(self) -> HeldIndex:
        """The index of now; an empty one where there is none yet.

        Raises:
            RequestError: There is no such store.
            UnavailableError: The store did not answer.
        """

    def manifest(self, digest: Digest) -> bytes:
        """A manifest, proven by its digest.

        Raises:
            NotHeldError: The store does not hold it.
            MismatchError: It has other bytes, or too many.
            UnavailableError: The store did not answer.
        """

    def referrers(self, subject: Digest) -> tuple[Referrer, ...]:
        """Manifests that say something of another one, such as its signatures.

        Raises:
            UnavailableError: The store did not answer.
        """


class Store(ReadableStore, Protocol):
    """A store that also takes blobs, and whose index can be changed."""

    def holding(self, digest: Digest) -> int | None:
        """Size in bytes of a blob that is there and right; None when it has to be put.

        Raises:
            UnavailableError: The store did not answer.
        """

    def put(self, digest: Digest, chunks: Iterable[bytes], what: str) -> int:
        """Store a blob, hashed as it passes. Returns its size in bytes.

        Args:
            digest: What the bytes must hash to.
            chunks: The bytes.
            what: What they are, for messages.

        Raises:
            MismatchError: Other bytes came; nothing is kept.
            UnavailableError: The store cannot be written.
        """

    def prepare(self) -> None:
        """Make the store ready for the first blob, where it is not yet.

        Raises:
            RequestError: Something else is there already.
            UnavailableError: The store cannot be written.
        """

    def put_manifest(self, data: bytes, what: str) -> Digest:
        """Store a manifest, whose blobs are there already. Returns its digest.

        Raises:
            UnavailableError: The store cannot be written.
        """

    def attach(self, subject: Digest, data: bytes, artifact_type: str) -> Referrer:
        """Store a manifest with a `subject`, whose blobs are there already, so that `referrers` gives it.

        Raises:
            UnavailableError: The store cannot be written.
        """

    def swap_index(self, token: str | None, data: bytes) -> bool:
        """Put a new index in place of the one with this token. Returns False when another one is there by now.

        Raises:
            UnavailableError: The store cannot be written.
        """


@runtime_checkable
class Mounting(Protocol):
    """A store that can take blobs over from a neighbour, so that their bytes never pass here."""

    def mount(self, digest: Digest, source: ReadableStore) -> bool:
        """Take a blob over from another store; False where that cannot be, and it has to be put.

        Raises:
            UnavailableError: The store did not answer.
        """


@dataclass(frozen=True)
class HeldBlob:
    """A blob of a store.

    Attributes:
        digest: Its name; nobody has hashed it again.
        size: Bytes.
        age: Seconds since it was written, by the store's own clock where it has one.
    """

    digest: Digest
    size: int
    age: float


@runtime_checkable
class CollectableStore(Store, Protocol):
    """A store whose blobs can be listed and removed one by one."""

    def blobs(self) -> Iterator[HeldBlob]:
        """Every blob, in any order.

        Raises:
            UnavailableError: The store did not answer.
        """

    def remove(self, digest: Digest) -> None:
        """Remove a blob; one that is gone already is fine.

        Raises:
            UnavailableError: The store cannot be written.
        """


@dataclass(frozen=True)
class Leftover:
    """What a writer that was killed has left beside the blobs.

    Attributes:
        name: Which one, for the store itself and for people.
        size: Bytes.
        age: Seconds since it was last written.
    """

    name: str
    size: int
    age: float


@runtime_checkable
class Sweepable(Protocol):
    """A store in which a writer that is killed leaves something that no reader sees."""

    def leftovers(self) -> Iterator[Leftover]:
        """All of it, that of writers at work too: only the age tells them apart.

        Raises:
            UnavailableError: The store did not answer.
        """

    def remove_leftover(self, leftover: Leftover) -> None:
        """Remove one; one that is gone already is fine.

        Raises:
            UnavailableError: The store cannot be written.
        """


def current_index(store: ReadableStore) -> Index:
    """The index of a store.

    Raises:
        MismatchError: It is damaged.
        UnavailableError: The store did not answer.
    """
    return Index.parse(store.read_index().data, f"the index of {store.address}")


def index_or_none_yet(store: ReadableStore) -> Index:
    """The index of a store; an empty one where there is no store yet, for what only looks ahead.

    Raises:
        MismatchError: It is damaged.
        UnavailableError: The store did not answer.
    """
    try:
        return current_index(store)
    except RequestError:
        return Index()


def change_index(store: Store, change: Callable[[Index], Index]) -> Index:
    """Change a store's index so that publishers at the same time lose nothing.

    What adds an entry goes by `collecting.commit` instead, which a collection of garbage cannot race.

    Args:
        store: The store.
        change: Makes the new index of the old; called again with a newer one when another publisher came first.

    Returns:
        The index as it is then.

    Raises:
        MismatchError: The index is damaged.
        UnavailableError: The store did not answer, or others were faster each time.
    """
    for _attempt in range(ATTEMPTS):
        held = store.read_index()
        before = Index.parse(held.data, f"the index of {store.address}")
        after = change(before)
        if after == before or store.swap_index(held.token, after.to_bytes()):
            return after
    raise UnavailableError(
        f"the index of {store.address} was changed by others {ATTEMPTS} times in a row",
        hint="run the same command again: what was uploaded is kept",
    )
