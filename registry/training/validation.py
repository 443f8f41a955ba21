"""Accuracy between epochs, by the same rules as `zoo eval`."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from registry.class_map import Reading
from registry.metrics import Pair, Run
from registry.preparation import View
from registry.training.loss import Loss
from registry.training.samples import Decoded, mask_of, normalized

Array = Any


class Validation:
    """Measures a model on the images of a split."""

    def __init__(self, decoded: Decoded, classes: int, protocol: str, loss: Loss, batch: int, threads: int) -> None:
        self._decoded, self._classes, self._protocol = decoded, classes, protocol
        self._loss, self._batch, self._threads = loss, batch, threads
        self._forward: Any = None

    def figures(self, model: Any) -> dict[str, float | None]:
        """`val_loss`, and `val_mean_iou` and `val_pixel_accuracy` under the protocol.

        Raises:
            ZooError: A file is missing, damaged or of another dataset.
        """
        run = Run(self._classes, [self._protocol])
        total = weight = 0.0
        with ThreadPoolExecutor(self._threads) as pool:
            for numbers, masks, logits, sums in self._batches(model):
                total, weight = total + float(sums[0]), weight + float(sums[1])
                for one in pool.map(self._pairs, numbers, masks, logits):
                    run.add(*one)
        scores = run.scores()[self._protocol]
        return {
            "val_loss": total / weight if weight else None,
            "val_mean_iou": scores.mean_iou,
            "val_pixel_accuracy": scores.pixel_accuracy,
        }

    def _batches(self, model: Any) -> Iterator[tuple[range, Array, Array, Any]]:
        import numpy as np

        forward = self._function(model)
        count = len(self._decoded.samples)
        for start in range(0, count, self._batch):
            numbers = range(start, min(start + self._batch, count))
            read = [self._decoded.read(number) for number in numbers]
            images, masks = (np.stack([pair[part] for pair in read]) for part in range(2))
            logits, sums = forward(normalized(images.astype(np.float32)), masks)
            yield numbers, masks, logits.numpy(), sums

    def _function(self, model: Any) -> Any:
        import tensorflow as tf

        if self._forward is None:
            height, width = self._decoded.size

            def forward(images: Any, masks: Any) -> Any:
                logits = model(images, training=False)
                return logits, self._loss(masks, logits)

            image = tf.TensorSpec((None, height, width, 3), tf.float32)
            self._forward = tf.function(
                forward, input_signature=(image, tf.TensorSpec((None, height, width), tf.uint8))
            )
        return self._forward

    def _pairs(self, number: int, mask: Array, logits: Array) -> tuple[str, Pair, Pair]:
        """Name of an image, and its class map with its mask at the mask's and at the network's size."""
        sample = self._decoded.samples[number]
        whole = mask_of(sample)
        view = View(whole.shape, self._decoded.size, self._decoded.size)
        reading = Reading(logits)
        return sample.name, Pair(reading.at_picture_size(view), whole), Pair(reading.best, mask)
