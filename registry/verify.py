"""The verb behind `zoo verify`: hash what is on disk again and say what is changed, missing or extra. No network.

Stamps are not trusted here. A file with several names (a hard link from the cache) is hashed once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from registry import beside
from registry.card import UNPINNED, merged
from registry.digest import Digest
from registry.document import Document, read
from registry.errors import MismatchError, RequestError, UnavailableError
from registry.lock import Entry, LockedRelease
from registry.progress import Progress
from registry.store.cache import Cache

State = Literal["ok", "changed", "missing", "extra"]


@dataclass(frozen=True)
class Promise:
    """A file that should be there.

    Attributes:
        path: Where.
        digest: What it should hash to.
        variant: Full name of the variant that it is a file of; empty for a blob of the cache.
        needed: Whether its absence is a fault: a blob of the cache may be gone.
    """

    path: Path
    digest: Digest
    variant: str = ""
    needed: bool = True


@dataclass(frozen=True)
class Finding:
    """What became of one file.

    Attributes:
        state: `ok`, `changed`, `missing`, or `extra` for a file that nobody promised.
        path: Where.
        promise: What was promised; None for an extra file.
        found: What it hashes to; None when missing or extra.
    """

    state: State
    path: Path
    promise: Promise | None = None
    found: Digest | None = None

    @property
    def broken(self) -> bool:
        """Whether it is a fault: bytes that are wrong or gone."""
        return self.state in ("changed", "missing")

    def to_json(self) -> dict[str, Any]:
        """The finding as plain data."""
        return {
            "state": self.state,
            "path": str(self.path),
            "variant": self.promise.variant if self.promise else "",
            "expected": self.promise.digest.hex if self.promise else None,
            "found": self.found.hex if self.found else None,
        }


def verify(promises: Iterable[Promise], folders: Iterable[Path], progress: Progress) -> Iterator[Finding]:
    """Check promises, then look for files that nobody promised.

    Args:
        promises: What should be there.
        folders: Where nothing else should be: output folders, and the blobs of the cache.
        progress: Hears the bytes.

    Raises:
        UnavailableError: A file is there and cannot be read.
    """
    hashed: dict[tuple[int, int], Digest] = {}
    promised: dict[Path, Promise] = {}
    for promise in promises:
        if promise.path in promised:
            continue
        promised[promise.path] = promise
        yield from _check(promise, hashed, progress)
    for folder in dict.fromkeys(folders):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path not in promised and not _beside(path, promised) and not path.is_dir():
                yield Finding("extra", path)


def of_entry(entry: Entry, base: Path, cache: Cache) -> Iterator[Promise]:
    """What a lock file's entry promises: files in its output folder, or blobs where that is not recorded."""
    for item in entry.files:
        blob = cache.path(item.digest)
        if entry.folder:
            yield Promise(base / entry.folder / item.file, item.digest, entry.variant)
        yield Promise(blob, item.digest, entry.variant, needed=not entry.folder)
    if entry.folder and entry.release:
        yield from _published_beside(entry.release, base / entry.folder, entry.variant, cache)


def _published_beside(release: LockedRelease, folder: Path, variant: str, cache: Cache) -> Iterator[Promise]:
    """What the manifest in the cache says of card, licence note and labels; nothing where it is gone."""
    try:
        data = cache.path(release.manifest).read_bytes()
        if Digest.of(data) == release.manifest:
            for layer in beside.layers_beside(data, str(release.manifest)):
                yield Promise(folder / layer.title, layer.digest, variant)
    except (OSError, MismatchError):
        return


def of_cache(cache: Cache) -> Iterator[Promise]:
    """What the cache promises: each blob has the digest that it is named after."""
    folder = cache.folder / "blobs" / "sha256"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            yield Promise(path, Digest(path.name))
        except RequestError:  # not named after a digest: an extra file
            continue


def of_folder(folder: Path) -> Iterator[Promise]:
    """What the cards beside pulled models promise of a folder's files; nothing where there are none."""
    for path in sorted(folder.glob(f"*{beside.CARD_ENDING}")):
        document = read(path)
        if isinstance(document, Document) and isinstance(document.value, dict):
            yield from _of_card(document.value, folder)


def _of_card(card: Mapping[str, Any], folder: Path) -> Iterator[Promise]:
    try:
        for variant in merged(card):
            name = f"{card['publisher']}/{card['model']}/{variant['name']}"
            for item in variant.get("artifacts", ()):
                path = folder / Path(item["file"]).name
                if item["sha256"] != UNPINNED and path.is_file():
                    yield Promise(path, Digest(item["sha256"]), name)
    except (KeyError, TypeError, AttributeError, RequestError):
        return  # somebody edited the card; it promises nothing


def _check(promise: Promise, hashed: dict[tuple[int, int], Digest], progress: Progress) -> Iterator[Finding]:
    try:
        status = promise.path.stat()
        key = (status.st_dev, status.st_ino)
        if key not in hashed:
            with progress.task(promise.path.name, status.st_size) as advance:
                hashed[key] = Digest.of_file(promise.path)
                advance(status.st_size)
    except FileNotFoundError:
        if promise.needed:
            yield Finding("missing", promise.path, promise)
        return
    except OSError as error:
        raise UnavailableError(f"{promise.path}: cannot be read: {error.strerror or error}") from error
    state: State = "ok" if hashed[key] == promise.digest else "changed"
    yield Finding(state, promise.path, promise, hashed[key])


def _beside(path: Path, promised: Mapping[Path, Promise]) -> bool:
    """Whether a file is the card, licence note or labels of a promised one."""
    for ending in beside.ENDINGS:
        if path.name.endswith(ending):
            stem = path.name.removesuffix(ending)
            return any(other.parent == path.parent and other.stem == stem for other in promised)
    return False
