"""What a target's card asks of an operator, judged from the graph alone: yes, no, or not to be told. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from registry.inspect.graph import Graph, Operator, Tensor

Condition = Mapping[str, Any]
"""What `schemas/target.json` calls a condition: every entry must hold of an operator."""

WEIGHTED = frozenset(
    ("conv1d", "conv2d", "conv3d", "depthwise-conv2d", "transpose-conv2d", "fully-connected", "matmul")
)
"""Types whose second operand is usually weights."""

_MARKS = ("quantize", "dequantize")


def holds(condition: Condition, graph: Graph, operator: Operator) -> bool | None:
    """Whether all of a condition holds; None when something is not known and nothing known is false."""
    answers = [_JUDGES[name](expected, graph, operator) for name, expected in condition.items()]
    if False in answers:
        return False
    return None if None in answers else True


def _operand(graph: Graph, operator: Operator, place: int) -> Tensor | None:
    """An input, or None where it is left out."""
    if place >= len(operator.inputs) or operator.inputs[place] < 0:
        return None
    return graph.tensors[operator.inputs[place]]


def _stored(graph: Graph, index: int) -> Tensor | None:
    """The constant that a tensor is, or is made of by nothing but quantize and dequantize; None for any other."""
    for _step in range(4):
        origin = graph.producers.get(index)
        if origin is None or origin.type == "constant":
            tensor = graph.tensors[index]
            return tensor if tensor.constant or origin else None
        if origin.type not in _MARKS or not origin.inputs or origin.inputs[0] < 0:
            return None
        index = origin.inputs[0]
    return None


def _among(key: str) -> Callable[[Any, Graph, Operator], bool | None]:
    """A judge of an attribute that must be one of several pairs (height, width)."""

    def judge(expected: Iterable[Iterable[int]], _graph: Graph, operator: Operator) -> bool | None:
        pair = _pair(operator, key)
        return None if pair is None else pair in {tuple(item) for item in expected}

    return judge


def _pair(operator: Operator, key: str) -> tuple[int, ...] | None:
    value = operator.attributes.get(key)
    if not isinstance(value, tuple | list):
        return None
    return (1, *value) if len(value) == 1 else tuple(value)


def _largest_kernel(expected: Iterable[int], _graph: Graph, operator: Operator) -> bool | None:
    kernel = _pair(operator, "kernel")
    return None if kernel is None else all(size <= most for size, most in zip(kernel, expected, strict=False))


def _equal_strides(_expected: bool, _graph: Graph, operator: Operator) -> bool | None:
    strides = operator.attributes.get("strides")
    return len(set(strides)) <= 1 if isinstance(strides, tuple | list) else None


def _plane(tensor: Tensor | None, graph: Graph) -> tuple[int, int] | None:
    """Height and width of an image tensor."""
    if tensor is None or tensor.shape is None or len(tensor.shape) != 4 or graph.layout == "unknown":
        return None
    height, width = tensor.shape[1:3] if graph.layout == "NHWC" else tensor.shape[2:4]
    return None if height is None or width is None else (height, width)


def _largest_plane(expected: int, graph: Graph, operator: Operator) -> bool | None:
    plane = _plane(_operand(graph, operator, 0), graph)
    return None if plane is None else plane[0] * plane[1] <= expected


def _whole_image(_expected: bool, graph: Graph, operator: Operator) -> bool | None:
    axes, image = operator.attributes.get("axes"), _operand(graph, operator, 0)
    if axes is None or image is None or image.shape is None or graph.layout == "unknown":
        return None
    spatial = {1, 2} if graph.layout == "NHWC" else {2, 3}
    return len(image.shape) == 4 and set(axes) == spatial


def _axes(expected: Iterable[int], graph: Graph, operator: Operator) -> bool | None:
    stated = operator.attributes.get("axes", operator.attributes.get("axis"))
    image = _operand(graph, operator, 0)
    if stated is None or image is None or image.shape is None:
        return None
    axes = stated if isinstance(stated, tuple | list) else (stated,)
    return {axis - len(image.shape) if axis >= 0 else axis for axis in axes} <= set(expected)


def _power_of_two_scale(_expected: bool, graph: Graph, operator: Operator) -> bool | None:
    before = _plane(_operand(graph, operator, 0), graph)
    after = _plane(graph.tensors[operator.outputs[0]], graph) if operator.outputs else None
    if before is None or after is None or 0 in before:
        return None
    (down, rest), (across, more) = (divmod(new, old) for new, old in zip(after, before, strict=True))
    return not rest and not more and down == across and down.bit_count() == 1


def _constant_operand(_expected: bool, graph: Graph, operator: Operator) -> bool | None:
    if _operand(graph, operator, 1) is None:
        return None
    return _stored(graph, operator.inputs[1]) is not None


def _quantized(_expected: bool, graph: Graph, operator: Operator) -> bool | None:
    """The stored types tell; in ONNX, where values between operators are float, only the weights do."""
    data = None if graph.format == "onnx" else _operand(graph, operator, 0)
    weights = _operand(graph, operator, 1) if operator.type in WEIGHTED else None
    read = [tensor for tensor in (data, weights) if tensor is not None]
    if graph.format != "onnx":
        return not any(_is_float(tensor) for tensor in read) if read else None
    if weights is None:
        return None
    origin = graph.producers.get(operator.inputs[1])
    if origin is not None and origin.type == "dequantize":
        return True
    return not _is_float(weights) if _stored(graph, operator.inputs[1]) is not None else None


def _is_float(tensor: Tensor) -> bool:
    return tensor.dtype.startswith(("float", "bfloat"))


_JUDGES: Mapping[str, Callable[[Any, Graph, Operator], bool | None]] = {
    "kernels": _among("kernel"),
    "largest_kernel": _largest_kernel,
    "strides": _among("strides"),
    "equal_strides": _equal_strides,
    "dilations": _among("dilations"),
    "largest_plane": _largest_plane,
    "whole_image": _whole_image,
    "axes": _axes,
    "power_of_two_scale": _power_of_two_scale,
    "constant_operand": _constant_operand,
    "quantized": _quantized,
}
"""One judge for each property of a condition in `schemas/target.json`."""
