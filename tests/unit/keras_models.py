"""Small Keras models whose answer is known, made by Keras itself."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import keras
import numpy as np

layers = keras.layers
logging.getLogger("absl").setLevel(logging.ERROR)  # Keras calls HDF5 legacy each time

Shape = tuple[int | None, ...]


def scores(channels_first: bool = False, stride: int = 1, **options: Any) -> Any:
    """A layer: the score of class 1 is the first channel, that of class 0 its negative."""
    layout = "channels_first" if channels_first else "channels_last"
    return layers.Conv2D(
        2, 1, strides=stride, data_format=layout, kernel_initializer=keras.initializers.Constant(0), **options
    )


def saved(inputs: Any, outputs: Any, path: Path) -> Path:
    """A functional model of these tensors, in a file; each convolution's kernel takes the first channel."""
    return written(keras.Model(inputs, outputs), path)


def written(model: Any, path: Path) -> Path:
    """A model in a file, in the format that its ending says."""
    kernel = np.zeros((1, 1, 3, 2), np.float32)
    kernel[0, 0, 0] = -1, 1
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            layer.set_weights([kernel, np.zeros(2)])
    model.save(path)
    return path


def brightness_classes(
    path: Path, shape: Shape = (8, 8, 3), *, channels_first: bool = False, stride: int = 1
) -> Path:
    """Class 1 where the first channel of an image is above 0."""
    image = keras.Input(shape, name="image")
    return saved(image, scores(channels_first, stride)(image), path)
