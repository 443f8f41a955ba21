"""The ONNX reader: words, constants, quantization, functions, and what it finds in files made to mislead."""

from __future__ import annotations

import contextlib
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import onnx
import onnx.external_data_helper
import pytest
from onnx import TensorProto, helper

from registry.errors import UnavailableError
from registry.inspect.bounds import MAX_DEPTH, MalformedError
from registry.inspect.graph import Graph, Operator, Quantization, Tensor
from registry.inspect.onnx.reader import read, read_bytes
from tests.fuzz.onnx_mutator import varint
from tests.unit.inspect.onnx_builder import (
    BRANCHES,
    CONVOLUTION,
    DYNAMIC,
    FUNCTIONS,
    HEAD,
    INTEGERS,
    QDQ,
    RECURRENT,
    model,
)


def graph_of(text: str | onnx.ModelProto) -> Graph:
    proto = model(text) if isinstance(text, str) else text
    return read_bytes(proto.SerializeToString(), Path("model.onnx"))


def body(text: str, head: str = HEAD) -> Graph:
    return graph_of(f"{head}\n{text}")


def only(graph: Graph, kind: str) -> Operator:
    (operator,) = [each for each in graph.operators if each.type == kind]
    return operator


def tensor(graph: Graph, name: str) -> Tensor:
    (found,) = [each for each in graph.tensors if each.name == name]
    return found


def rules(graph: Graph) -> set[tuple[str, str]]:
    return {(finding.severity, finding.rule) for finding in graph.findings}


def changed(text: str, change: Callable[[onnx.ModelProto], object]) -> onnx.ModelProto:
    proto = model(text)
    change(proto)
    return proto


def test_a_convolutional_network_in_common_words() -> None:
    graph = graph_of(CONVOLUTION)
    kinds = ["conv2d", "relu6", "depthwise-conv2d", "global-average-pool", "flatten", "fully-connected"]
    assert [operator.type for operator in graph.operators] == kinds
    first = graph.operators[0]
    assert first.attributes == {
        "kernel": (3, 3),
        "strides": (2, 2),
        "dilations": (1, 1),
        "padding": "explicit",
        "pads": (1, 1, 1, 1),
        "groups": 1,
    }
    assert [graph.tensors[number].name for number in first.inputs] == ["x", "w", "b"]
    assert (first.native, first.version, first.domain, first.custom) == ("Conv", 17, "", False)
    assert only(graph, "depthwise-conv2d").attributes["padding"] == "same"
    assert only(graph, "depthwise-conv2d").attributes["multiplier"] == 1
    assert [graph.tensors[number].name for number in only(graph, "relu6").inputs] == ["c"]
    assert only(graph, "fully-connected").attributes == {"transposed": False}
    assert (graph.format, graph.layout, graph.findings) == ("onnx", "NCHW", ())
    assert [tensor(graph, "x").shape, tensor(graph, "y").shape] == [(None, 3, 8, 8), (None, 2)]


def test_who_made_a_file_and_what_it_says_of_itself() -> None:
    proto = model(CONVOLUTION)
    proto.producer_name, proto.producer_version, proto.doc_string = "maker", "1.2", "a model"
    proto.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))
    helper.set_model_props(proto, {"labels": "cat,dog"})
    graph = graph_of(proto)
    assert graph.producer == "maker 1.2"
    assert graph.versions == {"ir": 8, "ai.onnx": 17, "ai.onnx.ml": 3}
    assert graph.metadata == {"doc_string": "a model", "graph": "net", "labels": "cat,dog"}


