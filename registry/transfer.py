"""Bytes from an untrusted place into the cache: hashed while they stream, admitted only when right."""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from registry import ranges
from registry.content import HEAD, REPORT, require_content
from registry.digest import Digest
from registry.errors import MismatchError, UnavailableError
from registry.partial import Partial
from registry.progress import Advance, Progress
from registry.store.base import BrokenOffError, Opened, Source, UnusablePartError, Wanted
from registry.store.cache import Cache
from registry.units import format_bytes

MAX_UNSTATED_BYTES = 4 << 30
"""Bound for a file whose size nobody has stated."""

TRIES = 4
"""Answers in a row that bring no new byte, before a place is given up."""

_SEVERAL = threading.Lock()
"""Held by the one file that comes over several connections: bounds what waits in memory for all files together."""

_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 20.0


@dataclass(frozen=True)
class Expected:
    """What is known of a file before it comes.

    Attributes:
        file: Name for messages.
        digest: What it must hash to, or None for an unpinned file.
        size: Bytes that the card states, or None.
        format_: Format of a model file, whose first bytes are then looked at; None for any other file.
    """

    file: str
    digest: Digest | None
    size: int | None
    format_: str | None


@dataclass(frozen=True)
class Received:
    """A file that came whole.

    Attributes:
        digest: What it hashes to.
        path: Where it lies in the cache.
        size: Bytes.
        address: Where it came from.
    """

    digest: Digest
    path: Path
    size: int
    address: str


def receive(
    source: Source,
    cache: Cache,
    partial: Partial,
    expected: Expected,
    progress: Progress,
    *,
    pause: Callable[[float], None] = time.sleep,
    pace: ranges.Pace = ranges.PACE,
) -> Received:
    """Stream a file into the cache; where a digest is known, go on from what is there already.

    Args:
        source: Where the file is.
        cache: Where it goes.
        partial: What the cache has of it; for a pinned file it is kept when the transfer breaks off.
        expected: What must come.
        progress: Hears the bytes.
        pause: Waits some seconds before the next try.
        pace: When one connection is too slow.

    Raises:
        MismatchError: Other bytes than promised; of a pinned file, what was there before is kept.
        UnavailableError: The bytes stopped early, or the cache cannot be written; the same is kept.
    """
    known = expected.size
    try:
        _require_space(cache, known and max(0, known - partial.count))
        with progress.task(expected.file, known, done=partial.count) as advance:
            transfer = _Transfer(source, cache, partial, expected, advance, pace)
            try:
                return transfer.run(pause)
            except (MismatchError, UnavailableError, OSError):
                partial.bring_back()
                raise
    except OSError as error:
        raise UnavailableError(
            f"the cache {cache.folder} cannot be written: {error.strerror or error}",
            hint="free space or fix the permissions there, or choose another folder with --cache or ZOO_CACHE",
        ) from error


