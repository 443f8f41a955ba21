"""Shapes of what ONNX operators give, by the rules of docs/Operators.md, for files that do not say them.

An open dimension keeps its name as long as it is the same; what is not known stays None.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import zip_longest

from registry.inspect.bounds import MAX_RANK
from registry.inspect.onnx_messages import NamedShape, NamedSize
from registry.inspect.onnx_step import Step, axes_of, counted, size, whole
from registry.inspect.onnx_windows import slid, spread

Shapes = list[NamedShape | None]
ELEMENTWISE = frozenset(
    """
    Abs Acos Acosh Asin Asinh Atan Atanh BatchNormalization Bernoulli BitwiseNot Cast CastLike Ceil Celu
    Clip Cos Cosh CumProd CumSum DequantizeLinear Elu Erf Exp Floor Gelu GroupNormalization HardSigmoid
    HardSwish Hardmax Identity InstanceNormalization IsInf IsNaN LRN LeakyRelu Log LogSoftmax
    LpNormalization MeanVarianceNormalization Mish Neg Not PRelu QLinearLeakyRelu QLinearSigmoid
    QLinearSoftmax QuantizeLinear RMSNormalization Reciprocal Relu ReverseSequence RotaryEmbedding Round
    Scatter ScatterElements ScatterND Selu Shrink Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt Swish
    Tan Tanh ThresholdedRelu Trilu
    """.split()  # noqa: SIM905 - a list of words reads better
)
"""Operators whose first output has the shape of their first input."""

BROADCAST = frozenset(
    """
    Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min
    Mod Mul Or Pow Sub Sum Where Xor
    """.split()  # noqa: SIM905
)
"""Operators whose inputs are broadcast against each other."""


def shapes(step: Step) -> Shapes:
    """Shapes of the outputs; shorter than the outputs, or None, where nothing is known."""
    kind = step.type
    if kind in ELEMENTWISE:
        same = step.shape(0)
        return [same, same] if kind == "Dropout" else [same]
    if kind in BROADCAST:
        return [broadcast([step.shape(number) for number in range(len(step.inputs))])]
    if kind.startswith("Reduce") or kind in ("ArgMax", "ArgMin"):
        return [_reduced(step)]
    rule = _RULES.get(kind)
    found = rule(step) if rule else []
    return [None if shape is None or len(shape) > MAX_RANK else shape for shape in found]


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


def _conv(step: Step, weights: int = 1) -> Shapes:
    data, kernel = step.shape(0), step.shape(weights)
    return [None if data is None or not kernel else slid(step, data, weights, kernel[0])]


def _pool(step: Step) -> Shapes:
    data = step.shape(0)
    if data is None or len(data) < 2:
        return []
    found = slid(step, data, None, data[1])
    return [found, found]


def _global_pool(step: Step) -> Shapes:
    data = step.shape(0)
    return [None if data is None else (*data[:2], *(1,) * (len(data) - 2))]


def _gemm(step: Step, other: int = 1) -> Shapes:
    left, right = step.shape(0), step.shape(other)
    if left is None or right is None or len(left) != 2 or len(right) != 2:
        return []
    return [(left[1 if step.integer("transA", 0) else 0], right[0 if step.integer("transB", 0) else 1])]


def matmul(left: NamedShape | None, right: NamedShape | None) -> NamedShape | None:
    """Shape of a matrix product, as numpy has it."""
    if not left or not right:
        return None
    batch = broadcast([left[:-2], right[:-2]])
    if batch is None:
        return None
    rows = left[-2:-1]
    columns = right[-1:] if len(right) > 1 else ()
    return (*batch, *rows, *columns)


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


def _reduced(step: Step) -> NamedShape | None:
    data = step.shape(0)
    if data is None:
        return None
    arg = step.type.startswith("Arg")
    axes = (step.integer("axis", 0),) if arg else step.list_of("axes", 1)
    if axes is None and step.given(1):
        return None
    if not axes:
        if step.integer("noop_with_empty_axes", 0):
            return data
        axes = tuple(range(len(data)))
    places = axes_of(axes, len(data))
    if places is None:
        return None
    if step.integer("keepdims", 1):
        return tuple(1 if number in places else each for number, each in enumerate(data))
    return tuple(each for number, each in enumerate(data) if number not in places)


def _layer_norm(step: Step) -> Shapes:
    data, axis = step.shape(0), step.axis(-1)
    if data is None or axis is None:
        return [data]
    moments = (*data[:axis], *(1,) * (len(data) - axis))
    return [data, moments, moments]


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


def _recurrent(step: Step) -> Shapes:
    data, hidden = step.shape(0), step.integer("hidden_size", 0)
    if data is None or len(data) != 3 or hidden <= 0:
        return []
    directions = 2 if step.text("direction", "forward") == "bidirectional" else 1
    if step.integer("layout", 0):
        state: NamedShape = (data[0], directions, size(hidden))
        return [(data[0], data[1], directions, size(hidden)), state, state]
    last: NamedShape = (directions, data[1], size(hidden))
    return [(data[0], directions, data[1], size(hidden)), last, last]


def _topk(step: Step) -> Shapes:
    data, axis = step.shape(0), step.axis(-1)
    if not data or axis is None:
        return []
    count = step.known(1) if step.given(1) else (step.integer("k", -1),)
    length = size(count[0]) if count else None
    found = (*data[:axis], length, *data[axis + 1 :])
    return [found, found]


def _from_values(step: Step) -> Shapes:
    sizes = step.known(0)
    return [None if sizes is None else tuple(size(each) for each in sizes)]


def _range(step: Step) -> Shapes:
    ends = [step.known(number) for number in range(3)]
    numbers = [end[0] for end in ends if end and isinstance(end[0], int | float) and math.isfinite(end[0])]
    if len(numbers) != 3 or not numbers[2]:
        return [(None,)]
    count = (numbers[1] - numbers[0]) / numbers[2]
    return [(size(max(0, math.ceil(count))) if math.isfinite(count) else None,)]


_RULES: dict[str, Callable[[Step], Shapes]] = {
    **dict.fromkeys(("Conv", "ConvInteger", "FusedConv"), _conv),
    "QLinearConv": lambda step: _conv(step, 3),
    "ConvTranspose": lambda step: [spread(step)],
    **dict.fromkeys(("MaxPool", "AveragePool", "LpPool", "QLinearAveragePool"), _pool),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"), _global_pool),
    "QLinearGlobalAveragePool": _global_pool,
    "Dropout": lambda step: [step.shape(0), step.shape(0)],
    **dict.fromkeys(("Gemm", "FusedGemm"), _gemm),
    **dict.fromkeys(("MatMul", "MatMulInteger"), lambda step: [matmul(step.shape(0), step.shape(1))]),
    "QGemm": lambda step: _gemm(step, 3),
    "QLinearMatMul": lambda step: [matmul(step.shape(0), step.shape(3))],
    **dict.fromkeys(("QLinearAdd", "QLinearMul"), lambda step: [broadcast([step.shape(0), step.shape(3)])]),
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
    "LayerNormalization": _layer_norm,
    "Gather": _gather,
    "GatherElements": lambda step: [step.shape(1)],
    "GatherND": _gather_nd,
    **dict.fromkeys(("Resize", "Upsample"), _resize),
    "Expand": _expand,
    "Tile": _tile,
    **dict.fromkeys(("DepthToSpace", "SpaceToDepth"), _blocks),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _recurrent),
    "TopK": _topk,
    "Shape": lambda step: [_vector(step)],
    "Size": lambda step: [()],
    "ConstantOfShape": _from_values,
    "Range": _range,
    "NonZero": lambda step: [(step.rank(0), None)],
    "NonMaxSuppression": lambda step: [(None, 3)],
    "DynamicQuantizeLinear": lambda step: [step.shape(0), (), ()],
}


def _vector(step: Step) -> NamedShape:
    rank = step.rank(0)
    if rank is None:
        return (None,)
    return (len(range(rank)[slice(step.integer("start", 0), step.integer("end", rank))]),)


KNOWN = ELEMENTWISE | BROADCAST | _RULES.keys()
"""Operators that have a rule here, reductions besides."""
