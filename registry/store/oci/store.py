"""A repository in an OCI registry, as a store."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from registry.digest import Digest
from registry.errors import MismatchError, RejectedError, UnavailableError
from registry.manifest import MANIFEST_TYPE, MAX_BYTES
from registry.store.base import WHOLE, NotHeldError, Opened, Wanted
from registry.store.index import INDEX_TYPE, Index, Referrer, Version
from registry.store.oci import referrers, tags
from registry.store.oci.address import Address
from registry.store.oci.client import PUSH, Client
from registry.store.oci.upload import mount, upload
from registry.store.writable import HeldIndex

if TYPE_CHECKING:
    from registry.store.oci.logins import Logins

AT_ONCE = 8
"""Manifests that are asked for at the same time."""

_ACCEPT = f"{MANIFEST_TYPE}, {INDEX_TYPE}"
_PAGE = 1000
_MAX_PAGES = 1000
_MAX_PAGE_BYTES = 16 << 20


class RegistryStore:
    """A repository: its tags are the index.

    The index that `read_index` gives holds the versions that tags mean. `swap_index` puts the tags in which a new
    index differs from the one that was read; entries that are no versions have no place there. A registry cannot
    compare and swap, so a tag is looked up just before it is put, and read back afterwards.
    """

    local = False

    def __init__(self, address: Address, logins: Logins) -> None:
        self._client = Client(address, logins)
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
                opened = stack.enter_context(self._client.open(f"manifests/{digest}", wanted, _ACCEPT))
            yield opened

    def holding(self, digest: Digest) -> int | None:
        """Size of a blob or manifest; see `Store.holding`. The registry proved it when it came, and nobody here."""
        for path in (f"blobs/{digest}", f"manifests/{digest}"):
            with self._client.ask("HEAD", path, 200, 404, headers={"Accept": _ACCEPT}) as response:
                size = response.headers.get("Content-Length", "")
                if response.status_code == 200 and size.isdecimal():
                    return int(size)
        return None

    def put(self, digest: Digest, chunks: Iterable[bytes], what: str) -> int:
        """Store a blob; see `Store.put`."""
        return upload(self._client, digest, chunks, what)

    def mount(self, digest: Digest, from_repository: str) -> bool:
        """Take a blob over from another repository of this registry, unread; False where that cannot be.

        Raises:
            UnavailableError: The registry did not answer.
        """
        return mount(self._client, digest, from_repository)

    def prepare(self) -> None:
        """Nothing: most registries make a repository when its first blob comes; see `Store.prepare`."""

    def put_manifest(self, data: bytes, what: str) -> Digest:
        """Store a manifest; see `Store.put_manifest`."""
        digest = Digest.of(data)
        self._put_manifest(str(digest), data)
        return digest

    def manifest(self, digest: Digest) -> bytes:
        """A manifest; see `ReadableStore.manifest`."""
        found = self._manifest(str(digest))
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
        if self._put_manifest(str(referrer.digest), data) != str(subject):
            referrers.add(self._client, referrer)  # the registry keeps no list itself
        return referrer

    def read_index(self) -> HeldIndex:
        """The index that the tags make; see `Store.read_index`."""
        listed = self._tags()
        candidates = sorted(tag for tag in listed if tags.looks_like_version(tag))
        found = [
            version
            for tag, data in zip(candidates, self._manifests(candidates), strict=True)
            if data is not None and (version := tags.version_of(tag, data))
        ]
        hidden = [version for version in found if tags.mark_tag(version) in listed]
        marks = self._manifests([tags.mark_tag(version) for version in hidden])
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

    def _tag(self, version: Version) -> bool:
        """Name a manifest that is there already; False when another one has the tag by then."""
        data = self.manifest(version.digest)  # before the look at the tag, to keep the two close together
        if self._tagged(version.tag) is None:
            try:
                self._put_manifest(version.tag, data)
            except UnavailableError:
                # a registry whose tags never change refuses the later of two
                if self._tagged(version.tag) is None:
                    raise
        return self._tagged(version.tag) == version.digest

    def _mark(self, version: Version) -> None:
        held = self._tagged(version.tag)
        if held != version.digest:
            raise _moved(version.tag, version.digest, held)
        empty = Digest.of(tags.EMPTY_BLOB)
        if self.holding(empty) is None:
            self.put(empty, [tags.EMPTY_BLOB], "the empty blob")
        self._put_manifest(tags.mark_tag(version), tags.mark(version))

    def _tagged(self, tag: str) -> Digest | None:
        """Digest of the manifest under a tag; None where there is none."""
        with self._client.ask("HEAD", f"manifests/{tag}", 200, 404, headers={"Accept": _ACCEPT}) as response:
            if response.status_code == 404:
                return None
            stated = response.headers.get("Docker-Content-Digest")
        if stated:
            return Digest.parse(stated)
        data = self._manifest(tag)
        return None if data is None else Digest.of(data)

    def _put_manifest(self, reference: str, data: bytes) -> str | None:
        """Put a manifest under a digest or tag. Returns the subject that the registry lists it under, if any."""
        type_ = json.loads(data).get("mediaType", MANIFEST_TYPE)
        path, headers = f"manifests/{reference}", {"Content-Type": type_}
        with self._client.ask("PUT", path, 201, actions=PUSH, data=data, headers=headers) as response:
            return response.headers.get("OCI-Subject")

    def _manifest(self, reference: str) -> bytes | None:
        path, headers = f"manifests/{reference}", {"Accept": _ACCEPT}
        with self._client.ask("GET", path, 200, 404, headers=headers) as response:
            return None if response.status_code == 404 else self._client.body(response, MAX_BYTES)

    def _manifests(self, references: Sequence[str]) -> list[bytes | None]:
        from concurrent.futures import ThreadPoolExecutor

        if not references:
            return []
        with ThreadPoolExecutor(min(AT_ONCE, len(references))) as pool:
            return list(pool.map(self._manifest, references))

    def _tags(self) -> set[str]:
        """All tags of the repository; none where it does not exist yet.

        Raises:
            UnavailableError: The registry does not answer, is none, or lists without end.
        """
        found: set[str] = set()
        path: str | None = f"tags/list?n={_PAGE}"
        for _page in range(_MAX_PAGES):
            if path is None:
                return found
            with self._client.send("GET", path) as response:
                if response.status_code == 404 and self._client.error_codes(response):
                    return found  # it has no repository of this name yet
                if response.status_code != 200:
                    raise self._client.refusal(response)
                found |= _page_of_tags(self._client.body(response, _MAX_PAGE_BYTES), self.address)
                path = response.links.get("next", {}).get("url")
                path = path and self._client.url(path)
        raise UnavailableError(f"{self.address}: the list of tags has no end")


def _page_of_tags(data: bytes, address: str) -> set[str]:
    try:
        listed = json.loads(data)["tags"]
    except (ValueError, KeyError, TypeError, RecursionError):
        listed = ""
    if listed is not None and not (isinstance(listed, list) and all(isinstance(one, str) for one in listed)):
        raise UnavailableError(
            f"{address}: expected a list of tags, found something else", hint="see that it is an OCI registry"
        )
    return set(listed or ())


def _moved(tag: str, expected: Digest, found: Digest | None) -> RejectedError:
    return RejectedError(
        f"tag {tag} is published and never changes: expected {expected}, found {found or 'nothing'}",
        hint="publish other content as a new version; see who else may write to the repository",
    )
