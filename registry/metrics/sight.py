"""Single images that stand out of a run: the ones to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry.metrics.figures import figures_of

if TYPE_CHECKING:
    from registry.metrics.confusion import Matrix

MOST = 12
"""Images that are kept: as many as somebody looks at, so that memory does not grow with the run."""


@dataclass(frozen=True)
class Sight:
    """An image by its figures, fractions of 1.

    Attributes:
        name: Its identifier in the list.
        mean_iou: Mean over the classes that one of the two maps has.
        pixel_accuracy: Share of the pixels in which the two maps agree.
    """

    name: str
    mean_iou: float
    pixel_accuracy: float

    @classmethod
    def of(cls, name: str, matrix: Matrix) -> Sight | None:
        """An image by its confusion matrix; None where no pixel counts."""
        import numpy as np

        if not matrix.any():
            return None
        figures = figures_of(matrix)
        return cls(name, float(np.nanmean(figures.class_iou)), figures.pixel_accuracy)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"image": self.name, "mean-iou": self.mean_iou, "pixel-accuracy": self.pixel_accuracy}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Sight:
        """Of `to_json`.

        Raises:
            KeyError, TypeError, ValueError: It is none.
        """
        return cls(str(document["image"]), float(document["mean-iou"]), float(document["pixel-accuracy"]))


def lowest(kept: tuple[Sight, ...], new: Sight | None) -> tuple[Sight, ...]:
    """The images with the lowest mean IoU, lowest first, at most `MOST`; the same whatever their order was."""
    if new is None:
        return kept
    ordered = sorted((*kept, new), key=lambda sight: (sight.mean_iou, sight.name))
    return tuple(ordered[:MOST])
