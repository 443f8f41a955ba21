"""Operators that compute each value from one or two others: sums, products, activations, changes of scale."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from registry.deployment.c import fixed_point
from registry.deployment.c.program import Argument, Call, Constants, Place, Structure
from registry.deployment.c.source import C_TYPES, NotCoveredError, Source, activation, dtypes, one_dtype
from registry.inspect.graph import Operator

SUM_SHIFT = 20
"""Bits by which 8-bit inputs of a sum are widened, as TensorFlow Lite's ADD does."""

_RANGES = {"int8": (-128, 127), "uint8": (0, 255)}


def pair(source: Source, operator: Operator) -> list[Call]:
    """ADD, SUB and MUL, the smaller input repeated along dimensions where it has one value."""
    first, second = operator.inputs[:2]
    output = operator.outputs[0]
    kind = one_dtype(source, (first, second, output))
    pairs = _pairs(source.shape(first), source.shape(second), source.shape(output))
    if source.tensor(first).constant and source.tensor(second).constant:
        raise NotCoveredError("of constants")
    operands = (_operand(source, first), _operand(source, second), Place(output))
    if kind == "float":
        least, most = fixed_point.real_limits(activation(operator))
        limits = Structure("zoo_limits", {"least": least, "most": most})
        return [Call(f"{operator.type}_float", (pairs, limits, *operands))]
    if operator.type == "sub":
        raise NotCoveredError("with int8")
    scale, zero_point = source.scale(output)
    low, high = fixed_point.limits(activation(operator), scale, zero_point)
    how = Structure("zoo_output8", {"zero_point": zero_point, "least": low, "most": high})
    make = _sum if operator.type == "add" else _product
    parameters = make(source.scale(first), source.scale(second), scale)
    return [Call(f"{operator.type}_int8", (pairs, parameters, how, *operands))]


def _operand(source: Source, number: int) -> Place | Constants:
    tensor = source.tensor(number)
    if not tensor.constant:
        return Place(number)
    return Constants("operand", C_TYPES[tensor.dtype], source.constant(number, tensor.dtype))


def _pairs(first: Sequence[int], second: Sequence[int], output: Sequence[int]) -> Structure:
    """How far two inputs move with each dimension of the output."""
    if max(len(first), len(second), len(output)) > 4:
        raise NotCoveredError("of more than four dimensions")
    if tuple(first) == tuple(second) == tuple(output):
        first = second = output = (math.prod(output),)
    sizes = _four(output)
    for one in (_four(first), _four(second)):
        if any(size not in (1, whole) for size, whole in zip(one, sizes, strict=True)):
            raise NotCoveredError("shapes that do not suit each other")
    distances = {"first_distances": _distances(_four(first)), "second_distances": _distances(_four(second))}
    return Structure("zoo_pairs", {"sizes": sizes, **distances})


def _four(shape: Sequence[int]) -> tuple[int, ...]:
    return (1,) * (4 - len(shape)) + tuple(shape)


