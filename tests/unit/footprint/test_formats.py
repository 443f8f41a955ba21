"""One network in every format: the same weights, the same activations, the same work."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.facts import Facts
from registry.footprint import Footprint, plan
from registry.inspect import read
from registry.inspect.graph import Graph
from registry.inspect.tflite.flatbuffer import FLOAT32, INT8, INT32
from tests.unit.inspect import h5_builder, keras_builder, onnx_builder, tflite_builder
from tests.unit.inspect.flatbuffer_writer import Number

# an image of 8x8x3, four channels by a 3x3 convolution of stride 2, normalized and cut at 6, averaged, five scores
MACS = 4 * 4 * 4 * 27 + 4 * 5
FLOAT_WEIGHTS = 4 * (4 * 27 + 4) + 4 * (4 * 5 + 5)
INTEGER_WEIGHTS = 4 * 27 + 4 * 4 + 4 * 5 + 4 * 5

OWN_LAYERS = """
    c = Conv <pads: ints = [0, 0, 1, 1], strides: ints = [2, 2]> (p, w)
    m = Mul (c, scale)
    a = Add (m, shift)
    r = Clip (a, zero, six)
    g = GlobalAveragePool (r)
    f = Flatten (g)
    d = MatMul (f, k)
    e = Add (d, b)
    y = Softmax (e)