class _Transfer:
    """One file from one place, in as many answers as it takes."""

    def __init__(
        self,
        source: Source,
        cache: Cache,
        partial: Partial,
        expected: Expected,
        advance: Advance,
        pace: ranges.Pace,
    ) -> None:
        self._source, self._cache, self._partial, self._expected = source, cache, partial, expected
        self._advance, self._pace = advance, pace
        self._address = source.address
        self._looked, self._parallel = False, True
        self._inherited = partial.count  # bytes that this place did not give

    def run(self, pause: Callable[[float], None]) -> Received:
        """Ask until all is there; distrust what was kept once."""
        most, tries, distrusted = self._partial.count, 0, False
        while True:
            try:
                return self._once()
            except (MismatchError, UnusablePartError):
                again = self._partial.mixed and not distrusted
                self._restart()
                if not again:
                    raise
                distrusted = True
            except BrokenOffError:
                self._partial.mixed = True
                tries = 1 if self._partial.count > most else tries + 1
                most = max(most, self._partial.count)
                if self._expected.digest is None or tries >= TRIES:
                    raise
                pause(min(_LONGEST_PAUSE_SECONDS, _PAUSE_SECONDS * 2 ** (tries - 1)) * random.uniform(0.5, 1))  # noqa: S311 - spreads load, guards nothing

    def _once(self) -> Received:
        partial, size = self._partial, self._expected.size
        if size is not None and partial.count >= size:  # an earlier run ended just before its end
            return self._finish()
        start = partial.count
        wanted = Wanted(start, etag=partial.etag(self._source.address) if start else None)
        with self._source.open(wanted) as opened:
            self._begin(opened)
            total = opened.size or size
            slow = self._copy(opened.chunks, self._slow(opened))
        if slow and total is not None:
            self._copy_in_parallel(total, opened.etag)
        if opened.size is not None and partial.count < opened.size:
            raise BrokenOffError(
                f"{self._address}: the connection ended early: expected {opened.size} bytes, found {partial.count}"
            )
        return self._finish()

    def _copy_in_parallel(self, size: int, etag: str | None) -> None:
        try:
            self._partial.mixed = True
            with closing(ranges.read(self._source, self._partial.count, size, etag)) as chunks:
                self._copy(chunks, lambda: False)
        except UnavailableError as error:
            # a server may refuse a second connection; what is missing comes over one
            self._parallel = False
            if isinstance(error, UnusablePartError):
                raise
            raise BrokenOffError(error.message, hint=error.hint) from error
        finally:
            _SEVERAL.release()

    def _begin(self, opened: Opened) -> None:
        """Make the partial file fit the answer."""
        self._address = opened.address
        size = self._expected.size
        if size is not None and opened.size is not None and opened.size > size:
            raise self._wrong_size(opened.size)
        if opened.start != self._partial.count:
            self._restart()
        _require_space(self._cache, opened.size and max(0, opened.size - self._partial.count))
        if self._expected.digest is not None:
            self._partial.note_etag(self._source.address, opened.etag)

    def _restart(self) -> None:
        """Begin at the first byte; this place may be the one that is wrong, so what others gave is not lost."""
        self._advance(-self._partial.count)
        if self._inherited:
            self._partial.set_aside(self._inherited)
            self._inherited = 0
        else:
            self._partial.restart()
        self._looked = False

    def _slow(self, opened: Opened) -> Callable[[], bool]:
        """Whether more connections might help, asked after each chunk."""
        size = self._expected.size
        if (
            not (self._parallel and opened.ranged)
            or size is None
            or self._expected.digest is None
            or opened.size not in (None, size)
        ):
            return lambda: False
        started, before = time.monotonic(), self._partial.count

        def slow() -> bool:
            got = self._partial.count - before
            slow = self._pace.slow(time.monotonic() - started, got, size - self._partial.count)
            return slow and _SEVERAL.acquire(blocking=False)

        return slow

    def _copy(self, chunks: Iterator[bytes], slow: Callable[[], bool]) -> bool:
        """Take bytes, up to the first one too many or first bytes that are wrong. True when left as too slow."""
        limit = self._expected.size or MAX_UNSTATED_BYTES
        for chunk in chunks:
            if self._partial.count + len(chunk) > limit:
                raise self._wrong_size(self._partial.count + len(chunk), more=True)
            self._partial.write(chunk)
            if len(self._partial.head) == HEAD:
                self._look()
            self._advance(len(chunk))
            if slow():
                return True
        return False

    def _look(self) -> None:
        # any other file may look like anything, as long as a digest vouches for it
        if not self._looked and (self._expected.format_ is not None or self._expected.digest is None):
            require_content(self._subject, self._partial.head, self._expected.format_)
        self._looked = True

    def _finish(self) -> Received:
        self._look()
        count, size, digest = self._partial.count, self._expected.size, self._expected.digest
        if size is not None and count != size:
            raise self._wrong_size(count)
        found = self._partial.digest()
        if digest is not None and found != digest:
            raise MismatchError(self._subject, expected=str(digest), found=str(found), hint=REPORT)
        return Received(found, self._cache.admit(self._partial, found), count, self._address)

    @property
    def _subject(self) -> str:
        return f"{self._expected.file} from {self._address}"

    def _wrong_size(self, found: int, *, more: bool = False) -> MismatchError:
        size = self._expected.size
        limit = f"{size} bytes" if size is not None else f"at most {MAX_UNSTATED_BYTES} bytes"
        least = "at least " if more else ""
        return MismatchError(self._subject, expected=limit, found=f"{least}{found} bytes", hint=REPORT)


def _require_space(cache: Cache, size: int | None) -> None:
    folder = cache.folder
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if size is not None and size > free:
        raise UnavailableError(
            f"not enough space in the cache {cache.folder}: "
            f"expected {format_bytes(size)} free, found {format_bytes(free)}",
            hint="free space, or choose another folder with --cache or ZOO_CACHE",
        )
