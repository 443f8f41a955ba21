"""Images of a report: picture, mask, prediction and mistakes, small and as text that a page can hold."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from registry import pictures
from registry.errors import ZooError
from registry.runtime.base import Array
from registry.samples import Sample
from registry.samples.pictures import VOID, read_mask, voc_palette
from registry.segmenter import Segmenter

LARGEST_SIDE = 320
"""Pixels of an image's longer side on the page."""
_QUALITY = 80
_RIGHT, _VOID, _WRONG = range(3)
MISTAKES = ((245, 245, 245), (168, 168, 168), (190, 20, 60))
"""Colours of right, void and wrong pixels; their brightness alone tells them apart."""


@dataclass(frozen=True)
class Panel:
    """An image on the page.

    Attributes:
        title: What it shows.
        address: The image itself, as a data: URI.
        width, height: In pixels.
    """

    title: str
    address: str
    width: int
    height: int


@dataclass(frozen=True)
class Exhibit:
    """An image of the dataset as the report shows it.

    Attributes:
        name: Its identifier.
        mean_iou, pixel_accuracy: Of this image alone.
        panels: Picture, mask, prediction and mistakes.
        classes: Ids in the mask or the prediction, void included.
        problem: Why there are no panels; empty where there are.
    """

    name: str
    mean_iou: float
    pixel_accuracy: float
    panels: tuple[Panel, ...] = ()
    classes: tuple[int, ...] = ()
    problem: str = ""


def exhibit(segmenter: Segmenter, sample: Sample, mean_iou: float, pixel_accuracy: float) -> Exhibit:
    """Look at an image again; one that has changed since and cannot be shown says why.

    Args:
        segmenter: The model.
        sample: The image and its mask.
        mean_iou: What was measured on it.
        pixel_accuracy: The same.
    """
    import numpy as np

    try:
        picture, mask = pictures.read(sample.image), read_mask(sample.mask)
        found = segmenter.class_map(picture)
        mistakes = _mistakes(mask, found)
    except (ZooError, ValueError) as error:  # numpy's ValueError: the sizes of mask and picture differ by now
        return Exhibit(sample.name, mean_iou, pixel_accuracy, problem=str(error))
    panels = (
        _photograph("picture", picture),
        _flat("mask", mask, voc_palette()),
        _flat("prediction", found, voc_palette()),
        _flat("mistakes", mistakes, [part for colour in MISTAKES for part in colour]),
    )
    ids = sorted({*np.unique(mask).tolist(), *np.unique(found).tolist()})
    return Exhibit(sample.name, mean_iou, pixel_accuracy, panels, tuple(ids))


def _mistakes(mask: Array, found: Array) -> Array:
    import numpy as np

    return np.where(mask == VOID, _VOID, np.where(mask == found, _RIGHT, _WRONG))


def _photograph(title: str, picture: Array) -> Panel:
    from PIL import Image

    image = Image.fromarray(picture)
    return _panel(title, image.resize(_bounded(image.size), Image.Resampling.BOX), "JPEG", quality=_QUALITY)


def _flat(title: str, ids: Array, palette: list[int]) -> Panel:
    """Ids in the colours of a palette; no pixel gets a colour between two."""
    import numpy as np
    from PIL import Image

    image = Image.fromarray(ids.astype(np.uint8))
    image = image.resize(_bounded(image.size), Image.Resampling.NEAREST)
    image.putpalette(palette)
    return _panel(title, image, "PNG", optimize=True)


def _bounded(size: tuple[int, int]) -> tuple[int, int]:
    factor = min(1.0, LARGEST_SIDE / max(size))
    width, height = (max(1, round(side * factor)) for side in size)
    return width, height


def _panel(title: str, image: Any, kind: str, **options: Any) -> Panel:
    data = BytesIO()
    image.save(data, kind, **options)
    text = base64.b64encode(data.getvalue()).decode()
    return Panel(title, f"data:image/{kind.lower()};base64,{text}", *image.size)
