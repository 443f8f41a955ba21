"""What every store with an `index.json` does alike: folders, buckets and plain web servers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import AbstractContextManager

from registry import reach
from registry.digest import Digest
from registry.errors import MismatchError, UnavailableError
from registry.manifest import MAX_BYTES
from registry.store import collecting
from registry.store.base import WHOLE, Opened, Wanted
from registry.store.index import Referrer
from registry.store.writable import HeldIndex, current_index


class IndexedReader(ABC):
    """Manifests are blobs like others, and the index lists what refers to them."""

    local: bool = False

    @property
    @abstractmethod
    def address(self) -> str:
        """Where it is; see `Mirror.address`."""

    @abstractmethod
    def open(self, digest: Digest, wanted: Wanted = WHOLE) -> AbstractContextManager[Opened]:
        """Open a blob; see `Mirror.open`."""

    @abstractmethod
    def read_index(self) -> HeldIndex:
        """The index of now; see `ReadableStore.read_index`."""

    def manifest(self, digest: Digest) -> bytes:
        """A manifest; see `ReadableStore.manifest`."""
        data = bytearray()
        with self.open(digest) as opened:
            for chunk in opened.chunks:
                data += chunk
                if len(data) > MAX_BYTES:
                    raise MismatchError(
                        f"manifest {digest} in {self.address}",
                        expected=f"at most {MAX_BYTES} bytes",
                        found=f"at least {len(data)} bytes",
                    )
        found = Digest.of(bytes(data))
        if found != digest:
            raise MismatchError(f"manifest in {self.address}", expected=str(digest), found=str(found))
        return bytes(data)

    def referrers(self, subject: Digest) -> tuple[Referrer, ...]:
        """What refers to a manifest; see `ReadableStore.referrers`."""
        return current_index(self).referrers(subject)


class IndexedStore(IndexedReader):
    """The same for a store that can be written."""

    @abstractmethod
    def holding(self, digest: Digest) -> int | None:
        """Size of a whole blob; see `Store.holding`."""

    @abstractmethod
    def put(self, digest: Digest, chunks: Iterable[bytes], what: str) -> int:
        """Store a blob; see `Store.put`."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the store ready; see `Store.prepare`."""

    @abstractmethod
    def swap_index(self, token: str | None, data: bytes) -> bool:
        """Swap the index; see `Store.swap_index`."""

    def put_manifest(self, data: bytes, what: str) -> Digest:
        """Store a manifest; see `Store.put_manifest`."""
        digest = Digest.of(data)
        if self.holding(digest) is None:
            self.put(digest, [data], what)
        return digest

    def attach(self, subject: Digest, data: bytes, artifact_type: str) -> Referrer:
        """Store what refers to a manifest; see `Store.attach`."""
        what = f"{artifact_type} of {subject}"
        referrer = Referrer(subject, Digest.of(data), len(data), artifact_type)

        def bring() -> None:
            for blob in reach.links(data, what).blobs:
                if self.holding(blob.digest) is None:
                    raise UnavailableError(
                        f"{what}: {blob.digest} is not in {self.address}",
                        hint="run the same command again: a collection of garbage may have come between",
                    )
            self.put_manifest(data, what)

        collecting.commit(self, bring, lambda index: index.with_referrer(referrer))
        return referrer
