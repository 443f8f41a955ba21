"""Distributions of times, and when they are too noisy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.benchmark.statistics import FEWEST_RUNS, Distribution, percentile
from tests.unit.strategies import PROPERTY

TIMES = st.lists(st.floats(0.001, 1e5), min_size=1, max_size=60)


@PROPERTY
@given(TIMES, st.floats(0, 100))
def test_percentiles_are_those_of_numpy(times: list[float], share: float) -> None:
    assert percentile(times, share) == pytest.approx(float(np.percentile(times, share)), rel=1e-9)


@PROPERTY
@given(TIMES)
def test_figures_are_in_order_and_those_of_numpy(times: list[float]) -> None:
    found = Distribution.of(times)
    assert found.minimum is not None
    assert found.maximum is not None
    ordered = [found.minimum, *(found.percentiles[one] for one in (50, 90, 99)), found.maximum]
    assert ordered == sorted(ordered)
    assert found.mean == pytest.approx(float(np.mean(times)))
    assert found.standard_deviation == pytest.approx(float(np.std(times)), rel=1e-6, abs=1e-9)
    assert found.typical == ("p50", found.percentiles[50])


@PROPERTY
@given(st.floats(0.01, 1e4), st.integers(FEWEST_RUNS, 200))
def test_equal_times_are_steady(time: float, count: int) -> None:
    assert Distribution.of([time] * count).unsteady() == ()


def test_one_interrupt_among_many_runs_is_no_noise() -> None:
    assert Distribution.of([1.0] * 199 + [40.0]).unsteady() == ()
    assert Distribution.of([1.0] * 19 + [40.0]).unsteady() != ()


def test_a_spread_is_told_with_its_bound() -> None:
    (reason,) = Distribution.of([1.0, 1.3] * 20).unsteady()
    assert reason == "the runs vary by 13.0% of their mean, at most 10% is taken"


@pytest.mark.parametrize(("later", "told"), [(1.06, "+6.0%"), (0.94, "-6.0%")])
def test_a_drift_is_told_with_its_sign(later: float, told: str) -> None:
    (reason,) = Distribution.of([1.0] * 20 + [later] * 20).unsteady()
    assert reason == f"the second half differs from the first by {told}, at most 5%"


def test_few_runs_say_nothing() -> None:
    assert Distribution.of([1.0] * 9).unsteady() == ("9 runs, at least 10 are needed",)
    assert Distribution.of([1.0]).drift is None


def test_a_tool_that_tells_no_spread_is_not_enough() -> None:
    found = Distribution(50, 3.0, 2.9, 3.1)
    assert found.typical == ("mean", 3.0)
    assert found.unsteady() == ("the tool does not say how far the runs spread",)
    assert found.to_document() == {"mean": 3.0, "minimum": 2.9, "maximum": 3.1}
