"""From a picture to a model's input, and from its output back to the size of the picture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from registry.card import Variant
from registry.digest import Digest
from registry.errors import RejectedError
from registry.inspect.graph import Graph
from registry.runtime.base import Array, Port

_INTERPOLATIONS = {"nearest": "NEAREST", "bilinear": "BILINEAR", "bicubic": "BICUBIC", "area": "BOX"}


@dataclass(frozen=True)
class Preparation:
    """How a picture becomes an input: network input = (pixel - mean) * scale.

    Attributes:
        height, width: Of the input in pixels; None where it takes any.
        resize: `stretch`; `shorter-side`, then the middle; `pad`: whole and in the upper left, the rest is 0 for
            the network; `none`.
        interpolation: `nearest`, `bilinear`, `bicubic` or `area`.
        mean, scale: For each channel.
        colour: `RGB`, `BGR` or `grey`.
        layout: `NHWC` or `NCHW`.
        assumed: What nobody states, and what was taken for it.
    """

    height: int | None
    width: int | None
    resize: str
    interpolation: str
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    colour: str
    layout: str
    assumed: tuple[str, ...] = ()

    @property
    def digest(self) -> Digest:
        """Digest of its canonical JSON, which figures are bound to."""
        return Digest.of(json.dumps(asdict(self), sort_keys=True).encode())


@dataclass(frozen=True)
class View:
    """Where a picture lies on the model's input.

    Attributes:
        picture: Height and width of the picture, pixels.
        input: Height and width of the input, pixels.
        scaled: Height and width of the picture on the input's scale, before anything is cut off.
        top, left: Where the scaled picture begins on the input: 0, or less where it was cut.
    """

    picture: tuple[int, int]
    input: tuple[int, int]
    scaled: tuple[int, int]
    top: int = 0
    left: int = 0


def preparation_of(
    port: Port, graph: Graph, variant: Variant | None, told: Mapping[str, Any] | None = None
) -> Preparation:
    """How a model wants its pictures: as the caller was told, else as its card says, else as its file says.

    A file says it by TFLite metadata (mean and standard deviation), or by a quantized input's scale and zero point:
    pixel bytes then go in as they are (int8: less 128).

    Raises:
        RejectedError: The input is no image, or neither card nor file says what its values are.
    """
    stated = {**(variant.document.get("preprocessing", {}) if variant else {}), **(told or {})}
    channels, height, width, layout = _image_shape(port)
    assumed = []
    resize, interpolation = stated.get("resize", "unknown"), stated.get("interpolation", "unknown")
    if resize == "unknown":
        resize = "none" if height is None or width is None else "stretch"
        assumed.append(f"resize: {resize}")
    if interpolation == "unknown":
        interpolation = "bilinear"
        assumed.append("interpolation: bilinear")
    colour = "grey" if channels == 1 else stated.get("colour_mode", "unknown")
    if colour == "unknown":
        colour = "RGB"
        assumed.append("colour order: RGB")
    mean, scale = _normalization(stated, port, graph)
    return Preparation(
        height,
        width,
        resize,
        interpolation,
        _each(mean, channels),
        _each(scale, channels),
        colour,
        layout,
        tuple(assumed),
    )


def _image_shape(port: Port) -> tuple[int, int | None, int | None, str]:
    """Channels, height, width and layout of an image input."""
    if len(port.shape) == 4:
        _batch, first, middle, last = port.shape
        if last in (1, 3):
            return last, first, middle, "NHWC"
        if first in (1, 3):
            return first, middle, last, "NCHW"
    sizes = "x".join("?" if size is None else str(size) for size in port.shape)
    raise RejectedError(f"input {port.name}: expected an image of 1 or 3 channels, found {sizes}")


def _normalization(stated: Mapping[str, Any], port: Port, graph: Graph) -> tuple[Any, Any]:
    """Mean and scale."""
    if "mean" in stated and "scale" in stated:
        return stated["mean"], stated["scale"]
    said = graph.metadata
    if "input.0.mean" in said and "input.0.std" in said:
        mean, deviation = _numbers(said["input.0.mean"]), _numbers(said["input.0.std"])
        if mean and deviation and all(deviation):
            return mean, [1 / one for one in deviation]
    if port.scale is not None and port.dtype in ("uint8", "int8"):
        return port.zero_point + (128 if port.dtype == "int8" else 0), port.scale
    if port.dtype == "uint8":
        return 0, 1
    raise RejectedError(
        f"input {port.name} is {port.dtype}, and neither a card nor the file says what becomes of a pixel's value",
        hint="name the variant whose card says it: --as NAME",
    )


def _numbers(text: str) -> list[float]:
    """Numbers of a metadata text, such as `127.5` or `[123.7, 116.3, 103.5]`; none where it holds others."""
    try:
        return [float(word) for word in text.strip("[]() ").replace(",", " ").split()]
    except ValueError:
        return []


def _each(value: Any, channels: int) -> tuple[float, ...]:
    numbers = [float(one) for one in value] if isinstance(value, list | tuple) else [float(value)]
    return tuple(numbers) if len(numbers) == channels else tuple(numbers[:1] * channels)


def prepare(picture: Array, how: Preparation, port: Port) -> tuple[Array, View]:
    """Bring a picture to what the input stores.

    Args:
        picture: uint8 (height, width, 3), RGB.
        how: What the model wants.
        port: The input.

    Returns:
        The stored input, batch included, and where the picture lies on it.

    Raises:
        RejectedError: The picture may not be resized, and has another size.
    """
    import numpy as np

    view = _view(picture.shape[:2], how)
    pixels = _in_colour(_resized(picture, view.scaled, how.interpolation), how.colour)
    # one stored value for each of the 256 that a pixel has: exact, and no arithmetic on the whole picture
    table = port.stored((np.arange(256)[:, np.newaxis] - np.array(how.mean)) * np.array(how.scale))
    alike = (table == table[:, :1]).all()
    values = table[:, 0].take(pixels) if alike else table[pixels, np.arange(pixels.shape[2])]
    values = _on_input(values, view, port.stored(np.zeros(1))[0])
    if how.layout == "NCHW":
        values = values.transpose(2, 0, 1)
    return np.ascontiguousarray(values[np.newaxis]), view


def _view(size: tuple[int, int], how: Preparation) -> View:
    height, width = size
    wanted = (how.height or height, how.width or width)
    if how.resize == "none" and wanted != size:
        raise RejectedError(
            f"expected a picture of {wanted[1]}x{wanted[0]}, found {width}x{height}, not to be resized"
        )
    if how.resize not in ("shorter-side", "pad"):
        return View(size, wanted, wanted)
    choose = max if how.resize == "shorter-side" else min
    factor = choose(wanted[0] / height, wanted[1] / width)
    scaled = (max(1, round(height * factor)), max(1, round(width * factor)))
    if how.resize == "pad":
        return View(size, wanted, scaled)
    return View(size, wanted, scaled, (wanted[0] - scaled[0]) // 2, (wanted[1] - scaled[1]) // 2)


def _resized(picture: Array, size: tuple[int, int], interpolation: str) -> Array:
    import numpy as np
    from PIL import Image

    if picture.shape[:2] == size:
        return picture
    method = Image.Resampling[_INTERPOLATIONS[interpolation]]
    return np.asarray(Image.fromarray(picture).resize((size[1], size[0]), method))


def _in_colour(picture: Array, colour: str) -> Array:
    import numpy as np
    from PIL import Image

    if colour == "grey":
        return np.asarray(Image.fromarray(picture).convert("L"))[:, :, np.newaxis]
    return picture[:, :, ::-1] if colour == "BGR" else picture


def _on_input(values: Array, view: View, nothing: Any) -> Array:
    """Cut the middle out of a scaled picture that is larger than the input, or fill up one that is smaller."""
    import numpy as np

    height, width = view.input
    if view.scaled == view.input:
        return values
    values = values[-view.top if view.top < 0 else 0 :, -view.left if view.left < 0 else 0 :][:height, :width]
    filled = np.full((height, width, values.shape[2]), nothing, values.dtype)
    filled[: values.shape[0], : values.shape[1]] = values
    return filled
