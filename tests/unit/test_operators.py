"""What an engine does not take: by type, by limits, and what ONNX only marks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.document import Document
from registry.document import read as read_document
from registry.inspect.graph import TYPES
from registry.inspect.tflite.reader import read
from registry.operators import OperatorTable, placement_of, table_of
from registry.resources import data_folder
from registry.schema import load_schema
from tests.unit.inspect.graphs import Builder
from tests.unit.strategies import PROPERTY

TARGETS = Path(data_folder("cards")) / "targets"
SHARED = Path(__file__).resolve().parents[2].parent / "shared"
BLOBS = SHARED / "real" / "blobs" / "sha256"
QUANTIZED = BLOBS / "0470d2a782aa54eeeb99d32e7b6b3fb7722905c7c4f5d26bd957ec861366d48b"
FLOAT = BLOBS / "9711334db2b01d5894feb8ed0f5cb3e97d125b8d229f8d8692f625801818f5ef"


def content(path: Path) -> dict[str, Any]:
    """A target card as plain data."""
    document = read_document(path)
    assert isinstance(document, Document)
    assert isinstance(document.value, dict)
    return document.value


def table(takes: list[str], *limits: dict[str, Any], **changes: Any) -> OperatorTable:
    """The table of an engine's only entry."""
    entry = {"takes": takes, "limits": list(limits), "provenance": {"document": "page.md"}, **changes}
    found = table_of({"operators": [entry]}, "tflite")
    assert found is not None
    return found


def shipped(target: str, format_: str) -> OperatorTable:
    """What the fastest engine of a shipped card takes."""
    found = table_of(content(TARGETS / f"{target}.yaml")["engines"][0], format_)
    assert found is not None
    return found


@PROPERTY
@given(
    st.lists(st.sampled_from(sorted(TYPES)), max_size=8),
    st.lists(st.sampled_from(sorted(TYPES)), max_size=60, unique=True),
    st.sampled_from(("tflite", "onnx")),
)
def test_without_limits_the_type_decides(used: list[str], takes: list[str], format_: str) -> None:
    builder = Builder(1, 8, 8, 3)
    for type_ in used:
        builder.add(type_, [0], (1, 8, 8, 3))
    graph = builder.graph(0, format_=format_)
    marks = ("quantize", "dequantize") if format_ == "onnx" else ()
    expected = [
        (number, type_, type_.upper())
        for number, type_ in enumerate(used)
        if type_ not in takes and type_ not in ("constant", *marks)
    ]
    found = placement_of(graph, table(takes))
    assert [(item.index, item.type, item.native) for item in found] == expected
    assert all("page.md" in item.reason for item in found)


def network() -> Builder:
    """A 3x3 convolution with stride 2, a 1x1 one, and a softmax."""
    builder = Builder(1, 8, 8, 3)
    first = builder.conv(0, 4, kernel=3, stride=2)
    builder.add("softmax", [builder.conv(first, 4)], (1, 4, 4, 4), axis=3)
    return builder


@pytest.mark.parametrize(
    ("limit", "refused"),
    [
        ({}, []),
        ({"where": {"strides": [[2, 2]]}}, [0]),
        ({"requires": {"kernels": [[3, 3]]}}, [1]),
        ({"where": {"strides": [[1, 1]]}, "requires": {"kernels": [[3, 3]]}}, [1]),
        ({"where": {"strides": [[1, 1]]}, "requires": {"kernels": [[1, 1]]}}, []),
        ({"where": {"largest_plane": 1}, "requires": {"kernels": [[9, 9]]}}, []),
    ],
)
def test_a_limit_refuses_what_breaks_it_where_it_holds(limit: dict[str, Any], refused: list[int]) -> None:
    stated = {"types": ["conv2d"], "note": "The sentence.", **limit}
    found = placement_of(network().graph(), table(["conv2d", "softmax"], stated))
    assert [item.index for item in found] == refused
    assert {item.reason for item in found} <= {"The sentence."}


def test_what_a_graph_does_not_tell_is_let_through() -> None:
    builder = Builder(1, 8, 8, 3)
    builder.add("conv2d", [0], (1, 8, 8, 3))
    for limit in ({"requires": {"kernels": [[3, 3]]}}, {"where": {"kernels": [[3, 3]]}}):
        stated = {"types": ["conv2d"], "note": "The sentence.", **limit}
        assert placement_of(builder.graph(), table(["conv2d"], stated)) == ()


def test_a_note_of_a_type_that_is_not_taken_is_the_reason() -> None:
    stated = {"types": ["softmax"], "note": "Software on the CPU."}
    (found,) = placement_of(network().graph(), table(["conv2d"], stated))
    assert (found.index, found.reason) == (2, "Software on the CPU.")


