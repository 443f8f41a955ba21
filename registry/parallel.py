"""Map a function over many items on all processors, in order, with bounded memory."""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

FEW = 48
"""Below this many items starting processes costs more than it saves."""

_CHUNK = 16
_WAITING = 4
"""Chunks in flight per processor: enough to keep it busy, few enough to keep memory flat."""


def ordered_map(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield `function(item)` for each item, in order.

    The function must be importable by name; it runs in worker processes when there are many items.
    """
    stream = iter(items)
    head = list(itertools.islice(stream, FEW))
    workers = os.cpu_count() or 1
    if len(head) < FEW or workers == 1:
        yield from map(function, itertools.chain(head, stream))
        return

    from concurrent.futures import Future, ProcessPoolExecutor

    source = itertools.chain(head, stream)
    chunks = iter(lambda: list(itertools.islice(source, _CHUNK)), [])
    with ProcessPoolExecutor(workers) as pool:
        pending: deque[Future[list[Result]]] = deque()
        for chunk in chunks:
            pending.append(pool.submit(_apply, function, chunk))
            if len(pending) >= workers * _WAITING:
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()


def _apply(function: Callable[[Item], Result], chunk: list[Item]) -> list[Result]:
    return [function(item) for item in chunk]
