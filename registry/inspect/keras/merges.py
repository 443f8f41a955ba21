"""Layers of Keras that join several values, scale them or norm them."""

from __future__ import annotations

from typing import Any

from registry.inspect.graph import Dimension, Shape
from registry.inspect.keras.build import Step


def broadcast(shapes: list[Shape | None]) -> Shape | None:
    """Shape of an elementwise operation of several values; None when unknown or when they do not fit."""
    known = [shape for shape in shapes if shape is not None]
    if len(known) < len(shapes) or not known:
        return None
    rank = max(len(shape) for shape in known)
    padded = [(1,) * (rank - len(shape)) + shape for shape in known]
    sizes = [_common([shape[place] for shape in padded]) for place in range(rank)]
    return None if -1 in sizes else tuple(sizes)


def _common(sizes: list[Dimension]) -> Dimension:
    """Size of a dimension that all fit: ones stretch; -1 where they do not fit."""
    wide = {size for size in sizes if size != 1}
    whole = {size for size in wide if size is not None}
    if len(whole) > 1:
        return -1
    return next(iter(whole)) if whole else (None if wide else 1)


def merge(step: Step, kind: str) -> int:
    """Add, Subtract, Multiply, Maximum, Minimum."""
    step.given()
    shape = broadcast([step.shape(number) for number in range(len(step.inputs))])
    return step.emit(kind, step.inputs, shape)


def average(step: Step) -> int:
    """Average: a sum and a division."""
    total = merge(step, "add")
    return step.emit("div", (total,), step.shape_of(total))


def concatenate(step: Step) -> int:
    """Concatenate along an axis."""
    return joined(step, step.options.raw("axis"))


def joined(step: Step, axis: Any) -> int:
    """All inputs along an axis, by default the last."""
    step.given()
    shapes = [step.shape(number) for number in range(len(step.inputs))]
    first = shapes[0]
    axis = -1 if axis is None else axis
    if type(axis) is not int or not first or None in shapes or not -len(first) <= axis < len(first):
        return step.emit("concat", step.inputs, None)
    place = axis % len(first)
    sizes = [shape[place] if shape and len(shape) == len(first) else None for shape in shapes]
    whole = [size for size in sizes if size is not None]
    total = sum(whole) if len(whole) == len(sizes) else None
    return step.emit("concat", step.inputs, (*first[:place], total, *first[place + 1 :]), axis=place)


def dot(step: Step) -> int:
    """Dot: a product of two values along an axis of each."""
    one, other = step.shape(0), step.shape(1)
    axes = step.options.raw("axes")
    pair = [axes, axes] if type(axes) is int else axes
    good = isinstance(pair, list) and len(pair) == 2 and all(type(axis) is int for axis in pair)
    result: Shape | None = None
    if good and one and other and -len(one) <= pair[0] < len(one) and -len(other) <= pair[1] < len(other):
        left = [size for place, size in enumerate(one) if place != pair[0] % len(one)]
        right = [size for place, size in enumerate(other) if place != pair[1] % len(other)]
        result = (*left, *right[1:]) if len(left) + len(right) > 2 else (one[0], 1)
    return step.emit("matmul", step.inputs[:2], result)


def batch_norm(step: Step) -> int:
    """BatchNormalization with the statistics of training."""
    options = step.options
    roles = [
        role for role, option in (("gamma", "scale"), ("beta", "center")) if options.flag(option, default=True)
    ]
    weights = step.roles(*roles, "moving_mean", "moving_variance")
    attributes: dict[str, Any] = {"epsilon": options.real("epsilon", 1e-3)}
    return step.emit("batch-norm", (step.given(), *weights), step.shape(), **attributes)


def layer_norm(step: Step, kind: str = "layer-norm") -> int:
    """LayerNormalization; other normalisations with a scale and a shift alike."""
    options = step.options
    roles = [
        role for role, option in (("gamma", "scale"), ("beta", "center")) if options.flag(option, default=True)
    ]
    return step.emit(kind, (step.given(), *step.roles(*roles)), step.shape())


def group_norm(step: Step) -> int:
    """GroupNormalization; with a group for each channel it is an instance normalisation."""
    return layer_norm(step, "instance-norm" if step.options.raw("groups") == -1 else "other")


def unit_norm(step: Step) -> int:
    """UnitNormalization."""
    return step.emit("l2-norm", (step.given(),), step.shape())


def normalization(step: Step) -> int:
    """Normalization: minus the mean, over the deviation, as `adapt` found them or the configuration says."""
    mean, variance = step.roles("mean", "variance") if step.weights else (-1, -1)
    shape = step.shape()
    middle = step.emit("sub", (step.given(), mean), shape)
    return step.emit("div", (middle, variance), shape)


def rescaling(step: Step) -> int:
    """Rescaling: times a scale, plus an offset where there is one."""
    result = step.emit("mul", (step.given(),), step.shape())
    offset = step.options.raw("offset")
    return result if offset in (None, 0, 0.0) else step.emit("add", (result,), step.shape())


def attention(step: Step) -> int:
    """Attention layers: the result has the shape of the query, or of the value behind it."""
    query = step.shape()
    value = step.shape(1) if len(step.inputs) > 1 else query
    result = query
    if step.native != "MultiHeadAttention" and query and value:
        result = (*query[:-1], value[-1])
    return step.emit("attention", (*step.inputs, *step.rest()), result)
