"""Operators that move, repeat or gather values: concatenation, padding, resizing, means and choices."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from registry.deployment.c import fixed_point
from registry.deployment.c.program import Call, Constants, Place, Structure
from registry.deployment.c.source import BYTES, NotCoveredError, Source, activation, one_dtype
from registry.inspect.graph import Operator


def concat(source: Source, operator: Operator) -> list[Call]:
    """CONCATENATION: one copy for each input; TensorFlow Lite gives int8 inputs and output one scale."""
    output, axis = operator.outputs[0], operator.attributes["axis"]
    kind = one_dtype(source, (*operator.inputs, output))
    whole = source.shape(output)
    if activation(operator) != "none" or not 0 <= axis < len(whole):
        raise NotCoveredError("with an activation or along no dimension")
    calls, start = [], 0
    size = 1 if kind == "int8" else 4
    row = math.prod(whole[axis:]) * size
    for number in operator.inputs:
        shape = source.shape(number)
        if source.tensor(number).constant or (kind == "int8" and source.scale(number) != source.scale(output)):
            raise NotCoveredError("of a constant, or of inputs with other scales than the output")
        if (*shape[:axis], whole[axis], *shape[axis + 1 :]) != whole:
            raise NotCoveredError("shapes that do not suit each other")
        piece = math.prod(shape[axis:]) * size
        pieces = _pieces(math.prod(whole[:axis]), piece, row, start)
        calls.append(Call("copy", (pieces, Place(number), Place(output))))
        start += piece
    if start != row:
        raise NotCoveredError("shapes that do not suit each other")
    return calls


def copy(source: Source, number: int, output: int) -> Call:
    """All bytes of a tensor to another place."""
    size = source.elements(number) * BYTES[source.tensor(number).dtype]
    return Call("copy", (_pieces(1, size, size, 0), Place(number), Place(output)))


def _pieces(count: int, size: int, distance: int, start: int) -> Structure:
    names = ("count", "bytes", "from_distance", "to_distance", "to_start")
    return Structure("zoo_pieces", dict(zip(names, (count, size, size, distance, start), strict=True)))


def pad(source: Source, operator: Operator) -> list[Call]:
    """PAD with what stands for zero, and PADV2 with a constant."""
    data, output = operator.inputs[0], operator.outputs[0]
    kind = one_dtype(source, (data, output))
    pads = operator.attributes.get("pads")
    shape, wanted = source.shape(data), source.shape(output)
    if operator.native == "MIRROR_PAD" or pads is None or len(pads) != len(shape) or len(shape) > 4:
        raise NotCoveredError("of another kind than with one value")
    around = [(0, 0)] * (4 - len(shape)) + [(int(before), int(after)) for before, after in pads]
    sizes = (1,) * (4 - len(shape)) + shape
    grown = tuple(size + before + after for size, (before, after) in zip(sizes, around, strict=True))
    if min(min(one) for one in around) < 0 or grown[4 - len(shape) :] != wanted:
        raise NotCoveredError("shapes that do not suit each other")
    margins = {
        "sizes": sizes,
        "before": [before for before, _after in around],
        "after": [after for _before, after in around],
        "value_bytes": 1 if kind == "int8" else 4,
    }
    value = _padding_value(source, operator, kind)
    return [Call("pad", (Structure("zoo_margins", margins), value, Place(data), Place(output)))]


def _padding_value(source: Source, operator: Operator, kind: str) -> Constants:
    number = operator.inputs[2] if len(operator.inputs) > 2 else -1
    dtype, c_type = ("int8", "int8_t") if kind == "int8" else ("float32", "float")
    if number >= 0:
        return Constants("value", c_type, source.constant(number, dtype)[:1])
    zero = source.scale(operator.inputs[0])[1] if kind == "int8" else 0
    return Constants("value", c_type, [zero])


def resize(source: Source, operator: Operator) -> list[Call]:
    """RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR."""
    data, output = operator.inputs[0], operator.outputs[0]
    kind = one_dtype(source, (data, output))
    rows, columns, channels = source.image(data)
    new_rows, new_columns, new_channels = source.image(output)
    if channels != new_channels or max(rows, columns, new_rows, new_columns) > 1 << 15:
        raise NotCoveredError("shapes that do not suit each other")
    corners, centers = (bool(operator.attributes[name]) for name in ("align_corners", "half_pixel_centers"))
    how = Structure(
        "zoo_resize",
        {
            "input_rows": rows,
            "input_columns": columns,
            "channels": channels,
            "output_rows": new_rows,
            "output_columns": new_columns,
            "align_corners": int(corners),
            "half_pixel_centers": int(centers),
        },
    )
    if operator.type == "resize-bilinear":
        return [Call(f"resize_bilinear_{kind}", (how, Place(data), Place(output)))]
    tables = (
        Constants("rows", "int32_t", nearest_indices(rows, new_rows, corners=corners, centers=centers)),
        Constants("columns", "int32_t", nearest_indices(columns, new_columns, corners=corners, centers=centers)),
    )
    size = 1 if kind == "int8" else 4
    return [Call("resize_nearest", (how, size, Place(data), *tables, Place(output)))]


def nearest_indices(size: int, wanted: int, *, corners: bool, centers: bool) -> list[int]:
    """The input for each output, by GetNearestNeighbor of TensorFlow Lite's `resize_nearest_neighbor.h`."""
    aligned = corners and wanted > 1
    scale = fixed_point.float32((size - 1) / (wanted - 1) if aligned else size / wanted)
    places = (fixed_point.float32((one + (0.5 if centers else 0.0)) * scale) for one in range(wanted))
    return [max(min(fixed_point.nearest(one) if corners else int(one), size - 1), 0) for one in places]


