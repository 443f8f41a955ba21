"""Scales and zero points of ONNX tensors, read off the operators around them.

ONNX has no quantization on a tensor. It says it in one of three ways, and all end on the tensors here, as TFLite
has it:

- QOperator: `QLinearConv` and the like take scales and zero points as inputs. Their integer tensors get them.
- Dynamic range: `ConvInteger` and `MatMulInteger` take data that are quantized as they come. Only their weights
  have a scale that is known.
- QDQ: an operator on real numbers stands between `DequantizeLinear` and `QuantizeLinear`. The integer tensors
  (what a `QuantizeLinear` gives, what a `DequantizeLinear` takes, constant weights among it) get scale and zero
  point with the axis. The tensors of real numbers between them get them too, with `Quantization.dtype` naming the
  integers: what a `DequantizeLinear` gives, and what only `QuantizeLinear` of one scale take. Such a tensor keeps
  its dtype float32. So an operator computes in integers if its data, its weights and its output have a
  quantization; weights without quantized data are stored in integers only, to be made real before use.

A value on a grid stays there through operators that only move elements, through `Relu` and through max pooling
(zero is on every grid), so quantization follows those forwards. It follows `Relu`, `Clip` and moving operators
backwards as well, because rounding is monotone: quantize(clip(x)) is clip(quantize(x)) on the same grid. A
convolution whose activation stands before the `QuantizeLinear` is therefore seen to give integers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

from registry.inspect.findings import Findings
from registry.inspect.graph import Quantization
from registry.inspect.onnx.constants import Constants, Value
from registry.inspect.onnx.step import Step, counted
from registry.inspect.onnx.words import form

MAX_SCALES = 65_536
"""Scales of a tensor that are read."""

MAX_PRODUCTS = 1 << 20
"""Scales of biases that are worked out for one file."""

_MOVING = frozenset(
    {"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Identity", "DepthToSpace", "SpaceToDepth", "Slice"}
)
_FORWARDS = _MOVING | {"Relu", "MaxPool", "Gather", "Dropout"}
_BACKWARDS = (_MOVING - {"Slice"}) | {"Relu", "Clip"}


class Quantizer:
    """Gives the values of a graph their quantization.

    Args:
        constants: Reads scales and zero points.
        findings: Where scales that are none go.
    """

    def __init__(self, constants: Constants, findings: Findings) -> None:
        self._constants = constants
        self._findings = findings
        # constants are shared by many operators: each is read and judged once, and equal ones are one object
        self._read_once: dict[tuple[int, Callable[..., Any]], tuple[Any, ...] | None] = {}
        self._equal: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        self._judged: set[int] = set()
        self._zeros: dict[int, tuple[int, ...]] = {}
        self._makers: dict[int, Step] = {}
        self._room = MAX_PRODUCTS

    def apply(self, steps: Sequence[Step], results: Sequence[Value]) -> None:
        """Set the quantization of all values.

        Args:
            steps: In order of execution.
            results: Values that a caller gets: these stay real numbers.
        """
        readers: dict[int, list[Step]] = {}
        for step in steps:
            self._makers.update((id(value), step) for value in step.outputs if value is not None)
            for value in filter(None, step.inputs):
                readers.setdefault(id(value), []).append(step)
        self._integers(steps, readers)
        for step in steps:
            self._forwards(step)
        self._all_backwards(steps, readers, {id(value) for value in results})
        for value in results:
            if value.quantization is not None and value.quantization.dtype is not None:
                value.quantization = None

    def _integers(self, steps: Sequence[Step], readers: Mapping[int, Sequence[Step]]) -> None:
        """What the operators that take scales say themselves."""
        for step in steps:
            if step.type in ("QuantizeLinear", "DequantizeLinear"):
                self._pair(step)
            elif step.type in ("ConvInteger", "MatMulInteger"):
                self._dynamic(step, readers)
            elif form(step):
                self._operator(step)

    def _all_backwards(self, steps: Sequence[Step], readers: Mapping[int, Sequence[Step]], kept: set[int]) -> None:
        for step in reversed(steps):
            for value in step.outputs:
                if value is not None and value.quantization is None and id(value) not in kept:
                    value.quantization = self._backwards(value, readers.get(id(value), []))

    def _dynamic(self, step: Step, readers: Mapping[int, Sequence[Step]]) -> None:
        """Weights of a product of integers whose data are quantized as they come.

        The scale of the weights is a constant by which the scale of the data is multiplied, and that product
        multiplies the result once it is a real number.
        """
        weights, result = step.value(1), step.outputs[0] if step.outputs else None
        for kind in ("Cast", "Mul"):
            following = readers.get(id(result), ()) if result is not None else ()
            step_after = following[0] if len(following) == 1 and following[0].type == kind else None
            if step_after is None or not step_after.outputs:
                return
            previous, result = result, step_after.outputs[0]
        other = next((value for value in step_after.inputs if value is not previous), None) if step_after else None
        maker = self._makers.get(id(other)) if other is not None else None
        if weights is None or maker is None or maker.type != "Mul":
            return
        for value in maker.inputs:
            if value is not None and value.message is not None and weights.quantization is None:
                weights.quantization = self._read(
                    value, step.value(3), weights, 0 if step.type == "ConvInteger" else -1
                )

    def _pair(self, step: Step) -> None:
        """A quantize or dequantize operator: its integers, and the real numbers that a dequantize gives."""
        quantizing = step.type == "QuantizeLinear"
        integers = step.outputs[0] if quantizing and step.outputs else step.value(0)
        if integers is None:
            return
        found = self._read(step.value(1), step.value(2), integers, step.integer("axis", 1))
        if found is not None and integers.quantization is None:
            integers.quantization = found
        if not quantizing and step.outputs and step.outputs[0] is not None and found is not None:
            step.outputs[0].quantization = replace(found, dtype=integers.dtype)

    def _operator(self, step: Step) -> None:
        """An operator on integers: its data, weights, result and bias."""
        places = form(step)
        if places is None:
            return
        for number in places.data:
            if value := step.value(number):
                transposed = bool(step.integer("transB", 0))
                axis = 0 if step.type == "QLinearConv" or transposed else -1
                own = self._read(step.value(number + 1), step.value(number + 2), value, axis)
                value.quantization = value.quantization or own
        scale, zero = step.value(places.result), step.value(places.result + 1)
        if step.outputs and (result := step.outputs[0]):
            result.quantization = self._read(scale, zero, result, 1)
        bias = step.value(places.bias) if places.bias >= 0 else None
        data, weights = step.value(places.data[0]), step.value(places.data[-1])
        if bias and data and weights and data.quantization and weights.quantization:
            bias.quantization = self._product(data.quantization, weights.quantization)

    def _read(self, scale: Value | None, zero: Value | None, value: Value, axis: int) -> Quantization | None:
        """Quantization of a value from its scale and zero point; None where they are not constants."""
        scales = self._numbers(scale, float)
        if scale is None or not scales:
            return None
        zeros = self._numbers(zero, int)
        if zeros is None or len(zeros) != len(scales):
            zeros = self._zeros.setdefault(len(scales), (0,) * len(scales))
        if id(scale) not in self._judged and not all(isfinite(each) and each > 0 for each in scales):
            text = "a scale is not a positive number, so the integers mean nothing"
            self._findings.add("note", "onnx-scale", value.name, text)
        self._judged.add(id(scale))
        depth = len(scale.shape or ())
        if depth > 1 and len(scales) > 1:
            self._findings.add("note", "onnx-blocks", value.name, "scales by block, which stay unread")
            return None
        single = len(scales) == 1 and depth == 0
        place = None if single or value.shape is None else counted(axis, len(value.shape))
        return Quantization(scales, zeros, place)

    def _numbers(self, value: Value | None, kind: Callable[[int | float], Any]) -> tuple[Any, ...] | None:
        """Numbers of a constant as a type; None where one is not of it."""
        if value is None or value.message is None:
            return None
        key = (id(value), kind)
        if key not in self._read_once:
            found = self._constants.numbers(value.message, MAX_SCALES)
            sound = found is not None and (kind is float or all(map(isfinite, found)))
            numbers = tuple(map(kind, found)) if found is not None and sound else None
            self._read_once[key] = None if numbers is None else self._equal.setdefault((kind, *numbers), numbers)
        return self._read_once[key]

    def _product(self, data: Quantization, weights: Quantization) -> Quantization | None:
        """Quantization of a bias, which is added to sums of products."""
        self._room -= len(weights.scales)
        if self._room < 0:
            return None
        scales = tuple(data.scales[0] * scale for scale in weights.scales)
        return Quantization(scales, (0,) * len(scales), None if weights.axis is None else 0)

    @staticmethod
    def _forwards(step: Step) -> None:
        source = step.value(0)
        if step.type not in _FORWARDS or source is None or source.quantization is None or not step.outputs:
            return
        result = step.outputs[0]
        if result is None or result.quantization is not None:
            return
        if source.quantization.axis is None:
            result.quantization = source.quantization
        elif step.type == "Transpose" and source.shape is not None:
            order = step.integers("perm") or tuple(reversed(range(len(source.shape))))
            if source.quantization.axis in order:
                result.quantization = replace(source.quantization, axis=order.index(source.quantization.axis))

    @staticmethod
    def _backwards(value: Value, readers: Sequence[Step]) -> Quantization | None:
        """The one quantization that all readers of a value round it to."""
        found: list[Quantization | None] = []
        for step in readers:
            result = step.outputs[0] if step.outputs else None
            if result is None or step.value(0) is not value:
                return None
            if step.type == "QuantizeLinear":
                own = result.quantization
                found.append(None if own is None else replace(own, dtype=result.dtype))
            elif step.type in _BACKWARDS and result.quantization and result.quantization.axis is None:
                found.append(result.quantization)
            else:
                return None
        return found[0] if found and all(each == found[0] for each in found) else None
