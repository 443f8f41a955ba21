"""What `zoo verify` and `zoo repair` are asked to look at: a name, a path, or everything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from registry.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from registry.catalog import Catalog
    from registry.lock import Entry
    from registry.progress import Progress
    from registry.store.cache import Cache
    from registry.verify import Finding, Promise


class Scope(NamedTuple):
    """What is promised, and the folders where nothing else should be."""

    promises: list[Promise]
    folders: list[Path]

    def findings(self, progress: Progress) -> Iterator[Finding]:
        """Hash everything again."""
        from registry.verify import verify

        return verify(self.promises, self.folders, progress)


def of_everything(lock_path: Path, cache: Cache) -> Scope:
    """The lock file's entries, and every blob of the cache."""
    from registry import verify

    found = of_lock(lock_path, cache)
    blobs = cache.folder / "blobs" / "sha256"
    return Scope([*found.promises, *verify.of_cache(cache)], [*found.folders, blobs])


def of_lock(lock_path: Path, cache: Cache) -> Scope:
    """Every entry of the lock file."""
    from registry import lock

    return _of_entries(lock.read(lock_path).entries, lock_path, cache)


def of_path(path: Path, lock_path: Path, cache: Cache) -> Scope:
    """A pulled file, or a folder of them.

    Raises:
        RequestError: Nothing is known of what should be there.
    """
    from registry import verify

    folder = path if path.is_dir() else path.parent
    locked = of_lock(lock_path, cache).promises
    promises = [item for item in (*locked, *verify.of_folder(folder)) if _within(item.path, path)]
    if not promises:
        raise RequestError(
            f"nothing is known of what should be in {path}",
            hint="name a folder that `zoo pull` filled: zoo.lock, or the card beside a model, says what is in it",
        )
    return Scope(promises, sorted({item.path.parent for item in promises}) if path.is_dir() else [])


def of_name(name: str, lock_path: Path, cache: Cache, catalog: Catalog) -> Scope:
    """Everything here that is a file of a variant that a name means.

    Raises:
        RequestError: The name means nothing, or nothing of it is here.
    """
    from registry import lock
    from registry.verify import Promise

    names = catalog.meant(name)
    found = _of_entries([item for item in lock.read(lock_path).entries if item.variant in names], lock_path, cache)
    blobs = [
        Promise(cache.path(artifact.digest), artifact.digest, variant.full_name, needed=False)
        for variant in catalog.variants(names)
        for artifact in (*variant.files, *variant.companions)
        if artifact.digest and cache.path(artifact.digest).is_file()
    ]
    if not found.promises and not blobs:
        raise RequestError(
            f"nothing of {name!r} is here", hint="`zoo pull` fetches it; `zoo verify --all` checks all there is"
        )
    return Scope([*found.promises, *blobs], found.folders)


def _of_entries(entries: Iterable[Entry], lock_path: Path, cache: Cache) -> Scope:
    from registry import verify

    base = lock_path.parent
    chosen = list(entries)
    promises = [promise for entry in chosen for promise in verify.of_entry(entry, base, cache)]
    return Scope(promises, [base / entry.folder for entry in chosen if entry.folder])


def _within(path: Path, place: Path) -> bool:
    resolved, wanted = path.resolve(), place.resolve()
    return resolved == wanted or wanted in resolved.parents