def mean(source: Source, operator: Operator) -> list[Call]:
    """MEAN over rows and columns."""
    data, output = operator.inputs[0], operator.outputs[0]
    kind = one_dtype(source, (data, output))
    rows, columns, channels = source.image(data)
    if sorted(operator.attributes.get("axes", ())) != [1, 2] or source.elements(output) != channels:
        raise NotCoveredError("over other dimensions than rows and columns")
    places = rows * columns
    if kind == "float":
        shape = Structure("zoo_rows", {"rows": places, "columns": channels})
        return [Call("mean_float", (shape, Place(data), Place(output)))]
    if places >= 1 << 23:
        raise NotCoveredError("sums that may overflow 32 bits")
    (scale, zero_point), (new_scale, new_zero_point) = source.scale(data), source.scale(output)
    factor = _divided(fixed_point.multiplier(scale / new_scale), places)
    names = ("places", "channels", "zero_point", "multiplier", "shift")
    parameters = Structure("zoo_mean8", dict(zip(names, (places, channels, zero_point, *factor), strict=True)))
    how = Structure("zoo_output8", {"zero_point": new_zero_point, "least": -128, "most": 127})
    return [Call("mean_int8", (parameters, how, Place(data), Place(output)))]


def _divided(factor: tuple[int, int], count: int) -> tuple[int, int]:
    """A factor over a number of values, as precise as QuantizedMeanOrSum of TensorFlow Lite's `reduce.h`."""
    fixed, shift = factor
    room = max(min(count.bit_length() - 1, 32, 31 + shift), 0)
    return (fixed << room) // count, shift - room


def softmax(source: Source, operator: Operator) -> list[Call]:
    """SOFTMAX over the last dimension; int8 by a table of powers, as LiteRT's optimized kernel does."""
    data, output = operator.inputs[0], operator.outputs[0]
    kind = one_dtype(source, (data, output))
    rows = _rows(source.shape(data))
    beta = float(operator.attributes.get("beta", 0.0))
    if source.elements(output) != source.elements(data) or not 0 < beta <= fixed_point.FLOAT_MOST:
        raise NotCoveredError("with a beta that is not above zero, or another shape behind it")
    if kind == "float":
        return [Call("softmax_float", (rows, beta, Place(data), Place(output)))]
    scale, zero_point = source.scale(output)
    step = source.scale(data)[0] * beta
    powers = Constants("powers", "float", array("f", [math.exp(-step * distance) for distance in range(256)]))
    how = Structure("zoo_scale", {"scale": scale, "zero_point": zero_point})
    return [Call("softmax_int8", (rows, how, Place(data), powers, Place(output)))]


def argmax(source: Source, operator: Operator) -> list[Call]:
    """ARG_MAX over the last dimension, the first of equal values, as int32."""
    data, output = operator.inputs[0], operator.outputs[0]
    kind = one_dtype(source, (data,))
    shape = source.shape(data)
    if operator.attributes.get("axis") != len(shape) - 1 or source.tensor(output).dtype != "int32":
        raise NotCoveredError("over another dimension than the last, or to another type than int32")
    if source.elements(output) * shape[-1] != source.elements(data):
        raise NotCoveredError("shapes that do not suit each other")
    return [Call(f"argmax_{kind}", (_rows(shape), Place(data), Place(output)))]


def _rows(shape: Sequence[int]) -> Structure:
    if not shape:
        raise NotCoveredError("of a single value")
    return Structure("zoo_rows", {"rows": math.prod(shape[:-1]), "columns": shape[-1]})