def test_raw_constants_are_places_and_small_ones_have_values(tmp_path: Path) -> None:
    proto = model(CONVOLUTION)
    path = tmp_path / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    graph = read(path)
    weights = tensor(graph, "w")
    assert (weights.dtype, weights.shape, weights.stored_bytes, weights.values) == (
        "float32",
        (4, 3, 3, 3),
        432,
        None,
    )
    assert weights.extent is not None
    assert weights.extent.size == 432
    assert path.read_bytes()[weights.extent.offset :][:432] == bytes(432)
    assert tensor(graph, "six").values == (6.0,)
    assert tensor(graph, "x").constant is False


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        (TensorProto.INT8, (-5, 7)),
        (TensorProto.UINT8, (250, 7)),
        (TensorProto.INT64, (-(1 << 62), 3)),
        (TensorProto.UINT64, ((1 << 64) - 1, 3)),
        (TensorProto.UINT32, ((1 << 32) - 1, 3)),
        (TensorProto.FLOAT16, (0.5, -2.0)),
        (TensorProto.DOUBLE, (0.1, 2.0)),
        (TensorProto.BOOL, (1, 0)),
        (TensorProto.INT4, (-3, 7)),
        (TensorProto.UINT4, (12, 7)),
    ],
)
def test_values_are_read_from_raw_and_from_typed_data(dtype: int, values: tuple[float, ...], raw: bool) -> None:
    made = helper.make_tensor("own", dtype, [2], values)
    if raw:
        array = onnx.numpy_helper.to_array(made)
        made = onnx.numpy_helper.from_array(array, "own")
        assert made.raw_data
    proto = changed(RECURRENT, lambda proto: proto.graph.initializer.append(made))
    found = tensor(graph_of(proto), "own")
    assert found.values == values
    assert found.stored_bytes == found.bytes


def test_constant_nodes_and_old_inputs_are_constants() -> None:
    graph = body("n (float[2] x, float[2] w) => (float[2] y) { k = Constant <value_floats = [1.0, 2.0]> ()"
                 " a = Add (x, k) y = Mul (a, w) }")  # fmt: skip
    assert [operator.type for operator in graph.operators] == ["add", "mul"]
    assert tensor(graph, "k").values == (1.0, 2.0)
    proto = model(f"{HEAD}\nn (float[2] x, float[2] w) => (float[2] y) {{ y = Mul (x, w) }}")
    proto.graph.initializer.append(helper.make_tensor("w", TensorProto.FLOAT, [2], [3, 4]))
    graph = graph_of(proto)
    assert [graph.tensors[number].name for number in graph.inputs] == ["x"]
    assert tensor(graph, "w").constant


def test_sparse_constants() -> None:
    values = helper.make_tensor("w", TensorProto.FLOAT, [2], [1, 2])
    indices = helper.make_tensor("i", TensorProto.INT64, [2], [0, 9])
    sparse = helper.make_sparse_tensor(values, indices, [4, 4])
    text = f"{HEAD}\nn (float[4, 4] x) => (float[4, 4] y) {{ y = Add (x, w) }}"
    found = tensor(graph_of(changed(text, lambda proto: proto.graph.sparse_initializer.append(sparse))), "w")
    assert (found.shape, found.dtype, found.constant, found.stored_bytes) == ((4, 4), "float32", True, 24)


def test_quantization_stands_on_the_tensors_between_quantize_and_dequantize() -> None:
    graph = graph_of(QDQ)
    integers = Quantization((0.5,), (128,), None)
    real = Quantization((0.5,), (128,), None, "uint8")
    assert tensor(graph, "xq").quantization == tensor(graph, "rq").quantization == integers
    assert [tensor(graph, name).quantization for name in ("xd", "c", "r")] == [real] * 3
    assert tensor(graph, "c").dtype == "float32"
    weights = tensor(graph, "w").quantization
    assert weights is not None
    assert weights.scales == pytest.approx((0.1, 0.2))
    assert (weights.axis, weights.dtype) == (0, None)
    made_real = tensor(graph, "wd").quantization
    assert made_real is not None
    assert (made_real.axis, made_real.dtype) == (0, "int8")
    # what a caller gives and gets are real numbers
    assert tensor(graph, "x").quantization is None
    assert tensor(graph, "y").quantization is None
    assert [operator.type for operator in graph.operators].count("dequantize") == 3


