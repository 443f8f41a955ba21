"""Attributes of ONNX operators under their common names (see `TYPES`)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from registry.inspect.onnx.schema import DATA_TYPES
from registry.inspect.onnx.step import Step, axes_of, whole
from registry.inspect.onnx.windows import window
from registry.inspect.onnx.words import bounds, plain, weights

Attributes = dict[str, Any]


def attributes(step: Step, word: str) -> Mapping[str, Any]:
    """Attributes of a step of a common type; those without a common name keep ONNX's."""
    rule = _RULES.get(word)
    found = rule(step) if rule else {}
    taken = _TAKEN.get(plain(step), frozenset())
    own = {name: _plain_attribute(step, name) for name in step.node.attributes if name not in taken}
    return {**{name: value for name, value in own.items() if value is not None}, **found}


def _plain_attribute(step: Step, name: str) -> object:
    """A number, a text or a short list; None for tensors and graphs."""
    attribute = step.node.attributes[name]
    if attribute.numbers:
        return tuple(attribute.numbers)
    return attribute.text if attribute.text is not None else attribute.number


def _window(step: Step) -> Attributes:
    number = weights(step) if plain(step).startswith("Conv") else None
    found = window(step, number)
    if found is None:
        return {}
    kernel, strides, dilations, pads = found
    mode = step.text("auto_pad", "NOTSET")
    result: Attributes = {"kernel": kernel, "strides": strides, "dilations": dilations}
    lower = _lower_pads(step, found) if mode == "SAME_LOWER" else None
    if lower is not None:
        return {**result, "padding": "explicit", "pads": lower}
    if mode.startswith("SAME"):
        return {**result, "padding": "same"}
    if mode == "VALID" or not any(pads):
        return {**result, "padding": "valid"}
    return {**result, "padding": "explicit", "pads": pads}


