"""Fixed-point factors."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.deployment.c import fixed_point
from tests.unit.strategies import PROPERTY


@PROPERTY
@given(st.floats(1e-9, 1e9))
def test_a_factor_is_as_near_as_31_bits_allow(real: float) -> None:
    fixed, shift = fixed_point.multiplier(real)
    assert 1 << 30 <= fixed < 1 << 31
    assert abs(Fraction(fixed) / (1 << 31) * Fraction(2) ** shift - Fraction(real)) <= Fraction(real) / (1 << 30)


@pytest.mark.parametrize(("real", "expected"), [(1.0, (1 << 30, 1)), (0.5, (1 << 30, 0)), (1e-30, (0, 0))])
def test_factors_of_two_are_exact_and_the_smallest_are_zero(real: float, expected: tuple[int, int]) -> None:
    assert fixed_point.multiplier(real) == expected


def test_a_factor_just_below_a_power_of_two_becomes_it() -> None:
    assert fixed_point.multiplier(math.nextafter(1.0, 0.0)) == (1 << 30, 1)


@PROPERTY
@given(st.integers(-(1 << 24), 1 << 24), st.floats(1e-7, 0.999))
def test_two_roundings_are_at_most_a_step_from_one(value: int, real: float) -> None:
    factor = fixed_point.multiplier(real)
    assert abs(fixed_point.rescaled(value, factor) - value * real) < 1


@pytest.mark.parametrize(("value", "expected"), [(0.5, 1), (-0.5, -1), (1.49, 1), (-2.5, -3), (0.0, 0)])
def test_halves_are_rounded_away_from_zero(value: float, expected: int) -> None:
    assert fixed_point.nearest(value) == expected


@pytest.mark.parametrize(
    ("activation", "expected"),
    [("none", (-128, 127)), ("relu", (-28, 127)), ("relu6", (-28, 32)), ("relu-n1-to-1", (-38, -18))],
)
def test_limits_of_an_activation(activation: str, expected: tuple[int, int]) -> None:
    assert fixed_point.limits(activation, 0.1, -28) == expected


def test_numbers_beyond_32_bits_are_limited() -> None:
    assert fixed_point.float32(1e300) == fixed_point.FLOAT_MOST
    assert fixed_point.real_limits("none") == (-fixed_point.FLOAT_MOST, fixed_point.FLOAT_MOST)
