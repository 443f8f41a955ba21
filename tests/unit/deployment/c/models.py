"""Small TensorFlow Lite models of one operator, with random weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from registry.inspect.tflite.flatbuffer import BOOL, FLOAT32, INT8, INT32
from tests.unit.inspect.flatbuffer_writer import Fields, Number, Value
from tests.unit.inspect.tflite_builder import FLOAT, INTEGER8, INTEGER32, UNSIGNED8, Model, Subgraph, quantized

Scale = tuple[float, int]
"""Scale and zero point."""

ACTIVATIONS = ("none", "relu", "relu-n1-to-1", "relu6")
_FIRST_VERSION = ("RELU_N1_TO_1", "HARD_SWISH", "RESHAPE")
"""Operators that took 8 bits from the beginning."""

_CODES = {"float32": FLOAT, "int8": INTEGER8, "uint8": UNSIGNED8, "int32": INTEGER32}


def flag(value: bool) -> Number:
    return Number(BOOL, int(value))


def real(value: float) -> Number:
    return Number(FLOAT32, value)


def code(value: int) -> Number:
    return Number(INT8, value)


def whole(value: int) -> Number:
    return Number(INT32, value)


@dataclass
class Making:
    """A model while it is made: inputs first, then operators, then outputs."""

    seed: int = 0
    model: Model = field(default_factory=Model)

    def __post_init__(self) -> None:
        self.graph: Subgraph = self.model.subgraph()
        self.random = np.random.default_rng(self.seed)

    def tensor(self, shape: Sequence[int], dtype: str, scale: Scale | None = None) -> int:
        return self.graph.tensor(shape, _CODES[dtype], quantization=_scale(scale))

    def input(self, shape: Sequence[int], dtype: str, scale: Scale | None = None) -> int:
        number = self.tensor(shape, dtype, scale)
        self.graph.inputs = (*self.graph.inputs, number)
        return number

    def constant(self, values: Any, scale: Fields | None = None) -> int:
        """A constant of the array's type."""
        return self.graph.tensor(values.shape, _CODES[values.dtype.name], values.tobytes(), scale)

    def weights(self, shape: Sequence[int], scales: Sequence[float], axis: int, dtype: str) -> int:
        if dtype == "float32":
            return self.constant(self.random.normal(size=shape).astype(np.float32))
        values = self.random.integers(-127, 128, shape, dtype=np.int8)
        return self.constant(values, quantized(scales, axis=axis))

    def bias(self, window: Window, outputs: int) -> int:
        """Of the product of the scales of input and weights, as the format has it."""
        if window.dtype == "float32":
            return self.constant(self.random.normal(size=outputs).astype(np.float32))
        values = self.random.integers(-4000, 4000, outputs, dtype=np.int32)
        return self.constant(values, quantized([window.given[0] * one for one in window.scales(outputs)]))

    def operator(
        self, name: str, inputs: Sequence[int], output: int, kind: int = 0, options: dict[int, Value] | None = None
    ) -> int:
        self.graph.operator(name, inputs, [output], kind, options, version=1 if name in _FIRST_VERSION else 2)
        return output

    def done(self, *outputs: int) -> bytes:
        self.graph.outputs = outputs
        return self.model.bytes()


def _scale(scale: Scale | None) -> Fields | None:
    return None if scale is None else quantized([scale[0]], [scale[1]])


