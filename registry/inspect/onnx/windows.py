"""Sizes that sliding windows leave: convolutions and pools of ONNX. Formulas as docs/Operators.md states them."""

from __future__ import annotations

from registry.inspect.onnx.messages import NamedShape, NamedSize
from registry.inspect.onnx.step import Step, size


def kernel(step: Step, weights: int | None) -> tuple[int, ...] | None:
    """Size of the window, as the attribute or else the weights have it."""
    own = step.integers("kernel_shape")
    shape = step.shape(weights) if weights is not None else None
    if own is not None or shape is None:
        return own
    sizes = tuple(each for each in shape[2:] if isinstance(each, int))
    return sizes if len(sizes) == len(shape) - 2 else None


def window(step: Step, weights: int | None) -> tuple[tuple[int, ...], ...] | None:
    """Kernel, strides, dilations and pads of a window; None where they are unknown or do not belong together."""
    sizes = kernel(step, weights)
    if not sizes:
        return None
    rank = len(sizes)
    strides = step.integers("strides") or (1,) * rank
    dilations = step.integers("dilations") or (1,) * rank
    pads = step.integers("pads") or (0,) * (2 * rank)
    fits = len(strides) == len(dilations) == rank and len(pads) == 2 * rank
    positive = min((*sizes, *strides, *dilations)) > 0
    return (sizes, strides, dilations, pads) if fits and positive else None


def slid(step: Step, data: NamedShape, weights: int | None, channels: NamedSize) -> NamedShape | None:
    """Shape after a convolution or pool over (batch, channels, ...)."""
    found = window(step, weights)
    if found is None or len(data) != len(found[0]) + 2:
        return None
    sizes, strides, dilations, pads = found
    mode, up = step.text("auto_pad", "NOTSET"), bool(step.integer("ceil_mode", 0))
    spatial: list[NamedSize] = []
    for number, length in enumerate(data[2:]):
        reach = (sizes[number] - 1) * dilations[number] + 1
        before, after = pads[number], pads[number + len(sizes)]
        if mode == "VALID":
            before = after = 0
        spatial.append(_length(length, reach, strides[number], (before, after), mode.startswith("SAME"), up))
    return (data[0], channels, *spatial)


def _length(length: NamedSize, reach: int, stride: int, pads: tuple[int, int], same: bool, up: bool) -> NamedSize:
    """Positions of a window that reaches over `reach` elements."""
    if not isinstance(length, int):
        return length if same and stride == 1 else None
    if same:
        return -(-length // stride)
    room = length + sum(pads) - reach
    if not up:
        return size(room // stride + 1)
    positions = -(-room // stride) + 1
    # a window that would start in the padding behind the data is left out
    return size(positions - 1 if (positions - 1) * stride >= length + pads[0] else positions)


def spread(step: Step) -> NamedShape | None:
    """Shape after a transposed convolution."""
    data, weights, found = step.shape(0), step.shape(1), window(step, 1)
    if data is None or weights is None or len(weights) < 2 or found is None or len(data) != len(found[0]) + 2:
        return None
    sizes, strides, dilations, pads = found
    groups, per_group = step.integer("group", 1), weights[1]
    channels = size(per_group * groups) if isinstance(per_group, int) else None
    rank = len(sizes)
    stated = step.integers("output_shape")
    if stated is not None:
        return (data[0], channels, *map(size, stated)) if len(stated) == rank else None
    extra = step.integers("output_padding") or (0,) * rank
    same = step.text("auto_pad", "NOTSET").startswith("SAME")
    spatial: list[NamedSize] = []
    for number, length in enumerate(data[2:]):
        if not isinstance(length, int) or len(extra) != rank:
            spatial.append(None)
        elif same:
            spatial.append(size(length * strides[number]))
        else:
            reach = (sizes[number] - 1) * dilations[number] + 1
            cut = pads[number] + pads[number + rank]
            spatial.append(size((length - 1) * strides[number] + extra[number] + reach - cut))
    return (data[0], channels, *spatial)
