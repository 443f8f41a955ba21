"""Where two models differ: a quantized one and its float parent, or any two of the same classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from registry.errors import RejectedError
from registry.metrics.confusion import Pair, confusion_matrix
from registry.metrics.sight import Sight, lowest
from registry.samples.pictures import VOID

if TYPE_CHECKING:
    from registry.metrics.confusion import Array, Matrix

VERDICTS = ("both-right", "only-first-right", "only-second-right", "both-wrong-alike", "both-wrong-apart")
"""What becomes of each pixel that the mask knows and both models saw."""


class Difference(NamedTuple):
    """What one image has for an agreement.

    Attributes:
        matrix: Pixels by class of the first model (row) and of the second.
        verdicts: Pixels by `VERDICTS`.
        sight: The image by how far the two agree; None where they have no pixel in common.
    """

    matrix: Matrix
    verdicts: tuple[int, ...]
    sight: Sight | None


class Agreement:
    """Two models on the same images, so far. Pixels that one of them did not see are left out.

    Attributes:
        classes: Number of classes.
        matrix: Pixels by class of the first model (row) and of the second, int64 (classes, classes).
        verdicts: Pixels by `VERDICTS`; void ones are in `matrix` only.
        apart: The images in which they agree least.
    """

    def __init__(self, classes: int) -> None:
        """Start without images."""
        import numpy as np

        self.classes = classes
        self.matrix: Matrix = np.zeros((classes, classes), np.int64)
        self.verdicts = (0,) * len(VERDICTS)
        self.apart: tuple[Sight, ...] = ()

    @property
    def share(self) -> float | None:
        """Share of the pixels to which both give the same class; None without pixels."""
        pixels = int(self.matrix.sum())
        return int(self.matrix.trace()) / pixels if pixels else None

    def look(self, name: str, maps: tuple[Array, Array], mask: Array) -> Difference:
        """What an image has, without taking it in.

        Args:
            name: The image.
            maps: Class maps of the two models at the mask's size; 255 where one saw nothing.
            mask: Class ids, 255 where it is void.

        Raises:
            RejectedError: Shapes or ids are wrong; see `confusion_matrix`.
        """
        import numpy as np

        first, second = maps
        seen = (first != VOID) & (second != VOID)
        matrix = confusion_matrix(Pair(second[seen][np.newaxis], first[seen][np.newaxis]), self.classes, name)
        counted = seen & (mask != VOID)
        right, also, alike = (part[counted] for part in (first == mask, second == mask, first == second))
        verdicts = (right & also, right & ~also, also & ~right, ~right & alike, ~right & ~also & ~alike)
        return Difference(matrix[:, :-1], tuple(int(one.sum()) for one in verdicts), Sight.of(name, matrix))

    def take(self, difference: Difference) -> None:
        """Take in an image by what `look` found."""
        self.matrix += difference.matrix
        self.verdicts = tuple(map(sum, zip(self.verdicts, difference.verdicts, strict=True)))
        self.apart = lowest(self.apart, difference.sight)

    def changes(self, most: int = 10) -> list[tuple[int, int, int]]:
        """Class of the first model, class of the second, and how many pixels changed so; most first."""
        rows, columns = self.matrix.nonzero()
        found = [
            (int(row), int(column), int(self.matrix[row, column]))
            for row, column in zip(rows, columns, strict=True)
            if row != column
        ]
        return sorted(found, key=lambda change: (-change[2], change))[:most]

    def to_json(self) -> dict[str, Any]:
        """As plain data, which is also its state."""
        return {
            "classes": self.classes,
            "share": self.share,
            "confusion": self.matrix.tolist(),
            "pixels": dict(zip(VERDICTS, self.verdicts, strict=True)),
            "apart": [sight.to_json() for sight in self.apart],
        }

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> Agreement:
        """Of `to_json`.

        Raises:
            RejectedError: It is none.
        """
        import numpy as np

        try:
            found = cls(int(state["classes"]))
            matrix = np.array(state["confusion"], dtype=np.int64)
            found.verdicts = tuple(int(state["pixels"][name]) for name in VERDICTS)
            found.apart = tuple(Sight.from_json(one) for one in state["apart"])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise _damaged() from None
        if matrix.shape != found.matrix.shape or (matrix < 0).any():
            raise _damaged()
        found.matrix = matrix
        return found


def _damaged() -> RejectedError:
    return RejectedError("state of an evaluation: its agreement is damaged", hint="start the evaluation anew")