@dataclass(frozen=True)
class Window:
    """Geometry of a window over an image, and how its values are stored."""

    size: tuple[int, int] = (5, 6)
    channels: int = 3
    outputs: int = 4
    kernel: tuple[int, int] = (3, 3)
    strides: tuple[int, int] = (1, 1)
    dilations: tuple[int, int] = (1, 1)
    same: bool = True
    activation: str = "none"
    dtype: str = "int8"
    per_channel: bool = True
    given: Scale = (0.05, 3)
    wanted: Scale = (0.3, -7)
    seed: int = 0

    @property
    def output_size(self) -> tuple[int, ...]:
        """Rows and columns of the output."""
        found = []
        for size, kernel, stride, step in zip(self.size, self.kernel, self.strides, self.dilations, strict=True):
            reach = (kernel - 1) * step + 1
            found.append(-(-(size if self.same else size - reach + 1) // stride))
        return tuple(found)

    @property
    def is_possible(self) -> bool:
        return min(self.output_size) > 0

    def scales(self, outputs: int) -> list[float]:
        spread = np.random.default_rng(self.seed).uniform(0.002, 0.02, outputs if self.per_channel else 1)
        return [float(one) for one in spread.astype(np.float32)]

    def stored(self, scale: Scale) -> Scale | None:
        return scale if self.dtype == "int8" else None


def convolution(window: Window) -> bytes:
    making = Making(window.seed)
    image = making.input([1, *window.size, window.channels], window.dtype, window.stored(window.given))
    shape = (window.outputs, *window.kernel, window.channels)
    weights = making.weights(shape, window.scales(window.outputs), 0, window.dtype)
    bias = making.bias(window, window.outputs)
    output = making.tensor([1, *window.output_size, window.outputs], window.dtype, window.stored(window.wanted))
    options: dict[int, Value] = {
        0: code(int(not window.same)),
        1: whole(window.strides[1]),
        2: whole(window.strides[0]),
        3: code(ACTIVATIONS.index(window.activation)),
        4: whole(window.dilations[1]),
        5: whole(window.dilations[0]),
    }
    return making.done(making.operator("CONV_2D", [image, weights, bias], output, 1, options))


def depthwise(window: Window, each: int) -> bytes:
    making = Making(window.seed)
    outputs = window.channels * each
    image = making.input([1, *window.size, window.channels], window.dtype, window.stored(window.given))
    weights = making.weights((1, *window.kernel, outputs), window.scales(outputs), 3, window.dtype)
    bias = making.bias(window, outputs)
    output = making.tensor([1, *window.output_size, outputs], window.dtype, window.stored(window.wanted))
    options: dict[int, Value] = {
        0: code(int(not window.same)),
        1: whole(window.strides[1]),
        2: whole(window.strides[0]),
        3: whole(each),
        4: code(ACTIVATIONS.index(window.activation)),
        5: whole(window.dilations[1]),
        6: whole(window.dilations[0]),
    }
    return making.done(making.operator("DEPTHWISE_CONV_2D", [image, weights, bias], output, 2, options))


def pooling(window: Window, name: str) -> bytes:
    making = Making(window.seed)
    image = making.input([1, *window.size, window.channels], window.dtype, window.stored(window.given))
    output = making.tensor([1, *window.output_size, window.channels], window.dtype, window.stored(window.given))
    options: dict[int, Value] = {
        0: code(int(not window.same)),
        1: whole(window.strides[1]),
        2: whole(window.strides[0]),
        3: whole(window.kernel[1]),
        4: whole(window.kernel[0]),
        5: code(ACTIVATIONS.index(window.activation)),
    }
    return making.done(making.operator(name, [image], output, 5, options))


def fully_connected(window: Window, rows: int) -> bytes:
    making = Making(window.seed)
    data = making.input([rows, window.channels], window.dtype, window.stored(window.given))
    scales = window.scales(window.outputs)
    weights = making.weights((window.outputs, window.channels), scales, 0, window.dtype)
    bias = making.bias(window, window.outputs)
    output = making.tensor([rows, window.outputs], window.dtype, window.stored(window.wanted))
    options: dict[int, Value] = {0: code(ACTIVATIONS.index(window.activation))}
    return making.done(making.operator("FULLY_CONNECTED", [data, weights, bias], output, 8, options))


def pair(
    name: str, shapes: Sequence[Sequence[int]], dtype: str, scales: Sequence[Scale], activation: str, *, fixed: bool
) -> bytes:
    """ADD, SUB or MUL of an input and a second one, which may be a constant; the second may be smaller."""
    making = Making(len(shapes[1]))
    stored = scales if dtype == "int8" else (None, None, None)
    first = making.input(shapes[0], dtype, stored[0])
    if fixed:
        values = making.random.integers(-128, 128, shapes[1]).astype(dtype)
        second = making.constant(values, _scale(stored[1]))
    else:
        second = making.input(shapes[1], dtype, stored[1])
    output = making.tensor(shapes[0], dtype, stored[2])
    kind = {"ADD": 11, "MUL": 21, "SUB": 28}[name]
    options: dict[int, Value] = {0: code(ACTIVATIONS.index(activation))}
    return making.done(making.operator(name, [first, second], output, kind, options))


def single(
    name: str,
    given: tuple[Sequence[int], str, Scale | None],
    wanted: tuple[Sequence[int], str, Scale | None],
    kind: int = 0,
    options: dict[int, Value] | None = None,
    numbers: Sequence[Any] = (),
) -> bytes:
    """An operator of one input and constants."""
    making = Making()
    data = making.input(*given)
    constants = [making.constant(np.array(one, dtype=np.int32)) for one in numbers]
    return making.done(making.operator(name, [data, *constants], making.tensor(*wanted), kind, options))
