"""Small ONNX files: a segmentation network whose answer is known."""

from __future__ import annotations

from pathlib import Path

from onnx import TensorProto, helper, save_model


def brightness_classes(
    path: Path,
    *,
    height: int | None = 8,
    width: int | None = 8,
    stride: int = 1,
    argmax: bool = False,
    inverted: bool = False,
) -> Path:
    """Scores of two classes: class 1 where red is above 0, class 0 elsewhere; NCHW, optionally every Nth pixel.

    Class 1 scores the red channel, class 0 minus that; the other way round where inverted.
    """
    weight = -1.0 if inverted else 1.0
    made = helper.make_tensor("kernel", TensorProto.FLOAT, [2, 3, 1, 1], [-weight, 0, 0, weight, 0, 0])
    nodes = [
        helper.make_node("Conv", ["image", "kernel"], ["scores"], kernel_shape=[1, 1], strides=[stride, stride])
    ]
    output = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 2, None, None])
    if argmax:
        nodes.append(helper.make_node("ArgMax", ["scores"], ["classes"], axis=1, keepdims=1))
        output = helper.make_tensor_value_info("classes", TensorProto.INT64, [1, 1, None, None])
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, height, width])
    graph = helper.make_graph(nodes, "net", [image], [output], [made])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    save_model(model, str(path))
    return path
