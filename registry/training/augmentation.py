"""Random changes of an image and its mask, without any state: the same seed gives the same change.

Pixels are moved by one affine transformation for flip, crop, scale and rotation together, so that an image is
sampled once: bilinear, and the nearest id of a mask. What stays uncovered is grey in the image, void in the mask.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from registry.samples.pictures import VOID
from registry.training.configuration import Augmentation, Change, Crop

GREY = 127.5
FULL = 255.0
_BLUR_RADIUS = 4
_DRAWS = 12
"""Random numbers that decide how an image is moved."""

Augment = Callable[[Any, Any, Any], tuple[Any, Any]]


def augmenter(augmentation: Augmentation) -> Augment:
    """A function of TensorFlow operators: from image uint8 (H, W, 3), mask uint8 (H, W) and seed int32 (2,).

    It gives the changed image, float32 (H, W, 3) of 0 to 255, and the changed mask.
    """
    import tensorflow as tf

    moves = any((augmentation.crop, augmentation.scale, augmentation.rotation))
    changes = [
        (change, getattr(augmentation, name))
        for name, change in _CHANGES.items()
        if getattr(augmentation, name) is not None
    ]

    def augment(image: Any, mask: Any, seed: Any) -> tuple[Any, Any]:
        seeds = tf.unstack(tf.random.split(seed, 1 + len(_CHANGES)))
        if moves:
            image, mask = _moved(image, mask, _affine(augmentation, seeds[0], image.shape[:2]))
        elif augmentation.flip:
            image, mask = _flipped(image, mask, augmentation.flip, seeds[0])
        image = tf.cast(image, tf.float32)
        for (change, how), own in zip(changes, seeds[1:], strict=False):
            image = _sometimes(change, how, image, own)
        return tf.clip_by_value(image, 0.0, FULL), mask

    return augment


def _uniform(seed: Any, number: int) -> Any:
    """Random numbers of 0 to 1, as a list of scalars."""
    import tensorflow as tf

    return tf.unstack(tf.random.stateless_uniform((number,), seed))


def _between(share: Any, low: float, high: float) -> Any:
    return low + share * (high - low)


def _sometimes(change: Callable[..., Any], how: Change, image: Any, seed: Any) -> Any:
    """Change an image by an amount out of its range, or, in the other cases, not at all."""
    import tensorflow as tf

    chance, share = _uniform(seed, 2)

    def changed() -> Any:
        return tf.ensure_shape(change(image, _between(share, how.low, how.high), seed), image.shape)

    return changed() if how.rate >= 1 else tf.cond(chance < how.rate, changed, lambda: image)


def _flipped(image: Any, mask: Any, flip: str, seed: Any) -> tuple[Any, Any]:
    """What the affine transformation of a flip alone gives, by the same draws and without any arithmetic."""
    import tensorflow as tf

    draws = _uniform(seed, _DRAWS)
    for word, axis, draw in (("horizontal", 1, draws[5]), ("vertical", 0, draws[6])):
        if word in flip:
            turned = draw < 0.5
            image = tf.where(turned, tf.reverse(image, [axis]), image)
            mask = tf.where(turned, tf.reverse(mask, [axis]), mask)
    return image, mask


def _affine(augmentation: Augmentation, seed: Any, size: tuple[int, int]) -> Any:
    """The eight numbers that lead from a pixel of the result to one of the image, (1, 8)."""
    import tensorflow as tf

    height, width = size
    draws = _uniform(seed, _DRAWS)
    span_x, span_y, middle_x, middle_y = _window(augmentation.crop, draws[:5])
    flip = augmentation.flip or ""
    if "horizontal" in flip:
        span_x *= tf.where(draws[5] < 0.5, -1.0, 1.0)
    if "vertical" in flip:
        span_y *= tf.where(draws[6] < 0.5, -1.0, 1.0)
    zoom = _drawn(augmentation.scale, draws[7], draws[8], 1.0)
    angle = _drawn(augmentation.rotation, draws[9], draws[10], 0.0) * (math.pi / 180)
    cosine, sine = tf.cos(angle) / zoom, tf.sin(angle) / zoom
    across, down = (span_x * cosine, -span_x * sine), (span_y * sine, span_y * cosine)
    centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
    shift_x = middle_x * width - 0.5 - across[0] * centre_x - across[1] * centre_y
    shift_y = middle_y * height - 0.5 - down[0] * centre_x - down[1] * centre_y
    return tf.stack([*across, shift_x, *down, shift_y, 0.0, 0.0])[None]


def _window(crop: Crop | None, draws: list[Any]) -> tuple[Any, Any, Any, Any]:
    """Sides and centre of what is seen of the image, as shares of it; a window never leaves the image."""
    import tensorflow as tf

    if crop is None:
        return tf.constant(1.0), tf.constant(1.0), 0.5, 0.5
    chosen = draws[4] < crop.rate
    found = []
    for side, centre, one, other in (
        (crop.width, crop.centre_x, draws[0], draws[1]),
        (crop.height, crop.centre_y, draws[2], draws[3]),
    ):
        length = tf.where(chosen, _between(one, *side), 1.0)
        found.append((length, tf.clip_by_value(_between(other, *centre), length / 2, 1 - length / 2)))
    (span_x, middle_x), (span_y, middle_y) = found
    return span_x, span_y, middle_x, middle_y


def _drawn(change: Change | None, chance: Any, share: Any, otherwise: float) -> Any:
    import tensorflow as tf

    if change is None:
        return tf.constant(otherwise)
    return tf.where(chance < change.rate, _between(share, change.low, change.high), otherwise)


def _moved(image: Any, mask: Any, transform: Any) -> tuple[Any, Any]:
    import tensorflow as tf

    def move(pixels: Any, fill: float, interpolation: str) -> Any:
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=pixels[None],
            transforms=transform,
            output_shape=pixels.shape[:2],
            fill_value=fill,
            interpolation=interpolation,
            fill_mode="CONSTANT",
        )[0]

    moved = move(tf.cast(image, tf.float32), GREY, "BILINEAR")
    return moved, move(mask[..., None], float(VOID), "NEAREST")[..., 0]


def _contrast(image: Any, factor: Any, _seed: Any) -> Any:
    import tensorflow as tf

    middle = tf.reduce_mean(image, axis=(0, 1))
    return (image - middle) * factor + middle


def _brightness(image: Any, amount: Any, _seed: Any) -> Any:
    return image + amount * FULL


def _noise(image: Any, deviation: Any, seed: Any) -> Any:
    import tensorflow as tf

    return image + tf.random.stateless_normal(image.shape, seed) * deviation * FULL


def _blur(image: Any, sigma: Any, _seed: Any) -> Any:
    """Gaussian blur: across, then down; the image's border is continued by its mirror image."""
    import tensorflow as tf

    places = tf.range(-_BLUR_RADIUS, _BLUR_RADIUS + 1, dtype=tf.float32)
    weights = tf.exp(-0.5 * tf.square(places / tf.maximum(sigma, 1e-3)))
    kernel = tf.tile((weights / tf.reduce_sum(weights))[None, :, None, None], (1, 1, 3, 1))
    edge = [[0, 0], [_BLUR_RADIUS, _BLUR_RADIUS], [_BLUR_RADIUS, _BLUR_RADIUS], [0, 0]]
    padded = tf.pad(image[None], edge, "REFLECT")
    across = tf.nn.depthwise_conv2d(padded, kernel, (1, 1, 1, 1), "VALID")
    return tf.nn.depthwise_conv2d(across, tf.transpose(kernel, (1, 0, 2, 3)), (1, 1, 1, 1), "VALID")[0]


def _jpeg(image: Any, quality: Any, _seed: Any) -> Any:
    import tensorflow as tf

    whole = tf.cast(tf.clip_by_value(tf.round(image), 0.0, FULL), tf.uint8)
    packed = tf.raw_ops.EncodeJpegVariableQuality(images=whole, quality=tf.cast(tf.round(quality), tf.int32))
    return tf.cast(tf.io.decode_jpeg(packed, channels=3), tf.float32)


def _posterize(image: Any, bits: Any, _seed: Any) -> Any:
    import tensorflow as tf

    step = tf.pow(2.0, 8 - tf.round(bits))
    return tf.floor(tf.clip_by_value(image, 0.0, FULL) / step) * step


_CHANGES: dict[str, Callable[..., Any]] = {
    "contrast": _contrast,
    "brightness": _brightness,
    "blur": _blur,
    "noise": _noise,
    "posterize": _posterize,
    "jpeg": _jpeg,
}
"""Changes of values in the order in which they are made: light, lens, sensor, file."""
