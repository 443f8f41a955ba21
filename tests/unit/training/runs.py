"""Small training runs for the tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from registry.training.document import Source, read
from tests.unit.samples import folders

CLASSES = 3
DATASET: dict[str, Any] = {
    "schema": "dataset/1",
    "name": "halves",
    "title": "Halves",
    "licence": "CC0-1.0",
    "task": "semantic-segmentation",
    "classes": {"count": CLASSES, "names": ["background", "left", "nowhere"], "void": 255},
    "provenance": {"document": "tests"},
}


MODEL: dict[str, Any] = {"backbone": "mobilenet-v2", "width": 0.35, "output_stride": 8, "input": [32, 32]}
HEAD: dict[str, Any] = {**MODEL, "aspp": "v2", "aspp_filters": 8}
"""The same with the head of DeepLabV3, which takes TensorFlow half as long again: for tests that it matters to."""


def plain(**changes: Any) -> dict[str, Any]:
    """A configuration: MobileNetV2 of width 0.35 at 32 pixels without a head, two epochs of two steps."""
    return {
        "schema": "training/1",
        "name": "halves",
        "model": {**MODEL, "aspp": "none"},
        "technique": "tfs",
        "data": {"folder": "halves"},
        "optimiser": {"name": "adam", "learning_rate": 0.01},
        "epochs": 2,
        "batch": 2,
        "seed": 1,
        **changes,
    }


def source(folder: Path, **changes: Any) -> Source:
    """The configuration, read from a file."""
    path = folder / "config.yaml"
    path.write_text(json.dumps(plain(**changes)), encoding="utf-8")
    return read(path)


def images(folder: Path) -> Path:
    """Five images to learn from and two to measure on; JSON is YAML, so the card is read as it is."""
    root = folders.dataset(folder / "halves", side=40, train=["a", "b", "c", "d", "e"], val=["f", "g"])
    (root / "dataset.yaml").write_text(json.dumps(DATASET), encoding="utf-8")
    return root
