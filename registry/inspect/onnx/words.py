"""Common types of ONNX operators (see `TYPES`), and in which order their inputs are data, weights and bias."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from registry.inspect.onnx.step import Step

PLAIN: Mapping[str, str] = {
    "Abs": "abs",
    "Add": "add",
    "And": "logical",
    "ArgMax": "argmax",
    "ArgMin": "argmin",
    "Attention": "attention",
    "AveragePool": "average-pool2d",
    "BatchNormalization": "batch-norm",
    "Cast": "cast",
    "CastLike": "cast",
    "Ceil": "ceil",
    "Concat": "concat",
    "Cos": "cos",
    "DepthToSpace": "depth-to-space",
    "DequantizeLinear": "dequantize",
    "Div": "div",
    "Dropout": "dropout",
    "DynamicQuantizeLinear": "quantize",
    "Einsum": "einsum",
    "Elu": "elu",
    "Equal": "equal",
    "Erf": "erf",
    "Exp": "exp",
    "Expand": "broadcast",
    "Flatten": "flatten",
    "Floor": "floor",
    "GRU": "gru",
    "Gather": "gather",
    "Gelu": "gelu",
    "GlobalAveragePool": "global-average-pool",
    "GlobalMaxPool": "global-max-pool",
    "Greater": "greater",
    "HardSigmoid": "hard-sigmoid",
    "HardSwish": "hard-swish",
    "Identity": "identity",
    "If": "if",
    "InstanceNormalization": "instance-norm",
    "LRN": "local-response-norm",
    "LSTM": "lstm",
    "LayerNormalization": "layer-norm",
    "LeakyRelu": "leaky-relu",
    "Less": "less",
    "Log": "log",
    "LogSoftmax": "log-softmax",
    "Loop": "while",
    "Max": "maximum",
    "MaxPool": "max-pool2d",
    "Min": "minimum",
    "Mul": "mul",
    "Neg": "neg",
    "NonMaxSuppression": "non-max-suppression",
    "Not": "not",
    "Or": "logical",
    "PRelu": "prelu",
    "Pad": "pad",
    "Pow": "pow",
    "QuantizeLinear": "quantize",
    "RNN": "rnn",
    "ReduceMax": "reduce-max",
    "ReduceMean": "mean",
    "ReduceMin": "reduce-min",
    "ReduceProd": "reduce-prod",
    "ReduceSum": "sum",
    "Relu": "relu",
    "Reshape": "reshape",
    "Round": "round",
    "Scan": "while",
    "Selu": "selu",
    "Shape": "shape",
    "Sigmoid": "sigmoid",
    "Sin": "sin",
    "Slice": "slice",
    "Softmax": "softmax",
    "SpaceToDepth": "space-to-depth",
    "Split": "split",
    "Sqrt": "sqrt",
    "Squeeze": "squeeze",
    "Sub": "sub",
    "Sum": "add",
    "Swish": "swish",
    "Tanh": "tanh",
    "Tile": "tile",
    "TopK": "topk",
    "Transpose": "transpose",
    "Unsqueeze": "unsqueeze",
    "Where": "where",
    "Xor": "logical",
}
"""Common type by ONNX's name, where the name alone decides."""


@dataclass(frozen=True)
class Form:
    """Where an operator that computes on integers has its inputs.

    Attributes:
        plain: The operator on real numbers.
        data: Inputs that are data or weights; scale and zero point follow each.
        result: Scale of the output, followed by its zero point.
        bias: Input that is the bias, -1 where there is none.
    """

    plain: str
    data: tuple[int, ...]
    result: int
    bias: int = -1


QUANTIZED: Mapping[str, Form] = {
    "QLinearConv": Form("Conv", (0, 3), 6, bias=8),
    "QLinearMatMul": Form("MatMul", (0, 3), 6),
    "QGemm": Form("Gemm", (0, 3), 7, bias=6),
    "QLinearAdd": Form("Add", (0, 3), 6),
    "QLinearMul": Form("Mul", (0, 3), 6),
    "QLinearSigmoid": Form("Sigmoid", (0,), 3),
    "QLinearLeakyRelu": Form("LeakyRelu", (0,), 3),
    "QLinearSoftmax": Form("Softmax", (0,), 3),
    "QLinearAveragePool": Form("AveragePool", (0,), 3),
    "QLinearGlobalAveragePool": Form("GlobalAveragePool", (0,), 3),
}
"""Operators on integers (QOperator form): two of ONNX, the others ONNX Runtime's own."""

