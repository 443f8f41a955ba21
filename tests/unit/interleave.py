"""Runs actors one step at a time, in every order: what a race between processes could come to."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

from registry.digest import Digest
from registry.store.base import WHOLE, Opened, Wanted
from registry.store.indexed import IndexedStore
from registry.store.writable import CollectableStore, HeldBlob, HeldIndex


class Killed(BaseException):
    """Ends an actor where it stands, past every handler."""


def _closed() -> threading.Lock:
    """A door that one side waits at and the other opens, in turns; Python's semaphore is several of these."""
    door = threading.Lock()
    door.acquire()
    return door


class Actor:
    """A function in a thread of its own, which waits before each step until it is let go on."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.done = False
        self.error: Exception | None = None
        self.steps = 0
        self.waits_for: Callable[[], bool] | None = None
        self._dying = False
        self._go, self._stopped = _closed(), _closed()
        self._thread = threading.Thread(target=self._run, args=(work,))
        self._thread.start()
        self._stopped.acquire()

    def _run(self, work: Callable[[], object]) -> None:
        CURRENT.actor = self
        try:
            self.step()
            work()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error
        except Killed:
            pass
        self.done = True
        self._stopped.release()

    def step(self) -> None:
        """Called by the actor itself: wait to be let go on."""
        if not self._dying:
            self._stopped.release()
            self._go.acquire()
        if self._dying:
            raise Killed

    def advance(self) -> None:
        """Let it take one step; returns when it stands before the next, or has ended."""
        self.steps, self.waits_for = self.steps + 1, None
        self._go.release()
        self._stopped.acquire()

    def kill(self) -> None:
        """End it where it stands."""
        if not self.done:
            self._dying = True
            self.advance()
        self._thread.join()


class _Current(threading.local):
    actor: Actor | None = None


CURRENT = _Current()


class Stepped(IndexedStore):
    """A store whose every operation on what can change is a step of the actor that asks for it."""

    def __init__(self, inner: CollectableStore) -> None:
        self._inner = inner
        self.local = inner.local

    @property
    def address(self) -> str:
        return self._inner.address

    def open(self, digest: Digest, wanted: Wanted = WHOLE) -> contextlib.AbstractContextManager[Opened]:
        return self._inner.open(digest, wanted)

    def read_index(self) -> HeldIndex:
        self._step()
        return self._inner.read_index()

    def holding(self, digest: Digest) -> int | None:
        self._step()
        return self._inner.holding(digest)

    def put(self, digest: Digest, chunks: Iterable[bytes], what: str) -> int:
        self._step()
        return self._inner.put(digest, chunks, what)

    def prepare(self) -> None:
        self._inner.prepare()

    def swap_index(self, token: str | None, data: bytes) -> bool:
        self._step()
        return self._inner.swap_index(token, data)

    def blobs(self) -> Iterator[HeldBlob]:
        self._step()
        return iter(list(self._inner.blobs()))

    def remove(self, digest: Digest) -> None:
        self._step()
        self._inner.remove(digest)

    def pause(self, _seconds: float) -> None:
        """Wait until somebody has changed the index, or nobody else is left to do so."""
        if actor := CURRENT.actor:
            before = self._inner.read_index().token
            actor.waits_for = lambda: self._inner.read_index().token != before
            actor.step()

    @staticmethod
    def _step() -> None:
        if CURRENT.actor:
            CURRENT.actor.step()


class MemoryStore(IndexedStore):
    """A store in memory, fast enough for thousands of runs."""

    local = True
    address = "memory"

    def __init__(self, index: bytes, *blobs: bytes) -> None:
        self.index, self.held = index, {Digest.of(data): data for data in blobs}

    @contextlib.contextmanager
    def open(self, digest: Digest, wanted: Wanted = WHOLE) -> Iterator[Opened]:
        assert wanted == WHOLE
        yield Opened("memory", len(self.held[digest]), iter([self.held[digest]]))

    def read_index(self) -> HeldIndex:
        return HeldIndex(self.index, str(Digest.of(self.index)))

    def holding(self, digest: Digest) -> int | None:
        data = self.held.get(digest)
        return None if data is None else len(data)

    def put(self, digest: Digest, chunks: Iterable[bytes], what: str) -> int:
        self.held[digest] = b"".join(chunks)
        return len(self.held[digest])

    def prepare(self) -> None:
        pass

    def swap_index(self, token: str | None, data: bytes) -> bool:
        if self.read_index().token != token:
            return False
        self.index = data
        return True

    def blobs(self) -> Iterator[HeldBlob]:
        for digest, data in self.held.items():
            yield HeldBlob(digest, len(data), 1e9)

    def remove(self, digest: Digest) -> None:
        self.held.pop(digest, None)


def play(actors: Sequence[Actor], choose: Callable[[int], int], kill_at: Sequence[int | None] = ()) -> None:
    """Run actors to their ends, the next step by whom `choose` says of those that can go on.

    Args:
        actors: The actors.
        choose: Given the number of actors that can go on, which of them does.
        kill_at: The number of steps after which an actor is killed; None for never.
    """
    limits = [*kill_at, *[None] * (len(actors) - len(kill_at))]
    while alive := [
        actor
        for actor, limit in zip(actors, limits, strict=True)
        if not actor.done and (limit is None or actor.steps < limit)
    ]:
        able = [actor for actor in alive if actor.waits_for is None or actor.waits_for()] or alive
        able[choose(len(able)) if len(able) > 1 else 0].advance()
    for actor in actors:
        actor.kill()


def every_order(run: Callable[[Callable[[int], int]], bool | None]) -> int:
    """Run something once for every sequence of choices that it can make, or until it says that it is enough.

    Returns how many runs there were.
    """
    prefix: list[int] = []
    for count in range(1, 1_000_000):
        choices = _Choices(prefix)
        enough = run(choices)
        prefix = choices.next_prefix()
        if enough or not prefix:
            return count
    raise AssertionError("too many orders")


class _Choices:
    """Takes given choices, then always the first; remembers what could have been chosen."""

    def __init__(self, prefix: Sequence[int]) -> None:
        self._prefix = prefix
        self._taken: list[tuple[int, int]] = []

    def __call__(self, number: int) -> int:
        place = len(self._taken)
        choice = self._prefix[place] if place < len(self._prefix) else 0
        self._taken.append((choice, number))
        return choice

    def next_prefix(self) -> list[int]:
        """The next in order; empty after the last."""
        taken = list(self._taken)
        while taken and taken[-1][0] + 1 == taken[-1][1]:
            taken.pop()
        return [*(choice for choice, _number in taken[:-1]), taken[-1][0] + 1] if taken else []
