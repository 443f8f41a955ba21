from __future__ import annotations

import contextlib
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import UnavailableError
from registry.inspect.bounds import MAX_TENSORS, MalformedError
from registry.inspect.graph import TYPES, Extent, Graph, Operator, Quantization
from registry.inspect.tflite.flatbuffer import BOOL, FLOAT32, INT8, INT32, UINT8, UINT32, UINT64, FlatBuffer
from registry.inspect.tflite.reader import parse, read
from registry.inspect.tflite.schema import COMMON, OPERATORS
from tests.unit.inspect import tflite_builder as builder
from tests.unit.inspect.flatbuffer_writer import Fields, Number, Numbers, Value
from tests.unit.inspect.tflite_builder import FLOAT, INTEGER8, INTEGER32, Model, integers, quantized
from tests.unit.strategies import PROPERTY

Options = dict[int, Value]


def graph_of(model: Model) -> Graph:
    return parse(model.bytes(), "net.tflite")


def rules(graph: Graph) -> set[tuple[str, str]]:
    return {(finding.severity, finding.rule) for finding in graph.findings}


def test_a_quantized_network() -> None:
    data = builder.convolution().bytes()
    graph = parse(data, "net.tflite")
    assert (graph.format, graph.layout, graph.functions) == ("tflite", "NHWC", 0)
    assert graph.versions == {"schema": 3}
    assert graph.producer == "made by a test"
    assert graph.metadata["min_runtime_version"] == "1.14.0"
    assert graph.findings == ()
    names = [(operator.type, operator.native, operator.version) for operator in graph.operators]
    assert names == [
        ("conv2d", "CONV_2D", 3),
        ("depthwise-conv2d", "DEPTHWISE_CONV_2D", 3),
        ("mean", "MEAN", 1),
        ("fully-connected", "FULLY_CONNECTED", 1),
        ("softmax", "SOFTMAX", 1),
    ]
    image, weights = graph.tensors[graph.inputs[0]], graph.tensors[1]
    assert (image.shape, image.dtype, image.constant) == ((1, 8, 8, 3), "int8", False)
    assert image.quantization == Quantization((0.5,), (-128,))
    assert weights.constant
    assert weights.stored_bytes == 108
    assert isinstance(weights.extent, Extent)
    assert data[weights.extent.offset - 4 : weights.extent.offset + 108] == struct.pack("<I", 108) + bytes(108)
    assert weights.quantization is not None
    assert weights.quantization.axis == 0
    assert weights.quantization.scales == pytest.approx((0.1, 0.2, 0.3, 0.4))
    assert weights.quantization.zero_points == (0, 0, 0, 0)
    dense = graph.tensors[8]
    assert dense.quantization is not None
    assert (dense.quantization.zero_points, dense.quantization.axis) == ((0,), None)
    assert weights.values is None
    assert graph.tensors[2].values == (0, 0, 0, 0)
    assert graph.operators[0].attributes == {
        "kernel": (3, 3),
        "padding": "same",
        "strides": (2, 2),
        "dilations": (1, 1),
        "groups": 1,
        "activation": "relu6",
    }
    depthwise = graph.operators[1]
    assert depthwise.inputs[2] == -1
    assert depthwise.attributes["dilations"] == (4, 2)
    assert (depthwise.attributes["groups"], depthwise.attributes["multiplier"]) == (4, 1)
    assert graph.operators[2].attributes == {"axes": (1, 2), "keep_dims": False}


