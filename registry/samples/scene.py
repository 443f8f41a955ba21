"""One generated picture: textured things before a textured ground, turned, stretched, lit, before each other."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry.samples.outlines import OUTLINES
from registry.samples.pictures import VOID, png_mask
from registry.samples.textures import noise, surface

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FINER = 4
"""Outlines are drawn that much larger, then shrunk, which makes their edges smooth."""

SMALLEST = 0.6
"""Sides of a picture lie between this share of the size that was asked for and the whole of it."""

JPEG_QUALITY = 92

TYPICAL = (
    (205, 60, 55),
    (60, 150, 65),
    (225, 200, 70),
    (60, 80, 200),
    (165, 65, 175),
    (70, 190, 200),
    (120, 120, 125),
    (225, 140, 165),
)
"""Typical colours of the classes, red, green and blue: what `Recipe.colour` draws them to."""


@dataclass(frozen=True)
class Recipe:
    """What a picture is made from.

    Attributes:
        seed: Of the whole dataset.
        split: Number of the split, which has pictures of its own.
        index: Number of the picture in its split; a longer split begins with the same pictures.
        size: Longest side in pixels.
        clutter: How much textures and things of no class disturb, 0 to 1. Noise, light and occlusion stay.
        colour: How much the colour of a thing tells its class, 0 to 1. The ground has any colour.
    """

    seed: int
    split: int
    index: int
    size: int
    clutter: float = 1.0
    colour: float = 0.0


def paint(recipe: Recipe) -> tuple[bytes, bytes]:
    """A JPEG and the PNG of its mask. The same recipe gives the same bytes with the same numpy and Pillow."""
    import numpy as np

    random = np.random.default_rng([recipe.seed, recipe.split, recipe.index])
    height, width = (int(side) for side in random.integers(round(recipe.size * SMALLEST), recipe.size + 1, 2))
    reach = min(height, width)
    picture = surface(random, height, width, reach * random.uniform(0.05, 0.3), recipe.clutter)
    _clutter(random, picture, reach, recipe.clutter)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(int(random.integers(2, 8))):
        _place(random, picture, mask, reach, recipe)
    return _jpeg(_photographed(random, picture)), png_mask(mask)


def _place(
    random: np.random.Generator, picture: NDArray[np.float32], mask: NDArray[np.uint8], reach: int, recipe: Recipe
) -> None:
    """Put one thing before all that is there already."""
    import numpy as np

    label = int(random.integers(1, len(OUTLINES) + 1))
    alpha = _silhouette(random, label, reach * random.uniform(0.1, 0.3))
    height, width = mask.shape
    side = alpha.shape[0]
    top = int(random.integers(-side // 3, height - 2 * side // 3))
    left = int(random.integers(-side // 3, width - 2 * side // 3))
    rows, columns = slice(max(top, 0), min(top + side, height)), slice(max(left, 0), min(left + side, width))
    part = (slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left))
    _shade(picture, np.roll(_blurred(alpha, side / 24), (side // 20, side // 24), (0, 1))[part], rows, columns)
    look = surface(random, side, side, side * random.uniform(0.06, 0.35), recipe.clutter)
    if recipe.colour:
        look += np.float32(recipe.colour) * (np.array(TYPICAL[label - 1], np.float32) - look.mean((0, 1)))
    look = look * _light(random, side)[..., None]
    share = alpha[part][..., None]
    picture[rows, columns] = picture[rows, columns] * (1 - share) + look[part] * share
    grown, shrunk = _grown(alpha > 0.5, reach)
    target = mask[rows, columns]
    target[grown[part]] = VOID
    target[shrunk[part]] = label


def _silhouette(random: np.random.Generator, label: int, radius: float) -> NDArray[np.float32]:
    """How much of each pixel the thing covers, 0 to 1, (S, S)."""
    import numpy as np
    from PIL import Image, ImageDraw

    filled, cut = list(OUTLINES.values())[label - 1]()
    angle, stretch = random.uniform(0, 2 * np.pi), random.uniform(0.75, 1.3)
    side = int(2.9 * radius) + 8
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    sheet = Image.new("L", (side * FINER, side * FINER))
    drawing = ImageDraw.Draw(sheet)
    for points, value in ((filled, 255), (cut, 0)):
        if points:
            placed = np.array(points) * [stretch, 1] * radius @ turn + side / 2
            drawing.polygon([tuple(point) for point in placed * FINER], fill=value)
    covered = np.asarray(sheet.resize((side, side), Image.Resampling.BOX), np.float32)
    return covered / np.float32(255)


def _grown(inside: NDArray[np.bool_], reach: int) -> tuple[Any, Any]:
    """The thing with its void border, and without it: one pixel to each side, two in larger pictures."""
    import numpy as np
    from PIL import Image, ImageFilter

    window = 3 if reach < 200 else 5
    sheet = Image.fromarray(inside.astype(np.uint8) * 255)
    filters = (ImageFilter.MaxFilter(window), ImageFilter.MinFilter(window))
    grown, shrunk = (np.asarray(sheet.filter(one)) > 0 for one in filters)
    return grown, shrunk


def _light(random: np.random.Generator, side: int) -> NDArray[np.float32]:
    """Brightness of a surface that is lit from one side, about 1."""
    import numpy as np

    angle, strength = random.uniform(0, 2 * np.pi), random.uniform(0.1, 0.45)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side - 0.5
    return np.asarray(1 + strength * 2 * (x * np.cos(angle) + y * np.sin(angle)), np.float32)


def _shade(picture: NDArray[np.float32], shadow: NDArray[np.float32], rows: slice, columns: slice) -> None:
    picture[rows, columns] *= 1 - 0.45 * shadow[..., None]


def _clutter(random: np.random.Generator, picture: NDArray[np.float32], reach: int, clutter: float) -> None:
    """Lines and soft patches that belong to no class, so that not every edge is a thing's."""
    import numpy as np
    from PIL import Image, ImageDraw

    height, width = picture.shape[:2]
    for _ in range(round(int(random.integers(3, 9)) * clutter)):
        sheet = Image.new("L", (width, height))
        ends = [tuple(point) for point in random.uniform(-0.1, 1.1, (3, 2)) * [width, height]]
        ImageDraw.Draw(sheet).line(
            ends, fill=255, width=int(random.integers(1, max(3, reach // 20))), joint="curve"
        )
        alpha = np.asarray(sheet, np.float32)[..., None] / 255 * np.float32(random.uniform(0.3, 0.9))
        picture[:] = picture * (1 - alpha) + random.uniform(20, 235, 3).astype(np.float32) * alpha
    patches = np.clip(noise(random, height, width, reach / 2) * 3 - 0.6, 0, 0.8)[..., None] * np.float32(clutter)
    picture[:] = picture * (1 - patches) + surface(random, height, width, reach / 8, clutter) * patches


def _photographed(random: np.random.Generator, picture: NDArray[np.float32]) -> Any:
    """The picture as a small camera gives it: uneven light, a little blur, noise."""
    import numpy as np
    from PIL import Image, ImageFilter

    height, width = picture.shape[:2]
    light = 1 + 0.25 * noise(random, height, width, max(height, width))[..., None]
    lit = (picture * light - 128) * random.uniform(0.75, 1.1) + 128 + random.uniform(-20, 20)
    sheet = Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))
    blurred = np.asarray(sheet.filter(ImageFilter.GaussianBlur(float(random.uniform(0, 0.9)))), np.float32)
    grain = random.normal(0, random.uniform(2, 11), (height, width, 3))
    return Image.fromarray(np.clip(blurred + grain, 0, 255).astype(np.uint8))


def _blurred(alpha: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    import numpy as np
    from PIL import Image, ImageFilter

    sheet = Image.fromarray((alpha * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(sheet, np.float32) / np.float32(255)


def _jpeg(picture: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=JPEG_QUALITY)
    return stream.getvalue()
