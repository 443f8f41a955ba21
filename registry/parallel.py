"""Map a function over many items, in order, with bounded memory: on all processors, or on a thread ahead."""

from __future__ import annotations

import itertools
import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TypeVar

from registry import interrupts
from registry.errors import UnavailableError

Item = TypeVar("Item")
Result = TypeVar("Result")

FEW = 48
"""Below this many items starting processes costs more than it saves."""

CHUNK = 16
"""Items that a worker takes at once: enough to hide what sending them costs."""

_WAITING = 4
"""Chunks in flight per processor: enough to keep it busy, few enough to keep memory flat."""


def ordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], *, few: int = FEW, chunk: int = CHUNK
) -> Iterator[Result]:
    """Yield `function(item)` for each item, in order.

    The function must be importable by name; it runs in worker processes when there are many items.

    Args:
        function: What is done with each.
        items: What it is done with.
        few: Below this many items it is done in this process.
        chunk: Items that a worker takes at once.

    Raises:
        UnavailableError: The system killed a worker.
    """
    stream = iter(items)
    head = list(itertools.islice(stream, few))
    workers = os.cpu_count() or 1
    if len(head) < few or workers == 1:
        yield from map(function, itertools.chain(head, stream))
        return

    from concurrent.futures import Future, ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    source = itertools.chain(head, stream)
    chunks = iter(lambda: list(itertools.islice(source, chunk)), [])
    pool = ProcessPoolExecutor(workers, initializer=_hear_no_interrupt)
    try:
        pending: deque[Future[list[Result]]] = deque()
        for taken in chunks:
            with interrupts.held():  # the first of them starts the workers
                pending.append(pool.submit(_apply, function, taken))
            if len(pending) >= workers * _WAITING:
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()
    except BrokenProcessPool:
        raise UnavailableError(
            "a worker process was killed, perhaps because memory ran out",
            hint="free memory, or ask about fewer files at once",
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _hear_no_interrupt() -> None:
    """Ctrl-C reaches every process of a terminal; the one that waits for the others ends them, and says so."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def mapped_ahead(function: Callable[[Item], Result], items: Iterable[Item], depth: int = 2) -> Generator[Result]:
    """Yield `function(item)` for each item, in order, computed on a thread of its own up to `depth` items ahead.

    The items themselves are taken in the caller's thread. So several of these, one around the other, make a line of
    stations that work at the same time, as far as they spend it in libraries that let go of the interpreter.

    Raises:
        BaseException: What the function raised, at its item's turn; the generator's end waits for what is computed.
    """
    from concurrent.futures import Future, ThreadPoolExecutor

    with ThreadPoolExecutor(1) as thread:
        pending: deque[Future[Result]] = deque()
        try:
            for item in items:
                pending.append(thread.submit(function, item))
                if len(pending) > depth:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def _apply(function: Callable[[Item], Result], chunk: list[Item]) -> list[Result]:
    return [function(item) for item in chunk]