SHAPE = (1, 4, 6, 2)
CASES: list[tuple[str, list[Any], int, Options, dict[str, Any]]] = [
    ("MAX_POOL_2D", [SHAPE], 5, {0: Number(INT8, 1), 3: Number(INT32, 3), 4: Number(INT32, 2)}, {
        "kernel": (2, 3), "padding": "valid", "activation": "none"}),
    ("CONV_3D", [(1, 4, 4, 4, 2), (1, 2, 3, 2, 8)], 106, {1: Number(INT32, 1), 3: Number(INT32, 3)}, {
        "kernel": (1, 2, 3), "strides": (1, 3, 0), "dilations": (1, 1, 1)}),
    ("ADD", [SHAPE, SHAPE], 11, {0: Number(INT8, 1)}, {"activation": "relu"}),
    ("MUL", [SHAPE, SHAPE], 21, {0: Number(INT8, 9)}, {"activation": "unknown-9"}),
    ("CONCATENATION", [SHAPE, SHAPE], 10, {0: Number(INT32, -2)}, {"axis": 2, "activation": "none"}),
    ("SPLIT", [[-1], SHAPE], 35, {0: Number(INT32, 2)}, {"axis": 3}),
    ("SPLIT_V", [SHAPE, [1, 1], [3]], 79, {}, {"axis": 3}),
    ("ARG_MAX", [SHAPE, [-1]], 40, {}, {"axis": 3}),
    ("ARG_MIN", [SHAPE, SHAPE], 57, {}, {}),
    ("GATHER", [SHAPE, [0]], 23, {0: Number(INT32, 1)}, {"axis": 1}),
    ("PACK", [SHAPE, SHAPE], 59, {1: Number(INT32, -1)}, {"axis": 4}),
    ("UNPACK", [SHAPE], 64, {1: Number(INT32, -1)}, {"axis": 3}),
    ("LOG_SOFTMAX", [SHAPE], 36, {}, {"axis": 3}),
    ("SUM", [SHAPE, [1, -1]], 27, {0: Number(BOOL, 1)}, {"axes": (1, 3), "keep_dims": True}),
    ("RESHAPE", [SHAPE, [1, -1]], 17, {}, {"shape": (1, -1)}),
    ("RESHAPE", [SHAPE], 17, {0: integers(48)}, {"shape": (48,)}),
    ("PAD", [SHAPE, [0, 0, 1, 2, 3, 4, 0, 0]], 22, {}, {"pads": ((0, 0), (1, 2), (3, 4), (0, 0))}),
    ("MIRROR_PAD", [SHAPE, [1, 1]], 77, {0: Number(INT8, 1)}, {"pads": ((1, 1),), "mode": "symmetric"}),
    ("TRANSPOSE", [SHAPE, [0, 3, 1, 2]], 26, {}, {"permutation": (0, 3, 1, 2)}),
    ("TRANSPOSE", [SHAPE, SHAPE], 26, {}, {}),
    ("SQUEEZE", [SHAPE], 30, {0: integers(0, -4)}, {"axes": (0, 0)}),
    ("EXPAND_DIMS", [SHAPE, [1]], 52, {}, {"axes": (1,)}),
    ("SLICE", [SHAPE, [0, 1], [2, 3]], 48, {}, {"begin": (0, 1), "size": (2, 3)}),
    ("STRIDED_SLICE", [SHAPE, [0], [1], [2]], 32, {1: Number(INT32, 3)}, {
        "begin": (0,), "end": (1,), "strides": (2,), "end_mask": 3, "begin_mask": 0}),
    ("RESIZE_BILINEAR", [SHAPE, [8, 8]], 15, {2: Number(BOOL, 1)}, {
        "align_corners": True, "half_pixel_centers": False}),
    ("RESIZE_NEAREST_NEIGHBOR", [SHAPE, [8, 8]], 74, {1: Number(BOOL, 1)}, {
        "align_corners": False, "half_pixel_centers": True}),
    ("DEPTH_TO_SPACE", [SHAPE], 94, {0: Number(INT32, 2)}, {"block_size": 2}),
    ("SPACE_TO_BATCH_ND", [SHAPE, [2, 2], [0, 0, 1, 1]], 25, {}, {"block_shape": (2, 2), "pads": (0, 0, 1, 1)}),
    ("BATCH_TO_SPACE_ND", [SHAPE, [2, 2], [0, 0, 1, 1]], 24, {}, {"crops": (0, 0, 1, 1)}),
    ("LEAKY_RELU", [SHAPE], 75, {0: Number(FLOAT32, 0.25)}, {"alpha": 0.25}),
    ("ELU", [SHAPE], 0, {}, {"alpha": 1.0}),
    ("RELU_0_TO_1", [SHAPE], 0, {}, {"minimum": 0.0, "maximum": 1.0}),
    ("GELU", [SHAPE], 116, {0: Number(BOOL, 1)}, {"approximate": True}),
    ("BATCH_MATMUL", [SHAPE, SHAPE], 101, {1: Number(BOOL, 1)}, {"adj_x": False, "adj_y": True}),
    ("FULLY_CONNECTED", [SHAPE, (4, 2)], 8, {0: Number(INT8, 4)}, {"transposed": True, "activation": "tanh"}),
    ("CAST", [SHAPE], 37, {1: Number(INT8, 9)}, {"from": "float32", "to": "int8"}),
    ("SOFTMAX", [SHAPE], 9, {0: Number(FLOAT32, 2.0)}, {"axis": 3, "beta": 2.0}),
    ("LOCAL_RESPONSE_NORMALIZATION", [SHAPE], 13, {0: Number(INT32, 5), 2: Number(FLOAT32, 0.5)}, {
        "radius": 5, "alpha": 0.5}),
    ("LSTM", [SHAPE, (1, 3), (12, 5), (12,), (1, 3)], 14, {3: Number(INT8, 1)}, {
        "units": 3, "return_sequences": False, "bidirectional": False}),
    ("UNIDIRECTIONAL_SEQUENCE_LSTM", [SHAPE, None, (3, 2)], 71, {3: Number(BOOL, 1)}, {
        "units": 3, "return_sequences": True, "time_major": True}),
    ("BIDIRECTIONAL_SEQUENCE_LSTM", [SHAPE, None, (3, 2)], 69, {}, {"units": 3, "bidirectional": True}),
    ("BIDIRECTIONAL_SEQUENCE_RNN", [SHAPE, (5, 2)], 70, {1: Number(INT8, 4)}, {"units": 5, "activation": "tanh"}),
    ("SVDF", [SHAPE, (4, 2)], 6, {0: Number(INT32, 2), 1: Number(INT8, 1)}, {"rank": 2, "activation": "relu"}),
    ("DEQUANTIZE", [SHAPE], 38, {}, {}),
    ("TILE", [SHAPE, [1, 2, 1, 1]], 51, {}, {"repeats": (1, 2, 1, 1)}),
    ("BROADCAST_TO", [SHAPE, [4, 4]], 104, {}, {"shape": (4, 4)}),
    ("TOPK_V2", [SHAPE, [5]], 34, {}, {"k": (5,)}),
]  # fmt: skip


