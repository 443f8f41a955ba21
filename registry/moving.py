"""What copies and bundles share: what refers to a version, steady reading, and bringing what a store lacks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, TypeVar

from registry import manifest, together
from registry.digest import Digest
from registry.errors import MismatchError
from registry.progress import Advance, Progress, Silent
from registry.reach import Descriptor, Reached, reach
from registry.store.base import BrokenOffError, Wanted
from registry.store.index import Index, Referrer, Version
from registry.store.indexed import IndexedReader
from registry.store.writable import Mounting, ReadableStore, Store

TRIES = 4
"""Answers in a row that bring no new byte, before a blob is given up."""

LARGE_BYTES = 4 << 20
"""A blob above this goes alone: it keeps a link busy by itself, and stores hold parts of it in memory."""

_BATCH = 32
"""Manifests whose bytes are held at the same time."""

_REFERRERS_DEEP = 4

Item = TypeVar("Item")
Result = TypeVar("Result")


def at_once(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Apply a function to each item, a few at the same time; results in order, and the first error in order."""
    jobs: list[together.Job[Result]] = [partial(_silently, function, item) for item in items]
    return together.run(jobs, Silent(), "", None)


def referrers_of(store: ReadableStore, index: Index, subject: Digest) -> tuple[Referrer, ...]:
    """What refers to a manifest. An index of ours names it all and is at hand; a registry has to be asked."""
    return index.referrers(subject) if isinstance(store, IndexedReader) else store.referrers(subject)


def all_referrers(store: ReadableStore, index: Index, subject: Digest) -> list[Referrer]:
    """The same with what refers to these in turn, such as the signature of a list of parts."""
    waiting, seen, found = [(subject, 0)], {subject}, []
    while waiting:
        digest, depth = waiting.pop()
        for referrer in referrers_of(store, index, digest):
            found.append(referrer)
            if referrer.digest not in seen and depth < _REFERRERS_DEEP:
                seen.add(referrer.digest)
                waiting.append((referrer.digest, depth + 1))
    return found


class Root(NamedTuple):
    """A manifest that is to be brought.

    Attributes:
        entry: What the source's index says of it.
        what: What it is, for messages.
    """

    entry: Version | Referrer | Descriptor
    what: str

    @classmethod
    def of_version(cls, version: Version) -> Root:
        """A version, which must be a model."""
        return cls(version, f"{version.name} version {version.number}")

    @classmethod
    def of_referrer(cls, referrer: Referrer) -> Root:
        """What refers to something."""
        return cls(referrer, f"{referrer.artifact_type} of {referrer.subject}")

    def reached(self, store: ReadableStore) -> list[Reached]:
        """Everything that it reaches, itself last.

        Raises:
            MismatchError: A manifest is wrong.
            UnavailableError: The store does not give one.
        """
        entry = self.entry if isinstance(self.entry, Descriptor) else Descriptor.of_entry(self.entry)
        items = list(reach(entry, store.manifest))
        if isinstance(self.entry, Version):
            manifest.parse(items[-1].data or b"", f"manifest of {self.what} in {store.address}")
        return items


@dataclass
class Mover:
    """Brings what the target lacks; remembers which, so that what two manifests share goes once."""

    source: ReadableStore
    target: Store
    progress: Progress
    dry_run: bool = field(kw_only=True)
    sizes: dict[Digest, int] = field(default_factory=dict)
    _held: set[Digest] = field(default_factory=set)

    def forget(self) -> None:
        """Ask for every blob again: a collection of garbage came between."""
        self._held.clear()

    def bring(self, roots: Sequence[Root]) -> Iterator[bytes]:
        """Bring manifests after everything that they reach, several at once. Gives their bytes, in order."""
        for batch in _batches(roots):
            reached = at_once(lambda root: root.reached(self.source), batch)
            self._blobs([(item, root.what) for root, items in zip(batch, reached, strict=True) for item in items])
            at_once(self._manifests, [(items, root.what) for root, items in zip(batch, reached, strict=True)])
            for items in reached:
                self._held.update(item.digest for item in items)
                yield items[-1].data or b""

    def _blobs(self, found: list[tuple[Reached, str]]) -> None:
        """Bring config and layers: a manifest must not be there before them."""
        named = {item.digest: (item, what) for item, what in reversed(found) if item.data is None}
        asked = [pair for digest, pair in named.items() if digest not in self._held]
        lacking = [pair for pair, held in zip(asked, at_once(self._holds, asked), strict=True) if not held]
        self.sizes |= {item.digest: item.size for item, _what in lacking}
        if self.dry_run:
            return
        small = [pair for pair in lacking if pair[0].size <= LARGE_BYTES]
        jobs: list[together.Job[None]] = [partial(self._send, *pair) for pair in small]
        together.run(jobs, self.progress, f"{len(small)} files", sum(item.size for item, _what in small))
        for item, what in lacking:
            if item.size > LARGE_BYTES:
                self._send(item, what, self.progress)

    def _manifests(self, found: tuple[list[Reached], str]) -> None:
        items, what = found
        for item in items:
            if item.data is None or item.digest in self._held or self._holds((item, what)):
                continue
            self.sizes[item.digest] = item.size
            if not self.dry_run:
                self.target.put_manifest(item.data, f"manifest of {what}")

    def _holds(self, found: tuple[Reached, str]) -> bool:
        item, what = found
        size = self.target.holding(item.digest)
        if size is not None:
            _require_size(item, what, size)
        return size is not None

    def _send(self, item: Reached, what: str, progress: Progress) -> None:
        subject = f"{item.digest} of {what} from {self.source.address}"
        if isinstance(self.target, Mounting) and self.target.mount(item.digest, self.source):
            _require_size(item, what, self.target.holding(item.digest))
            return
        with progress.task(f"{what} {item.digest.hex[:12]}", item.size) as advance:
            size = self.target.put(item.digest, steady(self.source, item, subject, advance), subject)
        _require_size(item, what, size)


def steady(source: ReadableStore, item: Reached, what: str, advance: Advance) -> Iterator[bytes]:
    """A blob's bytes, in order and no more than promised; after a lost connection the rest is asked for.

    Raises:
        MismatchError: The source has more bytes than promised.
        UnavailableError: The source does not give them.
    """
    done, etag, failures = 0, None, 0
    while True:
        try:
            with source.open(item.digest, Wanted(done, etag=etag)) as opened:
                etag, position = opened.etag, opened.start
                for chunk in opened.chunks:
                    fresh = chunk[max(0, done - position) :]  # a server that knows no parts starts from 0
                    position += len(chunk)
                    if fresh:
                        done, failures = done + len(fresh), 0
                        if done > item.size:
                            expected, found = f"{item.size} bytes", f"at least {done} bytes"
                            raise MismatchError(what, expected=expected, found=found)
                        advance(len(fresh))
                        yield fresh
                return
        except BrokenOffError:
            failures += 1
            if failures == TRIES:
                raise


def _require_size(item: Reached, what: str, size: int | None) -> None:
    if size != item.size:
        expected, found = f"{item.size} bytes as its manifest says", f"{size} bytes"
        raise MismatchError(f"{item.digest} of {what}", expected=expected, found=found)


def _silently(function: Callable[[Item], Result], item: Item, _progress: Progress) -> Result:
    return function(item)


def _batches(roots: Sequence[Root]) -> Iterator[Sequence[Root]]:
    rest = iter(roots)
    while batch := list(itertools.islice(rest, _BATCH)):
        yield batch
