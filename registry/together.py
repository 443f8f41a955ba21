"""A few jobs at once, in threads: results in order, one bar for all, and an orderly end when one of them fails."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from registry.progress import Advance, Progress

AT_ONCE = 8
"""Jobs at the same time: enough to hide the delay of a link, few enough for memory and for a server's patience."""

_FAREWELL_SECONDS = 1.0
"""What threads that were told to stop get for it; one that waits for a silent server is left behind."""

Result = TypeVar("Result")
Job = Callable[[Progress], Result]
"""Does one thing and tells a listener of it. Telling may raise, which ends the job: it leaves things in order."""


def run(jobs: Sequence[Job[Result]], progress: Progress, title: str, total: int | None) -> list[Result]:
    """Run jobs, a single one in this thread, several in threads; their results in the order of the jobs.

    What fails does not depend on which job is quicker: where several would fail, it is the first of them in order.
    Jobs before it are run to their end, those after it are stopped or never begun.

    Args:
        jobs: What to do.
        progress: Hears of all of them as one task, and their notes.
        title: Of that task.
        total: Its bytes, or None when unknown.

    Raises:
        BaseException: What the first failing job raised, or an interrupt of this thread.
    """
    if len(jobs) < 2:
        return [job(progress) for job in jobs]
    with progress.task(title, total) as advance:
        return _Crew(jobs, progress, advance).run()


class _StoppedError(Exception):
    """Raised in a job whose result nobody waits for any more."""


class _Crew(Generic[Result]):
    """Threads that take the jobs one after the other."""

    def __init__(self, jobs: Sequence[Job[Result]], progress: Progress, advance: Advance) -> None:
        self._jobs, self._progress, self._advance = jobs, progress, advance
        self._futures: list[Future[Result]] = [Future() for _ in jobs]
        self._numbers = iter(range(len(jobs)))
        self._last = len(jobs)  # no job after this one has to go on
        self._lock = threading.Lock()

    def run(self) -> list[Result]:
        # daemons: an interrupt must not wait for a server that is silent
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(min(AT_ONCE, len(self._jobs)))]
        try:
            for thread in threads:
                thread.start()
            return [future.result() for future in self._futures]
        finally:
            self._stop_after(-1)
            for thread in threads:
                if thread.ident is not None:
                    thread.join(_FAREWELL_SECONDS / len(threads))

    def _work(self) -> None:
        while (number := self._take()) is not None:
            try:
                self._futures[number].set_result(self._jobs[number](_Share(self, number)))
            except BaseException as error:  # noqa: BLE001 - it is raised where the result is waited for
                self._stop_after(number)
                self._futures[number].set_exception(error)

    def _take(self) -> int | None:
        with self._lock:  # in order: when one fails, all before it have been taken
            number = next(self._numbers, None)
            return number if number is not None and number < self._last else None

    def _stop_after(self, number: int) -> None:
        with self._lock:
            self._last = min(self._last, number)

    def advance(self, number: int, amount: int) -> None:
        """Tell of a job's bytes.

        Raises:
            _StoppedError: The job need not go on.
        """
        with self._lock:
            if number > self._last:
                raise _StoppedError
            self._advance(amount)

    def note(self, number: int, message: str) -> None:
        """Pass a job's note on, unless nobody waits for the job any more."""
        with self._lock:
            if number <= self._last:
                self._progress.note(message)


class _Share:
    """The listener of one job: its tasks are parts of the whole crew's."""

    def __init__(self, crew: _Crew[Result], number: int) -> None:
        self._crew, self._number = crew, number
        self._told = 0

    @contextlib.contextmanager
    def task(self, title: str, total: int | None, *, unit: str = "B", done: int = 0) -> Iterator[Advance]:
        """A second task of the same job begins where the file is, not where the first one ended."""

        def advance(amount: int, /) -> None:
            self._told += amount
            self._crew.advance(self._number, amount)

        advance(done - self._told)
        yield advance

    def note(self, message: str) -> None:
        """Say one thing."""
        self._crew.note(self._number, message)