def one(name: str, inputs: list[Any], kind: int = 0, options: Options | None = None) -> Operator:
    """An operator as it is read; a list is a constant, a tuple a shape, None an input that is left out."""
    model = Model()
    graph = model.subgraph()
    given = [
        -1 if item is None else graph.numbers(*item) if isinstance(item, list) else graph.tensor(item)
        for item in inputs
    ]
    graph.operator(name, given, [graph.tensor([1])], kind, options)
    return graph_of(model).operators[0]


@pytest.mark.parametrize(("name", "inputs", "kind", "options", "expected"), CASES)
def test_attributes_have_their_common_names(
    name: str, inputs: list[Any], kind: int, options: Options, expected: dict[str, Any]
) -> None:
    operator = one(name, inputs, kind, options)
    assert operator.native == name
    assert operator.type == COMMON[name]
    assert {key: operator.attributes.get(key) for key in expected} == expected
    if not expected:
        assert operator.attributes == {}


@pytest.mark.parametrize(
    ("channels", "weights", "kind", "groups", "multiplier"),
    [
        (8, (16, 3, 3, 8), "conv2d", 1, None),
        (8, (16, 3, 3, 4), "conv2d", 2, None),
        (8, (16, 3, 3, 1), "depthwise-conv2d", 8, 2),
        (1, (16, 3, 3, 1), "conv2d", 1, None),
    ],
)
def test_groups_follow_from_the_weights(
    channels: int, weights: tuple[int, ...], kind: str, groups: int, multiplier: int | None
) -> None:
    operator = one("CONV_2D", [(1, 8, 8, channels), weights], 1, {})
    assert operator.type == kind
    assert operator.attributes["groups"] == groups
    assert operator.attributes.get("multiplier") == multiplier