def test_weights_alone_may_be_quantized() -> None:
    graph = body("n (float[1, 1, 4, 4] x) => (float[1, 2, 4, 4] y) <int8[2, 1, 1, 1] w, float s = {0.5}>"
                 "{ d = DequantizeLinear (w, s) y = Conv (x, d) }")  # fmt: skip
    convolution = only(graph, "conv2d")
    assert graph.tensors[convolution.inputs[0]].quantization is None
    assert graph.tensors[convolution.inputs[1]].quantization == Quantization((0.5,), (0,), None, "int8")
    assert tensor(graph, "y").quantization is None


def test_a_tensor_that_one_reader_takes_as_real_numbers_has_no_quantization() -> None:
    graph = body("n (float[2] x) => (float[2] y, uint8[2] q) <float s = {0.5}, uint8 z = {0}>"
                 "{ a = Sigmoid (x) q = QuantizeLinear (a, s, z) y = Exp (a) }")  # fmt: skip
    assert tensor(graph, "a").quantization is None
    assert tensor(graph, "q").quantization == Quantization((0.5,), (0,))


def test_operators_on_integers_have_data_weights_and_bias() -> None:
    graph = graph_of(INTEGERS)
    convolution = only(graph, "conv2d")
    assert [graph.tensors[number].name for number in convolution.inputs] == ["x", "w", "b"]
    weights, bias = tensor(graph, "w").quantization, tensor(graph, "b").quantization
    assert weights is not None
    assert bias is not None
    assert weights.scales == pytest.approx((0.1, 0.2))
    assert bias.scales == pytest.approx((0.05, 0.1))
    assert (weights.axis, bias.axis, bias.zero_points) == (0, 0, (0, 0))
    assert tensor(graph, "y").quantization == Quantization((0.5,), (128,))
    assert tensor(graph, "y").shape == (1, 2, 2, 2)


def test_weights_of_products_whose_data_are_quantized_as_they_come() -> None:
    graph = graph_of(DYNAMIC)
    layer = only(graph, "fully-connected")
    names = ["" if number < 0 else graph.tensors[number].name for number in layer.inputs]
    assert names == ["q", "w", "", "z", "wz"]
    assert tensor(graph, "w").quantization == Quantization((0.25,), (0,))
    assert tensor(graph, "q").quantization is None


def test_an_axis_follows_a_transpose() -> None:
    graph = body(
        "n (float[1, 3] x) => (float[1, 2] y) <int8[2, 3] w, float[2] s = {0.5, 0.25}, int8[2] z = {0, 0}>"
        "{ d = DequantizeLinear <axis: int = 0> (w, s, z) t = Transpose (d) y = MatMul (x, t) }"
    )
    layer = only(graph, "fully-connected")
    assert graph.tensors[layer.inputs[1]].quantization == Quantization((0.5, 0.25), (0, 0), 1, "int8")


def test_scales_that_are_none_are_found() -> None:
    text = QDQ.replace("float s = {0.5}", "float s = {0}")
    assert ("note", "onnx-scale") in rules(graph_of(text))