def _distances(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(0 if size == 1 else math.prod(shape[axis + 1 :]) for axis, size in enumerate(shape))


def _sum(first: tuple[float, int], second: tuple[float, int], scale: float) -> Structure:
    """Scales of a sum, by PrepareGeneralAdd of TensorFlow Lite's `add.cc`."""
    twice = 2 * max(first[0], second[0])
    ratio = twice / ((1 << SUM_SHIFT) * scale)
    if ratio >= 1:
        raise NotCoveredError("an output whose scale is far finer than its inputs'")
    factors = [fixed_point.multiplier(one / twice) for one in (first[0], second[0])]
    whole = fixed_point.multiplier(ratio)
    fields = {
        "first_zero_point": first[1],
        "second_zero_point": second[1],
        "first_multiplier": factors[0][0],
        "first_shift": factors[0][1],
        "second_multiplier": factors[1][0],
        "second_shift": factors[1][1],
        "multiplier": whole[0],
        "shift": whole[1],
    }
    return Structure("zoo_sum8", fields)


def _product(first: tuple[float, int], second: tuple[float, int], scale: float) -> Structure:
    """Scales of a product; `mul.cc` multiplies and divides them as 32-bit floats."""
    together = fixed_point.float32(first[0] * second[0])
    if not 0 < together / scale < 1 << 14:
        raise NotCoveredError("an output whose scale is far finer than its inputs'")
    factor = fixed_point.multiplier(fixed_point.float32(together / scale))
    points = {"first_zero_point": first[1], "second_zero_point": second[1]}
    return Structure("zoo_product8", {**points, "multiplier": factor[0], "shift": factor[1]})


def one(source: Source, operator: Operator) -> list[Call]:
    """RELU and its kind, LOGISTIC, TANH, HARD_SWISH: of 8 bits by a table of all 256 values."""
    data, output = operator.inputs[0], operator.outputs[0]
    kind = one_dtype(source, (data, output))
    count = _count(source, data, output)
    if kind == "int8":
        return [_looked_up(source, operator, _FUNCTIONS[operator.type])]
    if operator.type in ("relu", "relu6", "relu-n1-to-1"):
        least, most = fixed_point.real_limits(operator.type)
        limits = Structure("zoo_limits", {"least": least, "most": most})
        return [Call("clip_float", (count, limits, Place(data), Place(output)))]
    return [Call(f"{operator.type.replace('-', '_')}_float", (count, Place(data), Place(output)))]


def quantize(source: Source, operator: Operator) -> list[Call]:
    """QUANTIZE from float32, or from one 8-bit scale to another."""
    data, output = operator.inputs[0], operator.outputs[0]
    given, wanted = dtypes(source, (data, output))
    if wanted in _RANGES and given in _RANGES:
        return [_looked_up(source, operator, None)]
    if wanted not in _RANGES or given != "float32":
        raise NotCoveredError(f"from {given} to {wanted}")
    return [_converted(source, f"quantize_{wanted}", data, output, output)]


def dequantize(source: Source, operator: Operator) -> list[Call]:
    """DEQUANTIZE of 8 bits."""
    data, output = operator.inputs[0], operator.outputs[0]
    given, wanted = dtypes(source, (data, output))
    if given not in _RANGES or wanted != "float32":
        raise NotCoveredError(f"from {given} to {wanted}")
    return [_converted(source, f"dequantize_{given}", data, output, data)]


def _converted(source: Source, kernel: str, data: int, output: int, stored: int) -> Call:
    scale, zero_point = source.scale(stored)
    parameters = Structure("zoo_scale", {"scale": scale, "zero_point": zero_point})
    arguments: tuple[Argument, ...] = (_count(source, data, output), parameters, Place(data), Place(output))
    return Call(kernel, arguments)


def _looked_up(source: Source, operator: Operator, function: Callable[[float], float] | None) -> Call:
    """A function of 8-bit values as a table by input byte; None only changes the scale."""
    data, output = operator.inputs[0], operator.outputs[0]
    given, wanted = dtypes(source, (data, output))
    (scale, zero_point), (new_scale, new_zero_point) = source.scale(data), source.scale(output)
    factor = fixed_point.multiplier(scale / new_scale)
    least, most = fixed_point.limits(operator.type, new_scale, new_zero_point, *_RANGES[wanted])
    table = []
    for byte in range(256):
        value = byte - 256 if given == "int8" and byte > 127 else byte
        if function is None:
            steps = fixed_point.rescaled(value - zero_point, factor)
        else:
            steps = fixed_point.nearest(function(scale * (value - zero_point)) / new_scale)
        table.append(min(max(steps + new_zero_point, least), most) & 0xFF)
    count = _count(source, data, output)
    return Call("lookup", (count, Place(data), Constants("table", "uint8_t", table), Place(output)))


def _count(source: Source, data: int, output: int) -> int:
    """Values of an operator that keeps their number."""
    count = source.elements(data)
    if source.elements(output) != count:
        raise NotCoveredError("an output of another size than its input")
    return count


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-min(max(value, -80), 80)))


def _hard_swish(value: float) -> float:
    return value * min(max(value + 3, 0), 6) / 6


_FUNCTIONS: dict[str, Callable[[float], float] | None] = {
    "relu": None,
    "relu6": None,
    "relu-n1-to-1": None,
    "sigmoid": _sigmoid,
    "tanh": math.tanh,
    "hard-swish": _hard_swish,
}
"""By type of operator; a range is kept by the limits of the output."""
