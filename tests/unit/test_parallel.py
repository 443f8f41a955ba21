import itertools
import logging
import math
import operator
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from registry.errors import UnavailableError
from registry.parallel import FEW, mapped_ahead, ordered_map


@pytest.mark.parametrize("count", [0, 1, FEW - 1, FEW, FEW + 1, FEW * 5 + 3])
def test_results_come_in_order(count: int) -> None:
    assert list(ordered_map(operator.neg, range(count))) == [-number for number in range(count)]


def process_of(_item: int) -> int:
    return os.getpid()


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor takes no workers")
def test_many_items_are_shared_out_and_few_are_not() -> None:
    assert set(ordered_map(process_of, range(FEW - 1))) == {os.getpid()}
    assert os.getpid() not in set(ordered_map(process_of, range(FEW * 4)))


@pytest.mark.parametrize("count", [3, FEW * 3])
def test_an_exception_comes_through(count: int) -> None:
    with pytest.raises(ValueError, match="nonnegative"):
        list(ordered_map(math.isqrt, [*range(count - 1), -1]))


def killed(item: int) -> int:
    if item == FEW:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor takes no workers")
def test_a_worker_that_is_killed_is_no_bug() -> None:
    with pytest.raises(UnavailableError, match="a worker process was killed"):
        list(ordered_map(killed, range(FEW * 2)))


def interrupting(item: int) -> int:
    """Interrupts the process that started this one, as soon as it has."""
    if item == 0:
        os.kill(os.getppid(), signal.SIGINT)
    return item


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor takes no workers")
def test_an_interrupt_while_workers_start_is_not_lost() -> None:
    for _ in range(20):  # wherever it falls
        with pytest.raises(KeyboardInterrupt):
            for _item in ordered_map(interrupting, range(FEW * 200)):
                pass
        # whose lock a fork takes; it must not be left behind
        assert logging.getLogger("registry.parallel").name == "registry.parallel"


def test_an_endless_stream_is_read_no_further_than_needed() -> None:
    taken = 0

    def numbers() -> Iterator[int]:
        nonlocal taken
        for number in itertools.count():
            taken = number
            yield number

    results = ordered_map(operator.neg, numbers())
    assert list(itertools.islice(results, 1000)) == [-number for number in range(1000)]
    ahead = taken - 1000
    list(itertools.islice(results, 3000))
    assert taken - 4000 <= ahead + 16  # what is in flight does not grow; a chunk may be part done


def test_a_thread_ahead_keeps_the_order_and_its_own_thread() -> None:
    def doubled(number: int) -> tuple[int, int]:
        return 2 * number, threading.get_ident()

    found = list(mapped_ahead(doubled, range(9)))
    assert [value for value, _thread in found] == list(range(0, 18, 2))
    (other,) = {thread for _value, thread in found}
    assert other != threading.get_ident()


def test_two_threads_ahead_work_at_the_same_time() -> None:
    """Each station waits for the other, so that one after the other would never end."""
    both = threading.Barrier(2, timeout=30)

    def meet(number: int) -> int:
        both.wait()
        return number

    first = mapped_ahead(meet, range(10))
    second = mapped_ahead(meet, iter(range(10)))
    thread = threading.Thread(target=list, args=(first,))
    thread.start()
    assert list(second) == list(range(10))
    thread.join()


def test_a_thread_ahead_is_bounded_and_ends_with_its_reader() -> None:
    taken: list[int] = []

    def numbers() -> Iterator[int]:
        for number in itertools.count():
            taken.append(number)
            yield number

    with closing(mapped_ahead(operator.neg, numbers(), depth=3)) as results:
        assert [next(results) for _ in range(5)] == [0, -1, -2, -3, -4]
        assert len(taken) <= 5 + 3
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]


def test_what_a_thread_ahead_raises_comes_at_its_turn() -> None:
    results = mapped_ahead(math.isqrt, [4, 9, -1, 16])
    assert [next(results), next(results)] == [2, 3]
    with pytest.raises(ValueError, match="nonnegative"):
        next(results)