@pytest.mark.parametrize(
    ("call", "kind", "attributes"),
    [
        ("Clip (x)", "clip", {}),
        ("Relu (x)", "relu", {}),
        ("LeakyRelu (x)", "leaky-relu", {"alpha": 0.01}),
        ("Softmax (x)", "softmax", {"axis": 3}),
        ("Concat <axis: int = -1> (x, x)", "concat", {"axis": 3}),
        ("Transpose <perm: ints = [0, 2, 3, 1]> (x)", "transpose", {"permutation": (0, 2, 3, 1)}),
        ("ReduceMean <axes: ints = [-1, 2], keepdims: int = 0> (x)", "mean", {"axes": (3, 2), "keep_dims": False}),
        ("ArgMax <axis: int = 1> (x)", "argmax", {"axis": 1, "keep_dims": True}),
        ("Pad (x, p)", "pad", {"pads": ((0, 0), (0, 0), (1, 2), (3, 4)), "mode": "constant"}),
        ("MaxPool <kernel_shape: ints = [2, 2]> (x)", "max-pool2d",
         {"kernel": (2, 2), "strides": (1, 1), "dilations": (1, 1), "padding": "valid"}),
        ("MaxPool <kernel_shape: ints = [2, 2], auto_pad: string = \"SAME_LOWER\"> (x)", "max-pool2d",
         {"kernel": (2, 2), "strides": (1, 1), "dilations": (1, 1), "padding": "explicit", "pads": (1, 1, 0, 0)}),
        ("Slice (x, one, two, one)", "slice", {"starts": (1,), "ends": (2,), "axes": (1,)}),
        ("Slice (x, one, two, one, two)", "strided-slice",
         {"starts": (1,), "ends": (2,), "axes": (1,), "steps": (2,)}),
        ("MatMul (x, x)", "matmul", {"transposed": False}),
        ("Cast <to: int = 7> (x)", "cast", {"to": "int64"}),
        ("Sign (x)", "other", {}),
    ],
)  # fmt: skip
def test_operators_have_common_types_and_attributes(call: str, kind: str, attributes: dict[str, object]) -> None:
    graph = body(
        "n (float[1, 3, 4, 4] x) => (float[N, C, H, W] y) <int64[8] p = {0, 0, 1, 3, 0, 0, 2, 4},"
        f"int64[1] one = {{1}}, int64[1] two = {{2}}> {{ y = {call} }}"
    )
    (operator,) = graph.operators
    assert operator.type == kind
    found = {
        name: round(value, 6) if isinstance(value, float) else value for name, value in operator.attributes.items()
    }
    assert found == attributes


def test_a_recurrent_layer() -> None:
    layer = only(graph_of(RECURRENT), "lstm")
    assert layer.attributes == {"units": 4, "return_sequences": True, "bidirectional": False}


def test_both_branches_stand_before_their_operator() -> None:
    graph = graph_of(BRANCHES)
    assert [operator.type for operator in graph.operators] == ["relu", "neg", "if"]
    assert tensor(graph, "y").shape == (2,)
    assert rules(graph) == {("note", "onnx-control-flow")}
    assert graph.functions == 2


def test_a_function_called_once_stands_in_its_place() -> None:
    graph = graph_of(FUNCTIONS)
    assert [operator.type for operator in graph.operators] == ["leaky-relu", "add", "call", "call"]
    assert graph.operators[0].attributes == {"alpha": 0.5}
    assert rules(graph) == {("note", "onnx-function")}
    assert not any(operator.custom for operator in graph.operators)


def test_nodes_out_of_order_are_sorted_and_circles_refused() -> None:
    text = f"{HEAD}\nn (float[2] x) => (float[2] y) {{ a = Relu (x) b = Neg (a) y = Exp (b) }}"
    proto = model(text)
    nodes = list(proto.graph.node)
    del proto.graph.node[:]
    proto.graph.node.extend(reversed(nodes))
    graph = graph_of(proto)
    assert [operator.native for operator in graph.operators] == ["Relu", "Neg", "Exp"]
    assert rules(graph) == {("note", "onnx-order")}
    proto.graph.node[-1].input[0] = "b"
    with pytest.raises(MalformedError, match="one after the other, found a circle"):
        graph_of(proto)
    proto.graph.node[-1].input[0] = "nobody"
    with pytest.raises(MalformedError, match="inputs that something makes, found 'nobody'"):
        graph_of(proto)


def unknown_inside_a_branch(proto: onnx.ModelProto) -> None:
    proto.graph.node[0].attribute[0].g.node[0].domain = "evil"


def shadow(proto: onnx.ModelProto) -> None:
    proto.functions[1].domain, proto.functions[1].name = "", "Relu"


def twice(proto: onnx.ModelProto) -> None:
    proto.graph.node[1].output[0] = proto.graph.node[0].output[0]
    proto.graph.node[2].input[0] = proto.graph.node[0].output[0]


