"""Graphs built by hand: a step at a time, each tensor named by what it is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.inspect.graph import Graph, Operator, Shape, Tensor


class Draft:
    """A graph in the making; methods give the number of the tensor they add."""

    def __init__(self, layout: Any = "NHWC") -> None:
        self.tensors: list[Tensor] = []
        self.operators: list[Operator] = []
        self.inputs: list[int] = []
        self.layout = layout

    def tensor(self, shape: Shape | None, dtype: str = "int8", *, constant: bool = False) -> int:
        self.tensors.append(Tensor(f"t{len(self.tensors)}", shape, dtype, constant))
        return len(self.tensors) - 1

    def constant(self, *shape: int, dtype: str = "int8") -> int:
        return self.tensor(shape, dtype, constant=True)

    def input(self, *shape: int | None, dtype: str = "int8") -> int:
        self.inputs.append(self.tensor(shape, dtype))
        return self.inputs[-1]

    def add(
        self, kind: str, inputs: tuple[int, ...], shape: Shape | None, dtype: str = "int8", **attributes: Any
    ) -> int:
        output = self.tensor(shape, dtype)
        self.operators.append(Operator(kind, kind.upper(), inputs, (output,), attributes))
        return output

    def conv(self, source: int, channels: int, *, kernel: int = 1, stride: int = 1, padding: str = "same") -> int:
        """An int8 convolution with bias, NHWC."""
        _, height, width, depth = self.sizes(source)
        weights = self.constant(channels, kernel, kernel, depth)
        bias = self.constant(channels, dtype="int32")
        rows, columns = (
            (-(-size // stride) if padding == "same" else (size - kernel) // stride + 1) for size in (height, width)
        )
        window: Mapping[str, Any] = {"kernel": (kernel, kernel), "strides": (stride, stride), "padding": padding}
        return self.add("conv2d", (source, weights, bias), (1, rows, columns, channels), **window)

    def depthwise(self, source: int, *, stride: int = 1) -> int:
        """An int8 depthwise convolution, 3x3, padded."""
        _, height, width, depth = self.sizes(source)
        weights, bias = self.constant(1, 3, 3, depth), self.constant(depth, dtype="int32")
        shape = (1, -(-height // stride), -(-width // stride), depth)
        window: Mapping[str, Any] = {"kernel": (3, 3), "strides": (stride, stride), "padding": "same"}
        return self.add("depthwise-conv2d", (source, weights, bias), shape, **window)

    def same(self, kind: str, *sources: int, dtype: str = "int8") -> int:
        """An operator whose output has the shape of its first input."""
        return self.add(kind, sources, self.tensors[sources[0]].shape, dtype)

    def sizes(self, number: int) -> tuple[int, ...]:
        return tuple(size or 1 for size in self.tensors[number].shape or ())

    def graph(self, *outputs: int) -> Graph:
        return Graph(
            "tflite", self.layout, tuple(self.tensors), tuple(self.operators), tuple(self.inputs), tuple(outputs)
        )
