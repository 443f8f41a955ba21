"""The network and its images, made once for all tests here."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import NamedTuple

import pytest

from registry.segmenter import Segmenter
from tests.unit.quantization import networks


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


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A float network, its images, and its TensorFlow Lite file."""
    from registry.quantization import tflite

    folder = tmp_path_factory.mktemp("tiny")
    with warnings.catch_warnings():
        # what Keras 3.15 does with numpy 2 when it writes or reads a file
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        path = networks.network(folder / "tiny.keras")
        segmenter = networks.segmenter(path)
    file = folder / "tiny.tflite"
    file.write_bytes(tflite.float_file(path, "keras", networks.quiet))
    return World(path, file, networks.images(folder / "seen", segmenter), segmenter)
