"""Small networks that tell bright pixels from dark ones: what the submissions bring as model files.

All are one 1x1 convolution on (pixel - 127.5) / 127.5. The score of `dark` is minus the mean of the three colours,
that of `bright` half their mean, so that the larger one depends on the sign alone and the two rows of weights have
scales of their own when they are quantized.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from registry.inspect.tflite.flatbuffer import INT8, INT32
from tests.unit.inspect import keras_builder as keras
from tests.unit.inspect.flatbuffer_writer import Number, Value
from tests.unit.inspect.tflite_builder import FLOAT, INTEGER8, INTEGER32, INTEGER64, Model, quantized

WEIGHTS = np.array([[-1 / 3] * 3, [1 / 6] * 3], np.float32)
"""Of the classes `dark` and `bright`, for red, green and blue."""

PIXEL = 1 / 127.5
"""Scale of a quantized input, with the zero point 0."""

SCORE = 1 / 127
"""Scale of quantized scores, with the zero point 0."""

_WINDOW: dict[int, Value] = {0: Number(INT8, 1), 1: Number(INT32, 1), 2: Number(INT32, 1), 3: Number(INT8, 0)}
_OPSET = 17


def float_tflite(size: int, *, argmax: bool = False) -> bytes:
    """float32: scores, or with ARG_MAX in the graph class ids as int64."""
    model = Model(description="tells bright from dark")
    graph = model.subgraph()
    image = graph.tensor([1, size, size, 3])
    kernel = graph.tensor([2, 1, 1, 3], FLOAT, WEIGHTS.tobytes())
    bias = graph.tensor([2], FLOAT, bytes(8))
    scores = graph.tensor([1, size, size, 2])
    graph.operator("CONV_2D", [image, kernel, bias], [scores], 1, _WINDOW)
    graph.inputs, graph.outputs = (image,), (scores,)
    if argmax:
        classes = graph.tensor([1, size, size], INTEGER64)
        graph.operator("ARG_MAX", [scores, graph.numbers(3)], [classes], 40, {0: Number(INT8, 4)})
        graph.outputs = (classes,)
    return model.bytes()


def int8_tflite(size: int, scales: Sequence[float]) -> bytes:
    """int8: weights with a scale for each class, or one for both."""
    model = Model(description="tells bright from dark")
    graph = model.subgraph()
    image = graph.tensor([1, size, size, 3], INTEGER8, quantization=quantized([PIXEL]))
    kernel = graph.tensor([2, 1, 1, 3], INTEGER8, _steps(scales).tobytes(), quantized(scales))
    bias = graph.tensor([2], INTEGER32, bytes(8), quantized([PIXEL * scale for scale in scales]))
    scores = graph.tensor([1, size, size, 2], INTEGER8, quantization=quantized([SCORE]))
    graph.operator("CONV_2D", [image, kernel, bias], [scores], 1, _WINDOW, version=3)
    graph.inputs, graph.outputs = (image,), (scores,)
    return model.bytes()


def per_channel() -> list[float]:
    """Scales that take each class's weights to the ends of int8."""
    return [float(scale) for scale in np.abs(WEIGHTS).max(axis=1) / 127]


def per_tensor() -> list[float]:
    """The one scale that takes all weights in."""
    return [float(np.abs(WEIGHTS).max() / 127)]


def _steps(scales: Sequence[float]) -> Any:
    """Weights in steps of their scale, int8 (classes, 3)."""
    return np.rint(WEIGHTS / np.reshape(scales, (-1, 1))).astype(np.int8)


def custom_tflite(size: int) -> bytes:
    """float32 with an operator that only its author's runtime has."""
    model = Model(description="tells bright from dark")
    graph = model.subgraph()
    image, scores = graph.tensor([1, size, size, 3]), graph.tensor([1, size, size, 2])
    graph.operator("AcmeBrightness", [image], [scores])
    graph.inputs, graph.outputs = (image,), (scores,)
    return model.bytes()


def float_onnx(size: int, *, weights_in: str = "") -> bytes:
    """float32, channels first; its weights in the file itself or in another one."""
    kernel = helper.make_tensor("kernel", TensorProto.FLOAT, [2, 3, 1, 1], WEIGHTS.tobytes(), raw=True)
    if weights_in:
        kernel.ClearField("raw_data")
        kernel.data_location = TensorProto.EXTERNAL
        for key, value in (("location", weights_in), ("offset", "0"), ("length", str(WEIGHTS.nbytes))):
            kernel.external_data.add(key=key, value=value)
    node = helper.make_node("Conv", ["image", "kernel"], ["scores"], kernel_shape=[1, 1])
    return _onnx(size, [node], [kernel])


def qdq_onnx(size: int) -> bytes:
    """int8 by pairs of QuantizeLinear and DequantizeLinear, weights with a scale for each class."""
    scales = per_channel()
    constants = [
        helper.make_tensor("steps", TensorProto.INT8, [2, 3, 1, 1], _steps(scales).tobytes(), raw=True),
        helper.make_tensor("scales", TensorProto.FLOAT, [2], scales),
        helper.make_tensor("zeros", TensorProto.INT8, [2], [0, 0]),
        helper.make_tensor("zero", TensorProto.INT8, [], [0]),
        helper.make_tensor("pixel", TensorProto.FLOAT, [], [PIXEL]),
        helper.make_tensor("score", TensorProto.FLOAT, [], [SCORE]),
    ]
    nodes = [
        helper.make_node("QuantizeLinear", ["image", "pixel", "zero"], ["image_steps"]),
        helper.make_node("DequantizeLinear", ["image_steps", "pixel", "zero"], ["image_values"]),
        helper.make_node("DequantizeLinear", ["steps", "scales", "zeros"], ["kernel"], axis=0),
        helper.make_node("Conv", ["image_values", "kernel"], ["sums"], kernel_shape=[1, 1]),
        helper.make_node("QuantizeLinear", ["sums", "score", "zero"], ["score_steps"]),
        helper.make_node("DequantizeLinear", ["score_steps", "score", "zero"], ["scores"]),
    ]
    return _onnx(size, nodes, constants)


def _onnx(size: int, nodes: Sequence[Any], constants: Sequence[Any]) -> bytes:
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, size, size])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 2, size, size])
    graph = helper.make_graph(nodes, "brightness", [image], [scores], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=9)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def lambda_keras(size: int) -> bytes:
    """A Keras archive whose second layer is Python bytecode, which loading it would run."""
    shape = [None, size, size, 3]
    code = {"class_name": "__lambda__", "config": {"code": "4wEAAAAAAAAA"}}
    layers = [
        keras.given(shape=shape),
        keras.layer("Lambda", "brighten", keras.tensor("image", shape), function=code),
        keras.layer("Conv2D", "scores", keras.tensor("brighten", shape), filters=2, kernel_size=[1, 1]),
    ]
    members = {
        "metadata.json": json.dumps({"keras_version": "3.5.0", "date_saved": "2026-01-01@00:00:00"}).encode(),
        "config.json": json.dumps(keras.functional(layers, ["image"], ["scores"])).encode(),
        keras.WEIGHTS: keras.weights_file({"layers/conv2d/vars/0": (1, 1, 3, 2), "layers/conv2d/vars/1": (2,)}),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)  # without the date, which would be another each time
    return out.getvalue()
