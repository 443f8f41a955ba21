"""What a protocol keeps of the images so far: little, mergeable, and the same whatever the order of the images."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from registry.errors import RejectedError
from registry.metrics.figures import Scores, figures_of, numbers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from registry.metrics.confusion import Matrix

    Sums = NDArray[np.int64]

_ONE = 1 << 40
"""Shares of 1 are summed as whole multiples of 2**-40: a sum of integers does not depend on its order, so a resumed
or merged run gives the figures of an uninterrupted one to the last digit. Eight million images fit into 64 bits."""


class Tally(ABC):
    """Images under a protocol, as sums.

    Attributes:
        protocol: Its name.
        images: Images that were counted.
        empty: Further images without a pixel to count.
        sums: What is summed, by name; the first is zero where no image was counted and only there.
    """

    def __init__(self, protocol: str, sums: dict[str, Sums]) -> None:
        self.protocol = protocol
        self.images = 0
        self.empty = 0
        self.sums = sums

    @abstractmethod
    def scores(self) -> Scores:
        """The figures of the images so far."""

    @abstractmethod
    def _take(self, matrix: Matrix) -> None:
        """Sum an image that has pixels."""

    def add(self, matrix: Matrix) -> None:
        """Take in an image by its confusion matrix; one without pixels is only counted."""
        if not matrix.any():
            self.empty += 1
            return
        self.images += 1
        self._take(matrix)

    def merge(self, other: Tally) -> None:
        """Take in all images of a tally of the same protocol and classes."""
        self.merge_times([other], [1])

    def merge_times(self, others: Sequence[Tally], times: Sequence[int]) -> None:
        """Take in the images of several such tallies, each as often as `times` says."""
        import numpy as np

        self.images += sum(count * one.images for count, one in zip(times, others, strict=True))
        self.empty += sum(count * one.empty for count, one in zip(times, others, strict=True))
        for key in self.sums:
            self.sums[key] += np.tensordot(np.asarray(times), np.stack([one.sums[key] for one in others]), 1)

    def to_json(self) -> dict[str, Any]:
        """The state as plain data."""
        sums = {key: values.tolist() for key, values in self.sums.items()}
        return {"images": self.images, "empty": self.empty, **sums}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over a state of `to_json`.

        Raises:
            RejectedError: Not such a state, or of other classes.
        """
        import numpy as np

        self.images, self.empty = (_count(state, key, self.protocol) for key in ("images", "empty"))
        for key, values in self.sums.items():
            try:
                found = np.array(state[key])
            except (KeyError, ValueError):
                raise _damaged(self.protocol, key) from None
            whole = found.shape == values.shape and found.dtype.kind == "i"
            if not whole or (found.size and found.min() < 0):
                raise _damaged(self.protocol, key)
            values[...] = found
        if next(iter(self.sums.values())).any() != (self.images > 0):
            raise _damaged(self.protocol, "images")


class GlobalTally(Tally):
    """One confusion matrix over all images.

    - `voc`: each pixel of the split counts the same, void is left out, IoU is averaged over all classes including
      background. Source: VOCevalseg.m of the PASCAL VOC development kit, which computes 0/0 for a class that occurs
      neither in masks nor in predictions; such a class is left out of the mean here.
    - `ti-global`: the same matrix; a class that never occurs counts as IoU 0 in the mean. Source: functions
      `confusion_matrix` and `segmentation_accuracy` of TI's edgeai-benchmark. They add a float32 epsilon to each
      union, which makes 0/0 a 0 and changes other values by 1.2e-7 of themselves at most; here it is not added.
      They compute only the mean IoU; the other figures are those of `voc`.
    """

    def __init__(self, protocol: str, classes: int) -> None:
        import numpy as np

        super().__init__(protocol, {"matrix": np.zeros((classes, classes + 1), np.int64)})

    def scores(self) -> Scores:
        """The figures of the images so far."""
        import numpy as np

        matrix = self.sums["matrix"]
        classes = len(matrix)
        if not self.images:
            return nothing(self.protocol, classes, self.empty)
        figures = figures_of(matrix)
        class_iou = figures.class_iou
        if self.protocol == "ti-global":
            class_iou = np.nan_to_num(class_iou, nan=0.0)
        return Scores(
            self.protocol,
            float(np.nanmean(class_iou)),
            figures.pixel_accuracy,
            figures.mean_accuracy,
            figures.frequency_weighted_iou,
            numbers(class_iou),
            self.images,
            self.empty,
            tuple(tuple(row) for row in matrix[:, :-1].tolist()),
            figures.unseen,
            tuple(matrix[:, -1].tolist()),
        )

    def _take(self, matrix: Matrix) -> None:
        self.sums["matrix"] += matrix


