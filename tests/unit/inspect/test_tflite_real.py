"""Real files: the facts that are known of them, and the same reading by LiteRT's own interpreter."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from registry.inspect.graph import Graph, Quantization
from registry.inspect.tflite.reader import read

SHARED = Path(__file__).resolve().parents[3].parent / "shared"
BLOBS = SHARED / "real" / "blobs" / "sha256"
QUANTIZED = BLOBS / "0470d2a782aa54eeeb99d32e7b6b3fb7722905c7c4f5d26bd957ec861366d48b"
FLOAT = BLOBS / "9711334db2b01d5894feb8ed0f5cb3e97d125b8d229f8d8692f625801818f5ef"
MOBILENET = SHARED / "inspect" / "mobilenet_v1_0.25_96_int8.tflite"

pytestmark = pytest.mark.skipif(not BLOBS.is_dir(), reason="needs the real model files of ../shared")


def test_deeplab_quantized() -> None:
    graph = read(QUANTIZED)
    image, classes = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    assert (image.shape, image.dtype) == ((1, 513, 513, 3), "uint8")
    assert image.quantization == Quantization((1 / 128,), (128,))
    assert graph.operators[-1].type == "argmax"
    assert (classes.shape, classes.dtype) == ((1, 513, 513), "int64")
    assert graph.findings == ()


def test_deeplab_float() -> None:
    graph = read(FLOAT)
    image, classes = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    assert (image.shape, image.dtype) == ((1, 257, 257, 3), "float32")
    assert (classes.shape, classes.dtype) == ((1, 257, 257, 21), "float32")
    assert (graph.metadata["input.0.mean"], graph.metadata["input.0.std"]) == ("127.5", "127.5")
    labels = graph.attachments["labelmap.txt"].decode().splitlines()
    assert (len(labels), labels[0], labels[15]) == (21, "background", "person")
    assert {operator.attributes.get("dilations") for operator in graph.operators} >= {(1, 1), (2, 2), (4, 4)}
    assert graph.findings == ()


def test_mobilenet() -> None:
    graph = read(MOBILENET)
    assert graph.tensors[graph.inputs[0]].shape == (None, 96, 96, 3)
    assert len(graph.operators) == 31
    assert sum(tensor.stored_bytes for tensor in graph.constants) < MOBILENET.stat().st_size
    assert graph.findings == ()


ASK = """
import hashlib, json, sys
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(sys.argv[1])
tensors = []
for tensor in interpreter.get_tensor_details():
    quantization = tensor["quantization_parameters"]
    tensors.append([
        tensor["index"], tensor["name"], tensor["shape_signature"].tolist(), tensor["dtype"].__name__,
        quantization["scales"].tolist(), quantization["zero_points"].tolist(), quantization["quantized_dimension"],
    ])
operators = [[operator["op_name"], operator["inputs"].tolist(), operator["outputs"].tolist()]
             for operator in interpreter._get_ops_details()]
constants = {}
for number in json.loads(sys.argv[2]):
    constants[number] = hashlib.sha256(interpreter.get_tensor(number).tobytes()).hexdigest()
print("ANSWER", json.dumps([tensors, operators, constants]))
"""


def own(graph: Graph) -> list[list[object]]:
    """Our tensors in the words of the interpreter."""
    found: list[list[object]] = []
    for number, tensor in enumerate(graph.tensors):
        shape = [-1 if size is None else size for size in tensor.shape or ()]
        scheme = tensor.quantization or Quantization((), ())
        axis = scheme.axis or 0
        found.append([number, tensor.name, shape, tensor.dtype, [*scheme.scales], [*scheme.zero_points], axis])
    return found


@pytest.mark.parametrize("path", [QUANTIZED, FLOAT, MOBILENET], ids=lambda path: path.name[:12])
def test_the_interpreter_reads_the_same(path: Path) -> None:
    pytest.importorskip("ai_edge_litert", reason="needs the extra `eval`", exc_type=ImportError)
    graph, data = read(path), path.read_bytes()
    constants = {str(number): tensor.extent for number, tensor in enumerate(graph.tensors) if tensor.extent}
    asked = [sys.executable, "-c", ASK, str(path), json.dumps(list(map(int, constants)))]
    answer = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.partition("ANSWER ")[2]
    tensors, operators, digests = json.loads(answer)
    assert own(graph) == tensors
    assert [operator.native for operator in graph.operators] == [name for name, _, _ in operators]
    assert [sorted(operator.inputs) for operator in graph.operators] == [
        sorted(inputs) for _, inputs, _ in operators
    ]
    assert [list(operator.outputs) for operator in graph.operators] == [outputs for _, _, outputs in operators]
    parts = {number: data[extent.offset : extent.offset + extent.size] for number, extent in constants.items()}
    assert {number: hashlib.sha256(part).hexdigest() for number, part in parts.items()} == digests
