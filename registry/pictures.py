"""Opening an image file as its user would expect to see it: uint8 (height, width, 3), RGB.

What is decided here: the orientation that a camera noted is applied; transparency stands over white, as viewers
and pages show it; grey becomes three equal channels; 16 bits are scaled to 8; of an animation the first frame
counts.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from registry.errors import RejectedError, RequestError, UnavailableError
from registry.files import open_regular

Array = Any

MAX_PIXELS = 100_000_000
"""Largest picture that is opened, in pixels: 300 MB as RGB."""

FORMATS = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
"""Formats by Pillow's names. Those that run another program, such as PostScript, are left out on purpose."""

_DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N")
"""Grey pictures of more than 8 bits, by Pillow's modes."""


def read(path: Path) -> Array:
    """Open a picture.

    Returns:
        uint8 (height, width, 3), RGB.

    Raises:
        RequestError: There is no such file.
        RejectedError: It is no picture, a broken one, or too large a one.
        UnavailableError: It cannot be read, or Pillow is missing.
    """
    require_pillow()
    from PIL import Image, UnidentifiedImageError

    try:
        with open_regular(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a strange tag is no reason to refuse; our own bound is below Pillow's
            with Image.open(file, formats=FORMATS) as image:
                _require_bounded(path, image.size)
                return _as_rgb(path, image)
    except FileNotFoundError:
        raise RequestError(f"no such file: {path}", hint="give image files") from None
    except UnidentifiedImageError:
        raise RejectedError(f"{path}: expected a picture ({', '.join(FORMATS)}), found none of these") from None
    except Image.DecompressionBombError:
        raise _too_large(path, "more") from None
    except MemoryError:
        raise UnavailableError(f"{path}: there is not enough memory to open it") from None
    except OSError as error:
        if error.errno is not None:
            raise UnavailableError(f"{path}: cannot be read: {error.strerror or error}") from None
        raise _broken(path, error) from None
    except (ValueError, SyntaxError, EOFError, IndexError, TypeError, OverflowError) as error:
        raise _broken(path, error) from None  # what Pillow's decoders raise on bytes that break the format


def require_pillow() -> None:
    """See that Pillow and numpy are installed.

    Raises:
        UnavailableError: One is missing.
    """
    try:
        import numpy  # noqa: F401 - whether it is there
        import PIL  # noqa: F401
    except ImportError as error:
        raise UnavailableError(
            f"{error.name} is not installed, so pictures cannot be opened",
            hint="pip install 'edge-model-zoo[eval]'",
        ) from None


def _require_bounded(path: Path, size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise _too_large(path, f"{width}x{height}")


def _too_large(path: Path, found: str) -> RejectedError:
    return RejectedError(
        f"{path}: expected at most {MAX_PIXELS} pixels, found {found}", hint="scale it down before"
    )


def _broken(path: Path, error: Exception) -> RejectedError:
    return RejectedError(f"{path}: the picture is broken or cut short: {error}")


def _as_rgb(path: Path, image: Any) -> Array:
    """An opened picture as RGB."""
    import numpy as np
    from PIL import Image, ImageOps

    if image.mode == "F":
        raise RejectedError(f"{path}: expected a picture of 8 or 16 bits, found real numbers")
    if image.mode in _DEEP:
        upright = ImageOps.exif_transpose(image)
        grey = _eight_bits(path, np.asarray(upright))
        return np.repeat(grey[:, :, np.newaxis], 3, axis=2)
    upright = ImageOps.exif_transpose(image)
    if upright.has_transparency_data:
        layered = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered)
    return np.asarray(upright.convert("RGB"))


def _eight_bits(path: Path, grey: Array) -> Array:
    """16 bits of the whole range 0 to 65535 as 8."""
    import numpy as np

    low, high = int(grey.min()), int(grey.max())
    if low < 0 or high > 0xFFFF:
        raise RejectedError(f"{path}: expected values of 0 to 65535, found {low} to {high}")
    return np.rint(grey / 257).astype(np.uint8)
