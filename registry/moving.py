"""What copies and bundles share: what refers to a version, steady reading, and bringing what a store lacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from registry import manifest
from registry.digest import Digest
from registry.errors import MismatchError
from registry.progress import Advance, Progress
from registry.reach import Descriptor, Reached, reach
from registry.store.base import BrokenOffError, Wanted
from registry.store.index import Index, Referrer
from registry.store.indexed import IndexedReader
from registry.store.writable import ReadableStore, Store

TRIES = 4
"""Answers in a row that bring no new byte, before a blob is given up."""

_REFERRERS_DEEP = 4


def referrers_of(store: ReadableStore, index: Index, subject: Digest) -> tuple[Referrer, ...]:
    """What refers to a manifest. An index of ours names it all and is at hand; a registry has to be asked."""
    return index.referrers(subject) if isinstance(store, IndexedReader) else store.referrers(subject)


def all_referrers(store: ReadableStore, index: Index, subject: Digest) -> Iterator[Referrer]:
    """The same with what refers to these in turn, such as the signature of a list of parts."""
    waiting, seen = [(subject, 0)], {subject}
    while waiting:
        digest, depth = waiting.pop()
        for referrer in referrers_of(store, index, digest):
            yield referrer
            if referrer.digest not in seen and depth < _REFERRERS_DEEP:
                seen.add(referrer.digest)
                waiting.append((referrer.digest, depth + 1))


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

    def bring(self, root: Descriptor, what: str, *, of_model: bool = False) -> bytes:
        """Bring a manifest after everything that it reaches. Returns its bytes."""
        items = list(reach(root, self.source.manifest))
        data = items[-1].data or b""
        if of_model:
            manifest.parse(data, f"manifest of {what} in {self.source.address}")
        for item in items:
            if item.digest not in self._held:
                self._item(item, what)
                self._held.add(item.digest)
        return data

    def _item(self, item: Reached, what: str) -> None:
        size = self.target.holding(item.digest)
        if size is None:
            self.sizes[item.digest] = item.size
            if self.dry_run:
                return
            if item.data is None:
                size = self._send(item, what)
            else:
                self.target.put_manifest(item.data, f"manifest of {what}")
                size = len(item.data)
        if size != item.size:
            expected, found = f"{item.size} bytes as its manifest says", f"{size} bytes"
            raise MismatchError(f"{item.digest} of {what}", expected=expected, found=found)

    def _send(self, item: Reached, what: str) -> int:
        subject = f"{item.digest} of {what} from {self.source.address}"
        with self.progress.task(f"{what} {item.digest.hex[:12]}", item.size) as advance:
            return self.target.put(item.digest, steady(self.source, item, subject, advance), subject)


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
