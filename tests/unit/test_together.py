"""Jobs at once: order, the error that decides, and the orderly end of the others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from registry import together
from registry.errors import UnavailableError
from registry.progress import Advance, Progress, Silent


class Heard(Silent):
    """Remembers what it hears."""

    def __init__(self) -> None:
        self.tasks: list[tuple[str, int | None]] = []
        self.notes: list[str] = []
        self.amount = 0

    @contextmanager
    def task(self, title: str, total: int | None, *, unit: str = "B", done: int = 0) -> Iterator[Advance]:
        self.tasks.append((title, total))
        self.amount += done

        def advance(amount: int, /) -> None:
            self.amount += amount

        yield advance

    def note(self, message: str) -> None:
        self.notes.append(message)


def test_results_come_in_order_whoever_is_quicker() -> None:
    turns = [threading.Event() for _ in range(together.AT_ONCE)]

    def job(number: int) -> together.Job[int]:
        def work(_progress: Progress) -> int:
            if number + 1 < len(turns):
                assert turns[number + 1].wait(30)  # the last one ends first
            turns[number].set()
            return number

        return work

    jobs = [job(number) for number in range(together.AT_ONCE)]
    assert together.run(jobs, Silent(), "files", None) == list(range(together.AT_ONCE))


def test_never_more_than_the_bound_at_once() -> None:
    lock, running, most = threading.Lock(), 0, 0
    full = threading.Barrier(together.AT_ONCE)

    def work(_progress: Progress) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        full.wait(30)  # passes only when as many as allowed are here
        with lock:
            running -= 1

    together.run([work] * (3 * together.AT_ONCE), Silent(), "files", None)
    assert most == together.AT_ONCE


@pytest.mark.parametrize("number", [0, 1])
def test_few_jobs_need_no_thread(number: int) -> None:
    found = together.run([lambda _: threading.current_thread()] * number, Silent(), "files", None)
    assert found == [threading.main_thread()] * number


def test_the_first_error_in_order_decides_even_when_it_comes_last() -> None:
    later_failed = threading.Event()

    def first(_progress: Progress) -> None:
        assert later_failed.wait(30)
        raise UnavailableError("first")

    def second(_progress: Progress) -> None:
        try:
            raise UnavailableError("second")
        finally:
            later_failed.set()

    with pytest.raises(UnavailableError, match="first"):
        together.run([first, second], Silent(), "files", None)


def test_a_failure_stops_what_comes_later_and_nothing_new_is_begun() -> None:
    running, ended, begun = threading.Event(), threading.Event(), []

    def bad(_progress: Progress) -> None:
        assert running.wait(30)
        raise UnavailableError("bad")

    def endless(progress: Progress) -> None:
        running.set()
        try:
            with progress.task("file", None) as advance:
                while True:
                    advance(1)
        finally:
            ended.set()

    def late(_progress: Progress) -> None:
        begun.append(1)

    heard = Heard()
    jobs = [bad, *[endless] * (together.AT_ONCE - 1), *[late] * 20]
    with pytest.raises(UnavailableError, match="bad"):
        together.run(jobs, heard, "files", None)
    assert ended.wait(30)
    assert begun == []


def test_an_interrupt_ends_the_jobs_that_are_running() -> None:
    import signal

    reached, ended = threading.Event(), threading.Event()

    def endless(progress: Progress) -> None:
        try:
            with progress.task("file", None) as advance:
                while True:
                    advance(1)
                    reached.set()
        finally:
            ended.set()

    def interrupt(_progress: Progress) -> None:
        assert reached.wait(30)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)  # as a terminal does

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            together.run([endless, interrupt], Silent(), "files", None)
    finally:
        signal.signal(signal.SIGINT, handler)
    assert ended.wait(30)


def test_all_jobs_are_one_task_and_a_second_try_counts_no_byte_twice() -> None:
    def tries_twice(progress: Progress) -> None:
        with progress.task("file", 10, done=2) as advance:
            advance(3)
        progress.note("trying the next place")
        with progress.task("file", 10, done=5) as advance:
            advance(-5)
            advance(10)

    heard = Heard()
    together.run([tries_twice] * 3, heard, "3 files", 30)
    assert (heard.tasks, heard.amount) == ([("3 files", 30)], 30)
    assert heard.notes == ["trying the next place"] * 3
