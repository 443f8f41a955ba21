"""A float network of a second's work, and images whose masks are what it sees in them: every change is a loss."""

from __future__ import annotations

import json
import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow

from registry import pictures
from registry.inspect import read
from registry.samples.pictures import png_mask
from registry.segmenter import Segmenter, open_segmenter
from tests.unit.samples import folders

SIDE = 32
PREPROCESSING = {"mean": 127.5, "scale": 0.00784313725490196}
AWKWARD = "depthwise"
"""The layer that loses most: one of its channels is a thousand times the others, so that one scale serves none."""
CARD: dict[str, Any] = {
    "schema": "dataset/1",
    "name": "seen",
    "title": "Seen",
    "licence": "CC0-1.0",
    "task": "semantic-segmentation",
    "classes": {"count": 3, "names": ["one", "two", "three"], "void": 255},
    "provenance": {"document": "tests"},
}


def network(path: Path) -> Path:
    """A Keras model: convolution, depthwise convolution, classes, upsampling."""
    keras.utils.set_random_seed(7)
    layers = keras.layers
    given = keras.Input((SIDE, SIDE, 3), name="image")
    found = layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False, name="stem")(given)
    found = layers.ReLU(6.0, name="relu")(layers.BatchNormalization(name="normal")(found))
    found = layers.DepthwiseConv2D(3, padding="same", name=AWKWARD)(found)
    found = layers.Conv2D(48, 1, activation="relu", name="project")(found)
    found = layers.Conv2D(3, 1, name="logits")(found)
    model = keras.Model(given, layers.UpSampling2D(2, interpolation="bilinear", name="up")(found))
    kernel, bias = model.get_layer(AWKWARD).get_weights()
    kernel[..., 0, :] *= 1000
    model.get_layer(AWKWARD).set_weights([kernel, bias])
    kernel, bias = model.get_layer("project").get_weights()
    kernel[:, :, 0] /= 1000
    model.get_layer("project").set_weights([kernel, bias])
    model.save(path)
    return path


def threads() -> int:
    """What TensorFlow runs with in this process, where another test may have chosen."""
    return tensorflow.config.threading.get_intra_op_parallelism_threads() or os.cpu_count() or 1


def segmenter(path: Path) -> Segmenter:
    """The network, loaded."""
    return open_segmenter(path, read(path), None, threads=threads(), preprocessing=PREPROCESSING)


def images(root: Path, model: Segmenter) -> Path:
    """Six images to calibrate with and three to measure on; JSON is YAML, so the card is read as it is."""
    folders.dataset(root, side=SIDE, train=list("abcdef"), val=list("xyz"))
    for name in "abcdefxyz":
        seen = model.class_map(pictures.read(root / "JPEGImages" / f"{name}.png"))
        (root / "SegmentationClass" / f"{name}.png").write_bytes(png_mask(seen.astype(np.uint8)))
    (root / "dataset.yaml").write_text(json.dumps(CARD), encoding="utf-8")
    return root


def plain(data: Path | str, scheme: str = "int8", **changes: Any) -> dict[str, Any]:
    """A configuration: int8 TFLite, one scale a channel; a change to None takes a property away."""
    document = {
        "schema": "quantization/1",
        "name": "tiny",
        "scheme": scheme,
        "granularity": "per-channel",
        "representation": "tflite",
        "preprocessing": PREPROCESSING,
        "calibration": {"data": str(data), "split": "train", "count": 4},
        **changes,
    }
    return {key: value for key, value in document.items() if value is not None}


def written(path: Path, document: dict[str, Any]) -> Path:
    """A configuration file."""
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return path


def quiet() -> AbstractContextManager[object]:
    """A hush that is none: pytest keeps the noise."""
    return nullcontext()
