"""Shapes of what ONNX operators give, by the rules of docs/Operators.md, for files that do not say them.

An open dimension keeps its name as long as it is the same; what is not known stays None.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from registry.inspect.bounds import MAX_RANK
from registry.inspect.onnx.messages import NamedShape
from registry.inspect.onnx.moves import MOVES, Shapes, broadcast
from registry.inspect.onnx.step import Step, axes_of, size
from registry.inspect.onnx.windows import slid, spread

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


def _vector(step: Step) -> NamedShape:
    rank = step.rank(0)
    if rank is None:
        return (None,)
    return (len(range(rank)[slice(step.integer("start", 0), step.integer("end", rank))]),)


_RULES: dict[str, Callable[[Step], Shapes]] = {
    **MOVES,
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
    "LayerNormalization": _layer_norm,
    "GatherElements": lambda step: [step.shape(1)],
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

KNOWN = ELEMENTWISE | BROADCAST | _RULES.keys()
"""Operators that have a rule here, reductions besides."""
