"""Each condition of a target card: yes, no, and what the graph does not tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.conditions import holds
from registry.inspect.graph import Graph, Operator
from registry.schema import load_schema
from tests.unit.inspect.graphs import Builder
from tests.unit.strategies import PROPERTY

PAIRS = st.tuples(st.integers(1, 9), st.integers(1, 9))
SIZES = st.integers(1, 40)


def judge(condition: dict[str, Any], builder: Builder, *, format_: str = "tflite") -> bool | None:
    """What is said of a network's last operator."""
    graph = builder.graph(format_=format_)
    return holds(condition, graph, graph.operators[-1])


def example(name: str) -> Any:
    """The smallest value of a property that its schema takes."""
    stated = load_schema("target")["$defs"]["condition"]["properties"][name]
    return stated["const"] if "const" in stated else 1 if stated.get("type") == "integer" else [[1, 1]]


PROPERTIES = sorted(load_schema("target")["$defs"]["condition"]["properties"])


@pytest.mark.parametrize("name", PROPERTIES)
def test_of_an_operator_that_tells_nothing_nothing_is_known(name: str) -> None:
    bare = Operator("other", "OTHER", (), ())
    graph = Graph("tflite", "unknown", (), (bare,), (), ())
    assert holds({name: example(name)}, graph, bare) is None


@pytest.mark.parametrize(("condition", "attribute"), [("kernels", "kernel"), ("strides", "strides")])
@PROPERTY
@given(data=st.data())
def test_a_pair_is_one_of_those_listed(condition: str, attribute: str, data: st.DataObject) -> None:
    listed, own = data.draw(st.lists(PAIRS, min_size=1, max_size=3)), data.draw(PAIRS)
    builder = Builder(1, 8, 8, 3)
    stated: dict[str, Any] = {attribute: own}
    builder.add("conv2d", [0], (1, 8, 8, 3), **stated)
    assert judge({condition: [list(pair) for pair in listed]}, builder) is (own in listed)


@PROPERTY
@given(own=PAIRS, most=PAIRS)
def test_no_side_of_a_kernel_is_above_the_largest(own: tuple[int, int], most: tuple[int, int]) -> None:
    builder = Builder(1, 8, 8, 3)
    builder.add("conv2d", [0], (1, 8, 8, 3), kernel=own, strides=own)
    assert judge({"largest_kernel": list(most)}, builder) is (own[0] <= most[0] and own[1] <= most[1])
    assert judge({"equal_strides": True}, builder) is (own[0] == own[1])


@PROPERTY
@given(height=SIZES, width=SIZES, most=st.integers(1, 1600))
def test_a_plane_is_counted_by_the_layout(height: int, width: int, most: int) -> None:
    shapes = {"NHWC": (1, height, width, 77), "NCHW": (1, 77, height, width)}
    for layout, shape in shapes.items():
        builder = Builder(*shape, layout=layout)  # type: ignore[arg-type]
        builder.add("global-average-pool", [0], (1, 77))
        assert judge({"largest_plane": most}, builder) is (height * width <= most)


@pytest.mark.parametrize(("layout", "spatial"), [("NHWC", (1, 2)), ("NCHW", (2, 3))])
def test_the_whole_image_is_height_and_width(layout: Any, spatial: tuple[int, ...]) -> None:
    for axes in ((1, 2), (2, 3), (1,), (1, 2, 3)):
        builder = Builder(1, 8, 8, 8, layout=layout)
        builder.add("mean", [0], (1, 8), axes=axes)
        assert judge({"whole_image": True}, builder) is (axes == spatial)


@PROPERTY
@given(rank=st.integers(1, 5), data=st.data())
def test_axes_are_counted_from_the_last(rank: int, data: st.DataObject) -> None:
    axis = data.draw(st.integers(0, rank - 1))
    builder = Builder(*(2,) * rank)
    builder.add("softmax", [0], (2,) * rank, axis=axis)
    assert judge({"axes": [axis - rank]}, builder) is True
    assert judge({"axes": [axis - rank - 1, axis - rank + 1]}, builder) is False


