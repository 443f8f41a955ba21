"""Places in memory."""

from __future__ import annotations

from registry.footprint.placement import by_first_use, by_size, first_fit, peak

SIZES = {0: 10, 1: 20, 2: 30}
LIVES = {0: (0, 1), 1: (1, 2), 2: (2, 3)}


def test_the_peak_is_the_sum_of_what_lives_together() -> None:
    assert peak(SIZES, LIVES) == 20 + 30
    assert peak({}, {}) == 0


def test_first_fit_takes_the_lowest_gap() -> None:
    """0 at 0, 1 at 10; 2 meets only 1, and the gap of 10 below it is too small: 30 to 60."""
    assert first_fit(by_first_use(SIZES, LIVES), SIZES, LIVES) == 60


def test_largest_first_leaves_no_gap_here() -> None:
    """2 at 0, 1 above it at 30, 0 in the free 30 below."""
    assert first_fit(by_size(SIZES, LIVES), SIZES, LIVES) == 50


def test_a_gap_is_used() -> None:
    """1 dies, and 3 fits exactly between 0 and 2."""
    sizes = {0: 10, 1: 20, 2: 10, 3: 20}
    lives = {0: (0, 3), 1: (0, 1), 2: (0, 3), 3: (2, 3)}
    assert first_fit([0, 1, 2, 3], sizes, lives) == 40