class ImageTally(Tally):
    """Figures of each image, averaged over images. Pixel accuracy and the other figures are always averaged so.

    - `st-present-classes`: the IoU of each class in the image's mask, all (image, class) values pooled: their sum
      over their number. The pixels are those at the network's size, void counted as background. Source:
      semantic_segmentation/src/evaluation/evaluate.py of ST's stm32ai-modelzoo-services, as it treats TFLite and
      ONNX files; for Keras files it averages accuracy over batches. A class that is only predicted has no value of
      its own: it costs the classes in whose place it stands. ST computes mean IoU and pixel accuracy only.
    - `per-image`: the mean IoU of an image is that of the classes in its mask or prediction; the mean IoU of the
      run is that of its images. Source: NXP's eiq-model-zoo, semantic segmentation, heading mIoU, which leaves open
      what becomes of void and of absent classes: both are left out.
    """

    def __init__(self, protocol: str, classes: int) -> None:
        import numpy as np

        lengths = {"class-images": classes, "class-iou": classes, "image-figures": 5}
        super().__init__(protocol, {name: np.zeros(length, np.int64) for name, length in lengths.items()})

    def _take(self, matrix: Matrix) -> None:
        import numpy as np

        figures = figures_of(matrix)
        seen = figures.in_mask if self.protocol == "st-present-classes" else ~np.isnan(figures.class_iou)
        of_image = (
            figures.class_iou[seen].mean(),
            figures.pixel_accuracy,
            figures.mean_accuracy,
            figures.frequency_weighted_iou,
            figures.unseen,
        )
        self.sums["class-iou"][seen] += np.rint(figures.class_iou[seen] * _ONE).astype(np.int64)
        self.sums["class-images"] += seen
        self.sums["image-figures"] += np.rint(np.array(of_image) * _ONE).astype(np.int64)

    def scores(self) -> Scores:
        """The figures of the images so far."""
        import numpy as np

        total, count = self.sums["class-iou"], self.sums["class-images"]
        if not self.images:
            return nothing(self.protocol, len(total), self.empty)
        class_iou = np.full(len(total), np.nan)
        np.divide(total / _ONE, count, out=class_iou, where=count > 0)
        mean_iou, pixels, accuracy, weighted, unseen = (self.sums["image-figures"] / _ONE / self.images).tolist()
        if self.protocol == "st-present-classes":
            mean_iou = float(total.sum(dtype=float) / _ONE / count.sum())
        class_values = numbers(class_iou)
        counted = (self.images, self.empty)
        return Scores(self.protocol, mean_iou, pixels, accuracy, weighted, class_values, *counted, unseen=unseen)


def nothing(protocol: str, classes: int, empty: int) -> Scores:
    """The scores where no image had a pixel to count."""
    return Scores(protocol, None, None, None, None, (None,) * classes, 0, empty)


def _count(state: Mapping[str, Any], key: str, protocol: str) -> int:
    value = state.get(key)
    if type(value) is not int or value < 0:
        raise _damaged(protocol, key)
    return value


def _damaged(protocol: str, key: str) -> RejectedError:
    return RejectedError(
        f"state of an evaluation: {key!r} of the protocol {protocol} is damaged or of other classes",
        hint="start the evaluation anew",
    )