def test_inputs_come_in_common_order() -> None:
    shape, weights, image, bias = [1, 8, 8, 2], (2, 3, 3, 4), (1, 4, 4, 4), (2,)
    assert one("TRANSPOSE_CONV", [shape, weights, image, bias], 49, {}).inputs == (2, 1, 3, 0)
    assert one("TRANSPOSE_CONV", [shape, weights, image], 49, {}).inputs == (2, 1, -1, 0)
    assert one("SPLIT", [[1], image], 35, {}).inputs == (1, 0)


def test_every_operator_has_its_name_and_version() -> None:
    model = Model()
    graph = model.subgraph()
    names = [name for name in OPERATORS if name not in ("CUSTOM", "PLACEHOLDER_FOR_GREATER_OP_CODES")]
    calls = ("IF", "WHILE", "CALL", "CALL_ONCE")
    names = [name for name in names if name not in calls and not name.startswith("STABLEHLO")]
    for version, name in enumerate(names, 1):
        graph.operator(name, [], [], version=version)
    found = graph_of(model).operators
    assert [operator.native for operator in found] == names
    assert [operator.version for operator in found] == list(range(1, len(names) + 1))
    assert {operator.type for operator in found} <= TYPES


def test_operators_of_the_schema_have_common_types() -> None:
    assert set(COMMON.values()) <= TYPES
    assert set(COMMON) - {"TFLite_Detection_PostProcess"} <= set(OPERATORS)


def test_open_dimensions_and_ranks() -> None:
    model = Model()
    graph = model.subgraph()
    graph.tensor([1, 4, 4, 3], more={7: integers(-1, 4, -1, 3)})
    graph.tensor([])
    assert [tensor.shape for tensor in graph_of(model).tensors] == [(None, 4, None, 3), ()]
    graph.tensor([2], more={8: Number(BOOL, 1)})
    assert [tensor.shape for tensor in graph_of(model).tensors[1:]] == [None, (2,)]


def test_a_state_is_variable_and_small_constants_have_values() -> None:
    model = Model()
    graph = model.subgraph()
    graph.tensor([1, 3], more={5: Number(BOOL, 1)})
    graph.tensor([2], FLOAT, struct.pack("<2f", 0.5, -1.0))
    graph.tensor([], INTEGER32, struct.pack("<i", 7))
    graph.tensor([17], INTEGER8, bytes(17))
    graph.tensor([5], builder.INTEGER4, bytes(3))
    state, real, scalar, long, packed = graph_of(model).tensors
    assert state.variable
    assert not state.constant
    assert (real.values, scalar.values, long.values) == ((0.5, -1.0), (7,), None)
    assert (packed.dtype, packed.stored_bytes, packed.values) == ("int4", 3, None)
    assert graph_of(model).findings == ()


def test_weights_behind_the_flatbuffer() -> None:
    model = Model()
    graph = model.subgraph()
    graph.tensor([4], INTEGER8, b"")
    model.buffers[1] = Fields({1: Number(UINT64, 100_000), 2: Number(UINT64, 4)})
    data = model.bytes()
    with pytest.raises(MalformedError, match="buffer 1 of 4 bytes inside the file"):
        parse(data, "net.tflite")
    tensor = parse(data.ljust(100_004, b"\7"), "net.tflite").tensors[0]
    assert tensor.extent == Extent(100_000, 4)
    assert tensor.values == (7, 7, 7, 7)


