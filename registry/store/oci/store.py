"""A repository in an OCI registry, as a store."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from registry.digest import Digest
from registry.errors import MismatchError, RejectedError, UnavailableError
from registry.store.base import WHOLE, NotHeldError, Opened, Wanted
from registry.store.index import Index, Referrer, Version
from registry.store.oci import referrers, tags
from registry.store.oci.address import Address
from registry.store.oci.client import Client, RefusedError
from registry.store.oci.manifests import ACCEPT, Manifests
from registry.store.oci.upload import mount, upload
from registry.store.writable import HeldIndex, ReadableStore

if TYPE_CHECKING:
    from registry.store.oci.logins import Logins


class RegistryStore:
    """A repository: its tags are the index.

    The index that `read_index` gives holds the versions that tags mean. `swap_index` puts the tags in which a new
    index differs from the one that was read; entries that are no versions have no place there. A registry cannot
    compare and swap, so a tag is looked up just before it is put, and read back afterwards.
    """

    local = False

    def __init__(self, address: Address, logins: Logins) -> None:
        self._client = Client(address, logins)
        self._manifests = Manifests(self._client)
        self._read: tuple[str, Index] | None = None

    @property
    def address(self) -> str:
        """`oci://HOST/REPOSITORY`."""
        return str(self._client.address)

    @contextlib.contextmanager
    def open(self, digest: Digest, wanted: Wanted = WHOLE) -> Iterator[Opened]:
        """Open a blob or a manifest; see `Mirror.open`."""
        with contextlib.ExitStack() as stack:
            try:
                opened = stack.enter_context(self._client.open(f"blobs/{digest}", wanted))
            except NotHeldError:
                opened = stack.enter_context(self._client.open(f"manifests/{digest}", wanted, ACCEPT))
            yield opened

    def holding(self, digest: Digest) -> int | None:
        """Size of a blob or manifest; see `Store.holding`. The registry proved it when it came, and nobody here."""
        size = self._size(f"blobs/{digest}")
        if size is None:
            try:
                return self._size(f"manifests/{digest}")
            except RefusedError:
                # docker-registry fails where another publisher has put the blob by now, which is no manifest
                size = self._size(f"blobs/{digest}")
                if size is None:
                    raise
        return size

    def put(self, digest: Digest, chunks: Iterable[bytes], what: str) -> int:
        """Store a blob; see `Store.put`."""
        return upload(self._client, digest, chunks, what)

    def mount(self, digest: Digest, source: ReadableStore) -> bool:
        """Take a blob over from another repository of this registry; see `Mounting.mount`."""
        if not isinstance(source, RegistryStore):
            return False
        own, other = self._client.address, source._client.address
        same = (own.host, own.plain) == (other.host, other.plain)
        return same and mount(self._client, digest, other.repository)

    def prepare(self) -> None:
        """Nothing: most registries make a repository when its first blob comes; see `Store.prepare`."""

    def put_manifest(self, data: bytes, what: str) -> Digest:
        """Store a manifest; see `Store.put_manifest`."""
        digest = Digest.of(data)
        self._manifests.put(str(digest), data)
        return digest

    def manifest(self, digest: Digest) -> bytes:
        """A manifest; see `ReadableStore.manifest`."""
        found = self._manifests.get(str(digest))
        if found is None:
            raise NotHeldError(f"{self.address}: does not hold manifest {digest}")
        if Digest.of(found) != digest:
            raise MismatchError(f"manifest in {self.address}", expected=str(digest), found=str(Digest.of(found)))
        return found

    def referrers(self, subject: Digest) -> tuple[Referrer, ...]:
        """What refers to a manifest; see `ReadableStore.referrers`."""
        return referrers.referrers(self._client, subject)

    def attach(self, subject: Digest, data: bytes, artifact_type: str) -> Referrer:
        """Store what refers to a manifest; see `Store.attach`."""
        referrer = Referrer(subject, Digest.of(data), len(data), artifact_type)
        if self._manifests.put(str(referrer.digest), data) != str(subject):
            referrers.add(self._client, referrer)  # the registry keeps no list itself
        return referrer

    def read_index(self) -> HeldIndex:
        """The index that the tags make; see `Store.read_index`."""
        listed = self._manifests.tags()
        candidates = sorted(tag for tag in listed if tags.looks_like_version(tag))
        found = [
            version
            for tag, data in zip(candidates, self._manifests.get_all(candidates), strict=True)
            if data is not None and (version := tags.version_of(tag, data))
        ]
        hidden = [version for version in found if tags.mark_tag(version) in listed]
        marks = self._manifests.get_all([tags.mark_tag(version) for version in hidden])
        by_mark = {
            version: tags.marked(version, data)
            for version, data in zip(hidden, marks, strict=True)
            if data is not None
        }
        versions = sorted((by_mark.get(one, one) for one in found), key=lambda one: (one.name, one.number))
        index = Index(tuple(versions))
        data = index.to_bytes()
        self._read = (str(Digest.of(data)), index)
        return HeldIndex(data, self._read[0])

    def swap_index(self, token: str | None, data: bytes) -> bool:
        """Put the tags in which the index differs from the one that was read; see `Store.swap_index`.

        Raises:
            RejectedError: A version would change, or another publisher moved its tag.
        """
        if self._read is None or self._read[0] != token:
            return False
        before = {(one.name, one.number): one for one in self._read[1].versions()}
        after = Index.parse(data, f"the new index of {self.address}")
        changed = [one for one in after.versions() if before.get((one.name, one.number)) != one]
        for version in changed:
            old = before.get((version.name, version.number))
            if old is not None and old.digest != version.digest:
                raise _moved(version.tag, old.digest, version.digest)
        if not all(self._tag(one) for one in changed if (one.name, one.number) not in before):
            return False
        for version in changed:
            if version.yanked is not None or (version.name, version.number) in before:
                self._mark(version)
        return True

    def _size(self, path: str) -> int | None:
        with self._client.ask("HEAD", path, 200, 404, headers={"Accept": ACCEPT}) as response:
            size = response.headers.get("Content-Length", "")
            return int(size) if response.status_code == 200 and size.isdecimal() else None

    def _tag(self, version: Version) -> bool:
        """Name a manifest that is there already; False when another one has the tag by then."""
        data = self.manifest(version.digest)  # before the look at the tag, to keep the two close together
        if self._manifests.tagged(version.tag) is None:
            try:
                self._manifests.put(version.tag, data)
            except UnavailableError:
                # a registry whose tags never change refuses the later of two
                if self._manifests.tagged(version.tag) is None:
                    raise
        return self._manifests.tagged(version.tag) == version.digest

    def _mark(self, version: Version) -> None:
        held = self._manifests.tagged(version.tag)
        if held != version.digest:
            raise _moved(version.tag, version.digest, held)
        empty = Digest.of(tags.EMPTY_BLOB)
        if self.holding(empty) is None:
            self.put(empty, [tags.EMPTY_BLOB], "the empty blob")
        self._manifests.put(tags.mark_tag(version), tags.mark(version))


def _moved(tag: str, expected: Digest, found: Digest | None) -> RejectedError:
    return RejectedError(
        f"tag {tag} is published and never changes: expected {expected}, found {found or 'nothing'}",
        hint="publish other content as a new version; see who else may write to the repository",
    )
