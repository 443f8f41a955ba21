"""Small graphs by hand: an image network in a few lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from registry.inspect.graph import Graph, Layout, Operator, Quantization, Shape, Tensor

INT8 = Quantization((0.5,), (3,))


class Builder:
    """Adds tensors and operators one after the other. Images are NHWC."""

    def __init__(self, *shape: int | None, dtype: str = "float32", layout: Layout = "NHWC") -> None:
        self.tensors: list[Tensor] = []
        self.operators: list[Operator] = []
        self.layout = layout
        self.inputs = (self.value(shape, dtype),)

    def value(self, shape: Sequence[int | None], dtype: str = "float32") -> int:
        """A tensor that an operator or the caller writes."""
        quantization = INT8 if dtype in ("int8", "uint8", "int16") else None
        self.tensors.append(Tensor(f"t{len(self.tensors)}", tuple(shape), dtype, quantization=quantization))
        return len(self.tensors) - 1

    def constant(
        self,
        shape: Shape,
        dtype: str = "float32",
        quantization: Quantization | None = None,
        values: tuple[int | float, ...] | None = None,
    ) -> int:
        """A constant."""
        bare = Tensor("", shape, dtype)
        stored = bare.bytes or 0
        name = f"c{len(self.tensors)}"
        self.tensors.append(
            Tensor(name, shape, dtype, True, stored_bytes=stored, values=values, quantization=quantization)
        )
        return len(self.tensors) - 1

    def add(
        self,
        type_: str,
        inputs: Sequence[int],
        shape: Sequence[int | None],
        dtype: str = "float32",
        **attributes: Any,
    ) -> int:
        """An operator with one result."""
        output = self.value(shape, dtype)
        self.operators.append(Operator(type_, type_.upper(), tuple(inputs), (output,), attributes))
        return output

    def conv(
        self,
        data: int,
        channels: int,
        *,
        kernel: int = 1,
        stride: int = 1,
        rate: int = 1,
        depthwise: bool = False,
        weights: str | None = None,
        per_channel: bool = True,
        bias: bool = True,
    ) -> int:
        """A convolution with padding `same`; depthwise keeps its channels."""
        given = self.tensors[data]
        assert given.shape is not None
        _batch, height, width, depth = given.shape
        assert height is not None
        assert width is not None
        assert depth is not None
        out = depth if depthwise else channels
        dtype = weights or given.dtype
        shape = (1, kernel, kernel, out) if depthwise else (out, kernel, kernel, depth)
        scales = out if per_channel else 1
        axis = None if scales == 1 else 3 if depthwise else 0
        integer = dtype.startswith(("int", "uint"))
        quantization = Quantization((0.1,) * scales, (0,) * scales, axis) if integer else None
        constants = [self.constant(shape, dtype, quantization)]
        if bias:
            constants.append(self.constant((out,), "int32" if integer else "float32"))
        return self.add(
            "depthwise-conv2d" if depthwise else "conv2d",
            [data, *constants],
            (1, -(-height // stride), -(-width // stride), out),
            given.dtype,
            kernel=(kernel, kernel),
            strides=(stride, stride),
            dilations=(rate, rate),
            padding="same",
            groups=1,
        )

    def graph(self, *outputs: int, format_: str = "tflite", **changes: Any) -> Graph:
        """The whole; the last result is the output where none is named."""
        results = outputs or self.operators[-1].outputs
        return Graph(
            format_, self.layout, tuple(self.tensors), tuple(self.operators), self.inputs, tuple(results), **changes
        )
