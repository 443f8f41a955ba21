"""Functions in a process of their own."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from registry.apart import Apart, BrokenDownError, Tell
from registry.errors import MismatchError, RejectedError, RequestError


def process_of(tell: Tell) -> int:
    tell(1)
    tell(2)
    os.write(1, b"this goes nowhere")
    return os.getpid()


def killed(number: int, tell: Tell) -> None:
    os.kill(os.getpid(), number)


def left(tell: Tell) -> None:
    os._exit(7)


def stuck(tell: Tell) -> None:
    threading.Event().wait()


def refused(tell: Tell) -> None:
    raise RequestError("no such split", hint="name another")


def mismatched(tell: Tell) -> None:
    raise MismatchError("net.tflite", expected="this", found="that")


def faulty(tell: Tell) -> None:
    raise KeyError("a bug")


def ignore(_amount: int) -> None:
    return


def test_it_answers_from_one_other_process_and_tells_how_far_it_is() -> None:
    heard: list[int] = []
    with Apart() as apart:
        first = apart.run(process_of, seconds=60, heard=heard.append)
        second = apart.run(process_of, seconds=60, heard=heard.append)
    assert first == second != os.getpid()
    assert heard == [1, 2, 1, 2]


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
def test_a_process_that_is_killed_costs_one_answer(number: signal.Signals) -> None:
    with Apart() as apart:
        with pytest.raises(BrokenDownError, match=f"killed by {number.name}"):
            apart.run(killed, int(number), seconds=60, heard=ignore)
        assert apart.run(process_of, seconds=60, heard=ignore) != os.getpid()


def test_a_process_that_leaves() -> None:
    with Apart() as apart, pytest.raises(BrokenDownError, match="exit code 7"):
        apart.run(left, seconds=60, heard=ignore)


def test_a_process_that_hangs_is_ended() -> None:
    with Apart() as apart:
        with pytest.raises(BrokenDownError, match="did not end within 0 s"):
            apart.run(stuck, seconds=0.01, heard=ignore)
        assert apart.run(process_of, seconds=60, heard=ignore) != os.getpid()


def test_errors_come_back_as_what_they_are() -> None:
    with Apart() as apart:
        with pytest.raises(RequestError, match="no such split") as caught:
            apart.run(refused, seconds=60, heard=ignore)
        assert caught.value.hint == "name another"
        with pytest.raises(RejectedError, match=r"net.tflite: expected this, found that"):
            apart.run(mismatched, seconds=60, heard=ignore)
        with pytest.raises(RuntimeError, match="KeyError: 'a bug'"):
            apart.run(faulty, seconds=60, heard=ignore)


def test_it_ends_with_the_block() -> None:
    with Apart() as apart:
        number = apart.run(process_of, seconds=60, heard=ignore)
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)
