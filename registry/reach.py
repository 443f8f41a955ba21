"""What a manifest reaches: config, layers, nested manifests and subject, whoever wrote it.

Copies, bundles and the collection of garbage ask here, so that they never differ. Properties that are absent are
fine, as other tools leave them out; a kind of manifest that is not known is not, because what it needs is not known
either. A walk is bounded in depth, digests and bytes: a manifest may be hostile.
Sources: OCI image specification 1.1 (manifest, index), Docker's image manifest version 2, schema 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from registry.digest import Digest
from registry.errors import MismatchError
from registry.manifest import MANIFEST_TYPE, Reader
from registry.store.base import NotHeldError
from registry.store.index import INDEX_TYPE, Entry, Referrer, Version

MANIFEST_TYPES = (
    MANIFEST_TYPE,
    INDEX_TYPE,
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)

MAX_DEPTH = 8
MAX_DIGESTS = 100_000
MAX_MANIFEST_BYTES = 64 << 20
"""All manifests of one walk together."""

Read = Callable[[Digest], bytes]
"""Reads a manifest, proven by its digest; raises `NotHeldError` where there is none."""


@dataclass(frozen=True)
class Descriptor:
    """What one manifest, or an index, says of something that it needs.

    Attributes:
        digest: Of the bytes.
        size: Bytes.
        media_type: Their kind; nothing where none is stated.
    """

    digest: Digest
    size: int
    media_type: str = ""

    @classmethod
    def of_entry(cls, entry: Entry) -> Descriptor:
        """What an index says of a manifest; the index has been parsed."""
        if isinstance(entry, Version | Referrer):
            return cls(entry.digest, entry.size, MANIFEST_TYPE)
        return _descriptor(Reader("the index", _HINT), entry, "an entry")


@dataclass(frozen=True)
class Reached:
    """Something that a manifest needs.

    Attributes:
        digest: Of the bytes.
        size: Bytes, as they were promised.
        data: A manifest's bytes; None of any other blob.
    """

    digest: Digest
    size: int
    data: bytes | None = None


@dataclass(frozen=True)
class Links:
    """What a manifest names.

    Attributes:
        blobs: Config and layers.
        manifests: Nested manifests.
        subject: What it says something of; it need not exist.
    """

    blobs: tuple[Descriptor, ...]
    manifests: tuple[Descriptor, ...]
    subject: Descriptor | None


def links(data: bytes, name: str) -> Links:
    """What a manifest names.

    Raises:
        MismatchError: It is no manifest.
    """
    read = Reader(name, _HINT)
    document = read.mapping(read.json(data), "content")
    configs = [document["config"]] if document.get("config") is not None else []
    blobs = [_descriptor(read, item, "config") for item in configs]
    blobs += [_descriptor(read, item, f"layer {number}") for number, item in _items(read, document, "layers")]
    nested = [_descriptor(read, item, f"manifest {number}") for number, item in _items(read, document, "manifests")]
    subject = document.get("subject")
    return Links(tuple(blobs), tuple(nested), None if subject is None else _descriptor(read, subject, "subject"))


def reach(root: Descriptor, read: Read) -> Iterator[Reached]:
    """Everything that a manifest needs, each once, and a manifest always after what it names.

    Args:
        root: The manifest.
        read: Reads a manifest.

    Raises:
        MismatchError: A manifest is damaged, of an unknown kind, or names too much.
        NotHeldError: A manifest is missing.
        UnavailableError: The store did not answer.
    """
    return _Walk(read).visit(root, 0)


class _Walk:
    def __init__(self, read: Read) -> None:
        self._read = read
        self._blobs: set[Digest] = set()
        self._manifests: set[Digest] = set()  # apart: what one manifest calls a layer may be one elsewhere
        self._bytes = 0

    def visit(self, node: Descriptor, depth: int) -> Iterator[Reached]:
        if node.digest in self._manifests:
            return
        self._manifests.add(node.digest)
        data = self._manifest(node, depth)
        found = links(data, f"manifest {node.digest}")
        for blob in found.blobs:
            if blob.digest not in self._blobs:
                self._blobs.add(blob.digest)
                self._require("digests", len(self._blobs) + len(self._manifests), MAX_DIGESTS)
                yield Reached(blob.digest, blob.size)
        for nested in found.manifests:
            yield from self.visit(nested, depth + 1)
        if found.subject and self._exists(found.subject):
            yield from self.visit(found.subject, depth + 1)
        yield Reached(node.digest, node.size, data)

    def _manifest(self, node: Descriptor, depth: int) -> bytes:
        if node.media_type not in MANIFEST_TYPES:
            expected, found = "a kind of manifest that is known", node.media_type or "none stated"
            raise MismatchError(f"mediaType of {node.digest}", expected=expected, found=ascii(found)[:120])
        self._require("levels of manifests", depth, MAX_DEPTH)
        self._require("digests", len(self._blobs) + len(self._manifests), MAX_DIGESTS)
        self._bytes += node.size
        self._require("bytes of manifests", self._bytes, MAX_MANIFEST_BYTES)
        data = self._read(node.digest)
        if len(data) != node.size:
            found = f"{len(data)} bytes"
            raise MismatchError(f"manifest {node.digest}", expected=f"{node.size} bytes", found=found)
        return data

    def _exists(self, subject: Descriptor) -> bool:
        try:
            self._read(subject.digest)
        except NotHeldError:
            return False
        return True

    @staticmethod
    def _require(what: str, count: int, most: int) -> None:
        if count > most:
            raise MismatchError(f"what one manifest reaches: {what}", expected=f"at most {most}", found=f"{count}")


def _items(read: Reader, document: Mapping[str, object], key: str) -> Iterator[tuple[int, object]]:
    found = document.get(key)
    if found is None:
        return
    if not isinstance(found, list):
        raise read.wrong(key, "a list", read.shown(found))
    yield from enumerate(found)


def _descriptor(read: Reader, item: object, what: str) -> Descriptor:
    found = read.mapping(item, what)
    media_type = found.get("mediaType", "")
    return Descriptor(read.digest(found, what), read.size(found, what), str(media_type))


_HINT = "ask who wrote it, or repair it from a copy"
