"""Images and masks for training: decoded once where memory allows, in an order that seed and epoch decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from registry import pictures
from registry.class_map import mask_at_network_size
from registry.errors import RejectedError, RequestError, ZooError
from registry.preparation import View
from registry.samples.pictures import VOID, read_mask
from registry.samples.voc import Sample
from registry.training.augmentation import augmenter
from registry.training.configuration import Augmentation

Array = Any

MEAN, SCALE = 127.5, 1 / 127.5
"""What becomes of a pixel: (value - mean) * scale, -1 to 1."""

_CHANNELS = 4
"""Bytes a pixel that the cache takes: three of the image, one of the mask."""


class Decoded:
    """Images and masks at the network's size, kept in memory where all of them fit.

    Attributes:
        samples: What they are read from, in order.
        size: Height and width in pixels.
        failure: The error that made a reading fail, since TensorFlow passes on its text alone.
    """

    def __init__(self, samples: Sequence[Sample], size: tuple[int, int], classes: int, cache_bytes: int) -> None:
        import numpy as np

        self.samples, self.size, self._classes = samples, size, classes
        self.failure: ZooError | None = None
        height, width = size
        fits = len(samples) * height * width * _CHANNELS <= cache_bytes
        self._known = np.zeros(len(samples), np.bool_) if fits else None
        self._images = np.empty((len(samples) if fits else 0, height, width, 3), np.uint8)
        self._masks = np.empty((len(samples) if fits else 0, height, width), np.uint8)

    @property
    def bytes(self) -> int:
        """Memory that the images take, bytes."""
        return int(self._images.nbytes + self._masks.nbytes)

    def read(self, number: int) -> tuple[Array, Array]:
        """Image uint8 (H, W, 3) and mask uint8 (H, W) of a sample.

        Raises:
            ZooError: A file is missing, is damaged, or holds ids that the dataset does not have.
        """
        if self._known is None:
            return self._decoded(number)
        if not self._known[number]:
            self._images[number], self._masks[number] = self._decoded(number)
            self._known[number] = True
        return self._images[number], self._masks[number]

    def _decoded(self, number: int) -> tuple[Array, Array]:
        try:
            return decode(self.samples[number], self.size, self._classes)
        except ZooError as error:
            self.failure = error
            raise


def decode(sample: Sample, size: tuple[int, int], classes: int) -> tuple[Array, Array]:
    """An image (bilinear) and its mask (nearest) at another size.

    Raises:
        RequestError: A file is missing.
        RejectedError: One is damaged, they are not of one size, or the mask has ids of no class.
        UnavailableError: One cannot be read.
    """
    import numpy as np
    from PIL import Image

    picture, mask = pictures.read(sample.image), mask_of(sample)
    if picture.shape[:2] != mask.shape:
        found, expected = (f"{one.shape[1]}x{one.shape[0]}" for one in (mask, picture))
        raise RejectedError(f"{sample.mask}: expected the image's size {expected}, found {found}")
    if strange := sorted({*np.unique(mask).tolist()} - {*range(classes), VOID}):
        raise RejectedError(
            f"{sample.mask}: expected ids 0 to {classes - 1}, and {VOID} for void, found {strange[0]}",
            hint="`zoo dataset check` lists all problems",
        )
    scaled = Image.fromarray(picture).resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(scaled), mask_at_network_size(mask, View(mask.shape, size, size), size)


def mask_of(sample: Sample) -> Array:
    """The mask of a sample, at its own size.

    Raises:
        RequestError: It is missing.
        RejectedError: It is damaged, or holds no ids.
    """
    if not sample.mask.is_file():
        raise RequestError(f"{sample.mask}: no such mask", hint="`zoo dataset check` lists all problems")
    return read_mask(sample.mask)


def batches(
    decoded: Decoded, augmentation: Augmentation, *, seed: int, batch: int, first: int, epochs: int, threads: int
) -> Any:
    """A `tf.data.Dataset` of the batches of epochs `first` to `epochs` - 1, without pause between them.

    An epoch has as many whole batches as the images give. What an image becomes depends on seed, epoch and image
    alone, and the order on seed and epoch: a run that is taken up later gets the same.

    Returns:
        Batches of image float32 (N, H, W, 3) of -1 to 1 and mask uint8 (N, H, W).
    """
    import tensorflow as tf

    height, width = decoded.size
    count = len(decoded.samples)
    used = count // batch * batch
    augment = augmenter(augmentation)

    def order(epoch: Any) -> Any:
        mixed = tf.random.experimental.stateless_shuffle(tf.range(count), [seed, tf.cast(epoch, tf.int32)])[:used]
        return tf.data.Dataset.from_tensor_slices((tf.fill((used,), epoch), mixed))

    def prepared(epoch: Any, number: Any) -> tuple[Any, Any]:
        image, mask = tf.numpy_function(decoded.read, (number,), (tf.uint8, tf.uint8), stateful=False)
        image, mask = tf.ensure_shape(image, (height, width, 3)), tf.ensure_shape(mask, (height, width))
        own = tf.random.fold_in(tf.random.fold_in([seed, 1], tf.cast(epoch, tf.int32)), number)
        image, mask = augment(image, mask, own)
        return normalized(image), mask

    stream = tf.data.Dataset.range(first, epochs).flat_map(order)
    stream = stream.map(prepared, num_parallel_calls=threads, deterministic=True)
    return stream.batch(batch, drop_remainder=True).prefetch(2)


def normalized(image: Any) -> Any:
    """Pixel values of 0 to 255 as the network takes them."""
    return (image - MEAN) * SCALE
