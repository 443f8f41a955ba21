"""Textures of the generated dataset: what a surface looks like must not tell its class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def noise(random: np.random.Generator, height: int, width: int, grain: float) -> NDArray[np.float32]:
    """Soft noise (H, W) from about -1 to 1; `grain` is the size of its largest spots in pixels."""
    import numpy as np
    from PIL import Image

    whole = np.zeros((height, width), np.float32)
    weight = 0.6
    while grain >= 2 and weight > 0.05:
        rows, columns = max(2, round(height / grain) + 1), max(2, round(width / grain) + 1)
        grid = random.uniform(-1, 1, (rows, columns)).astype(np.float32)
        spots = Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC)
        whole += weight * np.asarray(spots)
        grain, weight = grain / 2.3, weight * 0.6
    return np.asarray(whole, np.float32)


def surface(
    random: np.random.Generator, height: int, width: int, scale: float, strength: float = 1.0
) -> NDArray[np.float32]:
    """A textured surface (H, W, 3), values from 0 to 255.

    Args:
        random: Says what it looks like.
        height: Of it, in pixels.
        width: Of it, in pixels.
        scale: Size of its pattern in pixels.
        strength: How much the texture is seen, 0 to 1.
    """
    import numpy as np

    one, other = _colours(random)
    pattern = _pattern(random, height, width, scale)[..., None] * np.float32(strength)
    mixed = one + (other - one) * pattern
    grain = noise(random, height, width, scale * random.uniform(0.6, 2.5)) * random.uniform(8, 34)
    return np.asarray(mixed + grain[..., None] * np.float32(strength), np.float32)


def _colours(random: np.random.Generator) -> tuple[Any, Any]:
    """Two colours, as near to each other as those of one thing often are."""
    import numpy as np

    one = random.uniform(25, 230, 3)
    one = one.mean() + (one - one.mean()) * random.uniform(0.1, 0.9)  # most surfaces are nearly grey
    other = one + random.normal(0, 30, 3) + random.normal(0, 35)
    return one.astype(np.float32), np.clip(other, 5, 250).astype(np.float32)


def _pattern(random: np.random.Generator, height: int, width: int, scale: float) -> NDArray[np.float32]:
    """Share of the second colour, 0 to 1, of one of six patterns, turned by any angle."""
    import numpy as np

    angle = random.uniform(0, np.pi)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    y, x = y - random.uniform(0, height), x - random.uniform(0, width)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    bend = noise(random, height, width, scale * 4) * scale * random.uniform(0, 0.5)
    along, across = (along + bend) / scale, (across + bend) / scale
    share = random.uniform(0.3, 0.7)
    kind = random.integers(6)
    if kind == 0:  # stripes
        value = _soft(np.abs(along % 1 - 0.5) * 2 - share, scale)
    elif kind == 1:  # checks
        value = ((np.floor(along) + np.floor(across)) % 2).astype(np.float32)
    elif kind == 2:  # dots
        value = _soft(0.36 - np.hypot(along % 1 - 0.5, across % 1 - 0.5), scale)
    elif kind == 3:  # bricks
        row = np.floor(across)
        value = _soft(np.minimum((along / 2 + row / 2) % 1 * 2, across % 1) - 0.14, scale)
    elif kind == 4:  # spots of no order
        value = _soft(noise(random, height, width, scale * 2) * 2, scale)
    else:  # a slow change from one colour to the other
        value = along / max(1.0, float(np.ptp(along))) + 0.5
    return np.asarray(np.clip(value, 0, 1), np.float32)


def _soft(distance: Any, scale: float) -> Any:
    """A step at 0, as wide as a pixel."""
    return distance * scale / 2 + 0.5