def test_a_loop_stands_where_it_is_run() -> None:
    graph = graph_of(builder.loop())
    assert [operator.native for operator in graph.operators] == ["WHILE", "LESS", "ADD"]
    assert (graph.functions, len(graph.tensors)) == (2, 8)
    assert graph.operators[2].inputs == (5, 7)
    assert graph.tensors[7].values == (7,)
    assert [finding.message for finding in graph.findings] == [
        "it runs subgraphs over and over: 1 condition, 2 body"
    ]


def test_a_varied_network() -> None:
    graph = graph_of(builder.varied())
    natives = [operator.native for operator in graph.operators]
    assert natives[-7:] == ["IF", "NEG", "NEG", "STABLEHLO_CASE", "FlexReadFile", "TFLite_Detection_PostProcess",
                            "BUILTIN_9999"]  # fmt: skip
    assert natives[-9:-7] == ["CALL_ONCE", "NEG"]
    assert [operator.custom for operator in graph.operators[-4:]] == [False, True, True, True]
    assert graph.operators[-2].type == "detection-postprocess"
    assert rules(graph) == {
        ("danger", "tflite-external-buffer"),
        ("danger", "tflite-flex"),
        ("note", "tflite-control-flow"),
        ("note", "tflite-sparse"),
        ("note", "tflite-subgraph"),
        ("unsupported", "tflite-custom"),
        ("unsupported", "tflite-quantization"),
        ("unsupported", "tflite-unknown-operator"),
    }
    outside = next(tensor for tensor in graph.tensors if tensor.extent and tensor.extent.member)
    assert outside.extent == Extent(8, 256, "weights.bin")


def test_what_a_file_says_about_itself() -> None:
    labels = b"background\nsquare\n"
    graph = parse(builder.archived(builder.described().bytes(), {"labels.txt": labels}), "net.tflite")
    assert graph.findings == ()
    assert graph.attachments == {"labels.txt": labels}
    assert graph.producer == "TensorFlow 2.15.0 made by a test"
    assert graph.metadata == {
        "model_description": "made by a test",
        "name": "net",
        "description": "finds shapes",
        "version": "v1",
        "author": "zoo",
        "license": "MIT",
        "min_parser_version": "1.1.0",
        "graph.name": "graph",
        "graph.files": "labels.txt (value labels, en)",
        "input.0.name": "image",
        "input.0.description": "a photograph",
        "input.0.dimensions": "batch, y",
        "input.0.content": "RGB image",
        "input.0.mean": "127.5",
        "input.0.std": "127.5, 64",
        "input.0.score_transformation": "log",
        "input.0.default_score": "0.5",
        "input.0.score_threshold": "0.25",
        "input.0.tokenizer": "SentencePiece",
        "input.0.tokenizer_files": "labels.txt (value labels, en), labels.txt (value labels, en)",
        "input.0.maximum": "1",
        "input.0.minimum": "-1",
        "input.0.files": "labels.txt (value labels, en)",
        "output.0.name": "scores",
        "output.0.files": "labels.txt (value labels, en)",
        "tensorflow_version": "2.15.0",
        "converter_api": "2",
        "source": "Keras model",
        "optimizations": "PTQ_FULL_INTEGER, 9999",
        "allow_custom_ops": "yes",
        "enable_select_tf_ops": "no",
        "force_select_tf_ops": "no",
        "other.custom": "3 bytes",
        "signature.serving_default.inputs": "x=0",
    }


def test_broken_metadata_is_a_finding_of_a_model_that_still_reads() -> None:
    model = builder.described()
    model.buffers[1] = Fields({0: b"\xff" * 40})
    graph = graph_of(model)
    assert rules(graph) == {("danger", "tflite-metadata")}
    assert len(graph.operators) == 1


def broken(change: Any) -> Graph:
    """The quantized network after a change of its one subgraph."""
    model = builder.convolution()
    change(model.subgraphs[0])
    return graph_of(model)


