"""Attributes of TFLite operators that slide a window: convolutions and pooling."""

from __future__ import annotations

from registry.inspect.tflite.node import Attributes, Node, dimension
from registry.inspect.tflite.schema import ACTIVATIONS, PADDINGS


def _window(node: Node, padding: int, strides: tuple[int, int], dilations: tuple[int, int] | None) -> Attributes:
    """Padding, strides and dilations from the fields (height, width) that hold them."""
    stretched = (node.integer(dilations[0], 1), node.integer(dilations[1], 1)) if dilations else (1, 1)
    return {
        "padding": node.word(padding, PADDINGS),
        "strides": (node.integer(strides[0]), node.integer(strides[1])),
        "dilations": stretched,
    }


def _kernel(node: Node, number: int = 1) -> tuple[int | None, int | None]:
    """Height and width of weights (outputs, height, width, inputs)."""
    shape = node.shape(number)
    return (shape[1], shape[2]) if len(shape) == 4 else (None, None)


def conv(node: Node) -> Attributes:
    """A convolution; grouped by its input channels it is depthwise and has a `multiplier`."""
    channels, each = dimension(node.shape(0), -1), dimension(node.shape(1), -1)
    groups = channels // each if channels and each and channels % each == 0 else 1
    found = {"kernel": _kernel(node), **_window(node, 0, (2, 1), (5, 4)), "groups": groups}
    outputs = dimension(node.shape(1), 0)
    if groups > 1 and groups == channels and outputs:
        found["multiplier"] = outputs // groups
    return found | {"activation": node.word(3, ACTIVATIONS)}


def depthwise(node: Node) -> Attributes:
    """A depthwise convolution, weights (1, height, width, outputs)."""
    channels, outputs = dimension(node.shape(0), -1), dimension(node.shape(1), -1)
    multiplier = outputs // channels if channels and outputs else node.integer(3)
    window = {"kernel": _kernel(node), **_window(node, 0, (2, 1), (6, 5))}
    return {**window, "groups": channels, "multiplier": multiplier, "activation": node.word(4, ACTIVATIONS)}


def transpose_conv(node: Node) -> Attributes:
    """A transposed convolution."""
    window = {"kernel": _kernel(node), **_window(node, 0, (2, 1), None), "groups": 1}
    return {**window, "activation": node.word(3, ACTIVATIONS)}


def pool(node: Node) -> Attributes:
    """Pooling."""
    kernel = (node.integer(4), node.integer(3))
    return {"kernel": kernel, **_window(node, 0, (2, 1), None), "activation": node.word(5, ACTIVATIONS)}


def conv3d(node: Node) -> Attributes:
    """A convolution over (depth, height, width), which all its windows are given in."""
    weights = node.shape(1)
    return {
        "kernel": weights[:3] if len(weights) == 5 else (None, None, None),
        "padding": node.word(0, PADDINGS),
        "strides": tuple(node.integer(field) for field in (1, 3, 2)),
        "dilations": tuple(node.integer(field, 1) for field in (5, 7, 6)),
        "groups": 1,
        "activation": node.word(4, ACTIVATIONS),
    }
