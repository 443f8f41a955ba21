"""What a graph costs to run, from its shapes alone: multiply-accumulates, operations, parameters.

A multiply-accumulate (MAC) counts as two operations; every other arithmetic counts one operation for each result,
pooling and reductions one for each element they read. Moving data costs nothing. The batch counts as it stands in
the file, an open one as 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

from registry.inspect.graph import Graph, Operator, Tensor

CONVOLUTIONS = frozenset({"conv1d", "conv2d", "conv3d", "depthwise-conv2d"})
WEIGHTED = CONVOLUTIONS | {"transpose-conv2d", "fully-connected", "matmul", "lstm", "gru", "rnn", "svdf"}
"""Operators whose second input holds weights, where that is a constant."""

MOVES = frozenset(
    {
        *(
            "concat",
            "split",
            "slice",
            "strided-slice",
            "gather",
            "pad",
            "reshape",
            "flatten",
            "squeeze",
            "unsqueeze",
        ),
        *("transpose", "tile", "broadcast", "pack", "unpack", "shape", "cast", "identity", "dropout", "embedding"),
        *("depth-to-space", "space-to-depth", "space-to-batch", "batch-to-space", "constant", "upsample"),
        *("resize-nearest", "topk", "where", "select", "call", "if", "while"),
    }
)
"""Operators that compute nothing: they copy, or choose."""

READS = frozenset(
    {
        *("average-pool2d", "max-pool2d"),
        *("global-average-pool", "global-max-pool", "mean", "sum", "reduce-max", "reduce-min", "reduce-prod"),
        *("argmax", "argmin"),
    }
)
"""Operators whose work goes with the elements that they read."""

_PER_RESULT = {"batch-norm": 2, "resize-bilinear": 8, "layer-norm": 8, "instance-norm": 8, "softmax": 4}
"""Operations for a result, where it is not one: bilinear is three interpolations of a multiplication and an
addition and the weights between them; normalisations subtract, square, sum, divide, scale and shift."""

_RECURRENT = frozenset({"lstm", "gru", "rnn"})
_NOT_WEIGHTS = frozenset(
    {
        *("reshape", "transpose", "pad", "slice", "strided-slice", "gather", "tile", "broadcast", "topk"),
        *(
            "resize-bilinear",
            "resize-nearest",
            "upsample",
            "mean",
            "sum",
            "reduce-max",
            "reduce-min",
            "reduce-prod",
        ),
        *("argmax", "argmin", "split", "unsqueeze", "squeeze", "concat", "quantize", "dequantize", "clip", "shape"),
        *("space-to-batch", "batch-to-space", "cast", "non-max-suppression", "where", "select", "constant"),
    }
)
"""Operators whose constant inputs, after the data, are shapes, axes or scales."""


@dataclass(frozen=True)
class Cost:
    """Work of one inference.

    Attributes:
        macs: Multiply-accumulates.
        operations: Arithmetic operations, two for each multiply-accumulate.
    """

    macs: int
    operations: int


def cost(graph: Graph, operator: Operator) -> Cost | None:
    """Work of one operator; None where a shape or the operator is unknown."""
    if operator.type in MOVES:
        return Cost(0, 0)
    if operator.type == "other" or operator.custom or not operator.outputs:
        return None
    result = graph.tensors[operator.outputs[0]].elements
    weights = _weights(graph, operator)
    if operator.type in WEIGHTED and (operator.type != "matmul" or weights is not None):
        return _weighted(graph, operator, weights, result)
    if operator.type == "matmul":
        return None if result is None else _products(result, _last(_input(graph, operator)))
    if result is None:
        return None
    if operator.type in READS:
        return _reading(graph, operator, result)
    return Cost(0, result * _PER_RESULT.get(operator.type, 1))


def _weighted(graph: Graph, operator: Operator, weights: Tensor | None, result: int | None) -> Cost | None:
    if weights is None or weights.elements is None or result is None:
        return None
    data = _input(graph, operator)
    biased = result if len(operator.inputs) > 2 and operator.inputs[2] >= 0 else 0
    if operator.type in _RECURRENT:
        return _recurrent(graph, operator, data)
    if operator.type == "transpose-conv2d":
        channels, given = channels_of(graph, data), data.elements if data else None
        if not channels or given is None:
            return None
        macs = given * (weights.elements // channels)
    else:
        channels = channels_of(graph, graph.tensors[operator.outputs[0]], last=operator.type in _LAST)
        if not channels:
            return None
        macs = result * (weights.elements // channels)
    return Cost(macs, 2 * macs + biased)


_LAST = frozenset({"fully-connected", "matmul", "svdf"})
"""Operators whose results lie along the last dimension, whatever the layout."""


def _recurrent(graph: Graph, operator: Operator, data: Tensor | None) -> Cost | None:
    """Every weight matrix is used once a time step."""
    steps = data.shape[1] if data and data.shape and len(data.shape) == 3 else None
    if steps is None:
        return None
    # TFLite has a matrix for each gate; elsewhere there are two, and a bias that may have two dimensions itself
    last = None if graph.format == "tflite" else 3
    matrices = [graph.tensors[index] for index in operator.inputs[1:last] if index >= 0]
    macs = steps * sum(one.elements or 0 for one in matrices if one.constant and len(_wide(one)) == 2)
    return Cost(macs, 2 * macs)


def _wide(tensor: Tensor) -> list[int]:
    """Dimensions of more than one element: ONNX has one for the direction."""
    return [size for size in tensor.shape or () if size is not None and size > 1]


def _products(result: int, depth: int | None) -> Cost | None:
    return None if depth is None else Cost(result * depth, 2 * result * depth)


def _reading(graph: Graph, operator: Operator, result: int) -> Cost | None:
    kernel = operator.attributes.get("kernel")
    if kernel and None not in kernel:
        return Cost(0, result * prod(kernel))
    data = _input(graph, operator)
    return None if data is None or data.elements is None else Cost(0, data.elements)


def channels_of(graph: Graph, tensor: Tensor | None, *, last: bool = False) -> int | None:
    """Size of the channel dimension of an image or a feature vector; None when unknown."""
    if tensor is None or not tensor.shape:
        return None
    place = 1 if graph.layout == "NCHW" and len(tensor.shape) > 2 and not last else -1
    return tensor.shape[place]


def _last(tensor: Tensor | None) -> int | None:
    return tensor.shape[-1] if tensor and tensor.shape else None


def _input(graph: Graph, operator: Operator, number: int = 0) -> Tensor | None:
    present = len(operator.inputs) > number and operator.inputs[number] >= 0
    return graph.tensors[operator.inputs[number]] if present else None


def _weights(graph: Graph, operator: Operator) -> Tensor | None:
    """The weights of an operator, also where a dequantization stands between; None where they are computed."""
    index = weights_index(graph, operator)
    return None if index is None else graph.tensors[index]


def weights_index(graph: Graph, operator: Operator, number: int = 1) -> int | None:
    """The constant that an input stands for, also through dequantization, casts and reshapes; None for data."""
    if operator.type not in WEIGHTED or len(operator.inputs) <= number:
        return None
    return constant_behind(graph, operator.inputs[number])


def constant_behind(graph: Graph, index: int) -> int | None:
    """The constant that a tensor is a mere form of; None where it is computed from data."""
    producers = graph.producers
    for _step in range(8):
        if index < 0:
            return None
        if graph.tensors[index].constant:
            return index
        maker = producers.get(index)
        if maker is None or maker.type not in _FORMS or not maker.inputs:
            return None
        index = maker.inputs[0]
    return None


_FORMS = frozenset({"quantize", "dequantize", "cast", "reshape", "transpose", "identity", "squeeze", "unsqueeze"})


def parameters(graph: Graph) -> Mapping[int, Tensor]:
    """Constants that were learned, by index.

    Weights, biases, scales and shifts of a normalisation; not shapes, axes or the scales of a quantization.
    """
    return {index: graph.tensors[index] for index in dict.fromkeys(_learned(graph))}


def _learned(graph: Graph) -> Iterator[int]:
    for operator in graph.operators:
        first = 1 if operator.type in _NOT_WEIGHTS else len(operator.inputs)
        for index in operator.inputs[:first]:
            if index >= 0 and graph.tensors[index].constant:
                yield index


def parameter_count(graph: Graph) -> int:
    """Number of learned elements."""
    return sum(tensor.elements or 0 for tensor in parameters(graph).values())
