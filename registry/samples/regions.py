"""Pixels that an annotation of COCO covers: polygons, or run lengths in plain or compressed form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def covered(segmentation: Any, height: int, width: int) -> NDArray[np.bool_]:
    """Pixels (H, W) of an annotation: a list of polygons x, y, x, y, ..., or run lengths by columns.

    Raises:
        ValueError: The runs do not add up to the image, or a polygon has no three corners.
    """
    import numpy as np
    from PIL import Image, ImageDraw

    if isinstance(segmentation, dict):
        runs = segmentation["counts"]
        runs = unpacked(runs) if isinstance(runs, str) else runs
        if min(runs, default=0) < 0 or sum(runs) != height * width:
            raise ValueError(f"run lengths add up to {sum(runs)} instead of {height * width} pixels")
        bits = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
        return bits.reshape(width, height).T
    sheet = Image.new("1", (width, height))
    drawing = ImageDraw.Draw(sheet)
    for corners in segmentation:
        if len(corners) < 6:
            raise ValueError(f"a polygon of {len(corners)} numbers")
        drawing.polygon([float(number) for number in corners], fill=1)
    return np.asarray(sheet)


def unpacked(text: str) -> list[int]:
    """Run lengths of COCO's compressed form: five bits a letter from '0', lowest first, bit 6 for more to come.

    From the fourth on, a number is the difference to the one before the last.

    Raises:
        ValueError: A letter is not of this form, or the last number is cut short.
    """
    runs: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - 48
        if not 0 <= bits < 64 or shift > 40:
            raise ValueError(f"compressed run lengths with {letter!r}")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            value -= (1 << shift) if bits & 16 else 0
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    if shift:
        raise ValueError("compressed run lengths that are cut short")
    return runs
