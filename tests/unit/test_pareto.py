"""The Pareto front: nothing on it is beaten, and whatever is not on it is."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from registry.pareto import front
from tests.unit.strategies import PROPERTY

Point = tuple[float, float]

POINTS = st.lists(st.tuples(st.integers(0, 9).map(float), st.integers(0, 9).map(float)), max_size=20)


def beats(one: Point, other: Point) -> bool:
    return one != other and one[0] <= other[0] and one[1] >= other[1]


@PROPERTY
@given(POINTS)
def test_a_point_is_on_the_front_exactly_if_no_other_beats_it(points: list[Point]) -> None:
    wanted = {place for place, one in enumerate(points) if not any(beats(other, one) for other in points)}
    assert set(front(points)) == wanted


@PROPERTY
@given(POINTS)
def test_the_front_goes_up_with_its_cost(points: list[Point]) -> None:
    found = [points[place] for place in front(points)]
    assert found == sorted(found)


@PROPERTY
@given(POINTS, st.randoms())
def test_the_order_of_the_points_does_not_matter(points: list[Point], random: Random) -> None:
    mixed = list(points)
    random.shuffle(mixed)
    assert sorted(points[one] for one in front(points)) == sorted(mixed[one] for one in front(mixed))


def test_three_points_of_which_one_is_slower_and_worse() -> None:
    assert front([(45.0, 0.78), (27.0, 0.76), (50.0, 0.77)]) == (1, 0)
    assert front([]) == ()
