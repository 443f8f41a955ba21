"""Functions that a Keras model calls without a layer: TensorFlow's in Keras 2, `keras.ops` in Keras 3."""

from __future__ import annotations

import re
from typing import Any

from registry.inspect.graph import Dimension, Shape
from registry.inspect.keras.build import Step
from registry.inspect.keras.config import node_operation
from registry.inspect.keras.merges import broadcast, joined
from registry.inspect.keras.shapes import reshaped

CLASSES = frozenset({"TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "ClassMethod", "InstanceMethod"})
"""Layers of Keras 2 that only call a function."""

_ELEMENTWISE = {
    **dict.fromkeys(("add", "add_v2", "bias_add", "add_n"), "add"),
    **dict.fromkeys(("subtract", "sub"), "sub"),
    **dict.fromkeys(("multiply", "mul"), "mul"),
    **dict.fromkeys(("divide", "truediv", "true_divide", "realdiv", "divide_no_nan", "div"), "div"),
    **dict.fromkeys(("maximum", "minimum", "pow", "exp", "log", "sqrt", "rsqrt", "square", "abs", "floor"), ""),
    **dict.fromkeys(("ceil", "round", "sin", "cos", "erf", "relu", "relu6", "elu", "selu", "gelu", "sigmoid"), ""),
    **dict.fromkeys(("tanh", "equal", "greater", "less", "where", "cast"), ""),
    "power": "pow",
    "absolute": "abs",
    "negative": "neg",
    "neg": "neg",
    "silu": "swish",
    "swish": "swish",
    "leaky_relu": "leaky-relu",
    "hard_sigmoid": "hard-sigmoid",
    "hard_silu": "hard-swish",
    "squared_difference": "squared-difference",
    "clip": "clip",
    "clip_by_value": "clip",
    "identity": "identity",
    "stop_gradient": "identity",
    "logical_not": "not",
}
_REDUCTIONS = {
    **dict.fromkeys(("mean", "reduce_mean"), "mean"),
    **dict.fromkeys(("sum", "reduce_sum"), "sum"),
    **dict.fromkeys(("max", "amax", "reduce_max"), "reduce-max"),
    **dict.fromkeys(("min", "amin", "reduce_min"), "reduce-min"),
    **dict.fromkeys(("prod", "reduce_prod"), "reduce-prod"),
}
_OTHERS = {
    "softmax": "softmax",
    "log_softmax": "log-softmax",
    "matmul": "matmul",
    "transpose": "transpose",
    "argmax": "argmax",
    "arg_max": "argmax",
    "argmin": "argmin",
    "gather": "gather",
    "take": "gather",
    "get_item": "strided-slice",
    "getitem": "strided-slice",
    "strided_slice": "strided-slice",
    "slice": "slice",
    "split": "split",
    "pad": "pad",
    "stack": "pack",
    "unstack": "unpack",
    "tile": "tile",
    "squeeze": "squeeze",
    "expand_dims": "unsqueeze",
    "shape": "shape",
    "broadcast_to": "broadcast",
    "depth_to_space": "depth-to-space",
    "space_to_depth": "space-to-depth",
    "einsum": "einsum",
    "resize_bilinear": "resize-bilinear",
    "resize": "other",
    "top_k": "topk",
}
_ALL = frozenset({*_ELEMENTWISE, *_REDUCTIONS, *_OTHERS, "concatenate", "reshape"})
_SAME = frozenset({"softmax", "log-softmax"})


def name_of(step: Step) -> str:
    """Name of the function: `math.multiply` and `Multiply` are both `multiply`."""
    function = step.options.word("function") or step.options.word("symbol")
    if not function and step.native == "TensorFlowOpLayer":
        function = node_operation({"node_def": step.options.raw("node_def")})
    name = (function or step.native).rpartition(".")[2][:256]
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def is_operation(step: Step, *, known: bool) -> bool:
    """Whether the step only calls a function. HDF5 files leave the module out, but only layers can be trained."""
    if step.native in CLASSES or ".ops." in f"{step.layer.module}.":
        return True
    nameless = not known and not step.layer.module and not step.options.has("trainable")
    return nameless and name_of(step) in _ALL


def operation(step: Step) -> int:
    """Add a function by its name; its shape is left to the file where it is not simple."""
    name = name_of(step)
    shapes = [step.shape(number) for number in range(len(step.inputs))]
    if name in _ELEMENTWISE:
        shape = broadcast(shapes) if shapes else None
        return step.emit(_ELEMENTWISE[name] or name, step.inputs, shape, native=name)
    if name in _REDUCTIONS:
        return _reduced(step, name)
    if name in ("concat", "concatenate"):
        return joined(step, _argument(step, "axis"))
    if name == "reshape" and step.inputs:
        return step.emit("reshape", step.inputs, _reshaped(step, shapes[0]), native=name)
    kind = _OTHERS.get(name, "other")
    if kind == "other":
        step.note("keras-operation", f"function {name!r} has no common name")
    shape = shapes[0] if shapes else None
    if kind in _SAME:
        return step.emit(kind, step.inputs, shape, native=name, **(_axis(step, shape) if shape else {}))
    result = _moved(step, kind, name, shape) if shape else None
    return step.emit(kind, step.inputs, result, native=name)


def _moved(step: Step, kind: str, name: str, shape: Shape) -> Shape | None:
    """Shape after a function that only moves data."""
    axis = _argument(step, "axis")
    if kind == "strided-slice":
        return _sliced(shape, _argument(step, "slice_spec") or _second(step))
    if kind == "unsqueeze" and type(axis) is int and -len(shape) - 1 <= axis <= len(shape):
        place = axis % (len(shape) + 1)
        return (*shape[:place], 1, *shape[place:])
    if kind == "squeeze" and axis is not None:
        axes = axis if isinstance(axis, list) else [axis]
        gone = {one % len(shape) for one in axes if type(one) is int}
        return tuple(size for place, size in enumerate(shape) if place not in gone)
    order = _argument(step, "perm", "axes")
    if kind == "transpose" and isinstance(order, list):
        good = all(type(place) is int for place in order) and sorted(order) == list(range(len(shape)))
        return tuple(shape[place] for place in order) if good else None
    size = _argument(step, "size")
    if name in ("resize", "resize_bilinear", "resize_images_v2") and isinstance(size, list) and len(shape) == 4:
        good = len(size) == 2 and all(type(one) is int and 0 < one < 1 << 31 for one in size)
        return (shape[0], size[0], size[1], shape[3]) if good else None
    return None


def _second(step: Step) -> Any:
    """What stands behind the value in a call by position."""
    found = step.arguments.get("args")
    return found[1] if isinstance(found, list) and len(found) > 1 else None


def _sliced(shape: Shape, spec: Any) -> Shape | None:
    """Shape after indexing with whole numbers and slices; None for anything else."""
    if not isinstance(spec, list) or len(spec) > len(shape):
        return None
    sizes: list[Dimension] = []
    for size, said in zip(shape, spec, strict=False):
        if type(said) is int:
            continue
        index = said.get("config", said) if isinstance(said, dict) else None
        bounds = [index.get(key) for key in ("start", "stop", "step")] if isinstance(index, dict) else [""]
        if not all(bound is None or (type(bound) is int and abs(bound) < 1 << 31) for bound in bounds):
            return None
        if size is None:
            if bounds != [None, None, None]:
                return None
            sizes.append(None)
        elif bounds[2] == 0:
            return None
        else:
            sizes.append(len(range(*slice(*bounds).indices(size))))
    return (*sizes, *shape[len(spec) :])


def _argument(step: Step, *keys: str) -> Any:
    """An argument of the call or, in Keras 3, of the operation."""
    for key in keys:
        if step.arguments.get(key) is not None:
            return step.arguments[key]
        if step.options.raw(key) is not None:
            return step.options.raw(key)
    return None


def _axis(step: Step, shape: Shape) -> dict[str, Any]:
    axis = _argument(step, "axis")
    axis = -1 if axis is None else axis
    good = type(axis) is int and -len(shape) <= axis < len(shape)
    return {"axis": axis % len(shape)} if good else {}


def _reduced(step: Step, name: str) -> int:
    shape = step.shape()
    keep = bool(_argument(step, "keepdims", "keep_dims"))
    axes = _argument(step, "axis", "axes")
    if type(axes) is int:
        axes = [axes]
    if not isinstance(axes, list) or shape is None:
        return step.emit(_REDUCTIONS[name], step.inputs, None, native=name)
    if not all(type(axis) is int and -len(shape) <= axis < len(shape) for axis in axes):
        raise step.malformed("axis", f"axes of {len(shape)} dimensions", axes)
    places = tuple(sorted({axis % len(shape) for axis in axes}))
    kept: list[Dimension] = [1 if place in places else size for place, size in enumerate(shape)]
    if not keep:
        kept = [size for place, size in enumerate(shape) if place not in places]
    return step.emit(_REDUCTIONS[name], step.inputs, tuple(kept), native=name, axes=places, keep_dims=keep)


def _reshaped(step: Step, shape: Shape | None) -> Shape | None:
    """Shape after a reshape of everything, where an open batch stays open if -1 stands for it."""
    target = _argument(step, "newshape", "shape")
    if not isinstance(target, list) or not target or not shape:
        return None
    if shape[0] is None and target[0] == -1:
        rest = reshaped(None, target[1:])
        return None if rest is None else (None, *rest)
    return reshaped(shape, target)
