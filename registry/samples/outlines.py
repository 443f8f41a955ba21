"""Outlines of the generated dataset's classes, as polygons in a square from -1 to 1."""

from __future__ import annotations

import math
from collections.abc import Callable

Point = tuple[float, float]
Outline = tuple[list[Point], list[Point]]
"""What is filled, and what is cut out of it; the latter may be empty."""


def _circle(radius: float, x: float = 0.0, y: float = 0.0, corners: int = 72) -> list[Point]:
    turns = [2 * math.pi * step / corners for step in range(corners)]
    return [(x + radius * math.cos(turn), y + radius * math.sin(turn)) for turn in turns]


def _star(tips: int = 5, inner: float = 0.42) -> list[Point]:
    corners = _circle(1.0, corners=2 * tips)
    return [(x * inner, y * inner) if step % 2 else (x, y) for step, (x, y) in enumerate(corners)]


def _cross(arm: float = 0.32) -> list[Point]:
    quarter = [(arm, 1.0), (arm, arm), (1.0, arm)]
    turned = [[(x, y), (y, -x), (-x, -y), (-y, x)] for x, y in quarter]
    return [turned[corner][turn] for turn in range(4) for corner in range(3)]


def _heart(corners: int = 72) -> list[Point]:
    turns = [2 * math.pi * step / corners for step in range(corners)]
    waves = ((13, 1), (-5, 2), (-2, 3), (-1, 4))
    return [
        (math.sin(turn) ** 3, -(sum(size * math.cos(times * turn) for size, times in waves) + 2.5) / 15)
        for turn in turns
    ]


OUTLINES: dict[str, Callable[[], Outline]] = {
    "disc": lambda: (_circle(0.95), []),
    "ring": lambda: (_circle(1.0), _circle(0.52)),
    "crescent": lambda: (_circle(1.0), _circle(0.82, 0.5, 0.0)),
    "square": lambda: ([(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)], []),
    "triangle": lambda: (_circle(1.0, corners=3), []),
    "star": lambda: (_star(), []),
    "cross": lambda: (_cross(), []),
    "heart": lambda: (_heart(), []),
}
"""By class name, in order of their ids from 1."""
