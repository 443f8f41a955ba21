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
        self._images: list[Run] = []

    def take(self, look: Look) -> None:
        """Take in an image, and keep it."""
        super().take(look)
        self._images.append(Run(self.classes, self.protocols))
        self._images[-1].take(look)

    def errors(self, whole: int) -> dict[tuple[str, str], float]:
        """Standard errors of the figures, as fractions of 1, by protocol and metric as cards name them.

        Args:
            whole: Images that the sample was taken from.
        """
        import numpy as np

        count = len(self._images)
        if count >= whole:
            return {}
        chance = np.random.default_rng(0)
        drawn = [self._figures(chance.multinomial(count, [1 / count] * count).tolist()) for _ in range(_DRAWS)]
        finite = math.sqrt(1 - count / whole)
        return {key: finite * float(np.std([one[key] for one in drawn if key in one], ddof=1)) for key in drawn[0]}

    def _figures(self, times: Sequence[int]) -> dict[tuple[str, str], float]:
        """Figures of a draw that has each image so many times."""
        run = Run(self.classes, self.protocols)
        run.merge_times(self._images, times)
        return {
            (protocol, name): value
            for protocol, scores in run.scores().items()
            for name, value in scores.to_json().items()
            if isinstance(value, float)
        }
