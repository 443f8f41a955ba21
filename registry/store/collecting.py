"""How a collection of garbage never races a publisher into loss, where changing the index is all that is atomic.

The danger: a publisher asks `holding`, hears that an old blob is there and does not upload it; a collector that has
read the index before removes the blob; the publisher's index then names what is gone.

The protocol, with two annotations of the index itself:

- A collector first swaps in a mark (`collecting`: when and who). It removes only what the index that it then wrote
  does not reach. At the end it swaps the mark out and raises a counter (`generation`).
- A publisher notes the generation before it asks `holding` for the first time. It swaps its index in only where
  there is no mark and the generation is the one that it noted; the swap fails if the index is another one by then.
  With a mark it waits; with another generation it notes that one, and asks for every blob again.

Why that suffices: take a blob that a publisher relied on, and a collector that removed it. The removal lies between
the collector's two swaps. If the publisher's swap came before the first, the collector's index had the new entry,
and it kept the blob. It cannot come between them, because of the mark. If it came after the second, then either the
publisher noted the generation before it was raised, and so asked again; or noted it, and asked, after the removal.

A collector that is killed leaves its mark: no publisher gets in, and nothing is lost. The next collector takes the
mark over when it is older than an hour, or when told to; the generation is raised then. A collector removes nothing
later than `ROUND_SECONDS` after its mark, so that one which was merely slow has stopped long before. What remains
assumed: clocks agree to within the better part of an hour, and a single removal does not take longer (with
`--take-over`: half a minute, which is why that is only said of a process that is gone). Tools that
write the index without this protocol are outside of it; the grace period is what protects them.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from registry.errors import UnavailableError
from registry.progress import Progress, Silent
from registry.store.index import Index
from registry.store.writable import ATTEMPTS, Store, change_index, current_index

COLLECTING = "org.edge-model-zoo.collecting"
GENERATION = "org.edge-model-zoo.generation"

STALE_SECONDS = 3600.0
"""Age of a mark from which its collector counts as gone."""

ROUND_SECONDS = 30.0
"""Longest time that a collector removes under one mark; publishers wait that long."""

TAKE_OVER_SECONDS = 2 * ROUND_SECONDS
"""Least age of a mark that is taken over by request: by then its collector, alive or not, removes nothing more."""

PATIENCE_SECONDS, POLL_SECONDS = 120.0, 1.0
"""How long a publisher waits for a mark to go, and how often it looks."""


@dataclass(frozen=True)
class Mark:
    """A collection that is going on, or was killed.

    Attributes:
        started: Seconds since 1970, by the collector's clock; None where it cannot be read.
        identity: Tells it from every other.
    """

    started: float | None
    identity: str

    def __str__(self) -> str:
        return f"{self._when()} {self.identity}"

    @property
    def stale(self) -> bool:
        """Whether its collector counts as gone."""
        return self.started is not None and self.age > STALE_SECONDS

    @property
    def age(self) -> float:
        """Seconds since it was set; endless where that is not known."""
        return float("inf") if self.started is None else time.time() - self.started

    @property
    def expired(self) -> bool:
        """Whether its own collector has to stop: by the clock of the wall, which goes on while a machine sleeps."""
        return self.started is None or not 0 <= self.age < ROUND_SECONDS

    def told(self, store: str) -> UnavailableError:
        """What somebody is told who cannot go on because of it."""
        return UnavailableError(
            f"store {store}: its garbage is being collected, since {self._when()}",
            hint="run the same command again; if that `zoo gc` was killed, "
            f"`zoo gc --store {store} --take-over` ends what it began, a minute after its start",
        )

    def _when(self) -> str:
        if self.started is None:
            return "an unknown time"
        return datetime.fromtimestamp(self.started, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def mark_of(index: Index) -> Mark | None:
    """The mark of a collection; None when there is none."""
    text = _annotations(index).get(COLLECTING)
    if text is None:
        return None
    when, _, identity = str(text).partition(" ")
    with contextlib.suppress(ValueError, OverflowError):
        return Mark(datetime.fromisoformat(when).timestamp(), identity)
    return Mark(None, str(text)[:200])


def generation_of(index: Index) -> str:
    """Counts the collections; only whether it is the same matters."""
    return str(_annotations(index).get(GENERATION, "0"))


def commit(
    store: Store,
    bring: Callable[[], object],
    change: Callable[[Index], Index],
    progress: Progress | None = None,
    *,
    pause: Callable[[float], None] = time.sleep,
) -> Index:
    """Add entries to a store's index, whose blobs are then all there.

    Args:
        store: The store, made ready.
        bring: Asks for every blob that the entries need, and uploads what is not there; called again after a
            collection.
        change: Makes the new index of the old; see `change_index`.
        progress: Hears that a collection is waited for.
        pause: Waits a number of seconds.

    Returns:
        The index as it is then.

    Raises:
        MismatchError: The index is damaged.
        UnavailableError: The store did not answer, others were faster each time, or a collection does not end.
    """
    generation = generation_of(current_index(store))
    bring()
    patience, lost = PATIENCE_SECONDS, 0
    while lost < ATTEMPTS:
        held = store.read_index()
        before = Index.parse(held.data, f"the index of {store.address}")
        if mark := mark_of(before):
            if mark.stale or patience <= 0:
                raise mark.told(store.address)
            if patience == PATIENCE_SECONDS:
                (progress or Silent()).note(f"waiting: the garbage of {store.address} is being collected")
            patience -= POLL_SECONDS
            pause(POLL_SECONDS)
        elif generation_of(before) != generation:
            generation = generation_of(before)
            bring()
        else:
            after = change(before)
            if after == before or store.swap_index(held.token, after.to_bytes()):
                return after
            lost += 1
    raise UnavailableError(
        f"the index of {store.address} was changed by others {ATTEMPTS} times in a row",
        hint="run the same command again: what was uploaded is kept",
    )


def begin(store: Store, *, take_over: bool = False) -> tuple[Mark, Index]:
    """Put a mark into a store's index.

    Args:
        store: The store.
        take_over: Whether to replace another mark from the age of `TAKE_OVER_SECONDS`.

    Returns:
        The mark, and the index that was written with it: what this one does not reach may be removed.

    Raises:
        UnavailableError: Somebody else is collecting, or the store did not answer.
    """
    mark = Mark(time.time(), secrets.token_hex(8))

    def change(index: Index) -> Index:
        present = mark_of(index)
        if present and not present.stale and not (take_over and present.age > TAKE_OVER_SECONDS):
            raise present.told(store.address)
        return _annotated(index, **{COLLECTING: str(mark)})

    return mark, change_index(store, change)


def end(store: Store, mark: Mark) -> None:
    """Take the mark out again and raise the generation; that of somebody who has taken over stays.

    Raises:
        UnavailableError: The store did not answer; the mark is still there.
    """

    def change(index: Index) -> Index:
        present, counted = mark_of(index), generation_of(index)
        number = int(counted) if counted.isdecimal() and len(counted) < 18 else 0
        mine = {COLLECTING: None} if present and present.identity == mark.identity else {}
        return _annotated(index, **mine, **{GENERATION: str(number + 1)})

    change_index(store, change)


def _annotations(index: Index) -> dict[str, Any]:
    found = dict(index.extra).get("annotations")
    return dict(found) if isinstance(found, dict) else {}


def _annotated(index: Index, **changes: str | None) -> Index:
    """The same with other annotations of the index itself; None takes one away."""
    merged = {name: value for name, value in {**_annotations(index), **changes}.items() if value is not None}
    others = tuple((key, value) for key, value in index.extra if key != "annotations")
    return Index(index.entries, (*others, ("annotations", merged)) if merged else others)
