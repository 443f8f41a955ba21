"""Shapes that follow from operators, against those that the `onnx` package states and infers."""

from __future__ import annotations

from pathlib import Path

import onnx
import onnx.shape_inference
import pytest

from registry.inspect.graph import Shape, Tensor
from registry.inspect.onnx.reader import read, read_bytes
from registry.inspect.onnx.schema import DATA_TYPES, OPERATORS
from tests.unit.inspect.onnx_builder import HEAD, MODELS, model

SHARED = Path(__file__).resolve().parents[4] / "shared" / "inspect"
REAL = ("mobilenet_v2_0.35_128_tfs_channel_first", "mobilenet_v2_128_0.5", "st_ssd_mobilenet_v1_025_256")


def stated(value: onnx.ValueInfoProto) -> Shape | None:
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return None
    return tuple(each.dim_value if each.HasField("dim_value") else None for each in tensor.shape.dim)


def inferred(proto: onnx.ModelProto) -> dict[str, Shape]:
    """Shapes that the reference implementation works out."""
    graph = onnx.shape_inference.infer_shapes(proto, data_prop=True).graph
    shapes = {value.name: stated(value) for value in (*graph.value_info, *graph.output)}
    return {name: shape for name, shape in shapes.items() if shape is not None}


def agrees(found: Shape | None, reference: Shape) -> bool:
    """Whether a shape says all that the reference says, and nothing else where both speak."""
    if found is None or len(found) != len(reference):
        return False
    return all(each is None or mine == each for mine, each in zip(found, reference, strict=True))


def by_name(tensors: tuple[Tensor, ...]) -> dict[str, Shape | None]:
    return {tensor.name: tensor.shape for tensor in tensors}


@pytest.mark.parametrize("name", REAL)
def test_real_files_have_the_shapes_of_the_reference(name: str) -> None:
    path = SHARED / f"{name}.onnx"
    if not path.exists():
        pytest.skip("needs ../shared/inspect")
    proto = onnx.load(path)
    del proto.graph.value_info[:]
    graph = read_bytes(proto.SerializeToString(), path)
    found, reference = by_name(graph.tensors), inferred(proto)
    assert len(reference) == len(proto.graph.node)
    assert {key: found[key] for key, shape in reference.items() if not agrees(found[key], shape)} == {}
    assert [key for key, shape in found.items() if shape is None or None in shape[1:]] == []
    assert read(path).findings == ()


@pytest.mark.parametrize("name", [name for name in MODELS if name not in ("branches", "functions")])
def test_made_models_have_the_shapes_of_the_reference(name: str) -> None:
    proto = model(MODELS[name])
    onnx.checker.check_model(proto)
    reference = inferred(proto)
    proto.graph.output[0].type.tensor_type.ClearField("shape")
    found = by_name(read_bytes(proto.SerializeToString(), Path("model.onnx")).tensors)
    assert reference
    assert {key: found[key] for key, shape in reference.items() if not agrees(found[key], shape)} == {}


STORED = Path(onnx.__file__).parent / "backend" / "test" / "data"
OUTSIDE = ("test_sequence_", "test_strnorm_", "test_gradient_", "test_expand_shape_")
"""Sequences, texts, training, and shapes that a caller gives: nothing to know beforehand."""


def stored_models() -> list[Path]:
    """Models that the `onnx` package carries: layers and nets that PyTorch wrote, and nine large networks."""
    return [path for path in sorted(STORED.rglob("*.onnx")) if not f"{path.parent.name}_".startswith(OUTSIDE)]


def test_stored_models_have_the_shapes_of_the_reference() -> None:
    compared = 0
    for path in stored_models():
        proto = onnx.load(path)
        del proto.graph.value_info[:]
        reference = inferred(proto)
        for value in proto.graph.output:
            value.type.tensor_type.ClearField("shape")
        graph = read_bytes(proto.SerializeToString(), path)
        found = by_name(graph.tensors)
        assert {name: found[name] for name, shape in reference.items() if not agrees(found[name], shape)} == {}, (
            path
        )
        assert graph.findings == ()
        compared += len(reference)
    assert compared > 4000


def test_the_names_of_operators_are_those_of_the_standard() -> None:
    names = {schema.name for schema in onnx.defs.get_all_schemas_with_history() if schema.domain == ""}
    assert names == OPERATORS


def test_the_numbers_of_types_are_those_of_the_standard() -> None:
    ours = {"float32": "FLOAT", "float64": "DOUBLE"}
    numbers = dict(onnx.TensorProto.DataType.items())
    for number, name in DATA_TYPES.items():
        if not name.startswith(("float8", "float4")):
            assert numbers[ours.get(name, name.upper())] == number


def shape_of(text: str) -> Shape | None:
    proto = model(f"{HEAD}\n{text}")
    proto.graph.output[0].type.tensor_type.ClearField("shape")
    graph = read_bytes(proto.SerializeToString(), Path("model.onnx"))
    return graph.tensors[graph.outputs[0]].shape


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (  # the batch cancels by its name, so that the rest is known
            "n (float[N, 4, 6] x) => (float[N, 24] y) <int64[1] s = {-1}, int64[1] z = {0}>"
            "{ d = Shape (x) n = Gather (d, z) t = Concat <axis: int = 0> (n, s) y = Reshape (x, t) }",
            (None, 24),
        ),
        (
            "n (float[N, 3, H, 8] x) => (float[N] y) <int64[3] s = {0, 3, -1}> { y = Reshape (x, s) }",
            (None, 3, None),
        ),
        (
            "n (float[2, 8] x) => (float[2, 3] y) <int64[1] a = {0}, int64[1] b = {-8}, int64[1] c = {1},"
            "int64[1] d = {-3}> { y = Slice (x, a, b, c, d) }",
            (2, 0),
        ),
        (
            "n (float[2, 8] x) => (float[2, 3] y) <int64[1] a = {-1}, int64[1] b = {-100}, int64[1] c = {1},"
            "int64[1] d = {-3}> { y = Slice (x, a, b, c, d) }",
            (2, 3),
        ),
        (  # half of a computed size, as exporters write it
            "n (float[1, 2, 8, 6] x) => (float[1, 2, 4, 3] y) <int64[1] a = {2}, int64[1] b = {4},"
            "int64[2] h = {2, 2}, int64[2] front = {1, 2}> { d = Shape (x) e = Slice (d, a, b) f = Div (e, h)"
            ' t = Concat <axis: int = 0> (front, f) y = Resize <mode: string = "nearest"> (x, , , t) }',
            (1, 2, 4, 3),
        ),
    ],
)
def test_chains_that_compute_a_shape(text: str, expected: Shape | None) -> None:
    assert shape_of(text) == expected
