"""Shapes after ONNX operators that move elements: reshape, transpose, concat, slice, pad, resize and their like.

An open dimension keeps its name as long as it is the same; what is not known stays None.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest

from registry.inspect.bounds import MAX_RANK
from registry.inspect.onnx.messages import NamedShape, NamedSize
from registry.inspect.onnx.step import Step, axes_of, counted, size, whole

Shapes = list[NamedShape | None]


def broadcast(parts: Sequence[NamedShape | None]) -> NamedShape | None:
    """The common shape of several, dimensions counted from the last; None where they do not fit together."""
    result: NamedShape = ()
    for part in parts:
        if part is None:
            return None
        pairs = list(zip_longest(reversed(result), reversed(part), fillvalue=1))
        if any(isinstance(a, int) and isinstance(b, int) and a != b and 1 not in (a, b) for a, b in pairs):
            return None
        result = tuple(reversed([_wider(a, b) for a, b in pairs]))
    return result


def _wider(left: NamedSize, right: NamedSize) -> NamedSize:
    if right in (left, 1):
        return left
    if left == 1:
        return right
    known = [each for each in (left, right) if isinstance(each, int)]
    return known[0] if known else None


def _reshape(step: Step) -> Shapes:
    data, target = step.shape(0), step.known(1)
    if target is None:
        length = step.shape(1)
        rank = length[0] if length and isinstance(length[0], int) and length[0] <= MAX_RANK else None
        return [None if rank is None else (None,) * rank]
    copies = not step.integer("allowzero", 0)
    sizes: list[object] = list(target)
    for number, each in enumerate(sizes):
        if each == 0 and copies:
            sizes[number] = data[number] if data is not None and number < len(data) else None
    if sizes.count(-1) == 1:
        place = sizes.index(-1)
        sizes[place] = None if data is None else _rest(data, [*sizes[:place], *sizes[place + 1 :]])
    return [tuple(size(each) for each in sizes)]


def _rest(data: NamedShape, others: Sequence[object]) -> NamedSize:
    """The dimension that makes as many elements as the data has, open dimensions of one name cancelled."""
    names = Counter(each for each in data if isinstance(each, str))
    gone = Counter(each for each in others if isinstance(each, str))
    if None in data or None in others or gone - names:
        return None
    left = list((names - gone).elements())
    total = math.prod(each for each in data if isinstance(each, int))
    taken = math.prod(each for each in others if isinstance(each, int))
    if taken <= 0 or total % taken:
        return None
    if not left:
        return size(total // taken)
    return left[0] if len(left) == 1 and total == taken else None


def _flatten(step: Step) -> Shapes:
    data, axis = step.shape(0), step.integer("axis", 1)
    if data is None or not -len(data) <= axis <= len(data):
        return []
    axis = axis + len(data) if axis < 0 else axis
    return [(_rest(data[:axis], ()), _rest(data[axis:], ()))]


def _transpose(step: Step) -> Shapes:
    data = step.shape(0)
    if data is None:
        return []
    order = step.integers("perm") or tuple(reversed(range(len(data))))
    return [tuple(data[axis] for axis in order)] if sorted(order) == list(range(len(data))) else []


def _concat(step: Step, first: int = 0, stride: int = 1) -> Shapes:
    parts = [step.shape(number) for number in range(first, len(step.inputs), stride)]
    known = [part for part in parts if part is not None]
    if len(known) != len(parts) or not known or len({len(part) for part in known}) != 1:
        return []
    axis = counted(step.integer("axis", 1), len(known[0]))
    if axis is None or not known[0]:
        return []
    lengths = [part[axis] for part in known]
    numbers = whole(lengths)
    joined = size(sum(numbers)) if numbers is not None else (lengths[0] if len(lengths) == 1 else None)
    agreed: list[NamedSize] = []
    for sizes in zip(*known, strict=True):
        numbers_here = [each for each in sizes if isinstance(each, int)]
        other = numbers_here[0] if numbers_here else None
        agreed.append(sizes[0] if len(set(sizes)) == 1 else other)
    return [(*agreed[:axis], joined, *agreed[axis + 1 :])]


def _split(step: Step) -> Shapes:
    data, axis = step.shape(0), step.axis(0)
    if not data or axis is None:
        return []
    count, length = len(step.outputs), data[axis]
    parts: Sequence[NamedSize] | None = step.list_of("split", 1)
    if parts is None and not step.given(1) and isinstance(length, int):
        each = -(-length // max(count, 1))
        parts = [min(each, max(length - each * number, 0)) for number in range(count)]
    if parts is None or len(parts) != count:
        parts = [None] * count
    return [(*data[:axis], size(part), *data[axis + 1 :]) for part in parts]


def _slice(step: Step) -> Shapes:
    data = step.shape(0)
    starts, ends = step.list_of("starts", 1), step.list_of("ends", 2)
    if data is None or starts is None or ends is None:
        return [None if data is None or step.given(3) is False else _opened(step, data)]
    axes = step.list_of("axes", 3) if step.given(3) or step.integers("axes") else tuple(range(len(starts)))
    strides = whole(step.known(4)) if step.given(4) else (1,) * len(starts)
    places = None if axes is None else axes_of(axes, len(data))
    if (
        places is None
        or strides is None
        or 0 in strides
        or not len(starts) == len(ends) == len(places) == len(strides)
    ):
        return []
    sizes = list(data)
    for place, start, end, stride in zip(places, starts, ends, strides, strict=True):
        sizes[place] = _cut(sizes[place], start, end, stride)
    return [tuple(sizes)]


def _opened(step: Step, data: NamedShape) -> NamedShape | None:
    """A shape of which some dimensions are cut at places that are not known."""
    axes = whole(step.known(3))
    places = None if axes is None else axes_of(axes, len(data))
    if places is None:
        return (None,) * len(data)
    return tuple(None if number in places else each for number, each in enumerate(data))


def _cut(length: NamedSize, start: int, end: int, stride: int) -> NamedSize:
    if isinstance(length, int):
        back = stride < 0 and end < -length
        first, last, step = slice(start, None if back else end, stride).indices(length)
        return max(0, -(-(last - first) // step) if step > 0 else -(-(first - last) // -step))
    # from the start to an end beyond any length: all of it
    return length if start == 0 and end >= (1 << 31) - 1 and stride == 1 else None


def _pad(step: Step) -> Shapes:
    data, pads = step.shape(0), step.list_of("pads", 1)
    if data is None or pads is None:
        return [None if data is None else (None,) * len(data)]
    axes = whole(step.known(3)) if step.given(3) else tuple(range(len(data)))
    places = None if axes is None else axes_of(axes, len(data))
    if places is None or len(pads) != 2 * len(places):
        return []
    sizes = list(data)
    for number, place in enumerate(places):
        more, length = pads[number] + pads[number + len(places)], sizes[place]
        sizes[place] = size(length + more) if isinstance(length, int) else (length if more == 0 else None)
    return [tuple(sizes)]


def _squeeze(step: Step) -> Shapes:
    data, axes = step.shape(0), step.list_of("axes", 1)
    if data is None or (axes is None and step.given(1)):
        return []
    if axes is None:
        return [tuple(each for each in data if each != 1) if whole(data) is not None else None]
    places = axes_of(axes, len(data))
    return [None if places is None else tuple(each for number, each in enumerate(data) if number not in places)]


def _unsqueeze(step: Step) -> Shapes:
    data, axes = step.shape(0), step.list_of("axes", 1)
    if data is None or axes is None or len(data) + len(axes) > MAX_RANK:
        return []
    places = axes_of(axes, len(data) + len(axes))
    if places is None or len(set(places)) != len(axes):
        return []
    rest = iter(data)
    return [tuple(1 if number in places else next(rest) for number in range(len(data) + len(axes)))]


def _gather(step: Step) -> Shapes:
    data, numbers, axis = step.shape(0), step.shape(1), step.axis(0)
    if not data or numbers is None or axis is None:
        return []
    return [(*data[:axis], *numbers, *data[axis + 1 :])]


def _gather_nd(step: Step) -> Shapes:
    data, numbers, batch = step.shape(0), step.shape(1), step.integer("batch_dims", 0)
    if data is None or not numbers or not isinstance(numbers[-1], int) or not 0 <= batch < len(numbers):
        return []
    return [(*numbers[:-1], *data[batch + numbers[-1] :])]


def _resize(step: Step) -> Shapes:
    data = step.shape(0)
    if data is None:
        return []
    old = step.type == "Upsample" or (step.opset and step.opset < 11)
    sizes = None if old else step.known(3)
    scales = step.known(1 if old else 2) or (step.node.attributes.get("scales") and _scales(step)) or None
    axes = step.integers("axes")
    places = axes_of(axes, len(data)) if axes else tuple(range(len(data)))
    given = sizes or scales
    if places is None or given is None or len(given) != len(places):
        return [(None,) * len(data)]
    found: list[NamedSize] = list(data)
    for place, number in zip(places, given, strict=True):
        found[place] = size(number) if sizes else _scaled(data[place], number)
    return [tuple(found)]


def _scales(step: Step) -> tuple[float, ...]:
    return tuple(float(each) for each in step.node.attributes["scales"].numbers)


def _scaled(length: NamedSize, scale: object) -> NamedSize:
    if scale == 1:
        return length
    if isinstance(length, int) and isinstance(scale, float) and 0 < scale < 1 << 31:
        return size(math.floor(length * scale))
    return None


def _expand(step: Step) -> Shapes:
    target = step.known(1)
    return [None if target is None else broadcast([step.shape(0), tuple(size(each) for each in target)])]


def _tile(step: Step) -> Shapes:
    data, repeats = step.shape(0), step.known(1)
    if data is None or repeats is None or len(repeats) != len(data):
        return [None if data is None else (None,) * len(data)]
    return [tuple(_repeated(each, times) for each, times in zip(data, repeats, strict=True))]


def _repeated(length: NamedSize, times: object) -> NamedSize:
    if times == 1 or length == 1:
        return length if times == 1 else size(times)
    return size(length * times) if isinstance(length, int) and isinstance(times, int) else None


def _blocks(step: Step) -> Shapes:
    data, block = step.shape(0), step.integer("blocksize", 0)
    sizes = whole(data[1:]) if data is not None else None
    if data is None or sizes is None or len(sizes) != 3 or not 0 < block < 1 << 20:
        return []
    channels, height, width = sizes
    if step.type == "DepthToSpace":
        return [(data[0], channels // (block * block), size(height * block), size(width * block))]
    return [(data[0], size(channels * block * block), height // block, width // block)]


MOVES: Mapping[str, Callable[[Step], Shapes]] = {
    "QLinearConcat": lambda step: _concat(step, 2, 3),
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Transpose": _transpose,
    "Concat": _concat,
    "Split": _split,
    "Slice": _slice,
    "Pad": _pad,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Gather": _gather,
    "GatherND": _gather_nd,
    **dict.fromkeys(("Resize", "Upsample"), _resize),
    "Expand": _expand,
    "Tile": _tile,
    **dict.fromkeys(("DepthToSpace", "SpaceToDepth"), _blocks),
}
"""Shapes of the outputs by operator; shorter than the outputs, or None, where nothing is known."""
