"""From a model's output to a class id for each pixel of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from registry.errors import RejectedError
from registry.preparation import View
from registry.runtime.base import Array
from registry.samples.pictures import VOID


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


def at_network_size(found: Array) -> Array:
    """The class map of `planes`, at the output's own size: uint8 or int64 (height, width)."""
    return found.argmax(axis=-1) if found.ndim == 3 else found


def at_picture_size(found: Array, view: View) -> Array:
    """The class map of `planes`, at the picture's size.

    Scores are interpolated (bilinear) before the best class is taken; a class map takes the nearest pixel.

    Returns:
        (height, width); `VOID` where a crop left something out.
    """
    import numpy as np

    window = _window(found.shape[:2], view)
    part = _best(found, window) if found.ndim == 3 else _nearest(found, window)
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


def _best(scores: Array, window: Window) -> Array:
    """The class with the highest score; one by one, since all planes of a large picture would take gigabytes."""
    import numpy as np

    if _same(scores.shape, window):
        return scores.argmax(axis=-1).astype(np.uint8)
    highest = _interpolated(scores[..., 0], window)
    best = np.zeros(highest.shape, np.uint8)
    for number in range(1, scores.shape[-1]):
        plane = _interpolated(scores[..., number], window)
        better = plane > highest
        best[better] = number
        np.maximum(highest, plane, out=highest)
    return best


def _interpolated(plane: Array, window: Window) -> Any:
    import numpy as np
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(plane, dtype=np.float32))
    return np.array(image.resize(window.size, Image.Resampling.BILINEAR, box=window.box))
