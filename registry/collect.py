"""The verb behind `zoo gc`: removes blobs that no manifest reaches and that are older than a grace period.

`registry/store/collecting.py` says why no publisher can lose a blob by it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from registry.digest import Digest
from registry.errors import MismatchError, RejectedError
from registry.progress import Progress
from registry.reach import Descriptor, reach
from registry.store import collecting
from registry.store.base import NotHeldError
from registry.store.index import Index
from registry.store.writable import CollectableStore, HeldBlob, Leftover, Sweepable, current_index

LEFTOVER_SECONDS = 3600.0
"""Least age of a writer's unfinished file, whatever the grace period: one that is being written is younger."""

_BETWEEN_SECONDS = 3 * collecting.POLL_SECONDS


@dataclass(frozen=True)
class Collection:
    """What a collection came to; with a dry run, what it would come to.

    Attributes:
        removed: Blobs that are gone.
        leftovers: Unfinished files that are gone.
        kept: Blobs that manifests reach.
        young: Blobs that none reaches, but that are too young.
    """

    removed: tuple[HeldBlob, ...]
    leftovers: tuple[Leftover, ...]
    kept: int
    young: int

    @property
    def freed(self) -> int:
        """Bytes of what is gone."""
        return sum(blob.size for blob in self.removed) + sum(file.size for file in self.leftovers)


def collect(
    store: CollectableStore,
    grace: float,
    progress: Progress,
    *,
    dry_run: bool = False,
    take_over: bool = False,
    pause: Callable[[float], None] = time.sleep,
) -> Collection:
    """Remove what no manifest reaches.

    Args:
        store: The store.
        grace: Seconds; what is younger stays.
        progress: Hears the number of blobs.
        dry_run: Whether to remove nothing.
        take_over: Whether to end what another collection that was killed has begun.
        pause: Waits a number of seconds, so that publishers get in between.

    Raises:
        RejectedError: A manifest in the index cannot be read or understood: what it needs is not known.
        UnavailableError: The store did not answer, or somebody else is collecting.
    """
    reached = _Reached(store)
    index = current_index(store)
    reached.add(index)  # most of the work before the mark, so that publishers wait less
    leftovers = _stale(store, grace)
    blobs = [blob for blob in store.blobs() if blob.digest not in reached.digests]
    waiting = sorted((blob for blob in blobs if blob.age >= grace), key=lambda blob: blob.digest)
    young = len(blobs) - len(waiting)
    removed: list[HeldBlob] = []
    if dry_run:
        return Collection(tuple(waiting), leftovers, len(reached.digests), young)
    with progress.task("collecting", len(waiting), unit="blobs") as advance:
        todo = bool(waiting or take_over or collecting.mark_of(index))
        while todo:
            mark, index = collecting.begin(store, take_over=take_over)
            try:
                reached.add(index)
                deadline = time.monotonic() + collecting.ROUND_SECONDS
                while waiting and time.monotonic() < deadline and not mark.expired:
                    blob = waiting.pop()
                    if blob.digest not in reached.digests:
                        store.remove(blob.digest)
                        removed.append(blob)
                    advance(1)
            finally:
                collecting.end(store, mark)
            take_over, todo = False, bool(waiting)
            if todo:
                pause(_BETWEEN_SECONDS)
    if isinstance(store, Sweepable):
        for leftover in leftovers:
            store.remove_leftover(leftover)
    return Collection(tuple(removed), leftovers, len(reached.digests), young)


def _stale(store: CollectableStore, grace: float) -> tuple[Leftover, ...]:
    found = store.leftovers() if isinstance(store, Sweepable) else ()
    return tuple(one for one in found if one.age >= max(grace, LEFTOVER_SECONDS))


class _Reached:
    """Every digest that the manifests of an index reach; a manifest is walked once."""

    def __init__(self, store: CollectableStore) -> None:
        self._store = store
        self._walked: set[tuple[Digest, str]] = set()
        self.digests: set[Digest] = set()

    def add(self, index: Index) -> None:
        """Walk what has not been walked yet."""
        for entry in index.entries:
            root = Descriptor.of_entry(entry)
            if (root.digest, root.media_type) in self._walked:
                continue
            try:
                self.digests.update(item.digest for item in reach(root, self._store.manifest))
            except (MismatchError, NotHeldError) as error:
                raise RejectedError(
                    f"the collection stopped: what {root.digest} needs is not known: {error.message}",
                    hint="mend that manifest by copying it again, or take its entry out of the index",
                ) from None
            self._walked.add((root.digest, root.media_type))
