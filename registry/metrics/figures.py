"""The figures of one confusion matrix, by the formulas that all protocols share.

With n[t, p] pixels of class t predicted as p, t[c] the sum of row c, p[c] the sum of column c and T the sum of all,
where pixels without a prediction stand in a column of their own and so count in t and T, but in no p[c]:

- IoU of class c = n[c, c] / (t[c] + p[c] - n[c, c])
- accuracy of class c = n[c, c] / t[c]
- pixel accuracy = sum of n[c, c] / T
- mean accuracy = mean of the accuracies of the classes with t[c] > 0
- frequency-weighted IoU = sum of t[c] * IoU of c / T
- unseen = sum of the column without a prediction / T

Names and formulas as in Long, Shelhamer, Darrell: Fully Convolutional Networks for Semantic Segmentation (2015),
section 5. What is 0/0 there is no number here: NaN in arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from registry.metrics.confusion import Matrix

    Values = NDArray[np.float64]


@dataclass(frozen=True)
class Figures:
    """Figures of a matrix that has pixels, as fractions of 1.

    Attributes:
        class_iou: By class; NaN where the class has neither pixels in the mask nor in the prediction.
        in_mask: By class, whether the mask has it.
        pixel_accuracy, mean_accuracy, frequency_weighted_iou, unseen: As the module says.
    """

    class_iou: Values
    in_mask: NDArray[np.bool_]
    pixel_accuracy: float
    mean_accuracy: float
    frequency_weighted_iou: float
    unseen: float


@dataclass(frozen=True)
class Scores:
    """What a protocol says of a run. Fractions of 1; None where nothing was counted.

    Attributes:
        protocol: Its name.
        mean_iou, pixel_accuracy, mean_accuracy, frequency_weighted_iou: The figures, as the protocol averages them.
        class_iou: By class id; None where the protocol leaves the class out.
        images: Images that were counted.
        empty: Further images without a pixel to count: no pixels, or void only.
        confusion: Pixels by class of the mask (row) and of the prediction; None where the protocol has no matrix.
        unseen: Share of the pixels for which there is no prediction, which count as wrong.
        unseen_pixels: Those pixels by class of the mask, which `confusion` does not have.
    """

    protocol: str
    mean_iou: float | None
    pixel_accuracy: float | None
    mean_accuracy: float | None
    frequency_weighted_iou: float | None
    class_iou: tuple[float | None, ...]
    images: int
    empty: int
    confusion: tuple[tuple[int, ...], ...] | None = None
    unseen: float | None = None
    unseen_pixels: tuple[int, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain data; figures by the names that cards use."""
        return {
            "protocol": self.protocol,
            "mean-iou": self.mean_iou,
            "pixel-accuracy": self.pixel_accuracy,
            "mean-accuracy": self.mean_accuracy,
            "frequency-weighted-iou": self.frequency_weighted_iou,
            "class-iou": list(self.class_iou),
            "images": self.images,
            "empty": self.empty,
            "confusion": None if self.confusion is None else [list(row) for row in self.confusion],
            "unseen": self.unseen,
            "unseen-pixels": None if self.unseen_pixels is None else list(self.unseen_pixels),
        }


def figures_of(matrix: Matrix) -> Figures:
    """The figures of a matrix of `confusion_matrix` with at least one pixel."""
    import numpy as np

    agreed, in_mask, predicted = np.diagonal(matrix), matrix.sum(axis=1), matrix[:, :-1].sum(axis=0)
    present = in_mask > 0
    class_iou = _ratio(agreed, in_mask + predicted - agreed)
    pixels = in_mask.sum()
    return Figures(
        class_iou,
        present,
        float(agreed.sum() / pixels),
        float((agreed[present] / in_mask[present]).mean()),
        float((in_mask[present] * class_iou[present]).sum() / pixels),
        float(matrix[:, -1].sum() / pixels),
    )


def numbers(values: Values) -> tuple[float | None, ...]:
    """An array as plain data: None for NaN."""
    return tuple(None if value != value else float(value) for value in values.tolist())  # noqa: PLR0124


def _ratio(above: Matrix, below: Matrix) -> Values:
    import numpy as np

    found: Values = np.full(above.shape, np.nan)
    np.divide(above, below, out=found, where=below > 0)
    return found
