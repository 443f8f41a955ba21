"""How far a figure of a sample may lie from the figure of the whole: the bootstrap over images.

Efron, Tibshirani: An Introduction to the Bootstrap (1993), chapter 6: draw as many images as there are, with
repetition, compute the figure, and again; the spread of those is the standard error. Of n images drawn without
repetition from N it is only sqrt(1 - n/N) of that (Cochran: Sampling Techniques, 1977, section 2.8): none if all
were looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from registry.metrics.run import Look, Run

_DRAWS = 200
"""Draws, which give a standard error to about a twentieth of itself."""


class Recorded(Run):
    """A run that keeps what each image gave, to draw from."""

    def __init__(self, classes: int, protocols: Iterable[str]) -> None:
        super().__init__(classes, protocols)
        self.looks: list[Look] = []

    def take(self, look: Look) -> None:
        """Take in an image, and keep it."""
        super().take(look)
        self.looks.append(look)

    def errors(self, whole: int) -> dict[tuple[str, str], float]:
        """Standard errors of the figures, as fractions of 1, by protocol and metric as cards name them.

        Args:
            whole: Images that the sample was taken from.
        """
        count = len(self.looks)
        if count >= whole:
            return {}
        drawn = [self._figures(order) for order in _orders(count)]
        finite = math.sqrt(1 - count / whole)
        return {key: finite * _deviation([one[key] for one in drawn if key in one]) for key in drawn[0]}

    def _figures(self, order: Sequence[int]) -> dict[tuple[str, str], float]:
        run = Run(self.classes, self.protocols)
        for number in order:
            run.take(self.looks[number])
        return {
            (protocol, name): value
            for protocol, scores in run.scores().items()
            for name, value in scores.to_json().items()
            if isinstance(value, float)
        }


def _orders(count: int) -> list[list[int]]:
    import numpy as np

    return np.random.default_rng(0).integers(0, count, (_DRAWS, count)).tolist()  # type: ignore[no-any-return]


def _deviation(values: Sequence[float]) -> float:
    import numpy as np

    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
