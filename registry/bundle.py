"""The verb behind `zoo bundle`: published versions as one file, and the proof of such a file before `zoo import`.

The same selection gives the same bytes, whatever store it comes from: an uncompressed tar of an OCI Image Layout.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from registry import manifest, together
from registry.digest import Digest
from registry.errors import MismatchError, UnavailableError
from registry.files import atomic_file
from registry.moving import LARGE_BYTES, Root, all_referrers, at_once, steady
from registry.progress import Advance, Progress
from registry.reach import Descriptor, Reached, reach
from registry.selection import Selection, select
from registry.store.archive import ArchiveStore, write_end, write_member
from registry.store.index import Index, Referrer, Version
from registry.store.layout import INDEX_FILE, LAYOUT, LAYOUT_FILE
from registry.store.writable import ReadableStore, current_index


@dataclass(frozen=True)
class Bundled:
    """What a bundle holds.

    Attributes:
        versions: The versions, by name and number.
        referrers: Manifests that refer to them.
        blobs: Number of blobs, manifests included.
        size: Bytes of the file.
        digest: Of the file.
    """

    versions: tuple[Version, ...]
    referrers: int
    blobs: int
    size: int
    digest: Digest


def bundle(source: ReadableStore, selection: Selection, destination: Path, progress: Progress) -> Bundled:
    """Write versions into one file, which is whole or not there.

    Args:
        source: Where they are.
        selection: Which ones.
        destination: The file.
        progress: Hears the bytes.

    Raises:
        RequestError: The source has nothing of a name.
        MismatchError: Bytes of the source are wrong.
        UnavailableError: The source cannot be reached, or the file not be written.
    """
    index = current_index(source)
    versions = select(index, selection, source.address)
    listed = at_once(lambda version: all_referrers(source, index, version.digest), versions)
    referrers = sorted(
        {one for found in listed for one in found}, key=lambda one: (one.subject, one.digest, one.artifact_type)
    )
    contents = _contents(source, versions, referrers)
    try:
        with atomic_file(destination) as opened, progress.task(destination.name, _total(contents)) as advance:
            file = _Hashed(opened)
            for item, chunks in _in_order(source, contents, advance):
                write_member(file, item.digest.blob_path, item.size, chunks)
            data = Index((*versions, *referrers)).to_bytes()
            write_member(file, INDEX_FILE, len(data), [data])
            write_member(file, LAYOUT_FILE, len(LAYOUT), [LAYOUT])
            write_end(file)
    except OSError as error:
        raise UnavailableError(f"{destination} cannot be written: {error.strerror or error}") from None
    return Bundled(versions, len(referrers), len(contents), file.size, Digest(file.hash.hexdigest()))


def prove(archive: ArchiveStore, progress: Progress) -> Index:
    """Read a whole archive: every blob is what its name says, and just what the index reaches is there.

    Raises:
        MismatchError: It is not so.
        UnavailableError: The file cannot be read.
    """
    index = current_index(archive)
    missing = archive.held
    for entry in index.entries:
        for item in reach(Descriptor.of_entry(entry), archive.manifest):
            size = archive.held_size(item.digest)
            if size != item.size:
                found = "none" if size is None else f"{size} bytes"
                raise MismatchError(
                    f"{item.digest} in {archive.address}", expected=f"{item.size} bytes", found=found
                )
            missing.pop(item.digest, None)
        if isinstance(entry, Version):
            manifest.parse(archive.manifest(entry.digest), f"manifest of {entry.name} in {archive.address}")
    if missing:
        raise MismatchError(
            f"bundle {archive.address}",
            expected="only blobs that its index reaches",
            found=f"{len(missing)} more, such as {min(missing)}",
            hint=_HINT,
        )
    held = archive.held
    with progress.task(f"proving {Path(archive.address).name}", sum(held.values())) as advance:
        for digest, size in held.items():
            for _chunk in _proven(archive, Reached(digest, size), advance):
                pass
    return index


class _Hashed:
    """A file that is hashed as it is written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.hash, self.size = hashlib.sha256(), 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self.hash.update(data)
        self.size += len(data)


def _contents(
    source: ReadableStore, versions: tuple[Version, ...], referrers: list[Referrer]
) -> dict[Digest, Reached]:
    """Everything that the entries reach, without the bytes of manifests."""
    contents: dict[Digest, Reached] = {}
    roots = [*map(Root.of_version, versions), *map(Root.of_referrer, referrers)]
    for item in itertools.chain.from_iterable(at_once(lambda root: _without_data(root, source), roots)):
        known = contents.setdefault(item.digest, item)
        if known.size != item.size:
            expected, found = f"one size of {item.digest}", f"{known.size} and {item.size} bytes"
            raise MismatchError(f"manifests in {source.address}", expected=expected, found=found)
    return contents


def _without_data(root: Root, source: ReadableStore) -> list[Reached]:
    return [Reached(item.digest, item.size) for item in root.reached(source)]


def _in_order(
    source: ReadableStore, contents: dict[Digest, Reached], advance: Advance
) -> Iterator[tuple[Reached, Iterable[bytes]]]:
    """Blobs by digest with their bytes: small neighbours read at once, into memory, a large one while written."""
    ordered = [contents[digest] for digest in sorted(contents)]
    for small, run in itertools.groupby(ordered, lambda item: item.size <= LARGE_BYTES):
        items = list(run)
        for start in range(0, len(items), together.AT_ONCE):
            few = items[start : start + together.AT_ONCE]
            read = at_once(lambda item: list(_proven(source, item, lambda _amount: None)), few) if small else []
            for item, chunks in itertools.zip_longest(few, read):
                yield item, _proven(source, item, advance) if chunks is None else _told(chunks, advance)


def _told(chunks: Iterable[bytes], advance: Advance) -> Iterator[bytes]:
    for chunk in chunks:
        advance(len(chunk))
        yield chunk


def _total(contents: dict[Digest, Reached]) -> int:
    return sum(item.size for item in contents.values())


def _proven(source: ReadableStore, item: Reached, advance: Advance) -> Iterator[bytes]:
    """A blob's bytes, hashed as they pass; the last of them comes, and then the refusal where they are wrong."""
    hasher, what = hashlib.sha256(), f"{item.digest} from {source.address}"
    for chunk in steady(source, item, what, advance):
        hasher.update(chunk)
        yield chunk
    if hasher.hexdigest() != item.digest.hex:
        raise MismatchError(what, expected=str(item.digest), found=f"sha256:{hasher.hexdigest()}", hint=_HINT)


_HINT = "nothing of it was used; ask for the file again, or look after the store"
