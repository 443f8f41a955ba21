"""`zoo quantize` of the real 257 px model to ONNX QDQ against a script of the libraries' own calls."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.inspection import REAL
from benchmarks.measure import pairs, run
from benchmarks.report import Row, ratio_row
from benchmarks.setting import Setting

BOUND = 1.2
FLOAT = "9711334db2b01d5894feb8ed0f5cb3e97d125b8d229f8d8692f625801818f5ef"
IMAGES = 32
_MOST_ROUNDS = 5
_NAME = f"`zoo quantize` of the real 257 px model, ONNX QDQ int8, {IMAGES} images"
_PEER = Path(__file__).with_name("quantization_peer.py")


def measure(setting: Setting) -> Iterator[Row]:
    """A row for whole processes: conversion, calibration, quantization; ours proves and records the result too."""
    model = REAL / FLOAT
    if not model.is_file():
        yield Row(_NAME, skipped="needs ../shared/real")
        return
    data = setting.work / "shapes-500"
    if not data.is_dir():
        setting.say("drawing 250 pictures")
        run(setting.ours("dataset", "make", "shapes", str(data), "--size", "500", "--count", "250"))
    folder = setting.fresh("quantized")
    config = folder / "config.yaml"
    config.write_text(json.dumps(_configuration(data)), encoding="utf-8")
    words = ("quantize", str(model), str(config), "--as", "google/deeplabv3/257-float32", "--format", "json")
    ours = setting.ours(*words, "-o", str(folder / "ours"))
    peer = setting.command(
        sys.executable, str(_PEER), str(model), str(data), str(IMAGES), str(folder / "peer.onnx")
    )
    setting.say(_NAME)
    yield ratio_row(_NAME, pairs(ours, peer, min(setting.rounds, _MOST_ROUNDS)), BOUND)


def _configuration(data: Path) -> dict[str, object]:
    return {
        "schema": "quantization/1",
        "name": "deeplabv3-257-int8-qdq",
        "scheme": "int8",
        "granularity": "per-channel",
        "representation": "onnx-qdq",
        "method": "moving-average",
        "calibration": {"data": str(data), "split": "train", "count": IMAGES},
    }