def _lower_pads(step: Step, found: tuple[tuple[int, ...], ...]) -> tuple[int, ...] | None:
    """Pads of `SAME_LOWER`, which has the odd one before the data where `same` has it behind."""
    data = step.shape(0)
    lengths = whole(data[2:]) if data else None
    kernel, strides, dilations, _ = found
    if lengths is None or len(lengths) != len(kernel):
        return None
    before, after = [], []
    for length, reach, stride, dilation in zip(lengths, kernel, strides, dilations, strict=True):
        total = max(0, (-(-length // stride) - 1) * stride + (reach - 1) * dilation + 1 - length)
        before.append(total - total // 2)
        after.append(total // 2)
    return (*before, *after)


def _convolution(step: Step) -> Attributes:
    return {**_window(step), "groups": step.integer("group", 1)}


def _depthwise(step: Step) -> Attributes:
    groups, kernel = step.integer("group", 1), step.shape(weights(step))
    outputs = kernel[0] if kernel else None
    more = {"multiplier": outputs // groups} if isinstance(outputs, int) and groups else {}
    return {**_window(step), "groups": groups, **more}


def _product(step: Step) -> Attributes:
    return {"transposed": bool(step.integer("transB", 0))}


def _axis(default: int) -> Callable[[Step], Attributes]:
    def apply(step: Step) -> Attributes:
        axis = step.axis(default, 2 if step.type == "QLinearConcat" else 0)
        return {} if axis is None else {"axis": axis}

    return apply


def _softmax(step: Step) -> Attributes:
    # operator sets before 13 flatten from this axis on
    return _axis(1 if 0 < step.opset < 13 else -1)(step)


def _argument(step: Step) -> Attributes:
    return {**_axis(0)(step), "keep_dims": bool(step.integer("keepdims", 1))}


def _reduction(step: Step) -> Attributes:
    rank, axes = step.rank(0), step.list_of("axes", 1)
    if not axes and rank is not None and not step.given(1):
        axes = () if step.integer("noop_with_empty_axes", 0) else tuple(range(rank))
    places = None if axes is None or rank is None else axes_of(axes, rank)
    keep: Attributes = {"keep_dims": bool(step.integer("keepdims", 1))}
    return keep if places is None else {"axes": places, **keep}


def _transpose(step: Step) -> Attributes:
    rank = step.rank(0)
    order = step.integers("perm") or (None if rank is None else tuple(reversed(range(rank))))
    return {} if order is None else {"permutation": order}


def _pad(step: Step) -> Attributes:
    pads, rank = step.list_of("pads", 1), step.rank(0)
    axes = whole(step.known(3)) if step.given(3) else (None if rank is None else tuple(range(rank)))
    mode: Attributes = {"mode": step.text("mode", "constant")}
    places = None if axes is None or rank is None else axes_of(axes, rank)
    if pads is None or rank is None or places is None or len(pads) != 2 * len(places):
        return mode
    pairs = {place: (pads[number], pads[number + len(places)]) for number, place in enumerate(places)}
    return {**mode, "pads": tuple(pairs.get(number, (0, 0)) for number in range(rank))}


def _slice(step: Step) -> Attributes:
    rank, found = step.rank(0), {}
    for name, number in (("starts", 1), ("ends", 2), ("axes", 3), ("steps", 4)):
        if (numbers := step.list_of(name, number)) is not None:
            found[name] = numbers
    places = axes_of(found["axes"], rank) if rank is not None and "axes" in found else None
    return {**found, **({"axes": places} if places else {})}


def _dimensions(step: Step) -> Attributes:
    """Axes of a squeeze or unsqueeze; those of an unsqueeze count in the output."""
    axes, rank = step.list_of("axes", 1), step.rank(0)
    if axes is None or rank is None:
        return {}
    places = axes_of(axes, rank + len(axes) if step.type == "Unsqueeze" else rank)
    return {} if places is None else {"axes": places}


def _resize(step: Step) -> Attributes:
    default = "half_pixel" if step.opset >= 11 and step.type == "Resize" else "asymmetric"
    mode = step.text("coordinate_transformation_mode", default)
    return {
        "coordinate_transformation_mode": mode,
        "align_corners": mode == "align_corners",
        "half_pixel_centers": mode in ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric"),
    }


def _alpha(default: float) -> Callable[[Step], Attributes]:
    return lambda step: {"alpha": step.real("alpha", default)}


def _clip(step: Step) -> Attributes:
    limits = bounds(step)
    if limits is None:
        return {}
    named = zip(("minimum", "maximum"), limits, strict=True)
    return {name: limit for name, limit in named if math.isfinite(limit)}


def _recurrent(step: Step) -> Attributes:
    return {
        "units": step.integer("hidden_size", 0),
        "return_sequences": bool(step.outputs) and step.outputs[0] is not None,
        "bidirectional": step.text("direction", "forward") == "bidirectional",
    }


def _cast(step: Step) -> Attributes:
    return {"to": DATA_TYPES.get(step.integer("to", 0), "other")}


_RULES: dict[str, Callable[[Step], Attributes]] = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "transpose-conv2d"), _convolution),
    "depthwise-conv2d": _depthwise,
    **dict.fromkeys(("average-pool2d", "max-pool2d"), _window),
    "fully-connected": _product,
    "matmul": _product,
    **dict.fromkeys(("softmax", "log-softmax"), _softmax),
    **dict.fromkeys(("argmax", "argmin"), _argument),
    "concat": _axis(1),
    **dict.fromkeys(("split", "gather"), _axis(0)),
    **dict.fromkeys(("flatten",), _axis(1)),
    **dict.fromkeys(("topk",), _axis(-1)),
    **dict.fromkeys(("mean", "sum", "reduce-max", "reduce-min", "reduce-prod"), _reduction),
    "transpose": _transpose,
    "pad": _pad,
    **dict.fromkeys(("slice", "strided-slice"), _slice),
    **dict.fromkeys(("squeeze", "unsqueeze"), _dimensions),
    **dict.fromkeys(("resize-nearest", "resize-bilinear"), _resize),
    "leaky-relu": _alpha(0.01),
    "elu": _alpha(1.0),
    "clip": _clip,
    **dict.fromkeys(("lstm", "gru", "rnn"), _recurrent),
    "cast": _cast,
}

_WINDOW = frozenset({"kernel_shape", "strides", "dilations", "pads", "auto_pad", "group"})
_TAKEN: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("Conv", "ConvTranspose", "MaxPool", "AveragePool"), _WINDOW),
    **dict.fromkeys(("Gemm", "MatMul"), frozenset({"transB"})),
    **dict.fromkeys(("Softmax", "LogSoftmax", "Concat", "Split", "Gather", "Flatten", "TopK"), frozenset({"axis"})),
    **dict.fromkeys(("ArgMax", "ArgMin"), frozenset({"axis", "keepdims"})),
    **dict.fromkeys(
        ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd"), frozenset({"axes", "keepdims"})
    ),
    "Transpose": frozenset({"perm"}),
    "Clip": frozenset({"min", "max"}),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), frozenset({"hidden_size"})),
    "Cast": frozenset({"to"}),
}
"""ONNX's names that stand under a common one."""
