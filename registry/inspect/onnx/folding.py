"""Small values that follow from shapes and constants: the chains by which exporters compute the shape of a Reshape.

An element is a number, the name of an open dimension, or None for one that is not known. Only short vectors and
scalars are followed.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence

from registry.inspect.bounds import SMALL_CONSTANT
from registry.inspect.onnx.constants import Known
from registry.inspect.onnx.step import LARGEST, Step, counted, whole

Values = tuple[Known, ...]


def fold(step: Step) -> Values | None:
    """Elements of the first output as far as they follow from the inputs; None where nothing is known."""
    rule = _RULES.get(step.type)
    if rule is None:
        return None
    found = rule(step)
    if found is None or len(found) > SMALL_CONSTANT:
        return None
    return tuple(None if isinstance(each, int | float) and not abs(each) < LARGEST else each for each in found)


def _shape(step: Step) -> Values | None:
    shape = step.shape(0)
    if shape is None:
        return None
    end = step.integer("end", len(shape))
    return shape[slice(step.integer("start", 0), end)]


def _same(step: Step) -> Values | None:
    return step.known(0)


def _size(step: Step) -> Values | None:
    sizes = whole(step.shape(0))
    return None if sizes is None else (math.prod(sizes),)


def _cast(step: Step) -> Values | None:
    values, target = step.known(0), step.integer("to", 1)
    if values is None or target not in (6, 7):
        return values
    return tuple(int(each) if isinstance(each, float) and math.isfinite(each) else each for each in values)


def _gather(step: Step) -> Values | None:
    values, numbers = step.known(0), whole(step.known(1))
    if values is None or numbers is None or step.rank(0) != 1 or step.integer("axis", 0) not in (0, -1):
        return None
    places = [counted(number, len(values)) for number in numbers]
    return tuple(None if place is None or not values else values[place] for place in places)


def _concat(step: Step) -> Values | None:
    parts: list[Known] = []
    for number, value in enumerate(step.inputs):
        shape = step.shape(number)
        if value is None or shape is None or len(shape) != 1 or not isinstance(shape[0], int):
            return None
        if shape[0] + len(parts) > SMALL_CONSTANT:
            return None
        parts += value.values if value.values is not None else (None,) * shape[0]
    return tuple(parts)


def _sizes(step: Step) -> tuple[int, ...] | None:
    """Shape of the first input where its elements are as many."""
    values, shape = step.known(0), whole(step.shape(0))
    return shape if values is not None and shape is not None and math.prod(shape) == len(values) else None


def _slice(step: Step) -> Values | None:
    """A slice along the first of one or two dimensions."""
    values, shape = step.known(0), _sizes(step)
    starts, ends = step.list_of("starts", 1), step.list_of("ends", 2)
    axes = step.list_of("axes", 3) or (0,)
    steps = (whole(step.known(4)) if step.given(4) else (1,)) or ()
    if values is None or not shape or len(shape) > 2 or starts is None or ends is None:
        return None
    if not len(starts) == len(ends) == len(axes) == len(steps) == 1 or axes[0] not in (0, -len(shape)):
        return None
    if steps[0] == 0:
        return None
    width = math.prod(shape[1:])
    rows = [values[row * width : (row + 1) * width] for row in range(shape[0])]
    end = None if steps[0] < 0 and ends[0] < -shape[0] else ends[0]
    return tuple(each for row in rows[starts[0] : end : steps[0]] for each in row)


def _transpose(step: Step) -> Values | None:
    values, shape = step.known(0), _sizes(step)
    if values is None or shape is None or len(shape) != 2 or step.integers("perm") not in (None, (1, 0)):
        return None
    return tuple(values[row * shape[1] + column] for column in range(shape[1]) for row in range(shape[0]))


def _filled(step: Step) -> Values | None:
    sizes = whole(step.known(0))
    if sizes is None or min(sizes, default=0) < 0 or math.prod(sizes) > SMALL_CONSTANT:
        return None
    return (step.filling,) * math.prod(sizes)


def _pairs(step: Step) -> Sequence[tuple[Known, Known]] | None:
    """Elements of two inputs beside each other, a single one repeated."""
    left, right = step.known(0), step.known(1)
    if left is None or right is None:
        return None
    length = max(len(left), len(right))
    if {len(left), len(right)} - {1, length}:
        return None
    return list(
        zip(left * length if len(left) == 1 else left, right * length if len(right) == 1 else right, strict=False)
    )


def _arithmetic(rule: Callable[[Known, Known], Known]) -> Callable[[Step], Values | None]:
    def apply(step: Step) -> Values | None:
        pairs = _pairs(step)
        return None if pairs is None else tuple(rule(left, right) for left, right in pairs)

    return apply


def _numbers(compute: Callable[[int | float, int | float], int | float]) -> Callable[[Known, Known], Known]:
    def apply(left: Known, right: Known) -> Known:
        if not isinstance(left, int | float) or not isinstance(right, int | float):
            return None
        try:
            return compute(left, right)
        except (OverflowError, ValueError, ZeroDivisionError):
            return None

    return apply


def _times(left: Known, right: Known) -> Known:
    """A product; an open dimension keeps its name when it is multiplied by one."""
    if left == 1:
        return right
    if right == 1:
        return left
    return _numbers(operator.mul)(left, right)


def _over(left: Known, right: Known) -> Known:
    if right == 1:
        return left
    if isinstance(left, int) and isinstance(right, int):
        # whole numbers are divided towards zero
        return None if right == 0 else abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    return _numbers(operator.truediv)(left, right)


def _equal(left: Known, right: Known) -> Known:
    if isinstance(left, int | float) and isinstance(right, int | float):
        return int(left == right)
    # a dimension is never negative, so it is not the -1 that exporters ask for
    negative = any(isinstance(each, int | float) and each < 0 for each in (left, right))
    return 0 if negative and any(isinstance(each, str) for each in (left, right)) else None


def _where(step: Step) -> Values | None:
    condition, left, right = step.known(0), step.known(1), step.known(2)
    if condition is None or left is None or right is None or not len(condition) == len(left) == len(right):
        return None
    choices = zip(condition, left, right, strict=True)
    return tuple(None if each is None else (one if each else other) for each, one, other in choices)


def _each(compute: Callable[[float], int | float]) -> Callable[[Step], Values | None]:
    def apply(step: Step) -> Values | None:
        values = step.known(0)
        if values is None:
            return None
        finite = (each if isinstance(each, int | float) and math.isfinite(each) else None for each in values)
        return tuple(None if each is None else compute(each) for each in finite)

    return apply


def _product(step: Step) -> Values | None:
    numbers = whole(step.known(0))
    return None if numbers is None else (math.prod(numbers),)


def _range(step: Step) -> Values | None:
    ends = [whole(step.known(number)) for number in range(3)]
    if any(end is None or len(end) != 1 for end in ends):
        return None
    first, last, stride = (end[0] for end in ends if end)
    numbers = range(first, last, stride) if stride else range(0)
    return tuple(numbers[: SMALL_CONSTANT + 1])


_RULES: dict[str, Callable[[Step], Values | None]] = {
    "Shape": _shape,
    "Size": _size,
    **dict.fromkeys(("Identity", "Squeeze", "Unsqueeze", "Reshape", "Flatten"), _same),
    "Cast": _cast,
    "Gather": _gather,
    "Concat": _concat,
    "Slice": _slice,
    "Transpose": _transpose,
    "ConstantOfShape": _filled,
    "Add": _arithmetic(lambda left, right: left if right == 0 else _numbers(operator.add)(left, right)),
    "Sub": _arithmetic(lambda left, right: left if right == 0 else _numbers(operator.sub)(left, right)),
    "Mul": _arithmetic(_times),
    "Div": _arithmetic(_over),
    "Max": _arithmetic(_numbers(max)),
    "Min": _arithmetic(_numbers(min)),
    "Equal": _arithmetic(_equal),
    "Where": _where,
    "Neg": _each(operator.neg),
    "Floor": _each(math.floor),
    "Ceil": _each(math.ceil),
    "ReduceProd": _product,
    "Range": _range,
}
