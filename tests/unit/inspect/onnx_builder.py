"""ONNX models for tests, in the textual syntax of ONNX (docs/Syntax.md of the onnx repository)."""

from __future__ import annotations

import math
from collections.abc import Iterator

import onnx
import onnx.helper
import onnx.parser

HEAD = '<ir_version: 8, opset_import: ["" : 17]>'

CONVOLUTION = f"""{HEAD}
net (float[N, 3, 8, 8] x) => (float[N, 2] y)
<float[4, 3, 3, 3] w, float[4] b, float[4, 1, 3, 3] d, float zero = {{0}}, float six = {{6}}, float[4, 2] f>
{{
    c = Conv <pads: ints = [1, 1, 1, 1], strides: ints = [2, 2]> (x, w, b)
    a = Clip (c, zero, six)
    e = Conv <group: int = 4, auto_pad: string = "SAME_UPPER"> (a, d)
    g = GlobalAveragePool (e)
    h = Flatten (g)
    y = MatMul (h, f)
}}"""

QDQ = f"""{HEAD}
net (float[1, 1, 4, 4] x) => (float[1, 2, 4, 4] y)
<float s = {{0.5}}, uint8 z = {{128}}, int8[2, 1, 1, 1] w = {{3, 4}}, float[2] ws = {{0.1, 0.2}},
 int8[2] wz = {{0, 0}}>
{{
    xq = QuantizeLinear (x, s, z)
    xd = DequantizeLinear (xq, s, z)
    wd = DequantizeLinear <axis: int = 0> (w, ws, wz)
    c = Conv (xd, wd)
    r = Relu (c)
    rq = QuantizeLinear (r, s, z)
    y = DequantizeLinear (rq, s, z)
}}"""

CHAIN = f"""{HEAD}
net (float[N, 4, 2, 3] x) => (float[N, 24] y, float[N, 4, 4, 6] r)
<int64 zero = {{0}}, int64[1] axes = {{0}}, int64[1] rest = {{-1}}, float[4] scales = {{1, 1, 2, 2}}>
{{
    s = Shape (x)
    n = Gather <axis: int = 0> (s, zero)
    u = Unsqueeze (n, axes)
    t = Concat <axis: int = 0> (u, rest)
    y = Reshape (x, t)
    r = Resize <mode: string = "linear"> (x, , scales)
}}"""

BRANCHES = f"""{HEAD}
net (bool c, float[2] x) => (float[2] y)
{{
    y = If (c) <
        then_branch = yes () => (float[2] a) {{ a = Relu (x) }},
        else_branch = no () => (float[2] b) {{ b = Neg (x) }}
    >
}}"""

FUNCTIONS = """<ir_version: 8, opset_import: ["" : 17, "own" : 1]>
net (float[2] x) => (float[2] z)
{
    y = own.twice <alpha: float = 0.5> (x)
    a = own.often (y)
    z = own.often (a)
}
<opset_import: ["" : 17], domain: "own">
twice <alpha> (x) => (y) { t = LeakyRelu <alpha: float = @alpha> (x)  y = Add (t, t) }
<opset_import: ["" : 17], domain: "own">
often (x) => (y) { y = Relu (x) }"""

RECURRENT = f"""{HEAD}
net (float[5, 1, 3] x) => (float[5, 1, 4] y)
<float[1, 16, 3] w, float[1, 16, 4] r, int64[1] axes = {{1}}>
{{
    l, h, k = LSTM <hidden_size: int = 4> (x, w, r)
    y = Squeeze (l, axes)
}}"""

INTEGERS = f"""{HEAD}
net (uint8[1, 1, 4, 4] x) => (uint8[1, 2, 2, 2] y)
<float s = {{0.5}}, uint8 z = {{128}}, int8[2, 1, 3, 3] w, float[2] ws = {{0.1, 0.2}}, int8 wz = {{0}},
 int32[2] b = {{1, 2}}>
{{
    y = QLinearConv (x, s, z, w, ws, wz, s, z, b)
}}"""

DYNAMIC = f"""{HEAD}
net (float[1, 8] x) => (float[1, 4] y)
<int8[8, 4] w, float ws = {{0.25}}, int8 wz = {{0}}>
{{
    q, s, z = DynamicQuantizeLinear (x)
    p = MatMulInteger (q, w, z, wz)
    r = Cast <to: int = 1> (p)
    t = Mul (s, ws)
    y = Mul (r, t)
}}"""

MODELS = {
    "convolution": CONVOLUTION,
    "qdq": QDQ,
    "chain": CHAIN,
    "branches": BRANCHES,
    "functions": FUNCTIONS,
    "recurrent": RECURRENT,
    "integers": INTEGERS,
    "dynamic": DYNAMIC,
}


WIDTHS = {onnx.TensorProto.FLOAT: 4, onnx.TensorProto.INT64: 8, onnx.TensorProto.INT32: 4}


def model(text: str) -> onnx.ModelProto:
    """A model of the textual syntax; values that are declared and never made become constants of zeros."""
    parsed = onnx.parser.parse_model(text)
    made = {name for node in parsed.graph.node for name in node.output}
    for value in [each for each in parsed.graph.value_info if each.name not in made]:
        parsed.graph.value_info.remove(value)
        sizes = [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
        dtype = value.type.tensor_type.elem_type
        zeros = bytes(WIDTHS.get(dtype, 1) * math.prod(sizes))
        parsed.graph.initializer.append(onnx.helper.make_tensor(value.name, dtype, sizes, zeros, raw=True))
    return parsed


def seeds() -> Iterator[bytes]:
    """Small files for the fuzzer."""
    for text in MODELS.values():
        yield model(text).SerializeToString()
