"""The verb behind `zoo publish`: a card's variants into a store, each file proven by its digest.

Blobs go first, then manifests, then the index: whenever a publisher is stopped, the store is whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from registry import manifest
from registry.card import Artifact, Variant
from registry.content import HEAD, require_content
from registry.digest import Digest
from registry.errors import MismatchError, RejectedError
from registry.manifest import Layer
from registry.progress import Advance, Progress
from registry.store import collecting
from registry.store.base import Opened
from registry.store.index import Index, Version
from registry.store.writable import Store, index_or_none_yet

Source = Callable[[Artifact, Digest], AbstractContextManager[Opened]]
"""Opens an artifact's bytes where they lie."""


@dataclass(frozen=True)
class Package:
    """What is published of one variant.

    Attributes:
        variant: The variant, with a digest for each of its files.
        documents: Card, licence note and labels by file name.
    """

    variant: Variant
    documents: Mapping[str, bytes]


@dataclass(frozen=True)
class Published:
    """What came of one variant.

    Attributes:
        version: The version that holds it; with a dry run the one that it would become.
        new: Whether the version was not there before.
    """

    version: Version
    new: bool


@dataclass(frozen=True)
class Publication:
    """What a publication came to.

    Attributes:
        published: One item a variant, in the order given.
        uploaded: Blobs that were not in the store, manifests and documents included.
        uploaded_bytes: Their bytes.
    """

    published: tuple[Published, ...]
    uploaded: int
    uploaded_bytes: int


def unpublishable(variant: Variant) -> str | None:
    """Why a variant cannot be published; None when it can."""
    if not variant.files:
        return "the card names no file of it"
    unpinned = [artifact.file for artifact in variant.files if artifact.digest is None]
    if unpinned:
        return f"unpinned: the card has no sha256 of {', '.join(unpinned)}"
    return None


def publish(
    packages: Sequence[Package],
    source: Source,
    store: Store,
    progress: Progress,
    *,
    dry_run: bool = False,
) -> Publication:
    """Publish variants. What the store has already is left as it is.

    Args:
        packages: The variants; the card is valid.
        source: Where the files are.
        store: Where they go.
        progress: Hears the bytes.
        dry_run: Whether to prove everything and write nothing.

    Raises:
        MismatchError: A file is not what the card says; the index is as it was.
        RejectedError: A variant has no digest, or its content was yanked.
        UnavailableError: A file or the store cannot be reached.
    """
    for package in packages:
        if reason := unpublishable(package.variant):
            raise RejectedError(
                f"{package.variant.full_name} cannot be published: {reason}",
                hint="write the sha256 of each file on the card: nobody could verify it otherwise",
            )
    upload = _Upload(source, store, progress, dry_run=dry_run)
    manifests: list[tuple[str, Digest, int]] = []
    versions: list[Published] = []

    def bring() -> None:
        upload.forget()
        manifests[:] = [(package.variant.full_name, *upload.package(package)) for package in packages]

    def change(index: Index) -> Index:
        versions.clear()
        for name, digest, size in manifests:
            after, version = index.with_manifest(name, digest, size, store.address)
            versions.append(Published(version, after is not index))
            index = after
        return index

    if dry_run:
        bring()
        change(index_or_none_yet(store))
    else:
        store.prepare()
        collecting.commit(store, bring, change, progress)
    return Publication(tuple(versions), len(upload.sizes), sum(upload.sizes.values()))


