"""A float network of a second's work, and images whose masks are what it sees in them: every change is a loss."""

from __future__ import annotations

import json
import os
import warnings
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow

from registry import pictures
from registry.inspect import read
from registry.quantization import tflite
from registry.samples.pictures import png_mask
from registry.segmenter import Segmenter, open_segmenter
from tests.unit.samples import folders

SIDE = 32
PREPROCESSING = {"mean": 127.5, "scale": 0.00784313725490196}
AWKWARD = ("depthwise", "project")
"""The layers that lose most: a channel between them is fifty times the others, so that one scale serves none."""
CARD: dict[str, Any] = {
    "schema": "dataset/1",
    "name": "seen",
    "title": "Seen",
    "licence": "CC0-1.0",
    "task": "semantic-segmentation",
    "classes": {"count": 3, "names": ["one", "two", "three"], "void": 255},
    "provenance": {"document": "tests"},
}


class World(NamedTuple):
    """A float network and what goes with it.

    Attributes:
        keras: Its file.
        tflite: The same in TensorFlow Lite, float.
        data: Folder of images.
        segmenter: The network, loaded.
    """

    keras: Path
    tflite: Path
    data: Path
    segmenter: Segmenter


def world(folder: Path) -> World:
    """A float network, its images, and its TensorFlow Lite file."""
    with warnings.catch_warnings():
        # what Keras 3.15 does with numpy 2 when it writes or reads a file
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        path = network(folder / "tiny.keras")
        loaded = segmenter(path)
    file = folder / "tiny.tflite"
    file.write_bytes(tflite.float_file(path, "keras", quiet))
    return World(path, file, images(folder / "seen", loaded), loaded)


def network(path: Path) -> Path:
    """A Keras model: convolution, depthwise convolution, classes, upsampling."""
    keras.utils.set_random_seed(7)
    layers = keras.layers
    given = keras.Input((SIDE, SIDE, 3), name="image")
    found = layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False, name="stem")(given)
    found = layers.ReLU(6.0, name="relu")(layers.BatchNormalization(name="normal")(found))
    found = layers.DepthwiseConv2D(3, padding="same", name=AWKWARD[0])(found)
    found = layers.Conv2D(24, 1, activation="relu", name=AWKWARD[1])(found)
    found = layers.Conv2D(3, 1, name="logits")(found)
    model = keras.Model(given, layers.UpSampling2D(2, interpolation="bilinear", name="up")(found))
    kernel, bias = model.get_layer(AWKWARD[0]).get_weights()
    kernel[..., 0, :] *= 50
    model.get_layer(AWKWARD[0]).set_weights([kernel, bias])
    kernel, bias = model.get_layer(AWKWARD[1]).get_weights()
    kernel[:, :, 0] /= 50
    model.get_layer(AWKWARD[1]).set_weights([kernel, bias])
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
