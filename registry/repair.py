"""The verb behind `zoo repair`: fetch what `zoo verify` found broken, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from registry import files, together
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


def repair(broken: Iterable[Broken], cache: Cache, obtainer: Obtainer, source_of: FindSource) -> list[Mended]:
    """Mend files, several at once; one that cannot be mended does not stop the others.

    A damaged blob is removed first, so that nothing can take it for the real one; where nobody knows a source
    for it, that is all.

    Returns:
        What became of each file, in the order of `broken`.
    """
    items = list(broken)
    done: dict[int, Mended] = {}
    lacking: dict[Digest, list[_Lacking]] = {}
    for number, item in enumerate(items):
        try:
            if _mend_from_cache(item, cache):
                done[number] = Mended(item, FROM_CACHE)
            else:
                lacking.setdefault(item.digest, []).append(_Lacking(number, item, *_known(item, source_of)))
        except ZooError as error:
            done[number] = Mended(item, "", error)

    def job(same: list[_Lacking]) -> together.Job[dict[int, Mended]]:
        # one after the other: they have the same bytes, and the second finds them in the cache
        return lambda progress: {one.number: _mend(one, cache, obtainer.heard_by(progress)) for one in same}

    jobs = [job(same) for same in lacking.values()]
    for mended in together.run(jobs, obtainer.progress, f"{len(jobs)} files", None):
        done |= mended
    return [done[number] for number in range(len(items))]


@dataclass(frozen=True)
class _Lacking:
    """A broken file whose bytes have to come from elsewhere."""

    number: int
    item: Broken
    variant: Variant
    artifact: Artifact


def _mend_from_cache(item: Broken, cache: Cache) -> bool:
    """Put the cache's blob in the place of a broken file; False where the cache has it no more."""
    try:
        # the file may be a hard link to the blob, and then both names lead to the same wrong bytes
        sound = cache.recheck(item.digest)
        if sound and item.path != cache.path(item.digest):
            files.place(sound, item.path)
    except OSError as error:
        raise _not_written(item, error) from error
    return sound is not None


def _known(item: Broken, source_of: FindSource) -> tuple[Variant, Artifact]:
    known = source_of(item.digest, item.variant)
    if known is None:
        raise UnavailableError(
            f"{item.path}: nobody knows where {item.digest} comes from",
            hint="the damaged blob was removed; pull the model again if it is needed",
        )
    return known


def _mend(lacking: _Lacking, cache: Cache, obtainer: Obtainer) -> Mended:
    item = lacking.item
    try:
        obtained = obtainer.obtain(lacking.variant, lacking.artifact, item.digest)
        if item.path != cache.path(item.digest):
            files.place(obtained.path, item.path)
    except OSError as error:
        return Mended(item, "", _not_written(item, error))
    except ZooError as error:
        return Mended(item, "", error)
    return Mended(item, obtained.origin)


def _not_written(item: Broken, error: OSError) -> UnavailableError:
    return UnavailableError(f"{item.path}: cannot be written: {error.strerror or error}")
