"""Class maps as pictures: indexed PNG with the palette of PASCAL VOC, and laid over the photograph."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from registry.runtime.base import Array
from registry.samples.pictures import voc_palette

Colour = tuple[int, int, int]

_MOST_LEGEND = 24
"""Classes that a legend names, the largest first."""


def voc_colour(class_id: int) -> Colour:
    """Colour of a class in PASCAL VOC's palette."""
    red, green, blue = voc_palette()[3 * class_id : 3 * class_id + 3]
    return red, green, blue


def class_map_png(class_map: Array) -> bytes:
    """A PNG whose pixels are the class ids, 0 to 255, shown in VOC's colours."""
    import numpy as np
    from PIL import Image

    image = Image.fromarray(class_map.astype(np.uint8))
    image.putpalette(_palette().ravel().tolist())
    return _png(image)


def overlay_png(picture: Array, class_map: Array, legend: Sequence[tuple[int, str]]) -> bytes:
    """The picture with each class but background tinted, and a legend below.

    Args:
        picture: uint8 (height, width, 3), RGB.
        class_map: (height, width).
        legend: Class ids and what to write beside their colours.
    """
    import numpy as np
    from PIL import Image

    colours = _palette()[class_map.astype(np.uint8)]
    tinted = np.where((class_map != 0)[..., np.newaxis], (picture // 2 + colours // 2), picture)
    return _png(_with_legend(Image.fromarray(tinted.astype(np.uint8)), legend[:_MOST_LEGEND]))


def _with_legend(image: Any, legend: Sequence[tuple[int, str]]) -> Any:
    """The image above rows of coloured boxes and words, as many beside each other as there is room for."""
    from PIL import Image, ImageDraw, ImageFont

    size = max(12, image.width // 45)
    font = ImageFont.load_default(size)
    gap = size // 2
    cell = max((int(font.getlength(text)) for _id, text in legend), default=0) + size + 3 * gap
    width = max(image.width, cell + gap)
    columns = max(1, (width - gap) // cell)
    height = -(-len(legend) // columns) * (size + gap) + gap
    canvas = Image.new("RGB", (width, image.height + height), "white")
    canvas.paste(image, (0, 0))
    draw = ImageDraw.Draw(canvas)
    for number, (class_id, text) in enumerate(legend):
        left = gap + number % columns * cell
        top = image.height + gap + number // columns * (size + gap)
        draw.rectangle((left, top, left + size, top + size), fill=voc_colour(class_id), outline="grey")
        draw.text((left + size + gap, top + size // 2), text, fill="black", font=font, anchor="lm")
    return canvas


def _palette() -> Array:
    """256 colours; VOC shows void in the one that its formula gives for 255."""
    import numpy as np

    return np.array(voc_palette(), dtype=np.uint8).reshape(-1, 3)


def _png(image: Any) -> bytes:
    data = BytesIO()
    image.save(data, "PNG")
    return data.getvalue()
