"""Interrupts that fall where Python loses them."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

import pytest

from registry.interrupts import held, remembered
from registry.progress import Progress, Silent


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


class Swallows:
    """An object whose finaliser is interrupted, as TensorFlow's are."""

    def __del__(self) -> None:
        interrupt()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_swallowed_interrupt_is_raised_when_progress_is_told() -> None:
    told: list[int] = []

    def train() -> None:
        with remembered(Silent()) as progress, progress.task("training", 3) as advance:
            for number in range(3):
                if number == 1:
                    Swallows()  # "Exception ignored in", and on it goes
                advance(1)
                told.append(number)

    with pytest.raises(KeyboardInterrupt):
        train()
    assert told == [0]


def test_an_interrupt_that_is_heard_is_raised_at_once() -> None:
    reached = []

    def work() -> None:
        with remembered(Silent()):
            interrupt()
            reached.append("further")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert reached == []


def test_an_interrupt_is_held_back_until_the_block_is_done() -> None:
    done = []

    def work() -> None:
        with held():
            interrupt()
            done.append("all")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["all"]


def test_afterwards_all_is_as_it_was() -> None:
    before = signal.getsignal(signal.SIGINT)
    with held(), remembered(Silent()):
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


@pytest.mark.parametrize("block", [held, lambda: remembered(Silent())])
def test_in_another_thread_nothing_is_changed(block: Callable[[], object]) -> None:
    seen: list[object] = []

    def work() -> None:
        with block():  # type: ignore[attr-defined]
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]


def test_everything_else_is_told_as_it_is() -> None:
    notes: list[str] = []

    class Listener(Silent):
        def note(self, message: str) -> None:
            notes.append(message)

    listener: Progress = Listener()
    with remembered(listener) as progress:
        progress.note("going on")
    assert notes == ["going on"]
