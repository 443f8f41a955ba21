"""Inputs and outputs of a model file as a card has them."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from registry.facts import Facts
from registry.inspect.graph import Quantization, Shape, Tensor
from registry.scaffold.naming import quotable

Task = Literal["semantic-segmentation", "image-classification", "object-detection", "other"]

_MOST_TENSORS, _MOST_AXES, _LONGEST_AXIS = 64, 8, 1 << 20
_DTYPES = frozenset(["uint8", "int8", "int16", "int32", "int64", "float16", "float32", "bool"])
_RANGES = {"uint8": (0, 255), "int8": (-128, 127), "int16": (-(1 << 15), (1 << 15) - 1)}
_LAYOUTS: Mapping[tuple[Task | None, int], str] = {
    ("semantic-segmentation", 3): "NHW",
    ("semantic-segmentation", 4): "NHWC",
    ("image-classification", 2): "NC",
}
"""Layout of the output that tells the classes, by task and number of axes."""


def tensors_of(facts: Facts, task: Task | None) -> dict[str, list[dict[str, Any]]] | None:
    """`tensors` of a variant; None where a shape is unknown, or there are more than a card takes.

    Args:
        facts: What the file says.
        task: What the model does, where that is known.
    """
    graph = facts.graph
    sides = {"inputs": graph.inputs, "outputs": graph.outputs}
    if any(len(side) > _MOST_TENSORS for side in sides.values()):
        return None
    found = {name: [_tensor(facts, graph.tensors[index]) for index in side] for name, side in sides.items()}
    if not all(_shape_fits(one["shape"]) for side in found.values() for one in side):
        return None
    first = next((item for item in found["inputs"] if "layout" in item), None)
    if first and first["shape"][first["layout"].index("C")] in (1, 3):
        first["meaning"] = "image"
    place = scores_place(facts, task)
    if place is not None:
        number, layout = place
        meaning = "class-map" if facts.structure.argmax else "class-scores"
        item = found["outputs"][number]
        found["outputs"][number] = _in_order(item | {"layout": layout, "meaning": meaning})
    return found


def scores_place(facts: Facts, task: Task | None) -> tuple[int, str] | None:
    """Number and layout of the output that tells the classes; None where no output surely does."""
    for number, index in enumerate(facts.graph.outputs):
        shape = facts.graph.tensors[index].shape or ()
        layout = _LAYOUTS.get((task, len(shape)))
        if layout == "NHWC":
            layout = _layout(facts, shape)
        if layout is None or (layout == "NHW" and not facts.structure.argmax):
            continue
        whole = facts.structure.argmax or shape[layout.index("C")] == facts.class_count
        return (number, layout) if whole else None
    return None


def _tensor(facts: Facts, tensor: Tensor) -> dict[str, Any]:
    item: dict[str, Any] = {"name": tensor.name} if quotable(tensor.name) else {}
    shape = tensor.shape or ()
    # an open batch is run as 1, as the engines do
    item["shape"] = [1 if axis == 0 and size is None else size for axis, size in enumerate(shape)]
    item["dtype"] = tensor.dtype if tensor.dtype in _DTYPES else "unknown"
    if len(shape) == 4:
        item["layout"] = _layout(facts, shape)
    quantization = tensor.quantization
    # where it has a type of its own, the tensor itself holds real numbers
    if quantization is not None and quantization.dtype is None and _sound(quantization, tensor.dtype):
        item["scale"] = _one_or_all([short(scale) for scale in quantization.scales])
        item["zero_point"] = _one_or_all(list(quantization.zero_points))
    return item


def _in_order(item: dict[str, Any]) -> dict[str, Any]:
    order = ("name", "shape", "dtype", "layout", "scale", "zero_point", "meaning")
    return {key: item[key] for key in order if key in item}


def _layout(facts: Facts, shape: Shape) -> str:
    return "NCHW" if facts.channels_first(shape) else "NHWC"


def _shape_fits(shape: Sequence[int | None]) -> bool:
    return 0 < len(shape) <= _MOST_AXES and all(size is None or 0 < size <= _LONGEST_AXIS for size in shape)


def _sound(quantization: Quantization, dtype: str) -> bool:
    """Whether scales and zero points are numbers that a card takes."""
    low, high = _RANGES.get(dtype, (-(1 << 31), (1 << 31) - 1))
    count = len(quantization.scales)
    return (
        0 < count == len(quantization.zero_points)
        and all(math.isfinite(scale) and scale > 0 for scale in quantization.scales)
        and all(low <= point <= high for point in quantization.zero_points)
    )


def _one_or_all(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def short(value: float) -> float:
    """The shortest decimal number that is the same in single precision, which is what files hold."""
    try:
        single = struct.pack("<f", value)
    except OverflowError:
        return value
    texts = (f"{value:.{digits}g}" for digits in range(1, 10))
    return next((float(text) for text in texts if struct.pack("<f", float(text)) == single), value)