FINDINGS = [
    ("tflite-scale", lambda graph: graph.tensor([1], INTEGER8, quantization=quantized([0.0]))),
    ("tflite-scale", lambda graph: graph.tensor([1], INTEGER8, quantization=quantized([-1.0]))),
    ("tflite-scale", lambda graph: graph.tensor([1], INTEGER8, quantization=quantized([float("nan")]))),
    ("tflite-scale", lambda graph: graph.tensor([1], INTEGER8, quantization=quantized([float("inf")]))),
    ("tflite-quantization-shape", lambda graph: graph.tensor([3], INTEGER8, quantization=quantized([0.1, 0.2]))),
    ("tflite-quantization-shape", lambda graph: graph.tensor([2], INTEGER8, quantization=quantized([0.1], [0, 0]))),
    ("tflite-shape", lambda graph: graph.tensor([2**31 - 1] * 4)),
    ("tflite-constant-size", lambda graph: graph.tensor([3], INTEGER8, bytes(4))),
    ("tflite-type", lambda graph: graph.tensor([3], 99)),
    ("tflite-order", lambda graph: graph.operators.reverse()),
    ("tflite-options", lambda graph: graph.operator("ADD", [0, 0], [0], 1, {})),
    ("tflite-custom", lambda graph: graph.operator("MyOperator", [0], [0])),
    ("tflite-flex", lambda graph: graph.operator("FlexErf", [0], [0])),
    ("tflite-unknown-operator", lambda graph: graph.operator("4000", [0], [0])),
    ("tflite-resource", lambda graph: graph.operator("VAR_HANDLE", [], [0])),
    ("tflite-delegate", lambda graph: graph.operator("DELEGATE", [], [0])),
]


@pytest.mark.parametrize(("rule", "change"), FINDINGS)
def test_what_is_unsafe_is_a_finding(rule: str, change: Any) -> None:
    assert rule in {name for _, name in rules(broken(change))}


REFUSED = [
    ("tensors 0 to", lambda graph: graph.operator("NEG", [99], [0])),
    ("tensors 0 to", lambda graph: graph.operator("NEG", [-2], [0])),
    ("tensors 0 to", lambda graph: graph.operator("NEG", [0], [-1])),
    ("dimensions of at least 0", lambda graph: graph.tensor([-2])),
    ("at most 16 items", lambda graph: graph.tensor([1] * 17)),
    ("a shape signature of 1", lambda graph: graph.tensor([1], more={7: integers(1, 1)})),
    ("buffers", lambda graph: graph.tensor([1], more={2: Number(UINT32, 99)})),
    ("subgraphs 0 to 0", lambda graph: graph.operator("CALL", [], [], 16, {0: Number(INT32, 1)})),
    ("subgraphs 0 to 0", lambda graph: graph.operator("CALL", [], [], 16, {0: Number(INT32, -1)})),
    ("operator codes", lambda graph: graph.operator("NEG", [0], [0], more={0: Number(UINT32, 99)})),
    ("options of a custom", lambda graph: graph.operator("X", [0], [0], more={9: Number(UINT64, 1 << 40)})),
]


@pytest.mark.parametrize(("message", "change"), REFUSED)
def test_what_leads_out_of_range_is_refused(message: str, change: Any) -> None:
    with pytest.raises(MalformedError, match=message) as caught:
        broken(change)
    assert caught.value.where.startswith("offset ")


@pytest.mark.parametrize("called", [(0, 0), (1, 2), (1, 1)])
def test_subgraphs_that_run_themselves_are_found_and_end(called: tuple[int, int]) -> None:
    model = builder.loop()
    for subgraph in model.subgraphs[1:]:
        fields: Options = {0: Number(INT32, called[0]), 1: Number(INT32, called[1])}
        subgraph.operator("WHILE", [0], [1], 93, fields)
    graph = graph_of(model)
    assert ("danger", "tflite-recursion") in rules(graph)
    assert len(graph.operators) <= 5


