"""From a model's output to a class id for each pixel of the picture."""

from __future__ import annotations

from dataclasses import dataclass

from registry.errors import RejectedError
from registry.preparation import View
from registry.runtime.base import Array
from registry.samples.pictures import VOID

_AT_ONCE = 1 << 14
"""Pixels that are interpolated at once: few enough for the processor's cache."""
_ROWS = 32


def mask_at_network_size(mask: Array, view: View, size: tuple[int, int]) -> Array:
    """A mask as the network sees its picture: each pixel of the output takes the id at its centre.

    Half-pixel centres, as in Pillow's NEAREST and in TensorFlow 2's nearest `tf.image.resize`, which ST's
    evaluation uses. Computed in integers, so that a centre on the border of two pixels always takes the later one;
    with floats that depends on their rounding.

    Args:
        mask: (height, width) of class ids.
        view: Where the picture lies on the input.
        size: Height and width of the output.

    Returns:
        (height, width) of the output; `VOID` where the input shows nothing of the picture.
    """
    import numpy as np

    places, shown = [], []
    for axis, begin in ((0, view.top), (1, view.left)):
        centres = (2 * np.arange(size[axis]) + 1) * view.input[axis] - 2 * size[axis] * begin
        place = centres * view.picture[axis] // (2 * size[axis] * view.scaled[axis])
        shown.append((place >= 0) & (place < view.picture[axis]))
        places.append(np.clip(place, 0, view.picture[axis] - 1))
    found = mask[places[0][:, np.newaxis], places[1]]
    if all(part.all() for part in shown):
        return found
    return np.where(shown[0][:, np.newaxis] & shown[1], found, VOID)


@dataclass(frozen=True)
class Window:
    """What of an output shows the picture, and where that lies on the picture.

    Attributes:
        box: Left, top, right, bottom on the output, in its pixels; fractions where it is smaller than the input.
        rows, columns: The same part of the picture, in whole pixels.
    """

    box: tuple[float, float, float, float]
    rows: slice
    columns: slice

    @property
    def size(self) -> tuple[int, int]:
        """Width and height on the picture, as Pillow orders them."""
        return self.columns.stop - self.columns.start, self.rows.stop - self.rows.start


def planes(output: Array, classes: int | None, layout: str) -> Array:
    """An output without its batch: a class map (height, width), or scores (height, width, classes).

    Args:
        output: Batch first; a class map may have an axis of one channel.
        classes: Number of classes where it is known.
        layout: `NHWC` or `NCHW`; decides where the number of classes does not.

    Raises:
        RejectedError: It is neither.
    """
    import numpy as np

    found = output[0] if output.ndim > 2 else output
    whole = np.issubdtype(found.dtype, np.integer)
    if found.ndim == 3 and whole and 1 in (found.shape[0], found.shape[-1]):
        found = found[0] if found.shape[0] == 1 else found[..., 0]
    if found.ndim == 2 and whole:
        return found
    if found.ndim == 3:
        last, first = found.shape[-1] == classes, found.shape[0] == classes
        channels_first = first if first != last else layout == "NCHW"
        scores = found.transpose(1, 2, 0) if channels_first else found
        if 2 <= scores.shape[-1] <= VOID:
            return scores
    shape = "x".join(map(str, output.shape))
    raise RejectedError(f"expected a class map or scores of 2 to {VOID} classes, found {output.dtype} {shape}")


class Reading:
    """What an output says of each pixel: scores of classes, or their ids alone.

    The best class of each pixel of the output is found once and serves both sizes.

    Attributes:
        best: Class ids at the output's own size, integers (height, width).
    """

    def __init__(self, found: Array) -> None:
        """Take the result of `planes`."""
        self._scores = found if found.ndim == 3 else None
        self.best = found if self._scores is None else _best(found)

    def at_picture_size(self, view: View) -> Array:
        """Class ids at the picture's size.

        Scores are interpolated (bilinear) before the best class is taken; ids alone take the nearest pixel.

        Returns:
            (height, width); `VOID` where a crop left something out.
        """
        import numpy as np

        window = _window(self.best.shape, view)
        if _same(self.best.shape, window):
            part = self.best
        else:
            part = _nearest(self.best, window) if self._scores is None else _surest(self._scores, self.best, window)
        if part.shape == view.picture:
            return part
        whole = np.full(view.picture, VOID, part.dtype)
        whole[window.rows, window.columns] = part
        return whole


