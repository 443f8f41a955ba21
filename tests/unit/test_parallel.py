import itertools
import math
import operator
import os
from collections.abc import Iterator

import pytest

from registry.parallel import FEW, ordered_map


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
