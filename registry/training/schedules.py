"""The learning rate over a run: pure functions of the number of epochs done, fractions included."""

from __future__ import annotations

import math
from collections.abc import Callable

from registry.training.configuration import Schedule


def learning_rate(schedule: Schedule, greatest: float, epochs: int, done: float) -> float:
    """Learning rate when `done` epochs of a run are over.

    Args:
        schedule: How it goes.
        greatest: Rate between warm-up and fall.
        epochs: Length of the run.
        done: From 0 to `epochs`, fractions included.
    """
    if done < schedule.warmup_epochs:
        return greatest * done / schedule.warmup_epochs
    start = schedule.warmup_epochs + schedule.hold_epochs
    if done < start:
        return greatest
    return _FALLS[schedule.name](schedule, greatest, (done - start, max(epochs - start, 1e-9)))


def _constant(_schedule: Schedule, greatest: float, _span: tuple[float, float]) -> float:
    return greatest


def _polynomial(schedule: Schedule, greatest: float, span: tuple[float, float]) -> float:
    left = max(0.0, 1 - span[0] / span[1])
    return float(schedule.end + (greatest - schedule.end) * left**schedule.power)


def _cosine(schedule: Schedule, greatest: float, span: tuple[float, float]) -> float:
    share = min(1.0, span[0] / span[1])
    return schedule.end + (greatest - schedule.end) * (1 + math.cos(math.pi * share)) / 2


def _exponential(schedule: Schedule, greatest: float, span: tuple[float, float]) -> float:
    return float(max(schedule.end, greatest * schedule.factor ** span[0]))


_FALLS: dict[str, Callable[[Schedule, float, tuple[float, float]], float]] = {
    "constant": _constant,
    "polynomial": _polynomial,
    "cosine": _cosine,
    "exponential": _exponential,
}