def test_graphs_nested_without_end_are_left_unread() -> None:
    def field(number: int, content: bytes) -> bytes:
        return varint(number << 3 | 2) + varint(len(content)) + content

    inner = field(1, field(4, b"Relu"))
    for _ in range(MAX_DEPTH + 100):
        inner = field(1, field(4, b"If") + field(5, field(1, b"then_branch") + field(6, inner)))
    graph = read_bytes(field(7, inner), Path("model.onnx"))
    assert ("danger", "onnx-nesting") in rules(graph)
    assert len(graph.operators) == MAX_DEPTH + 1


@pytest.mark.parametrize(
    ("text", "change", "finding"),
    [
        (BRANCHES, unknown_inside_a_branch, ("unsupported", "onnx-domain")),
        (FUNCTIONS, shadow, ("danger", "onnx-shadow")),
        (CONVOLUTION, twice, ("danger", "onnx-duplicate-name")),
        (
            CONVOLUTION,
            lambda proto: setattr(proto.graph.node[1], "op_type", "Klip"),
            ("unsupported", "onnx-operator"),
        ),
        (
            CONVOLUTION,
            lambda proto: setattr(proto.graph.node[1], "domain", "ai.onnx.ml"),
            ("unsupported", "onnx-ml"),
        ),
        (CONVOLUTION, lambda proto: proto.training_info.add(), ("note", "onnx-training")),
        (RECURRENT, lambda proto: proto.graph.initializer[1].dims.append(-4), ("danger", "onnx-dimensions")),
        (
            RECURRENT,
            lambda proto: proto.graph.initializer[1].dims.extend([1 << 40] * 3),
            ("danger", "onnx-dimensions"),
        ),
        (RECURRENT, lambda proto: proto.graph.initializer[1].dims.extend([1] * 30), ("danger", "onnx-dimensions")),
        (RECURRENT, lambda proto: proto.graph.initializer[1].dims.append(2), ("danger", "onnx-data-size")),
        (QDQ, lambda proto: proto.graph.initializer[0].ClearField("float_data"), ("danger", "onnx-data-size")),
        (
            CONVOLUTION,
            lambda proto: setattr(proto.graph.output[0].type.tensor_type.shape.dim[1], "dim_value", 3),
            ("note", "onnx-contradiction"),
        ),
    ],
)
def test_what_misleads_is_found(
    text: str, change: Callable[[onnx.ModelProto], object], finding: tuple[str, str]
) -> None:
    assert finding not in rules(graph_of(text))
    assert finding in rules(graph_of(changed(text, change)))


def external(location: str, folder: Path, **keys: str) -> Graph:
    """A model whose first weights lie in another file."""
    proto = model(CONVOLUTION)
    (weights,) = [constant for constant in proto.graph.initializer if constant.name == "w"]
    onnx.external_data_helper.set_external_data(weights, location)
    weights.ClearField("raw_data")
    for key, value in keys.items():
        weights.external_data.add(key=key, value=value)
    path = folder / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    return read(path)


def test_external_data_beside_the_model_is_a_place(tmp_path: Path) -> None:
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "weights").write_bytes(bytes(600))
    graph = external("part/weights", tmp_path, offset="100", length="432")
    extent = tensor(graph, "w").extent
    assert extent is not None
    assert (extent.offset, extent.size, extent.member) == (100, 432, "part/weights")
    assert graph.findings == ()


