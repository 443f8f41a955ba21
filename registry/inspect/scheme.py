"""How a file is quantized, derived from its tensors: what a card claims is not asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from registry.inspect.cost import WEIGHTED, weights_index
from registry.inspect.graph import Graph, Operator, Tensor

FLOATS = frozenset({"float32", "float64"})
HALVES = frozenset({"float16", "bfloat16"})
_INTEGERS = frozenset({"int8", "uint8", "int4", "uint4", "int2", "int16", "uint16"})
_DYNAMIC = ("ConvInteger", "MatMulInteger")
"""ONNX operators whose activations are quantized while running."""

_QOPERATORS = ("QLinear", "ConvInteger", "MatMulInteger", "QGemm", "DynamicQuantize")


@dataclass(frozen=True)
class Layer:
    """How one layer with weights computes.

    Attributes:
        index: Number of the operator in the graph.
        operator: The operator.
        scheme: `float32`, `float16`, `int8`, `uint8`, `int16x8`, `dynamic-range` (integer weights, the activations
            quantized while running), `weights-only` (integer weights, expanded to float before use) or `unknown`.
        granularity: `per-channel`, `per-tensor`, or `none` for float weights.
    """

    index: int
    operator: Operator
    scheme: str
    granularity: str


@dataclass(frozen=True)
class Scheme:
    """How a file as a whole is quantized.

    Attributes:
        scheme: The layers' common one; `mixed` where integer and float layers stand side by side.
        granularity: The convolutions' common one; `mixed` where they differ. Fully connected layers count only
            where there is no convolution: a converter may leave them per-tensor in a per-channel file.
        representation: `tflite`, `qdq`, `qoperator`, or `none` for float.
        layers: Every layer with weights.
        weights_symmetric: Whether all zero points of integer weights are zero; None without such weights.
        activations_symmetric: The same of integer activations.
    """

    scheme: str
    granularity: str
    representation: str
    layers: tuple[Layer, ...]
    weights_symmetric: bool | None
    activations_symmetric: bool | None

    @property
    def float_layers(self) -> tuple[Layer, ...]:
        """Layers that stay float in a file that is otherwise quantized."""
        return tuple(one for one in self.layers if one.scheme in FLOATS) if self.scheme != "float32" else ()


def scheme_of(graph: Graph) -> Scheme:
    """Derive the scheme of a graph."""
    layers = tuple(_layers(graph))
    found = Counter(layer.scheme for layer in layers)
    whole = _whole(found)
    return Scheme(
        scheme=whole,
        granularity=_granularity(layers),
        representation=_representation(graph, whole),
        layers=layers,
        weights_symmetric=_symmetric(_weights_of(graph, layers)),
        activations_symmetric=_symmetric(
            tensor for tensor in graph.tensors if not tensor.constant and tensor.dtype in _INTEGERS
        ),
    )


def _layers(graph: Graph) -> Iterator[Layer]:
    for number, operator in enumerate(graph.operators):
        index = weights_index(graph, operator)
        if operator.type not in WEIGHTED or index is None or not operator.outputs:
            continue
        weights = graph.tensors[index]
        direct = index == operator.inputs[1]
        given = _stored(graph, operator.inputs[0])
        scheme = _scheme(graph.tensors[operator.inputs[0]].dtype, given, weights.dtype, direct=direct)
        if operator.native in _DYNAMIC:
            scheme = "dynamic-range"
        yield Layer(number, operator, scheme, _granularity_of(weights))


def _stored(graph: Graph, index: int) -> str:
    """Dtype that a tensor's values were last stored in: before a dequantization, where there is one."""
    for _step in range(8):
        quantization = graph.tensors[index].quantization
        if quantization is not None and quantization.dtype is not None:
            return quantization.dtype
        maker = graph.producers.get(index)
        if maker is None or maker.type not in ("dequantize", "identity", "reshape", "pad") or not maker.inputs:
            break
        index = maker.inputs[0]
        if maker.type == "dequantize":
            return graph.tensors[index].dtype
    return graph.tensors[index].dtype


def _scheme(given: str, stored: str, weights: str, *, direct: bool) -> str:
    """What a layer computes in.

    Args:
        given: Dtype of its input.
        stored: Dtype of its input before any dequantization.
        weights: Dtype of its weights in the file.
        direct: Whether it reads the weights as they are stored.
    """
    if weights in HALVES:
        return "float16"
    if weights in FLOATS:
        return "float32"
    if weights not in _INTEGERS:
        return "unknown"
    if stored in FLOATS | HALVES:
        return "dynamic-range" if direct and given in FLOATS | HALVES else "weights-only"
    if stored == "int16":
        return "int16x8"
    if stored == "uint8" and weights == "uint8":
        return "uint8"
    return "int8" if stored in ("int8", "uint8") else "unknown"


def _whole(found: Counter[str]) -> str:
    if not found:
        return "unknown"
    quantized = [scheme for scheme in found if scheme not in FLOATS]
    if not quantized:
        return "float32"
    if len(found) == 1:
        return quantized[0]
    # a converter leaves small layers float in a dynamic-range file; that is no choice of layers
    if set(quantized) <= {"dynamic-range", "weights-only", "float16"} and len(quantized) == 1:
        return quantized[0]
    return "mixed"


def _granularity_of(weights: Tensor) -> str:
    if weights.dtype not in _INTEGERS:
        return "none"
    quantization = weights.quantization
    if quantization is None:
        return "unknown"
    several = quantization.axis is not None and len(quantization.scales) > 1
    return "per-channel" if several else "per-tensor"


def _granularity(layers: tuple[Layer, ...]) -> str:
    quantized = [one for one in layers if one.granularity != "none"]
    convolutions = [one for one in quantized if "conv" in one.operator.type]
    kinds = {one.granularity for one in convolutions or quantized}
    if not kinds:
        return "none"
    return kinds.pop() if len(kinds) == 1 else "mixed"


def _representation(graph: Graph, scheme: str) -> str:
    if scheme in ("float32", "unknown", "float16"):
        return "none"
    if graph.format == "tflite":
        return "tflite"
    if any(operator.native.startswith(_QOPERATORS) for operator in graph.operators):
        return "qoperator"
    return "qdq" if any(operator.type == "dequantize" for operator in graph.operators) else "unknown"


def _weights_of(graph: Graph, layers: tuple[Layer, ...]) -> Iterator[Tensor]:
    for layer in layers:
        index = weights_index(graph, layer.operator)
        if index is not None and graph.tensors[index].dtype in _INTEGERS:
            yield graph.tensors[index]


def _symmetric(tensors: Iterator[Tensor]) -> bool | None:
    points = [point for one in tensors if one.quantization for point in one.quantization.zero_points]
    return not any(points) if points else None
