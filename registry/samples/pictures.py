"""Images and masks as arrays, and the palette of PASCAL VOC."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.errors import RejectedError, UnavailableError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VOID = 255
"""Class id of pixels that belong to no class: a mask's border, or what a model has not seen."""


def require_extra() -> None:
    """Whether arrays and pictures can be worked with at all.

    Raises:
        UnavailableError: numpy or Pillow is not installed.
    """
    try:
        import numpy  # noqa: F401 - only whether it is there
        import PIL  # noqa: F401
    except ImportError as error:
        raise UnavailableError(
            f"datasets need the Python package {error.name}, which is not installed",
            hint="pip install 'edge-model-zoo[eval]'",
        ) from None


def voc_palette() -> list[int]:
    """Red, green and blue of the 256 ids: bits 0, 1 and 2 of each three of an id, from the highest bit down.

    Source: the colour map of the VOC development kit.
    """
    colours = []
    for number in range(256):
        for channel in range(3):
            colours.append(sum(((number >> (3 * step + channel)) & 1) << (7 - step) for step in range(3)))
    return colours


def read_mask(source: Path | bytes) -> NDArray[np.uint8]:
    """Class ids of a palette or index mask, uint8 (H, W).

    Raises:
        RejectedError: It is no picture, is cut short, or has colours instead of ids.
    """
    import numpy as np

    with _opened(source) as picture:
        if picture.mode not in ("P", "L", "1"):
            raise RejectedError(
                f"{_name(source)}: expected a mask of class ids (palette or 8-bit grey), found mode {picture.mode}",
                hint="a mask holds ids, not colours",
            )
        _load(picture, source)
        return np.asarray(picture).astype(np.uint8)


def read_colours(source: Path, height: int, width: int) -> NDArray[np.uint8]:
    """Colours of a picture of a size known before, uint8 (H, W, 3); nothing is decoded before the size is right.

    Raises:
        RejectedError: It is no picture, is cut short, or has another size or no colours of 8 bits.
    """
    import numpy as np

    with _opened(source) as picture:
        if (picture.mode, picture.height, picture.width) != ("RGB", height, width):
            found = f"{picture.mode} {picture.width}x{picture.height}"
            raise RejectedError(f"{source}: expected RGB {width}x{height}, found {found}")
        _load(picture, source)
        return np.asarray(picture)


def image_size(source: Path | bytes) -> tuple[int, int]:
    """Height and width of an image, which is decoded whole so that one cut short is found.

    Raises:
        RejectedError: It is no picture, or is cut short.
    """
    with _opened(source) as picture:
        _load(picture, source)
        return picture.height, picture.width


def png_mask(ids: NDArray[np.uint8]) -> bytes:
    """A PNG of class ids (H, W) with the palette of VOC."""
    from PIL import Image

    picture = Image.fromarray(ids)
    picture.putpalette(voc_palette())
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=False)
    return stream.getvalue()


def _opened(source: Path | bytes) -> Any:
    from PIL import Image

    try:
        return Image.open(source if isinstance(source, Path) else io.BytesIO(source))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise RejectedError(f"{_name(source)}: cannot be read as a picture: {_reason(error)}") from None


def _load(picture: Any, source: Path | bytes) -> None:
    try:
        picture.load()
    except Exception as error:  # noqa: BLE001 - Pillow's decoders raise whatever bad bytes make them raise
        raise RejectedError(f"{_name(source)}: is damaged: {_reason(error)}") from None


def _name(source: Path | bytes) -> str:
    return str(source) if isinstance(source, Path) else "the mask"


def _reason(error: Exception) -> str:
    if type(error).__name__ == "UnidentifiedImageError":
        return "not a kind of picture that Pillow knows"
    return getattr(error, "strerror", None) or str(error).partition("\n")[0] or type(error).__name__