def _window(size: tuple[int, int], view: View) -> Window:
    ends, places = [], []
    for axis, begin in ((0, view.top), (1, view.left)):
        scaled, room, length = view.scaled[axis], view.input[axis], view.picture[axis]
        end = min(begin + scaled, room)
        ends.append(end * size[axis] / room)
        places.append(slice(round(-begin * length / scaled), round((end - begin) * length / scaled)))
    bottom, right = ends
    return Window((0.0, 0.0, right, bottom), *places)


def _same(shape: tuple[int, ...], window: Window) -> bool:
    height, width = shape[:2]
    return window.box == (0.0, 0.0, float(width), float(height)) and window.size == (width, height)


def _nearest(found: Array, window: Window) -> Array:
    import numpy as np
    from PIL import Image

    if _same(found.shape, window):
        return found
    plane = Image.fromarray(found.astype(np.int32))
    return np.asarray(plane.resize(window.size, Image.Resampling.NEAREST, box=window.box)).astype(found.dtype)


def _best(scores: Array) -> Array:
    """The class with the highest score, the first of several, uint8 (height, width).

    Scores that lie class by class, as ONNX has them, are compared plane by plane, some rows at a time: that reads
    memory in its order, which `argmax` across the planes does not.
    """
    import numpy as np

    if scores.strides[-1] < scores.strides[1]:
        return scores.argmax(axis=-1).astype(np.uint8)
    found = np.zeros(scores.shape[:2], np.uint8)
    for top in range(0, len(scores), _ROWS):
        planes_ = scores[top : top + _ROWS].transpose(2, 0, 1)
        highest, best = planes_.max(axis=0), found[top : top + _ROWS]
        for number in range(len(planes_) - 1, -1, -1):
            np.copyto(best, np.uint8(number), where=planes_[number] == highest)
    return found


def _surest(scores: Array, best: Array, window: Window) -> Array:
    """The class with the highest score after bilinear interpolation between the four nearest pixels.

    Where these four have the same best class it is the best of any mixture of them. So scores are interpolated only
    along the borders of segments, which is exact and several times as fast as interpolating all of them.
    """
    import numpy as np

    left, top, right, bottom = window.box
    rows, downwards = _neighbours(top, bottom, window.size[1], best.shape[0])
    columns, rightwards = _neighbours(left, right, window.size[0], best.shape[1])
    found = best.take(rows, axis=0).take(columns, axis=1)
    mixed = _mixed(best).take(rows, axis=0).take(columns, axis=1)
    below, beside = min(1, best.shape[0] - 1), min(1, best.shape[1] - 1)
    at_rows, at_columns = mixed.nonzero()
    for begin in range(0, len(at_rows), _AT_ONCE):
        row, column = at_rows[begin : begin + _AT_ONCE], at_columns[begin : begin + _AT_ONCE]
        down, across = downwards[row, np.newaxis], rightwards[column, np.newaxis]
        upper, lower = (
            _between(scores[line, columns[column]], scores[line, columns[column] + beside], across)
            for line in (rows[row], rows[row] + below)
        )
        found[row, column] = (upper + (lower - upper) * down).argmax(axis=1)
    return found


def _neighbours(begin: float, end: float, wanted: int, length: int) -> tuple[Array, Array]:
    """For each pixel wanted between two places of an axis: the pixel before its centre, and how far past it is."""
    import numpy as np

    centres = begin + (np.arange(wanted) + 0.5) * ((end - begin) / wanted) - 0.5
    before = np.clip(np.floor(centres), 0, max(0, length - 2)).astype(np.int64)
    return before, np.clip(centres - before, 0, min(1, length - 1)).astype(np.float32)


def _mixed(labels: Array) -> Array:
    """Whether a pixel, the next one, and the two below them are of several classes."""
    upper, lower = labels[: max(1, labels.shape[0] - 1)], labels[min(1, labels.shape[0] - 1) :]
    level = slice(None, max(1, labels.shape[1] - 1)), slice(min(1, labels.shape[1] - 1), None)
    first = upper[:, level[0]]
    return (first != upper[:, level[1]]) | (first != lower[:, level[0]]) | (first != lower[:, level[1]])


def _between(begin: Array, end: Array, share: Array) -> Array:
    import numpy as np

    begin = begin.astype(np.float32, copy=False)
    return begin + (end.astype(np.float32, copy=False) - begin) * share
