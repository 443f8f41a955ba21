"""The Pareto front of points that cost something and are worth something. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def front(points: Sequence[tuple[float, float]]) -> tuple[int, ...]:
    """The points that no other beats: none costs less and is worth as much, or costs as much and is worth more.

    Points that are equal in both stand or fall together.

    Args:
        points: Cost and worth of each, finite numbers.

    Returns:
        Their places in `points`, in order of cost.
    """
    ordered = sorted(range(len(points)), key=lambda one: (points[one][0], -points[one][1], one))
    found: list[int] = []
    for one in ordered:
        if not found or points[one][1] > points[found[-1]][1] or points[one] == points[found[-1]]:
            found.append(one)
    return tuple(found)
