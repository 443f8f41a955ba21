"""Subjects on their way to stm32n6, and what a test reads of their packages."""

from __future__ import annotations

import functools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from registry.deployment.base import Package, Subject
from registry.digest import Digest
from registry.inspect.graph import Tensor
from tests.unit import family
from tests.unit.deployment.packages import contents

TFLITE, QDQ, SMALL_QDQ = "256-int8-per-channel", "256-int8-qdq", "128-int8-qdq"


@functools.cache
def subject(name: str = TFLITE) -> Subject:
    """A variant of the reference family."""
    return family.subject(name, "stm32n6")


def stored(name: str) -> tuple[tuple[float, int], tuple[float, int]]:
    """Scale and zero point of the input, as uint8, and of the scores, as int8, where a file stores them."""
    graph = subject(name).facts.graph
    numbers = graph.inputs[0], graph.outputs[0]
    if name != TFLITE:  # float outside: what the first quantizer writes, and the last dequantizer reads
        first = next(one for one in graph.operators if one.type == "quantize")
        last = next(one for one in reversed(graph.operators) if one.type == "dequantize")
        numbers = first.outputs[0], last.inputs[0]
    image, scores = (_quantization(graph.tensors[one]) for one in numbers)
    return image, (scores[0], scores[1] - 128)


def _quantization(tensor: Tensor) -> tuple[float, int]:
    """Scale, and zero point if the values were uint8."""
    assert tensor.quantization is not None
    (scale,), (zero_point,) = tensor.quantization.scales, tensor.quantization.zero_points
    return scale, zero_point + {"uint8": 0, "int8": 128}[tensor.dtype]


def of_file(path: Path, **changes: Any) -> Subject:
    """The TFLite subject with another file's bytes, which nobody looks into."""
    return replace(subject(), path=path, digest=Digest.of_file(path), **changes)


def text_of(package: Package, path: str) -> str:
    """A generated file of a package."""
    return contents(package)[path].decode()


def plain(package: Package, path: str) -> Any:
    """A JSON file of a package."""
    return json.loads(text_of(package, path))
