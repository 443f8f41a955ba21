from pathlib import Path

import pytest

from registry import runtime
from registry.deployment.ports import image_ports, ports_of
from registry.errors import RejectedError
from registry.inspect import format_of, read
from registry.inspect.graph import Graph, Tensor
from tests.unit.family import model_file, variants

SHARED = Path(__file__).resolve().parents[4] / "shared"
FOREIGN = sorted(path for path in SHARED.glob("real/blobs/sha256/*") if format_of(path) in ("tflite", "onnx"))


def require_as_the_engine(path: Path, format_: str) -> None:
    graph = read(path, format_)
    model = runtime.open_inspected(path, graph)
    assert ports_of(graph) == (model.inputs, model.outputs)


@pytest.mark.parametrize("name", ["128-int8-per-channel", "128-int8-qdq", "256-float32", "256-mixed"])
def test_ports_are_what_the_engine_says(name: str) -> None:
    require_as_the_engine(model_file(name), variants()[name].format)


@pytest.mark.skipif(not FOREIGN, reason="needs ../shared/real")
def test_ports_of_foreign_models_too() -> None:
    for path in FOREIGN:
        require_as_the_engine(path, format_of(path) or "")


def test_a_model_of_two_inputs_takes_no_image() -> None:
    tensor = Tensor("a", (1, 2), "float32")
    with pytest.raises(RejectedError, match="found 2 inputs"):
        image_ports(Graph("tflite", "NHWC", (tensor, tensor), (), (0, 1), (0,)))


def test_an_unknown_shape_is_told() -> None:
    with pytest.raises(RejectedError, match="expected its shape"):
        ports_of(Graph("onnx", "NCHW", (Tensor("a", None, "float32"),), (), (0,), (0,)))