_OTHER_FORMS = {
    "ConvInteger": "Conv",
    "MatMulInteger": "MatMul",
    "FusedConv": "Conv",
    "FusedGemm": "Gemm",
    "QLinearConcat": "Concat",
    "Upsample": "Resize",
}


def form(step: Step) -> Form | None:
    """Where the inputs of an operator on integers are; None for any other operator."""
    if step.type == "QLinearConcat":
        return Form("Concat", tuple(range(2, len(step.inputs), 3)), 0)
    return QUANTIZED.get(step.type)


def plain(step: Step) -> str:
    """ONNX's name of what an operator computes, whatever numbers it computes with."""
    quantized = QUANTIZED.get(step.type)
    return quantized.plain if quantized else _OTHER_FORMS.get(step.type, step.type)


def weights(step: Step) -> int:
    """Number of the input that a convolution or product has its weights in."""
    quantized = QUANTIZED.get(step.type)
    return quantized.data[-1] if quantized else 1


def word(step: Step) -> str:
    """Common type of a step."""
    name = plain(step)
    if name in ("Conv", "ConvTranspose"):
        return _convolution(step, name)
    if name in ("Gemm", "MatMul"):
        right = step.value(weights(step))
        # a product with constant weights is a layer; a batch of products is not
        return "fully-connected" if right and right.static and right.shape and len(right.shape) == 2 else "matmul"
    if name == "Resize":
        return {"nearest": "resize-nearest", "linear": "resize-bilinear"}.get(step.text("mode", "nearest"), "other")
    if name == "Clip":
        return _clip(step)
    if name == "LpNormalization":
        return "l2-norm" if step.integer("p", 2) == 2 else "other"
    if name == "Slice" and {*(step.list_of("steps", 4) or (1,))} != {1}:
        return "strided-slice"
    return PLAIN.get(name, "other")


def _convolution(step: Step, name: str) -> str:
    data, kernel = step.shape(0), step.shape(weights(step))
    known = data or kernel
    rank = len(known) - 2 if known else len(step.integers("kernel_shape") or ())
    if name == "ConvTranspose":
        return "transpose-conv2d" if rank == 2 else "other"
    groups = step.integer("group", 1)
    channels = data[1] if data and len(data) > 1 else None
    if channels is None and kernel and len(kernel) > 1 and isinstance(kernel[1], int):
        channels = kernel[1] * groups
    if rank == 2 and groups > 1 and groups == channels:
        return "depthwise-conv2d"
    return f"conv{rank}d" if rank in (1, 2, 3) else "other"


def bounds(step: Step) -> tuple[float, float] | None:
    """Bounds of a `Clip`, infinite where open; None where they are computed."""
    found = []
    for number, (name, default) in enumerate((("min", -math.inf), ("max", math.inf)), 1):
        known = step.known(number)
        if not step.given(number):
            found.append(step.real(name, default))
        elif known and isinstance(known[0], int | float):
            found.append(float(known[0]))
    return (found[0], found[1]) if len(found) == 2 else None


def _clip(step: Step) -> str:
    named = {(0.0, 6.0): "relu6", (0.0, math.inf): "relu", (-1.0, 1.0): "relu-n1-to-1"}
    limits = bounds(step)
    return named.get(limits, "clip") if limits else "clip"


def order(step: Step) -> tuple[int, ...]:
    """Numbers of a step's inputs in common order: data, weights, bias; one beyond the inputs is left out.

    Constant scales and zero points of operators on integers are left out: they are the `quantization` of the
    tensors, as in TFLite. So are the constant bounds of a `Clip`, which are its type or attributes.
    """
    every = tuple(range(len(step.inputs)))
    if step.type == "Clip" and bounds(step) is not None:
        return every[:1]
    if step.type in ("ConvInteger", "MatMulInteger"):
        # no bias, then the zero points
        return (0, 1, len(every), *every[2:])
    quantized = form(step)
    if quantized is None:
        return every
    first = [*quantized.data, *([quantized.bias] if step.given(quantized.bias) and quantized.bias >= 0 else [])]
    rest = [number for number in every if number not in first]
    return (*first, *(number for number in rest if (value := step.value(number)) and not value.static))