class _Upload:
    """Brings blobs that the store lacks; remembers which, so that what two variants share goes once."""

    def __init__(self, source: Source, store: Store, progress: Progress, *, dry_run: bool) -> None:
        self._source, self._store, self._progress, self._dry_run = source, store, progress, dry_run
        self._held: dict[Digest, int] = {}
        self.sizes: dict[Digest, int] = {}

    def package(self, package: Package) -> tuple[Digest, int]:
        """Bring everything of a variant, its manifest last. Returns the manifest's digest and size."""
        variant = package.variant
        layers = [self._artifact(variant, artifact) for artifact in (*variant.files, *variant.companions)]
        for name, content in package.documents.items():
            layers.append(Layer.of_role("document", *self._bytes(content, name), name))
        whole, config = manifest.build(variant, layers)
        data = whole.to_bytes()  # refuses a name that no reader would take, before anything names it
        self._bytes(config, f"config of {variant.full_name}")
        return self._manifest(data, f"manifest of {variant.full_name}")

    def forget(self) -> None:
        """Ask for every blob again: a collection of garbage came between."""
        self._held.clear()

    def _artifact(self, variant: Variant, artifact: Artifact) -> Layer:
        digest = artifact.digest
        assert digest is not None  # noqa: S101 - `unpublishable` has seen to it
        size = self._size_held(digest)
        if size is None:
            size = self._send(variant, artifact, digest)
        if artifact.size is not None and artifact.size != size:
            raise MismatchError(
                f"{artifact.file} ({variant.full_name})",
                expected=f"{artifact.size} bytes as on the card",
                found=f"{size} bytes with the card's own digest",
                hint="correct the size on the card",
            )
        return Layer.of_role(artifact.role, digest, size, artifact.file)

    def _send(self, variant: Variant, artifact: Artifact, digest: Digest) -> int:
        with (
            self._source(artifact, digest) as opened,
            self._progress.task(artifact.file, opened.size) as advance,
        ):
            what = f"{artifact.file} of {variant.full_name} from {opened.address}"
            looked = _looked_at(opened.chunks, what, variant.format if artifact.role == "model" else None)
            counted = _counted(looked, advance)
            size = _proven(digest, counted, what) if self._dry_run else self._store.put(digest, counted, what)
        self.sizes[digest] = self._held[digest] = size
        return size

    def _bytes(self, data: bytes, what: str) -> tuple[Digest, int]:
        digest = Digest.of(data)
        if self._size_held(digest) is None:
            if not self._dry_run:
                self._store.put(digest, [data], what)
            self.sizes[digest] = self._held[digest] = len(data)
        return digest, len(data)

    def _manifest(self, data: bytes, what: str) -> tuple[Digest, int]:
        digest = Digest.of(data)
        if self._size_held(digest) is None:
            if not self._dry_run:
                self._store.put_manifest(data, what)
            self.sizes[digest] = self._held[digest] = len(data)
        return digest, len(data)

    def _size_held(self, digest: Digest) -> int | None:
        if digest not in self._held and (size := self._store.holding(digest)) is not None:
            self._held[digest] = size
        return self._held.get(digest)


def _looked_at(chunks: Iterable[bytes], what: str, format_: str | None) -> Iterator[bytes]:
    """The same chunks, once the first bytes were seen to be of a model in this format (None for any other file).

    Raises:
        MismatchError: They are plainly something else: a digest does not prove that it is of the right file.
    """
    head = b""
    stream = iter(chunks)
    while len(head) < HEAD and (chunk := next(stream, b"")):
        head += chunk
    if format_ is not None:
        require_content(what, head, format_)
    yield head
    yield from stream


def _counted(chunks: Iterable[bytes], advance: Advance) -> Iterator[bytes]:
    for chunk in chunks:
        advance(len(chunk))
        yield chunk


def _proven(digest: Digest, chunks: Iterable[bytes], what: str) -> int:
    """Size of bytes that hash to a digest; they go nowhere."""
    hasher, size = hashlib.sha256(), 0
    for chunk in chunks:
        hasher.update(chunk)
        size += len(chunk)
    if hasher.hexdigest() != digest.hex:
        raise MismatchError(
            what,
            expected=str(digest),
            found=f"sha256:{hasher.hexdigest()}",
            hint="give the file that the card describes, or correct the card",
        )
    return size
