"""What `zoo eval` is held against: bare invokes, and a loop as somebody would write it. Imports nothing of zoo.

python evaluation_peers.py network FILE               write the ONNX network of 21 classes
python evaluation_peers.py invoke MODEL DATA THREADS  print the seconds of 200 invokes, inputs made before
python evaluation_peers.py loop MODEL DATA THREADS    decode, resize, invoke, argmax, bincount; print mean IoU
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

IMAGES = 200
CLASSES = 21
SIDE = 512


def main(task: str, model: str, *rest: str) -> None:
    """Do one of the three."""
    if task == "network":
        write_network(Path(model))
        return
    data, threads = Path(rest[0]), int(rest[1])
    invoke, prepare = _runtime(model, threads)
    if task == "invoke":
        print(_invokes(invoke, prepare, data))
    else:
        print(_loop(invoke, prepare, data))


def _invokes(invoke: Callable[[Any], Any], prepare: Callable[[Any], Any], data: Path) -> float:
    inputs = [prepare(Image.open(image).convert("RGB")) for image, _mask in _samples(data, 8)]
    invoke(inputs[0])
    started = time.perf_counter()
    for number in range(IMAGES):
        invoke(inputs[number % len(inputs)])
    return time.perf_counter() - started


def _loop(invoke: Callable[[Any], Any], prepare: Callable[[Any], Any], data: Path) -> float:
    matrix = np.zeros((CLASSES, CLASSES), np.int64)
    for image, path in _samples(data, IMAGES):
        output = np.asarray(invoke(prepare(Image.open(image).convert("RGB"))))[0]
        found = output.argmax(axis=0 if output.shape[0] == CLASSES else -1) if output.ndim == 3 else output
        mask = np.asarray(Image.open(path))
        size = (mask.shape[1], mask.shape[0])
        whole = np.asarray(Image.fromarray(found.astype(np.uint8)).resize(size, Image.Resampling.NEAREST))
        known = mask != 255
        fused = CLASSES * mask[known].astype(np.int64) + whole[known]
        matrix += np.bincount(fused, minlength=CLASSES**2).reshape(CLASSES, CLASSES)
    union = matrix.sum(0) + matrix.sum(1) - np.diagonal(matrix)
    return float(np.nanmean(np.where(union > 0, np.diagonal(matrix) / np.maximum(union, 1), np.nan)))


def _samples(data: Path, count: int) -> Iterator[tuple[Path, Path]]:
    names = (data / "ImageSets/Segmentation/train.txt").read_text().split()[:count]
    for name in names:
        yield data / "JPEGImages" / f"{name}.jpg", data / "SegmentationClass" / f"{name}.png"


def _runtime(model: str, threads: int) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """A function that runs an input and one that makes it of a picture."""
    if model.endswith(".onnx"):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return lambda stored: session.run(None, {"image": stored})[0], _planes
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=model, num_threads=threads)
    interpreter.allocate_tensors()
    taken, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]["index"]
    size = (int(taken["shape"][2]), int(taken["shape"][1]))

    def invoke(stored: Any) -> Any:
        interpreter.set_tensor(taken["index"], stored)
        interpreter.invoke()
        return interpreter.get_tensor(given)

    return invoke, lambda picture: np.asarray(picture.resize(size, Image.Resampling.BILINEAR))[np.newaxis]


def _planes(picture: Any) -> Any:
    pixels = np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.float32)
    return np.ascontiguousarray(((pixels - 127.5) / 127.5).transpose(2, 0, 1)[np.newaxis])


def write_network(path: Path) -> None:
    """Inverted residuals down to a sixteenth, logits of 21 classes, bilinear upsampling; noise for weights."""
    from onnx import TensorProto, helper, save_model

    random = np.random.default_rng(1)
    nodes: list[Any] = []
    weights: list[Any] = []

    def convolution(source: str, wanted: int, channels: int, kernel: int, stride: int = 1, groups: int = 1) -> str:
        number = len(nodes)
        shape = (wanted, channels // groups, kernel, kernel)
        values = random.normal(0, (2 / np.prod(shape[1:])) ** 0.5, shape).astype(np.float32)
        weights.append(helper.make_tensor(f"w{number}", TensorProto.FLOAT, shape, values.tobytes(), raw=True))
        pad = kernel // 2
        nodes.append(
            helper.make_node(
                "Conv",
                [source, f"w{number}"],
                [f"c{number}"],
                kernel_shape=[kernel, kernel],
                strides=[stride, stride],
                pads=[pad] * 4,
                group=groups,
            )
        )
        return f"c{number}"

    def clipped(source: str) -> str:
        nodes.append(helper.make_node("Relu", [source], [f"r{len(nodes)}"]))
        return str(nodes[-1].output[0])

    found, channels = clipped(convolution("image", 16, 3, 3, 2)), 16
    for wanted, stride in (
        (16, 1),
        (24, 2),
        (24, 1),
        (32, 2),
        (32, 1),
        (32, 1),
        (64, 2),
        (64, 1),
        (64, 1),
        (96, 1),
    ):
        inner = 6 * channels
        wide = clipped(convolution(found, inner, channels, 1))
        deep = clipped(convolution(wide, inner, inner, 3, stride, inner))
        found, channels = convolution(deep, wanted, inner, 1), wanted
    logits = convolution(clipped(convolution(found, 128, channels, 1)), CLASSES, 128, 1)
    weights.append(helper.make_tensor("scales", TensorProto.FLOAT, [4], [1.0, 1.0, 16.0, 16.0]))
    nodes.append(helper.make_node("Resize", [logits, "", "scales"], ["scores"], mode="linear"))
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIDE, SIDE])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, CLASSES, SIDE, SIDE])
    graph = helper.make_graph(nodes, "net", [image], [scores], weights)
    save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))


if __name__ == "__main__":
    main(*sys.argv[1:])
