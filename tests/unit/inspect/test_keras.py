"""Keras files: graphs of both forms, weights by layer, dangers by name, and archives made to harm."""

from __future__ import annotations

import base64
import io
import json
import marshal
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from registry.errors import RejectedError
from registry.inspect.bounds import MalformedError
from registry.inspect.graph import TYPES, Graph, Shape
from registry.inspect.keras import reader as keras
from tests.unit.inspect import h5_builder, keras_builder
from tests.unit.inspect.h5_builder import old_layer
from tests.unit.inspect.keras_builder import IMAGE, archive, functional, given, layer, sequential, tensor

REAL = Path(__file__).resolve().parents[4] / "shared" / "inspect" / "mobilenet_v1_0.25_96.h5"

Read = Callable[[bytes], Graph]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads bytes as a file."""

    def reading(data: bytes) -> Graph:
        path = tmp_path / "model"
        path.write_bytes(data)
        return keras.read(path)

    return reading


def shapes(graph: Graph) -> list[tuple[str, Shape | None]]:
    """Operators by type, with the shape of their first output."""
    return [(one.type, graph.tensors[one.outputs[0]].shape) for one in graph.operators]


def parameters(graph: Graph) -> int:
    return sum(one.elements or 0 for one in graph.constants)


def found(graph: Graph, severity: str) -> set[tuple[str, str]]:
    return {(one.rule, one.where) for one in graph.findings if one.severity == severity}


SMALL = [
    ("conv2d", (None, 4, 4, 4)),
    ("batch-norm", (None, 4, 4, 4)),
    ("relu6", (None, 4, 4, 4)),
    ("global-average-pool", (None, 4)),
    ("fully-connected", (None, 5)),
    ("softmax", (None, 5)),
]


@pytest.mark.parametrize("form", ["keras", "keras-h5"])
def test_both_forms_give_the_same_graph(form: str, read: Read) -> None:
    if form == "keras":
        graph = read(archive(keras_builder.small(), keras_builder.SMALL_WEIGHTS))
    else:
        graph = read(h5_builder.model(h5_builder.old_small(), h5_builder.OLD_WEIGHTS))
    assert (graph.format, graph.layout, graph.findings) == (form, "NHWC", ())
    assert shapes(graph) == SMALL
    assert [graph.tensors[index].shape for index in graph.inputs] == [(None, 8, 8, 3)]
    assert graph.outputs == graph.operators[-1].outputs
    assert parameters(graph) == 3 * 3 * 3 * 4 + 4 * 4 + 4 * 5 + 5
    assert graph.operators[0].attributes == {
        "kernel": (3, 3),
        "strides": (2, 2),
        "dilations": (1, 1),
        "padding": "same",
        "groups": 1,
    }
    assert [graph.tensors[index].shape for index in graph.operators[0].inputs[1:]] == [(3, 3, 3, 4)]
    assert [graph.tensors[index].shape for index in graph.operators[4].inputs[1:]] == [(4, 5), (5,)]
    assert {one.type for one in graph.operators} <= TYPES


def test_what_the_file_says_about_itself(read: Read) -> None:
    new = read(archive(keras_builder.small()))
    assert (new.producer, new.versions) == ("Keras 3.5.0", {"keras": "3.5.0"})
    assert new.metadata == {"name": "net", "date_saved": "2025-01-02@03:04:05"}
    old = read(h5_builder.model(h5_builder.old_small(), {}))
    assert (old.producer, old.metadata) == ("Keras 2.4.0 (tensorflow)", {"name": "net"})


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_extents_lead_to_the_weights_where_they_lie_as_they_are(compression: int, read: Read) -> None:
    data = archive(keras_builder.small(), keras_builder.SMALL_WEIGHTS, compression=compression)
    extents = [one.extent for one in read(data).constants]
    if compression:
        assert set(extents) == {None}
        return
    weights = zipfile.ZipFile(io.BytesIO(data)).read(keras_builder.WEIGHTS)
    for extent in extents:
        assert extent is not None
        assert extent.member == keras_builder.WEIGHTS
        assert weights[extent.offset : extent.offset + extent.size] == bytes(extent.size)
    assert len(set(extents)) == len(extents) == 7


def test_layers_that_go_through_time(read: Read) -> None:
    graph = read(archive(keras_builder.recurrent(), keras_builder.RECURRENT_WEIGHTS))
    assert shapes(graph) == [
        ("embedding", (None, 6, 4)),
        ("lstm", (None, 6, 6)),
        ("reshape", (6, 6)),
        ("fully-connected", (6, 2)),
        ("reshape", (None, 6, 2)),
        ("gru", (None, 3)),
    ]
    assert parameters(graph) == 9 * 4 + 2 * (4 * 12 + 3 * 12 + 12) + 6 * 2 + 2 + 2 * 9 + 3 * 9 + 2 * 9
    both = graph.operators[1].attributes
    assert (both["units"], both["return_sequences"], both["bidirectional"]) == (3, True, True)
    forward = [graph.tensors[index].name for index in graph.operators[1].inputs[1:4]]
    assert all("forward" in name for name in forward)


def test_a_model_in_a_model_is_unfolded_and_its_weights_are_shared(read: Read) -> None:
    graph = read(archive(keras_builder.nested(), keras_builder.NESTED_WEIGHTS))
    assert shapes(graph) == [
        ("conv2d", (None, 8, 8, 2)),
        ("conv2d", (None, 8, 8, 2)),
        ("add", (None, 8, 8, 2)),
        ("mean", (None, 2)),
    ]
    one, two = graph.operators[:2]
    assert (one.name, one.inputs[1:]) == ("inner/c", two.inputs[1:])
    assert (one.inputs[0], two.inputs[0]) == graph.inputs
    assert parameters(graph) == 3 * 2 + 2
    assert (graph.operators[3].attributes["axes"], graph.findings) == ((1, 2), ())


def test_keras_2_counts_calls_of_a_model_from_one(read: Read) -> None:
    inner = {
        "class_name": "Functional",
        "config": {
            "name": "inner",
            "layers": [old_layer("InputLayer", "in", batch_input_shape=IMAGE), old_layer("ReLU", "r", "in")],
            "input_layers": [["in", 0, 0]],
            "output_layers": [["r", 0, 0]],
        },
        "name": "inner",
        "inbound_nodes": [[["image", 0, 0, {}]]],
    }
    last = old_layer("Flatten", "flat")
    last["inbound_nodes"] = [[["inner", 1, 0, {}]]]
    layers = [old_layer("InputLayer", "image", batch_input_shape=IMAGE), inner, last]
    ends = {"input_layers": [["image", 0, 0]], "output_layers": [["flat", 0, 0]]}
    config = {"class_name": "Functional", "config": {"name": "net", "layers": layers, **ends}}
    assert shapes(read(h5_builder.model(config, {}))) == [("relu", (None, 8, 8, 3)), ("flatten", (None, 192))]


def test_layers_are_run_in_an_order_in_which_values_exist(read: Read) -> None:
    config = keras_builder.small()
    config["config"]["layers"].reverse()
    assert shapes(read(archive(config, keras_builder.SMALL_WEIGHTS))) == SMALL


CASES: list[tuple[dict[str, Any], list[tuple[str, Shape]]]] = [
    (layer("Conv2D", "x", filters=4, kernel_size=3), [("conv2d", (None, 6, 6, 4))]),
    (layer("Conv2D", "x", filters=4, kernel_size=3, dilation_rate=2), [("conv2d", (None, 4, 4, 4))]),
    (layer("Conv2D", "x", filters=6, kernel_size=3, groups=3), [("depthwise-conv2d", (None, 6, 6, 6))]),
    (layer("DepthwiseConv2D", "x", kernel_size=3, depth_multiplier=2), [("depthwise-conv2d", (None, 6, 6, 6))]),
    (
        layer("SeparableConv2D", "x", filters=5, kernel_size=3, strides=2, padding="same", activation="relu"),
        [("depthwise-conv2d", (None, 4, 4, 3)), ("conv2d", (None, 4, 4, 5)), ("relu", (None, 4, 4, 5))],
    ),
    (layer("Conv2DTranspose", "x", filters=2, kernel_size=3, strides=2), [("transpose-conv2d", (None, 17, 17, 2))]),
    (
        layer("Conv2DTranspose", "x", filters=2, kernel_size=3, strides=2, padding="same"),
        [("transpose-conv2d", (None, 16, 16, 2))],
    ),
    (layer("MaxPooling2D", "x", pool_size=[3, 3]), [("max-pool2d", (None, 2, 2, 3))]),
    (
        layer("AveragePooling2D", "x", pool_size=3, strides=2, padding="same"),
        [("average-pool2d", (None, 4, 4, 3))],
    ),
    (layer("GlobalMaxPooling2D", "x", keepdims=True), [("global-max-pool", (None, 1, 1, 3))]),
    (layer("ZeroPadding2D", "x", padding=[[0, 1], [2, 3]]), [("pad", (None, 9, 13, 3))]),
    (layer("Cropping2D", "x", cropping=[[1, 1], [2, 3]]), [("slice", (None, 6, 3, 3))]),
    (layer("UpSampling2D", "x", size=[2, 3]), [("resize-nearest", (None, 16, 24, 3))]),
    (layer("Resizing", "x", height=5, width=6), [("resize-bilinear", (None, 5, 6, 3))]),
    (layer("Rescaling", "x", scale=0.5, offset=-1), [("mul", (None, 8, 8, 3)), ("add", (None, 8, 8, 3))]),
    (layer("Reshape", "x", target_shape=[-1, 6]), [("reshape", (None, 32, 6))]),
    (layer("Flatten", "x"), [("flatten", (None, 192))]),
    (layer("Permute", "x", dims=[3, 1, 2]), [("transpose", (None, 3, 8, 8))]),
    (layer("Dropout", "x", rate=0.5), [("dropout", (None, 8, 8, 3))]),
    (layer("RandomFlip", "x"), [("identity", (None, 8, 8, 3))]),
    (layer("LeakyReLU", "x", negative_slope=0.1), [("leaky-relu", (None, 8, 8, 3))]),
    (layer("ReLU", "x", max_value=3.0), [("clip", (None, 8, 8, 3))]),
    (layer("Activation", "x", activation="hard_silu"), [("hard-swish", (None, 8, 8, 3))]),
    (layer("Dense", "x", units=7), [("fully-connected", (None, 8, 8, 7))]),
    (
        layer("TimeDistributed", "x", layer=layer("Flatten", "y")),
        [("reshape", (8, 8, 3)), ("flatten", (8, 24)), ("reshape", (None, 8, 24))],
    ),
]


@pytest.mark.parametrize(
    ("one", "expected"), CASES, ids=lambda case: case.get("class_name") if type(case) is dict else ""
)
def test_shapes_of_layers(one: dict[str, Any], expected: list[tuple[str, Shape]], read: Read) -> None:
    assert shapes(read(archive(sequential(given(), one)))) == expected


def test_images_with_their_channels_first(read: Read) -> None:
    one = layer("Conv2D", "x", filters=4, kernel_size=3, data_format="channels_first")
    graph = read(archive(sequential(given(shape=[None, 3, 8, 9]), one)))
    assert (graph.layout, shapes(graph)) == ("NCHW", [("conv2d", (None, 4, 6, 7))])


def test_a_policy_says_what_a_layer_computes_in(read: Read) -> None:
    policy = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "mixed_float16"}}
    one = layer("Conv2D", "x", filters=4, kernel_size=1, use_bias=False) | {"registered_name": None}
    one["config"]["dtype"] = policy
    graph = read(archive(sequential(given(), one), {"layers/conv2d/vars/0": (1, 1, 3, 4)}))
    conv = graph.operators[0]
    assert (graph.tensors[conv.outputs[0]].dtype, graph.tensors[conv.inputs[1]].dtype) == ("float16", "float32")


def test_functions_of_tensorflow_in_keras_2(read: Read) -> None:
    slices = {"slice_spec": [{"start": None, "stop": None, "step": None}, {"start": 1, "stop": None, "step": 2}]}
    times = old_layer("TFOpLambda", "times", function="math.multiply")
    times["inbound_nodes"] = [["image", 0, 0, {"y": 2.0}]]
    part = old_layer("SlicingOpLambda", "part", function="__operators__.getitem")
    part["inbound_nodes"] = [["times", 0, 0, slices]]
    layers = [old_layer("InputLayer", "image", batch_input_shape=IMAGE), times, part]
    ends = {"input_layers": [["image", 0, 0]], "output_layers": [["part", 0, 0]]}
    config = {"class_name": "Functional", "config": {"name": "net", "layers": layers, **ends}}
    graph = read(h5_builder.model(config, {}))
    assert shapes(graph) == [("mul", (None, 8, 8, 3)), ("strided-slice", (None, 4, 8, 3))]


def test_the_shape_of_an_unknown_operation_is_the_one_the_file_says(read: Read) -> None:
    odd = layer("Fold", "odd", tensor("image", IMAGE)) | {"module": "keras.src.ops.image"}
    last = layer("Flatten", "flat", tensor("odd", (None, 5, 5)))
    graph = read(archive(functional([given(), odd, last], ["image"], ["flat"])))
    assert shapes(graph) == [("other", (None, 5, 5)), ("flatten", (None, 25))]
    assert found(graph, "note") == {("keras-operation", "odd")}


def test_a_layer_in_training_for_quantization_is_unwrapped(read: Read) -> None:
    inner = {"class_name": "Dense", "config": {"name": "dense", "units": 4}}
    wrapped = old_layer("QuantizeWrapperV2", "quant", "image", layer=inner)
    layers = [old_layer("InputLayer", "image", batch_input_shape=[None, 3]), wrapped]
    ends = {"input_layers": [["image", 0, 0]], "output_layers": [["quant", 0, 0]]}
    config = {"class_name": "Functional", "config": {"name": "net", "layers": layers, **ends}}
    weights = {"dense/kernel:0": (3, 4), "dense/bias:0": (4,), "quant/kernel_min:0": (), "quant/kernel_max:0": ()}
    graph = read(h5_builder.model(config, {"quant": weights}))
    assert shapes(graph) == [("fully-connected", (None, 4)), ("fake-quantize", (None, 4))]
    assert found(graph, "unsupported") == {("keras-wrapper", "quant")}
    assert parameters(graph) == 3 * 4 + 4 + 2


def code(payload: bytes) -> str:
    return base64.b64encode(payload).decode()


BYTECODE = code(marshal.dumps((lambda value: value * 2).__code__))
PICKLE = code(pickle.dumps({"weights": [1, 2, 3], "words": "a" * 20}))

DANGERS: list[tuple[dict[str, Any], set[tuple[str, str]]]] = [
    (
        layer("Lambda", "x", function={"class_name": "__lambda__", "config": {"code": BYTECODE}}),
        {("keras-lambda", "x"), ("keras-marshal", "x")},
    ),
    (layer("Lambda", "x", function="evil", module="os"), {("keras-lambda", "x")}),
    (
        layer("Dense", "x", units=1, activation={"module": "os", "class_name": "function", "config": "system"}),
        {("keras-function", "x")},
    ),
    (
        layer("Dense", "x", units=1, activation={"class_name": "__lambda__", "config": {"code": BYTECODE}}),
        {("keras-lambda", "x"), ("keras-marshal", "x")},
    ),
    (layer("Own", "x") | {"module": "own.layers"}, {("keras-custom", "x")}),
    (layer("Own", "x") | {"registered_name": "Pack>Own"}, {("keras-custom", "x")}),
    (layer("get_file", "x") | {"module": "keras.utils"}, {("keras-custom", "x"), ("keras-function", "x")}),
    (layer("StringLookup", "x", vocabulary="/etc/passwd"), {("keras-reads-file", "x")}),
    (layer("TFSMLayer", "x", filepath="other"), {("keras-reads-file", "x")}),
    (
        layer("TorchModuleWrapper", "x", module={"buffer_value": PICKLE}),
        {("keras-payload", "x"), ("keras-pickle", "x")},
    ),
    (layer("TFOpLambda", "x", function="io.read_file"), {("keras-function", "x")}),
    (layer("TensorFlowOpLayer", "x", node_def={"op": "PyFunc"}), {("keras-function", "x")}),
    (layer("TensorFlowOpLayer", "x", node_def='{"name": "a", "op": "ReadFile"}'), {("keras-function", "x")}),
    (
        layer("Dense", "x", units=1, kernel_initializer={"class_name": "Constant", "config": {"value": PICKLE}}),
        {("keras-pickle", "x")},
    ),
]


@pytest.mark.parametrize(
    ("one", "expected"), DANGERS, ids=lambda case: case.get("class_name") if type(case) is dict else ""
)
def test_what_would_run_code_is_a_danger_with_its_layer(one: dict[str, Any], expected: Any, read: Read) -> None:
    assert found(read(archive(sequential(given(), one))), "danger") == expected


def test_a_lambda_deep_in_models_is_named_by_its_way(read: Read) -> None:
    inner = sequential(layer("TimeDistributed", "each", layer=layer("Lambda", "l", function="f")), name="inner")
    graph = read(archive(sequential(given(), inner)))
    assert found(graph, "danger") == {("keras-lambda", "inner/each/l")}


def test_a_class_that_keras_lacks_is_unsupported(read: Read) -> None:
    graph = read(
        h5_builder.model(
            {"class_name": "Sequential", "config": [old_layer("Own", "x", batch_input_shape=IMAGE)]}, {}
        )
    )
    assert found(graph, "unsupported") == {("keras-custom", "x")}
    assert (graph.operators[0].type, graph.operators[0].custom) == ("other", True)


def test_custom_losses_are_needed_for_training_only(read: Read) -> None:
    loss = {"module": "own", "class_name": "function", "config": "loss", "registered_name": "function"}
    training = json.dumps({"loss": loss})
    graph = read(h5_builder.model(h5_builder.old_small(), h5_builder.OLD_WEIGHTS, training_config=training))
    assert {(one.severity, one.rule) for one in graph.findings} == {("note", "keras-function")}


def packed(*members: tuple[zipfile.ZipInfo, bytes]) -> bytes:
    """A good archive with more members."""
    out = io.BytesIO(archive(keras_builder.small(), keras_builder.SMALL_WEIGHTS))
    with zipfile.ZipFile(out, "a") as file:
        for info, data in members:
            file.writestr(info, data)
    return out.getvalue()


def member(name: str, *, link: bool = False, deflated: bool = False) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (0o120777 if link else 0o100644) << 16
    info.compress_type = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
    return info


@pytest.mark.parametrize(
    ("info", "data", "rule"),
    [
        (member("../../.bashrc"), b"x", "keras-zip"),
        (member("/etc/passwd"), b"x", "keras-zip"),
        (member("assets/words", link=True), b"/etc/passwd", "keras-zip"),
        (member("assets/zeros", deflated=True), bytes(1 << 20), "keras-zip"),
        (member("assets/model.pkl"), b"x", "keras-payload"),
    ],
)
def test_members_made_to_harm_are_dangers(info: zipfile.ZipInfo, data: bytes, rule: str, read: Read) -> None:
    graph = read(packed((info, data)))
    assert found(graph, "danger") == {(rule, info.filename)}
    assert shapes(graph) == SMALL


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_stands_twice_is_a_danger(read: Read) -> None:
    data = packed((member("config.json"), json.dumps(keras_builder.small()).encode()))
    assert found(read(data), "danger") == {("keras-zip", "config.json")}


def test_a_configuration_that_explodes_is_malformed(read: Read) -> None:
    bomb = json.dumps({"class_name": "Sequential", "config": {"layers": [], "x": "a" * (4 << 20)}})
    with pytest.raises(MalformedError, match=r"config\.json"):
        read(archive(bomb, compression=zipfile.ZIP_DEFLATED))


@pytest.mark.parametrize("depth", [70, 100_000])
def test_a_configuration_too_deep_is_malformed(depth: int, read: Read) -> None:
    with pytest.raises(MalformedError, match="levels"):
        read(archive('{"class_name":' + "[" * depth + "]" * depth + ',"x":"' + "a" * 8 * depth + '"}'))


def test_a_configuration_of_nothing_but_lists_is_malformed(read: Read) -> None:
    with pytest.raises(MalformedError, match="lists and objects"):
        read(archive('{"x":[' + "[]," * 100_000 + "[]]}"))


@pytest.mark.parametrize("empty", [False, True])
def test_models_that_multiply_are_malformed(empty: bool, read: Read) -> None:
    relu = layer("ReLU", "r", tensor("in", IMAGE))
    config = functional([given("in"), *([] if empty else [relu])], ["in"], ["in" if empty else "r"], "m0")
    for number in range(1, 10):
        inner = {**config, "inbound_nodes": [{"args": [tensor("in", IMAGE)], "kwargs": {}}]}
        for call in range(9):
            inner["inbound_nodes"].append({"args": [tensor(f"m{number - 1}", IMAGE, call)], "kwargs": {}})
        config = functional([given("in"), inner], ["in"], [[f"m{number - 1}", 9, 0]], f"m{number}")
    with pytest.raises(MalformedError, match="too many"):
        read(archive(config))


def test_layers_that_wait_for_each_other_are_malformed(read: Read) -> None:
    layers = [given(), layer("ReLU", "a", tensor("b", IMAGE)), layer("ReLU", "b", tensor("a", IMAGE))]
    with pytest.raises(MalformedError, match="circle"):
        read(archive(functional(layers, ["image"], ["b"])))


def test_weights_without_a_model_are_rejected_with_a_hint(read: Read) -> None:
    with pytest.raises(RejectedError, match="without model_config") as caught:
        read(keras_builder.weights_file({"layers/conv2d/vars/0": (3,)}))
    assert "model.save" in str(caught.value.hint)


def test_a_model_of_its_own_class_is_rejected(read: Read) -> None:
    with pytest.raises(RejectedError, match="'Own' without layers"):
        read(archive({"module": "own", "class_name": "Own", "config": {}}))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"\x89HDF\r\n\x1a\n", b"TFL3" * 9])
def test_what_is_no_keras_file_is_malformed(data: bytes, read: Read) -> None:
    with pytest.raises(MalformedError):
        read(data)


@pytest.mark.skipif(not REAL.exists(), reason="needs ../shared/inspect, which is absent")
def test_a_real_file() -> None:
    graph = keras.read(REAL)
    assert (graph.producer, graph.findings) == ("Keras 2.4.0 (tensorflow)", ())
    assert [graph.tensors[index].shape for index in graph.inputs] == [(None, 96, 96, 3)]
    assert sum(one.type == "depthwise-conv2d" for one in graph.operators) == 13
    assert parameters(graph) == 221_794
