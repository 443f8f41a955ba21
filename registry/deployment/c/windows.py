"""Convolutions, fully connected layers and pooling as calls of kernels."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from registry.deployment.c import fixed_point
from registry.deployment.c.program import Call, Constants, Place, Scratch, Structure
from registry.deployment.c.source import NotCoveredError, Source, activation, one_dtype
from registry.inspect.graph import Operator

LARGEST_PRODUCT = 255 * 128
"""Of an 8-bit value, less its zero point, and a weight."""


def convolution(source: Source, operator: Operator) -> list[Call]:
    """CONV_2D, weights (outputs, rows, columns, inputs)."""
    data, weights = operator.inputs[:2]
    kind = one_dtype(source, (data, weights, operator.outputs[0]))
    outputs, rows, columns, inputs = _four(source, weights)
    window = _window(source, operator, (rows, columns), (inputs, outputs))
    return [_dense(source, operator, kind, window, (outputs, rows * columns * inputs))]


def fully_connected(source: Source, operator: Operator) -> list[Call]:
    """FULLY_CONNECTED, weights (outputs, inputs): a convolution of one place for each row of its input."""
    data, weights = operator.inputs[:2]
    kind = one_dtype(source, (data, weights, operator.outputs[0]))
    shape = source.shape(weights)
    if len(shape) != 2 or source.elements(data) % shape[1]:
        raise NotCoveredError("weights of another shape than its input")
    outputs, inputs = shape
    rows = source.elements(data) // inputs
    if source.elements(operator.outputs[0]) != rows * outputs:
        raise NotCoveredError("an output of another shape than its weights")
    window = _geometry((rows, 1, inputs), (rows, 1, outputs), (1, 1), (1, 1), (1, 1), (0, 0))
    return [_dense(source, operator, kind, window, shape)]


def depthwise(source: Source, operator: Operator) -> list[Call]:
    """DEPTHWISE_CONV_2D, weights (1, rows, columns, outputs)."""
    data, weights = operator.inputs[:2]
    if operator.native != "DEPTHWISE_CONV_2D":
        raise NotCoveredError("in groups")
    kind = one_dtype(source, (data, weights, operator.outputs[0]))
    one, rows, columns, outputs = _four(source, weights)
    channels = source.image(data)[2]
    if one != 1 or outputs % channels:
        raise NotCoveredError("weights of another shape than its input")
    window = _window(source, operator, (rows, columns), (channels, outputs))
    if kind == "float":
        values = Constants("weights", "float", source.constant(weights, "float32"))
        bias = Constants("bias", "float", _bias(source, operator, outputs, "float32"))
        arguments = (window, _limits(operator), Place(data), values, bias, Place(operator.outputs[0]))
        return [Call("depthwise_conv2d_float", arguments)]
    bias_values = _bias(source, operator, outputs, "int32")
    _require_exact_sums(rows * columns, bias_values)
    quantized = (
        Constants("weights", "int8_t", source.constant(weights, "int8")),
        Constants("bias", "int32_t", bias_values),
        *_scaling(source, operator, 3, outputs),
        source.scale(data)[1],
        Scratch("int32_t", 4 * outputs),
        Place(operator.outputs[0]),
    )
    return [Call("depthwise_conv2d_int8", (window, _output8(source, operator), Place(data), *quantized))]


def pooling(source: Source, operator: Operator) -> list[Call]:
    """AVERAGE_POOL_2D and MAX_POOL_2D."""
    data, output = operator.inputs[0], operator.outputs[0]
    kind = one_dtype(source, (data, output))
    channels = source.image(data)[2]
    kernel = operator.attributes["kernel"]
    window = _window(source, operator, (int(kernel[0]), int(kernel[1])), (channels, channels))
    if kind == "int8" and source.scale(data) != source.scale(output):
        raise NotCoveredError("with another scale behind it than before")
    name = operator.type.replace("-", "_")
    how = _output8(source, operator) if kind == "int8" else _limits(operator)
    return [Call(f"{name}_{kind}", (window, how, Place(data), Place(output)))]


def _dense(source: Source, operator: Operator, kind: str, window: Structure, shape: Sequence[int]) -> Call:
    """A sum over everything under the window; `shape` is (outputs, values under the window)."""
    data, weights, output = operator.inputs[0], operator.inputs[1], Place(operator.outputs[0])
    outputs, count = shape
    if kind == "float":
        turned = Constants("weights", "float", _outputs_last(source.constant(weights, "float32"), outputs))
        bias = Constants("bias", "float", _bias(source, operator, outputs, "float32"))
        return Call("conv2d_float", (window, _limits(operator), Place(data), turned, bias, output))
    values = source.constant(weights, "int8")
    zero_point = source.scale(data)[1]
    own = _bias(source, operator, outputs, "int32")
    _require_exact_sums(count, own)
    sums = (sum(values[one * count : (one + 1) * count]) for one in range(outputs))
    folded = [int(term - zero_point * total) for term, total in zip(own, sums, strict=True)]
    _require_exact_sums(0, folded)
    arguments = (
        Constants("weights", "int8_t", values),
        Constants("bias", "int32_t", folded),
        *_scaling(source, operator, 0, outputs),
        zero_point,
        Scratch("int8_t", count),
        output,
    )
    return Call("conv2d_int8", (window, _output8(source, operator), Place(data), *arguments))


def _scaling(source: Source, operator: Operator, axis: int, outputs: int) -> tuple[Constants, Constants]:
    """Multipliers and shifts from the scale of sums to that of the output, one for each output."""
    data, weights = operator.inputs[:2]
    given, wanted = source.scale(data)[0], source.scale(operator.outputs[0])[0]
    scales = source.weight_scales(weights, axis, outputs)
    stored = source.tensor(weights).quantization
    products = [given * one for one in scales]
    if operator.type == "fully-connected" and stored is not None and stored.axis is None:
        products = [fixed_point.float32(one) for one in products]  # as its kernel multiplies one scale
    factors = [fixed_point.multiplier(one / wanted) for one in products]
    return (
        Constants("multipliers", "int32_t", [fixed for fixed, _shift in factors]),
        Constants("shifts", "int8_t", [shift for _fixed, shift in factors]),
    )


def _bias(source: Source, operator: Operator, outputs: int, dtype: str) -> Sequence[int] | Sequence[float]:
    """The bias, or zeros."""
    number = operator.inputs[2] if len(operator.inputs) > 2 else -1
    if number < 0:
        return [0] * outputs
    found = source.constant(number, dtype)
    if len(found) != outputs:
        raise NotCoveredError(f"{len(found)} terms for {outputs} outputs")
    return found


def _require_exact_sums(count: int, bias: Sequence[float]) -> None:
    """See that no sum leaves 32 bits, whatever the input is."""
    if count * LARGEST_PRODUCT + max(map(abs, bias), default=0) >= 1 << 31:
        raise NotCoveredError("sums that may overflow 32 bits")


def _outputs_last(weights: array[int] | array[float], outputs: int) -> array[float]:
    """Weights (outputs, values) as (values, outputs)."""
    count = len(weights) // outputs
    turned = array("f", bytes(4 * len(weights)))
    for output in range(outputs):
        turned[output::outputs] = array("f", weights[output * count : (output + 1) * count])
    return turned


def _output8(source: Source, operator: Operator) -> Structure:
    scale, zero_point = source.scale(operator.outputs[0])
    least, most = fixed_point.limits(activation(operator), scale, zero_point)
    return Structure("zoo_output8", {"zero_point": zero_point, "least": least, "most": most})


def _limits(operator: Operator) -> Structure:
    least, most = fixed_point.real_limits(activation(operator))
    return Structure("zoo_limits", {"least": least, "most": most})


def _four(source: Source, number: int) -> tuple[int, int, int, int]:
    shape = source.shape(number)
    if len(shape) != 4:
        raise NotCoveredError(f"weights of rank {len(shape)}")
    return (shape[0], shape[1], shape[2], shape[3])


def _window(source: Source, operator: Operator, kernel: tuple[int, int], channels: tuple[int, int]) -> Structure:
    """Geometry of a window, its shapes checked against each other."""
    given, wanted = source.image(operator.inputs[0]), source.image(operator.outputs[0])
    attributes = operator.attributes
    strides, steps = attributes["strides"], attributes.get("dilations", (1, 1))
    same = attributes["padding"] == "same"
    if (given[2], wanted[2]) != channels or min(*strides, *steps, *kernel) < 1 or max(*strides, *steps) > 4096:
        raise NotCoveredError("a window that does not suit its input")
    if not same and attributes["padding"] != "valid":
        raise NotCoveredError(f"with padding {attributes['padding']}")
    padding = []
    for axis in (0, 1):
        reach = (kernel[axis] - 1) * steps[axis] + 1
        free = given[axis] if same else given[axis] - reach + 1
        if wanted[axis] != max(-(-free // strides[axis]), 0):
            raise NotCoveredError(f"an output of {wanted[axis]} where its window gives another number")
        missing = (wanted[axis] - 1) * strides[axis] + reach - given[axis]
        padding.append(max(missing, 0) // 2)
    return _geometry(given, wanted, kernel, tuple(strides), tuple(steps), (padding[0], padding[1]))


def _geometry(
    given: tuple[int, int, int],
    wanted: tuple[int, int, int],
    kernel: tuple[int, int],
    strides: tuple[int, int],
    steps: tuple[int, int],
    padding: tuple[int, int],
) -> Structure:
    names = (
        *("input_rows", "input_columns", "input_channels", "output_rows", "output_columns", "output_channels"),
        *("rows", "columns", "row_stride", "column_stride", "row_step", "column_step"),
        *("rows_above", "columns_before"),
    )
    values = (*given, *wanted, *kernel, *strides, *steps, *padding)
    if math.prod(kernel) > 1 << 20 or max(values) > 1 << 24:
        raise NotCoveredError("a window beyond all measure")
    return Structure("zoo_window", dict(zip(names, values, strict=True)))