def test_a_file_without_a_subgraph_is_refused() -> None:
    with pytest.raises(MalformedError, match="expected a subgraph, found none"):
        graph_of(Model())


def test_another_schema_is_said() -> None:
    model = builder.convolution()
    model.version = 2
    assert ("unsupported", "tflite-schema") in rules(graph_of(model))


def test_many_findings_of_a_rule_are_counted() -> None:
    model = Model()
    graph = model.subgraph()
    for _ in range(50):
        graph.tensor([1], 99)
    found = graph_of(model).findings
    assert len(found) == 21
    assert found[-1].message == "30 more of this rule"


def test_too_many_tensors_are_refused() -> None:
    model = Model()
    graph = model.subgraph()
    graph.tensors = [Fields({})] * (MAX_TENSORS + 1)
    with pytest.raises(MalformedError, match=f"at most {MAX_TENSORS} items"):
        graph_of(model)


def shared_operator(count: int) -> bytes:
    """A file that refers to one convolution over and over."""
    model = Model()
    graph = model.subgraph()
    graph.operator("CONV_2D", [graph.tensor([1, 2, 3, 4])] * 3, [0], 1, {})
    graph.operators += [Fields({})] * (count - 1)
    data = bytearray(model.bytes())
    place, _ = next(FlatBuffer(bytes(data), "net").root(b"TFL3").tables(2, 1)).extent(3, 4) or (0, 0)
    target = place + struct.unpack_from("<I", data, place)[0]
    for number in range(count):
        struct.pack_into("<I", data, place + 4 * number, target - place - 4 * number)
    return bytes(data)


def test_references_that_meet_are_refused_before_they_cost_much() -> None:
    data = shared_operator(20_000)
    tracemalloc.start()
    try:
        with pytest.raises(MalformedError, match="the same parts over and over"):
            parse(data, "net.tflite")
        assert tracemalloc.get_traced_memory()[1] < 32 * len(data)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("field", [{}, {3: ""}, {0: integers(1, 1)}])
def test_files_of_nothing_but_small_parts_are_read(field: Options) -> None:
    model = Model()
    graph = model.subgraph()
    graph.tensors = [Fields(dict(field)) for _ in range(5000)]
    assert len(graph_of(model).tensors) == 5000


def test_a_file_that_is_empty_or_not_there(tmp_path: Path) -> None:
    empty = tmp_path / "empty.tflite"
    empty.write_bytes(b"")
    with pytest.raises(MalformedError, match="an empty file"):
        read(empty)
    with pytest.raises(UnavailableError, match=r"absent\.tflite: cannot be read"):
        read(tmp_path / "absent.tflite")
    with pytest.raises(UnavailableError, match=r"not a regular file|directory"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["convolution", "loop", "varied", "described"])
def test_every_shorter_file_is_read_or_refused(name: str) -> None:
    data: bytes = getattr(builder, name)().bytes()
    whole = parse(data, "net.tflite")
    for size in range(0, len(data), 7):
        with contextlib.suppress(MalformedError):
            assert len(parse(data[:size], "net.tflite").operators) == len(whole.operators)


@PROPERTY
@given(st.sampled_from(list(builder.seeds())), st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255))))
def test_any_change_is_read_or_refused(seed: bytes, changes: list[tuple[int, int]]) -> None:
    data = bytearray(seed)
    for place, value in changes:
        data[place % len(data)] = value
    with contextlib.suppress(MalformedError):
        assert parse(bytes(data), "net.tflite").format == "tflite"


def test_numbers_of_quantization_may_be_left_out() -> None:
    model = Model()
    graph = model.subgraph()
    graph.tensor([1], INTEGER8, quantization=Fields({0: Numbers(FLOAT32, [0.0]), 4: Number(UINT8, 0)}))
    graph.tensor([1], INTEGER8, quantization=Fields({2: Numbers(FLOAT32, [0.5])}))
    first, second = graph_of(model).tensors
    assert first.quantization is None
    assert second.quantization == Quantization((0.5,), (0,))