"""
CONSTANTS = """<float[4, 3, 3, 3] w, float[1, 4, 1, 1] scale, float[1, 4, 1, 1] shift, float zero = {0},
 float six = {6}, float[4, 5] k, float[5] b>"""

CHANNELS_LAST = f"""{onnx_builder.HEAD}
net (float[1, 8, 8, 3] x) => (float[1, 5] y) {CONSTANTS}
{{ p = Transpose <perm: ints = [0, 3, 1, 2]> (x) {OWN_LAYERS} }}"""

CHANNELS_FIRST = f"""{onnx_builder.HEAD}
net (float[1, 3, 8, 8] x) => (float[1, 5] y) {CONSTANTS}
{{ p = Identity (x) {OWN_LAYERS} }}"""

QDQ = f"""{onnx_builder.HEAD}
net (float[1, 8, 8, 3] x) => (float[1, 5] y)
<float s = {{0.5}}, int8 z = {{0}}, int8[4, 3, 3, 3] w, float[4] ws = {{0.1, 0.2, 0.3, 0.4}}, int8[4] wz,
 int32[4] b, float[4] bs = {{0.1, 0.2, 0.3, 0.4}}, int32[4] bz, int8[5, 4] k, int32[5] kb, int32 kz = {{0}}>
{{
    xq = QuantizeLinear (x, s, z)
    xd = DequantizeLinear (xq, s, z)
    p = Transpose <perm: ints = [0, 3, 1, 2]> (xd)
    pq = QuantizeLinear (p, s, z)
    pd = DequantizeLinear (pq, s, z)
    wd = DequantizeLinear <axis: int = 0> (w, ws, wz)
    bd = DequantizeLinear <axis: int = 0> (b, bs, bz)
    c = Conv <pads: ints = [0, 0, 1, 1], strides: ints = [2, 2]> (pd, wd, bd)
    r = Relu (c)
    rq = QuantizeLinear (r, s, z)
    rd = DequantizeLinear (rq, s, z)
    g = GlobalAveragePool (rd)
    gq = QuantizeLinear (g, s, z)
    gd = DequantizeLinear (gq, s, z)
    f = Flatten (gd)
    kd = DequantizeLinear (k, s, z)
    kc = DequantizeLinear (kb, s, kz)
    e = Gemm <transB: int = 1> (f, kd, kc)
    eq = QuantizeLinear (e, s, z)
    ed = DequantizeLinear (eq, s, z)
    h = Softmax (ed)
    hq = QuantizeLinear (h, s, z)
    y = DequantizeLinear (hq, s, z)
}}"""


def tflite(*, integers: bool) -> bytes:
    """The network as a converter writes it: normalization and activation inside the convolution."""
    model = tflite_builder.Model()
    graph = model.subgraph()
    kind, wide = (tflite_builder.INTEGER8, tflite_builder.INTEGER32) if integers else (tflite_builder.FLOAT,) * 2
    width = 1 if integers else 4
    scale = tflite_builder.quantized([0.5]) if integers else None
    scales = tflite_builder.quantized([0.1, 0.2, 0.3, 0.4]) if integers else None
    given = tflite_builder.FLOAT
    source = graph.tensor([1, 8, 8, 3], given)
    image = graph.tensor([1, 8, 8, 3], kind, quantization=scale) if integers else source
    weights = graph.tensor([4, 3, 3, 3], kind, bytes(108 * width), scales)
    bias = graph.tensor([4], wide, bytes(16), scales)
    maps, mean, sums, scores = (
        graph.tensor(shape, kind, quantization=scale) for shape in ([1, 4, 4, 4], [1, 4], [1, 5], [1, 5])
    )
    if integers:
        graph.operator("QUANTIZE", [source], [image])
    window = {0: Number(INT8, 0), 1: Number(INT32, 2), 2: Number(INT32, 2), 3: Number(INT8, 3)}
    graph.operator("CONV_2D", [image, weights, bias], [maps], 1, dict(window))
    graph.operator("MEAN", [maps, graph.numbers(1, 2)], [mean], 27, {})
    dense, shift = graph.tensor([5, 4], kind, bytes(20 * width), scale), graph.tensor([5], wide, bytes(20), scale)
    graph.operator("FULLY_CONNECTED", [mean, dense, shift], [sums], 8, {})
    graph.operator("SOFTMAX", [sums], [scores], 9, {0: Number(FLOAT32, 1.0)})
    last = scores
    if integers:
        last = graph.tensor([1, 5], given)
        graph.operator("DEQUANTIZE", [scores], [last])
    graph.inputs, graph.outputs = (source,), (last,)
    return model.bytes()


FLOAT = {
    "float.tflite": tflite(integers=False),
    "net.keras": keras_builder.archive(keras_builder.small(), keras_builder.SMALL_WEIGHTS),
    "net.h5": h5_builder.model(h5_builder.old_small(), h5_builder.OLD_WEIGHTS),
    "last.onnx": onnx_builder.model(CHANNELS_LAST).SerializeToString(),
    "first.onnx": onnx_builder.model(CHANNELS_FIRST).SerializeToString(),
}
INTEGER = {"int8.tflite": tflite(integers=True), "qdq.onnx": onnx_builder.model(QDQ).SerializeToString()}


def of(folder: Path, name: str, files: dict[str, bytes]) -> tuple[Graph, Footprint]:
    path = folder / name
    path.write_bytes(files[name])
    graph = read(path)
    return graph, plan(graph)


@pytest.mark.parametrize("name", FLOAT)
def test_floats(name: str, tmp_path: Path) -> None:
    graph, footprint = of(tmp_path, name, FLOAT)
    _, tflite = of(tmp_path, "float.tflite", FLOAT)
    assert (footprint.weights_bytes, Facts(graph).macs) == (FLOAT_WEIGHTS, MACS)
    assert Facts(graph).scheme.scheme == "float32"
    assert (footprint.lower_bytes, footprint.estimate_bytes) == (tflite.lower_bytes, tflite.estimate_bytes)
    assert footprint.upper_bytes >= tflite.upper_bytes
    assert [layer.type for layer in footprint.layers][:1] == ["conv2d"]


@pytest.mark.parametrize("name", INTEGER)
def test_integers_between_real_numbers(name: str, tmp_path: Path) -> None:
    graph, footprint = of(tmp_path, name, INTEGER)
    _, tflite = of(tmp_path, "int8.tflite", INTEGER)
    assert (footprint.weights_bytes, Facts(graph).macs) == (INTEGER_WEIGHTS, MACS)
    assert (Facts(graph).scheme.scheme, Facts(graph).scheme.granularity) == ("int8", "per-channel")
    assert (footprint.lower_bytes, footprint.estimate_bytes) == (tflite.lower_bytes, tflite.estimate_bytes)
    assert footprint.input_bytes == 4 * 8 * 8 * 3, "the caller gives real numbers, in whatever order"
