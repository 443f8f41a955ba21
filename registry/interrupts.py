"""Interrupts (Ctrl-C) that are not lost.

Python raises `KeyboardInterrupt` between any two of its instructions. Where it falls into a finaliser or another
callback, it is printed as ignored and gone: whoever asked for an end does not get it.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator

from registry.progress import Advance, Progress


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Hold an interrupt back until the end of a block that forks.

    Python calls hooks around a fork, one of which lets go of the lock of `logging`; an interrupt that reaches it
    there is lost with that lock, and whoever logs next waits for ever.
    """
    if not _is_main():
        yield
        return
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: heard.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if heard:
        raise KeyboardInterrupt


@contextlib.contextmanager
def remembered(progress: Progress) -> Iterator[Progress]:
    """Raise an interrupt at once as ever, and where that was swallowed once more when progress is told.

    TensorFlow's objects wait in their finalisers, so an interrupt of a training often falls into one.

    Args:
        progress: What the block would tell.

    Yields:
        What it has to tell instead.
    """
    if not _is_main():
        yield progress
        return
    heard: list[int] = []

    def hear(number: int, _frame: object) -> None:
        heard.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, hear)
    try:
        yield _Remembering(progress, heard)
    finally:
        signal.signal(signal.SIGINT, before)


class _Remembering:
    """A listener that raises what was heard."""

    def __init__(self, progress: Progress, heard: list[int]) -> None:
        self._progress, self._heard = progress, heard

    @contextlib.contextmanager
    def task(self, title: str, total: int | None, *, unit: str = "B", done: int = 0) -> Iterator[Advance]:
        """The same task, whose progress is where an interrupt is remembered."""
        with self._progress.task(title, total, unit=unit, done=done) as advance:

            def advanced(amount: int, /) -> None:
                if self._heard:
                    raise KeyboardInterrupt
                advance(amount)

            yield advanced

    def note(self, message: str) -> None:
        """Say one thing."""
        self._progress.note(message)


def _is_main() -> bool:
    """No other thread gets interrupts, or may say what becomes of them."""
    return threading.current_thread() is threading.main_thread()
