"""The verb behind `zoo repair`: fetch what `zoo verify` found broken, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from registry import files
from registry.card import Artifact, Variant
from registry.digest import Digest
from registry.errors import UnavailableError, ZooError
from registry.obtain import FROM_CACHE, Obtainer
from registry.store.cache import Cache

FindSource = Callable[[Digest, str], tuple[Variant, Artifact] | None]
"""A variant and its artifact for a digest and a variant's full name (or ''), or None when nobody knows."""


@dataclass(frozen=True)
class Broken:
    """A file to mend: where, and what it should hash to; `variant` is empty for a blob of the cache."""

    path: Path
    digest: Digest
    variant: str


@dataclass(frozen=True)
class Mended:
    """What became of a broken file.

    Attributes:
        broken: What was broken.
        origin: Where the right bytes came from; empty when it could not be mended.
        error: Why it could not be mended; None when it was.
    """

    broken: Broken
    origin: str
    error: ZooError | None = None


def repair(broken: Iterable[Broken], cache: Cache, obtainer: Obtainer, source_of: FindSource) -> Iterator[Mended]:
    """Mend files one by one; one that cannot be mended does not stop the others.

    A damaged blob is removed first, so that nothing can take it for the real one; where nobody knows a source
    for it, that is all.
    """
    for item in broken:
        try:
            yield Mended(item, _mend(item, cache, obtainer, source_of))
        except ZooError as error:
            yield Mended(item, "", error)


def _mend(item: Broken, cache: Cache, obtainer: Obtainer, source_of: FindSource) -> str:
    blob = cache.path(item.digest)
    try:
        # the file may be a hard link to the blob, and then both names lead to the same wrong bytes
        if (sound := cache.recheck(item.digest)) and item.path != blob:
            files.place(sound, item.path)
        if sound:
            return FROM_CACHE
        known = source_of(item.digest, item.variant)
        if known is None:
            raise UnavailableError(
                f"{item.path}: nobody knows where {item.digest} comes from",
                hint="the damaged blob was removed; pull the model again if it is needed",
            )
        obtained = obtainer.obtain(*known, item.digest)
        if item.path != blob:
            files.place(obtained.path, item.path)
    except OSError as error:
        raise UnavailableError(f"{item.path}: cannot be written: {error.strerror or error}") from error
    return obtained.origin
