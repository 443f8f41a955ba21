"""The verb behind `zoo copy`, `zoo mirror` and `zoo import`: versions of one store into another, as they are.

Numbers, manifests and blobs stay the same; what refers to a version, such as a signature, comes along. Blobs go
first, then manifests, then the index: whenever it is stopped, the target is whole, and the next run goes on.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import partial

from registry.errors import MismatchError, RejectedError
from registry.moving import Mover, Root, all_referrers, at_once, referrers_of
from registry.progress import Progress
from registry.reach import Descriptor
from registry.selection import EVERYTHING, Selection, select
from registry.store import collecting, merge
from registry.store.base import NotHeldError
from registry.store.index import Index, Referrer, Version
from registry.store.indexed import IndexedReader
from registry.store.merge import Foreign
from registry.store.writable import ReadableStore, Store, current_index, index_or_none_yet


@dataclass(frozen=True)
class Replica:
    """What came of one version.

    Attributes:
        version: As it is in the target then.
        new: Whether it was not there before.
        changed: Whether it was there, and its yank was not the same.
    """

    version: Version
    new: bool
    changed: bool


@dataclass(frozen=True)
class Replication:
    """What a replication came to; with a dry run, what it would come to.

    Attributes:
        replicas: One item a version, by name and number.
        referrers: Manifests that refer to these versions.
        foreign: Entries of other tools that were carried over.
        left_out: Entries of other tools that could not be, and why.
        pruned: Entries that the target has lost.
        moved: Blobs that the target lacked, manifests included.
        moved_bytes: Their bytes.
    """

    replicas: tuple[Replica, ...]
    referrers: int
    foreign: int
    left_out: tuple[str, ...]
    pruned: int
    moved: int
    moved_bytes: int


def replicate(
    source: ReadableStore, target: Store, selection: Selection, progress: Progress, *, dry_run: bool = False
) -> Replication:
    """Copy versions. A yank comes along; a yank of the target's own stays.

    Args:
        source: Where they are.
        target: Where they go.
        selection: Which ones.
        progress: Hears the bytes.
        dry_run: Whether to write nothing.

    Raises:
        RequestError: The source has nothing of a name.
        RejectedError: The target has other content under a number; or bytes of the source are wrong. The target's
            index is as it was.
        UnavailableError: A store cannot be reached.
    """
    index = current_index(source)
    versions = select(index, selection, source.address)
    return _Replicator(source, index, target, versions, (), progress).run(
        follow=False, prune=False, dry_run=dry_run
    )


def mirror(
    source: ReadableStore, target: Store, progress: Progress, *, prune: bool = False, dry_run: bool = False
) -> Replication:
    """Copy everything, what other tools have put into the index included; yanks become those of the source.

    Args:
        source: Where it is.
        target: Where it goes.
        progress: Hears the bytes.
        prune: Whether to remove entries that the source does not have; their blobs are then garbage.
        dry_run: Whether to write nothing.

    Raises:
        RejectedError: As `replicate`; or the source is empty and all would be pruned.
        UnavailableError: A store cannot be reached.
    """
    index = current_index(source)
    if prune and not index.entries:
        raise RejectedError(
            f"{source.address} has nothing: expected at least one entry to mirror with --prune, found none",
            hint="look whether it is the right store; without --prune nothing is removed",
        )
    foreign = tuple(entry for entry in index.entries if not isinstance(entry, Version | Referrer))
    versions = select(index, EVERYTHING, source.address)
    replicator = _Replicator(source, index, target, versions, foreign, progress)
    return replicator.run(follow=True, prune=prune, dry_run=dry_run)


class _Replicator:
    """One run from one store into another."""

    def __init__(
        self,
        source: ReadableStore,
        index: Index,
        target: Store,
        versions: tuple[Version, ...],
        foreign: tuple[Foreign, ...],
        progress: Progress,
    ) -> None:
        self._source, self._index, self._target, self._progress = source, index, target, progress
        self._versions, self._foreign = versions, foreign
        self._referrers: list[Referrer] = []
        self._carried: list[Foreign] = []
        self._left_out: dict[str, None] = {}

    def run(self, *, follow: bool, prune: bool, dry_run: bool) -> Replication:
        """Bring everything, then change the index."""
        before = index_or_none_yet(self._target)
        mover = Mover(self._source, self._target, self._progress, dry_run=dry_run)

        def change(index: Index) -> Index:
            index = merge.with_copies(index, self._versions, self._target.address, follow=follow)
            index = merge.with_foreign(index, self._carried)
            others: list[Referrer | Foreign] = [*self._referrers, *self._carried]
            return merge.pruned(index, self._versions, others) if prune else index

        change(before)  # a conflict is told before anything is written
        if dry_run:
            self._bring(mover, before)
            after = change(before)
        else:
            self._target.prepare()
            after = collecting.commit(self._target, lambda: self._bring(mover, before), change, self._progress)
        for reason in self._left_out:
            self._progress.note(f"left out: {reason}")
        return self._told(before, after, mover)

    def _bring(self, mover: Mover, before: Index) -> None:
        mover.forget()
        self._referrers.clear()
        self._carried.clear()
        for _data in mover.bring([Root.of_version(version) for version in self._versions]):
            pass
        subjects = list(dict.fromkeys(version.digest for version in self._versions))
        found = at_once(partial(all_referrers, self._source, self._index), subjects)
        self._referrers += dict.fromkeys(itertools.chain.from_iterable(found))
        brought = mover.bring([Root.of_referrer(referrer) for referrer in self._referrers])
        for referrer, data in zip(self._referrers, brought, strict=True):
            self._attach(mover, referrer, data, before)
        for entry in self._foreign:
            self._carry(mover, entry)

    def _attach(self, mover: Mover, referrer: Referrer, data: bytes, before: Index) -> None:
        """Before the versions come into the index, so that none is there without its signatures."""
        if not mover.dry_run and referrer not in referrers_of(self._target, before, referrer.subject):
            self._target.attach(referrer.subject, data, referrer.artifact_type)

    def _carry(self, mover: Mover, entry: Foreign) -> None:
        """Bring another tool's entry, if that can be done."""
        name = merge.tag_of(entry) or str(entry["digest"])
        if not isinstance(self._target, IndexedReader):
            self._left_out[f"{name}: {self._target.address} has no index, and its tags are for versions"] = None
            return
        try:
            list(mover.bring([Root(Descriptor.of_entry(entry), name)]))
        except (MismatchError, NotHeldError) as error:
            self._left_out[f"{name}: {error.message}"] = None
        else:
            self._carried.append(entry)

    def _told(self, before: Index, after: Index, mover: Mover) -> Replication:
        old = {(one.name, one.number): one for one in before.versions()}
        new = {(one.name, one.number): one for one in after.versions()}
        replicas = []
        for version in self._versions:
            key = (version.name, version.number)
            replicas.append(Replica(new[key], key not in old, key in old and old[key].yanked != new[key].yanked))
        gone = sum(1 for entry in before.entries if not isinstance(entry, Version) and entry not in after.entries)
        gone += len(old.keys() - new.keys())
        return Replication(
            tuple(replicas),
            len(set(self._referrers)),
            len(self._carried),
            tuple(self._left_out),
            gone,
            len(mover.sizes),
            sum(mover.sizes.values()),
        )