@PROPERTY
@given(height=SIZES, width=SIZES, down=st.integers(1, 9), across=st.integers(1, 9))
def test_scales_are_equal_powers_of_two(height: int, width: int, down: int, across: int) -> None:
    builder = Builder(1, height, width, 3)
    builder.add("resize-nearest", [0], (1, height * down, width * across, 3))
    assert judge({"power_of_two_scale": True}, builder) is (down == across and down in (1, 2, 4, 8))


def test_shrinking_or_a_rest_is_no_power_of_two() -> None:
    for after in ((4, 4), (12, 12), (17, 17)):
        builder = Builder(1, 8, 8, 3)
        builder.add("resize-bilinear", [0], (1, *after, 3))
        assert judge({"power_of_two_scale": True}, builder) is False


def test_an_operand_is_constant_also_behind_its_marks() -> None:
    builder = Builder(1, 4, dtype="float32")
    stored = builder.constant((4, 4), "int8")
    marked = builder.add("dequantize", [stored], (4, 4))
    builder.add("matmul", [0, marked], (1, 4))
    assert judge({"constant_operand": True}, builder, format_="onnx") is True
    folded = builder.add(
        "dequantize", [builder.add("quantize", [builder.constant((4, 4))], (4, 4), "int8")], (4, 4)
    )
    builder.add("matmul", [0, folded], (1, 4))
    assert judge({"constant_operand": True}, builder, format_="onnx") is True
    computed = builder.add("dequantize", [builder.add("quantize", [0], (1, 4), "int8")], (1, 4))
    builder.add("matmul", [0, computed], (1, 4))
    assert judge({"constant_operand": True}, builder, format_="onnx") is False


def test_marks_that_run_in_a_circle_end() -> None:
    builder = Builder(1, 4)
    first = builder.add("quantize", [0], (1, 4))
    second = builder.add("dequantize", [first], (1, 4))
    builder.operators[0] = replace(builder.operators[0], inputs=(second,))
    builder.add("matmul", [0, second], (1, 4))
    assert judge({"constant_operand": True}, builder) is False


@pytest.mark.parametrize(
    ("data", "weights", "quantized"),
    [("int8", "int8", True), ("uint8", "uint8", True), ("float32", "int8", False), ("float32", "float32", False)],
)
def test_a_tflite_operator_is_quantized_by_its_stored_types(data: str, weights: str, quantized: bool) -> None:
    builder = Builder(1, 8, 8, 3, dtype=data)
    builder.conv(0, 4, weights=weights)
    assert judge({"quantized": True}, builder) is quantized


def test_an_onnx_operator_is_quantized_by_its_weights() -> None:
    builder = Builder(1, 3, 8, 8, layout="NCHW")
    marked = builder.add("dequantize", [builder.constant((4, 3, 1, 1), "int8")], (4, 3, 1, 1))
    builder.add("conv2d", [0, marked], (1, 4, 8, 8))
    assert judge({"quantized": True}, builder, format_="onnx") is True
    builder.add("conv2d", [0, builder.constant((4, 3, 1, 1))], (1, 4, 8, 8))
    assert judge({"quantized": True}, builder, format_="onnx") is False
    builder.add("relu", [0], (1, 3, 8, 8))
    assert judge({"quantized": True}, builder, format_="onnx") is None


def test_one_no_outweighs_what_is_not_known() -> None:
    builder = Builder(1, 8, 8, 3)
    builder.add("conv2d", [0], (1, 8, 8, 3), strides=(2, 1))
    assert judge({"kernels": [[1, 1]], "equal_strides": True}, builder) is False
    assert judge({"kernels": [[1, 1]], "strides": [[2, 1]]}, builder) is None