@pytest.mark.parametrize(
    ("location", "keys", "finding"),
    [
        ("/etc/passwd", {}, ("danger", "onnx-external-absolute")),
        ("C:\\secret", {}, ("danger", "onnx-external-absolute")),
        ("../secret", {}, ("danger", "onnx-external-outside")),
        ("part/../../secret", {}, ("danger", "onnx-external-outside")),
        ("..\\secret", {}, ("danger", "onnx-external-outside")),
        ("link", {}, ("danger", "onnx-external-link")),
        ("away/secret", {}, ("danger", "onnx-external-link")),
        ("pipe", {}, ("danger", "onnx-external-location")),
        ("part", {}, ("danger", "onnx-external-location")),
        ("", {}, ("danger", "onnx-external-location")),
        ("missing", {}, ("unsupported", "onnx-external-missing")),
        ("weights", {"offset": "400"}, ("unsupported", "onnx-external-short")),
        ("weights", {"length": "9"}, ("danger", "onnx-data-size")),
    ],
)
def test_external_data_elsewhere_is_found_and_not_followed(
    tmp_path: Path, location: str, keys: dict[str, str], finding: tuple[str, str]
) -> None:
    folder = tmp_path / "model"
    (folder / "part").mkdir(parents=True)
    (tmp_path / "secret").write_bytes(bytes(1000))
    (folder / "weights").write_bytes(bytes(600))
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "away").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    graph = external(location, folder, **keys)
    assert rules(graph) == {finding}
    assert (tensor(graph, "w").extent is None) == (finding[1] != "onnx-data-size")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "an ONNX model, found an empty file"),
        (b"\x08\x08", "an ONNX model with a graph"),
        (b"<!DOCTYPE html><html>", "offset 0"),
        (b"\x08\x08\x3a\x00\x3a\x00", "one graph, found a second"),
        (b"\x3a\x04\x0a\x02\x1a\x00", "a node with an operator type"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, data: bytes, expected: str) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    with pytest.raises(MalformedError) as caught:
        read(path)
    assert expected in caught.value.message
    assert caught.value.hint is not None


def test_a_file_cut_anywhere_loses_its_result() -> None:
    """A cut graph does not end with its message, so no cut file gives the graph of the whole one."""
    data = model(QDQ).SerializeToString()
    whole = read_bytes(data, Path("model.onnx"))
    for end in range(len(data)):
        with contextlib.suppress(MalformedError):
            cut = read_bytes(data[:end], Path("model.onnx"))
            assert cut.versions != whole.versions


def test_weights_are_not_copied(tmp_path: Path) -> None:
    """64 MiB of weights, which are a hole in the file: what is allocated does not depend on them."""
    size = 64 << 20
    proto = model(f"{HEAD}\nn (float[2] x) => (float[2] y) {{ y = Relu (x) }}")
    weights = TensorProto(name="w", data_type=TensorProto.UINT8, dims=[size]).SerializeToString()
    weights += b"\x4a" + varint(size)
    graph = proto.graph.SerializeToString() + b"\x2a" + varint(len(weights) + size) + weights
    path = tmp_path / "model.onnx"
    with path.open("wb") as file:
        file.write(b"\x08\x08\x3a" + varint(len(graph) + size) + graph)
        file.truncate(file.tell() + size)
    tracemalloc.start()
    try:
        found = tensor(read(path), "w")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.extent is not None
    assert (found.extent.size, found.extent.offset + size) == (size, path.stat().st_size)
    assert peak < 1 << 20


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="cannot be read"):
        read(tmp_path / "none.onnx")
    with pytest.raises(UnavailableError, match=r"regular|directory"):
        read(tmp_path)


def test_real_weights_are_all_in_their_places() -> None:
    folder = Path(__file__).resolve().parents[4] / "shared" / "inspect"
    path = folder / "mobilenet_v2_128_0.5.onnx"
    if not path.exists():
        pytest.skip("needs ../shared/inspect")
    graph, proto = read(path), onnx.load(path)
    reference = {each.name: onnx.numpy_helper.to_array(each) for each in proto.graph.initializer}
    assert {constant.name for constant in graph.constants} == reference.keys()
    data = path.read_bytes()
    for constant in graph.constants:
        array = reference[constant.name]
        assert (constant.shape, constant.dtype) == (array.shape, str(array.dtype))
        assert constant.stored_bytes == array.nbytes
        if constant.extent is not None:
            assert data[constant.extent.offset :][: constant.extent.size] == array.tobytes()
        if constant.values is not None:
            assert list(constant.values) == array.flatten().tolist()
    assert sum(constant.extent is not None for constant in graph.constants) > 100
