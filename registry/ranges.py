"""Several connections for one large file, where each of them is slow by itself.

On a fast link one connection with hashing beside it is best: this begins only once one was seen to be slow.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from registry.store.base import BrokenOffError, Source, UnusablePartError, Wanted

CONNECTIONS = 4
SEGMENT_BYTES = 4 << 20
"""Read by one connection at a time; twice as many segments as connections are in memory at most."""


@dataclass(frozen=True)
class Pace:
    """When one connection is too slow.

    Attributes:
        after: Seconds that one connection is given.
        below: Bytes per second that are too few.
        least: Bytes left that make more connections worth it.
    """

    after: float = 1.0
    below: float = float(24 << 20)
    least: int = 32 << 20

    def slow(self, seconds: float, got: int, left: int) -> bool:
        """Whether more connections are worth it."""
        return left >= self.least and seconds >= self.after and got < self.below * seconds


PACE = Pace()


def read(source: Source, start: int, size: int, etag: str | None) -> Generator[bytes, None, None]:
    """The bytes from `start` to the end, in order; what comes ahead of its turn waits in memory.

    Raises:
        UnusablePartError: The file changed, or the store gives other parts than asked for.
        UnavailableError: A connection broke off; all bytes before that were given.
    """
    starts = iter(range(start, size, SEGMENT_BYTES))
    running: deque[Future[bytes]] = deque()
    pool, stop = ThreadPoolExecutor(CONNECTIONS), threading.Event()
    try:
        for begin in starts:
            running.append(pool.submit(_segment, source, begin, min(size, begin + SEGMENT_BYTES), size, etag, stop))
            if len(running) >= CONNECTIONS + 1:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)


def _segment(source: Source, start: int, end: int, size: int, etag: str | None, stop: threading.Event) -> bytes:
    data = bytearray()
    with source.open(Wanted(start, end, etag)) as opened:
        if opened.start != start or opened.size not in (None, size):
            raise UnusablePartError(f"{opened.address}: the server gave another part than was asked for")
        for chunk in opened.chunks:
            if stop.is_set():
                break
            data += chunk
            if len(data) > end - start:
                raise UnusablePartError(f"{opened.address}: the server sent more than was asked for")
    if len(data) != end - start:
        raise BrokenOffError(f"{opened.address}: the connection ended early")
    return bytes(data)