def test_a_custom_operator_is_never_taken() -> None:
    builder = network()
    builder.operators[0] = replace(builder.operators[0], custom=True)
    (found,) = placement_of(builder.graph(), table(["conv2d", "softmax"]))
    assert found.index == 0


def test_the_first_table_of_a_format_counts() -> None:
    engine = {
        "operators": [
            {"formats": ["onnx"], "takes": ["add"], "otherwise": "cpu", "provenance": {"document": "page.md"}},
            {"takes": ["sub"], "provenance": {"document": "page.md"}},
        ]
    }
    onnx, tflite = table_of(engine, "onnx"), table_of(engine, "tflite")
    assert onnx is not None
    assert tflite is not None
    assert (set(onnx.takes), onnx.otherwise) == ({"add"}, "cpu")
    assert (set(tflite.takes), tflite.otherwise) == ({"sub"}, None)
    assert table_of({"operators": engine["operators"][:1]}, "tflite") is None
    assert table_of({}, "onnx") is None


def test_pairs_around_an_operator_of_onnx_count_with_it() -> None:
    builder = Builder(1, 3, 8, 8, layout="NCHW")
    shape = (1, 3, 8, 8)
    data = builder.add("dequantize", [builder.add("quantize", [0], shape, "int8")], shape)
    weights = builder.add("dequantize", [builder.constant((3, 3, 1, 1), "int8")], (3, 3, 1, 1))
    result = builder.add("conv2d", [data, weights], shape)
    builder.add("dequantize", [builder.add("quantize", [result], shape, "int8")], shape)
    assert placement_of(builder.graph(format_="onnx"), table(["conv2d"])) == ()
    assert [item.type for item in placement_of(builder.graph(), table(["conv2d"]))] == [
        "quantize",
        "dequantize",
        "dequantize",
        "quantize",
        "dequantize",
    ]


def test_the_way_into_and_out_of_integer_operators_of_onnx_is_listed() -> None:
    builder = Builder(1, 3, 8, 8, layout="NCHW")
    shape = (1, 3, 8, 8)
    stored = builder.add("quantize", [0], shape, "int8")
    result = builder.add("conv2d", [stored, builder.constant((3, 3, 1, 1), "int8")], shape, "int8")
    builder.add("dequantize", [result], shape)
    found = placement_of(builder.graph(format_="onnx"), table(["conv2d"]))
    assert [item.type for item in found] == ["quantize", "dequantize"]


def test_the_schema_knows_exactly_the_common_types() -> None:
    assert set(load_schema("target")["$defs"]["operator-type"]["enum"]) == TYPES


@pytest.mark.parametrize("path", sorted(TARGETS.iterdir()), ids=lambda path: path.stem)
def test_tables_memories_and_versions_of_shipped_targets_name_their_sources(path: Path) -> None:
    document = content(path)
    tables = [item for engine in document["engines"] for item in engine.get("operators", ())]
    memories = [item for item in document.get("memories", ()) if "provenance" in item]
    assert all({"document", "url"} <= set(item["provenance"]) for item in (*tables, *memories))
    assert all(item.get("board", document["boards"][0]) in document["boards"] for item in memories)
    for runtime in document.get("runtimes", ()):
        assert {"least", "most"} & set(runtime)
    for item in tables:
        restricting = [limit for limit in item.get("limits", ()) if {"where", "requires"} & set(limit)]
        assert {type_ for limit in restricting for type_ in limit["types"]} <= set(item["takes"])


def test_depthwise_filters_of_tidl() -> None:
    tidl = shipped("am62a", "onnx")
    for kernel, stride, taken in ((3, 1, True), (3, 2, True), (5, 2, True), (9, 1, False), (3, 3, False)):
        builder = Builder(1, 24, 24, 8)
        builder.conv(0, 8, kernel=kernel, stride=stride, depthwise=True)
        assert (not placement_of(builder.graph(), tidl)) is taken, (kernel, stride)


@pytest.mark.skipif(not BLOBS.is_dir(), reason="needs the real model files of ../shared")
class TestRealFiles:
    def test_the_quantized_one_leaves_resizing_and_argmax_to_the_cpu_of_stm32n6(self) -> None:
        found = placement_of(read(QUANTIZED), shipped("stm32n6", "tflite"))
        assert [item.native for item in found] == ["RESIZE_BILINEAR"] * 3 + ["ARG_MAX"]

    def test_nothing_of_the_float_one_runs_on_the_npu_of_stm32n6(self) -> None:
        graph = read(FLOAT)
        found = placement_of(graph, shipped("stm32n6", "tflite"))
        assert [item.index for item in found] == list(range(len(graph.operators)))

    def test_the_delegate_of_imx8mp_takes_all_of_the_quantized_one(self) -> None:
        assert placement_of(read(QUANTIZED), shipped("imx8mp", "tflite")) == ()
