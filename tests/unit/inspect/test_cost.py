from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.inspect.cost import Cost, cost, parameter_count, parameters
from registry.inspect.graph import Graph, Operator
from tests.unit.inspect.graphs import Builder


def last(graph: Graph) -> Cost | None:
    return cost(graph, graph.operators[-1])


@given(
    st.integers(1, 40), st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3, 5]), st.sampled_from([1, 2])
)
def test_a_convolution_multiplies_each_result_with_a_whole_kernel(
    size: int, given_: int, channels: int, kernel: int, stride: int
) -> None:
    build = Builder(1, size, size, given_)
    build.conv(build.inputs[0], channels, kernel=kernel, stride=stride)
    side = -(-size // stride)
    macs = side * side * channels * kernel * kernel * given_
    assert last(build.graph()) == Cost(macs, 2 * macs + side * side * channels)


def test_a_depthwise_convolution_reads_one_channel_for_each_result() -> None:
    build = Builder(1, 10, 8, 6)
    build.conv(build.inputs[0], 0, kernel=3, depthwise=True, bias=False)
    assert last(build.graph()) == Cost(10 * 8 * 6 * 9, 2 * 10 * 8 * 6 * 9)


def test_a_transposed_convolution_spreads_each_input_over_a_kernel() -> None:
    build = Builder(1, 4, 4, 3)
    weights = build.constant((5, 2, 2, 3))
    build.add("transpose-conv2d", [build.inputs[0], weights], (1, 8, 8, 5), kernel=(2, 2), strides=(2, 2))
    macs = 4 * 4 * 3 * 2 * 2 * 5
    assert last(build.graph()) == Cost(macs, 2 * macs)


def test_a_fully_connected_layer_and_a_product_of_data() -> None:
    build = Builder(1, 12)
    weights, bias = build.constant((5, 12)), build.constant((5,))
    build.add("fully-connected", [build.inputs[0], weights, bias], (1, 5))
    assert last(build.graph()) == Cost(60, 125)
    other = build.value((1, 7, 12))
    build.add("matmul", [other, build.value((1, 12, 4))], (1, 7, 4))
    assert last(build.graph()) == Cost(7 * 4 * 12, 2 * 7 * 4 * 12)


def test_channels_come_second_in_an_onnx_image() -> None:
    build = Builder(1, 3, 10, 10, layout="NCHW")
    weights = build.constant((8, 3, 3, 3))
    build.add("conv2d", [build.inputs[0], weights], (1, 8, 5, 5), kernel=(3, 3))
    assert last(build.graph(format_="onnx")) == Cost(25 * 8 * 27, 2 * 25 * 8 * 27)


def test_a_recurrent_layer_uses_its_matrices_once_a_step() -> None:
    build = Builder(1, 20, 3)
    matrices = [build.constant((12, 3)), build.constant((12, 4)), build.constant((2, 12))]
    build.add("gru", [build.inputs[0], *matrices], (1, 20, 4))
    assert last(build.graph(format_="keras")) == Cost(20 * (36 + 48), 2 * 20 * (36 + 48))


@pytest.mark.parametrize(
    ("type_", "shape", "attributes", "expected"),
    [
        ("reshape", (1, 64), {}, Cost(0, 0)),
        ("relu6", (1, 8, 8, 2), {}, Cost(0, 128)),
        ("max-pool2d", (1, 4, 4, 2), {"kernel": (2, 2)}, Cost(0, 128)),
        ("mean", (1, 2), {}, Cost(0, 128)),
        ("other", (1, 2), {}, None),
        ("relu", (1, None), {}, None),
    ],
)
def test_other_operators(
    type_: str, shape: tuple[int | None, ...], attributes: dict[str, Any], expected: Cost | None
) -> None:
    build = Builder(1, 8, 8, 2)
    build.add(type_, [build.inputs[0]], shape, **attributes)
    assert last(build.graph()) == expected


def test_an_open_batch_counts_once_and_another_open_dimension_not_at_all() -> None:
    for shape, expected in (((None, 4, 4, 2), Cost(0, 32)), ((1, None, 4, 2), None)):
        build = Builder(*shape)
        build.add("relu", [build.inputs[0]], shape)
        assert last(build.graph()) == expected


def test_shapes_axes_and_scales_are_no_parameters_and_shared_weights_count_once() -> None:
    build = Builder(1, 8, 8, 3)
    first = build.conv(build.inputs[0], 4, kernel=3)
    shape = build.constant((2,), "int32", values=(1, 256))
    flat = build.add("reshape", [first, shape], (1, 256))
    weights = build.constant((256, 256), "int8")
    scale, zero = build.constant(()), build.constant((), "int8")
    real = build.add("dequantize", [weights, scale, zero], (256, 256))
    once = build.add("fully-connected", [flat, real], (1, 256))
    build.add("fully-connected", [once, real], (1, 256))
    graph = build.graph()
    assert parameter_count(graph) == 4 * 27 + 4 + 256 * 256
    assert shape not in parameters(graph)
    assert cost(graph, graph.operators[-1]) == Cost(256 * 256, 2 * 256 * 256)


def test_a_custom_operator_has_no_known_cost() -> None:
    build = Builder(1, 4)
    output = build.value((1, 4))
    build.operators.append(Operator("relu", "MY_RELU", build.inputs, (output,), custom=True))
    assert last(build.graph()) is None


def test_the_two_biases_of_a_keras_gru_are_no_matrix() -> None:
    build = Builder(1, 20, 3)
    inputs = [build.inputs[0], build.constant((3, 12)), build.constant((4, 12)), build.constant((2, 12))]
    build.add("gru", inputs, (1, 20, 4))
    graph = replace(build.graph(), format="keras")
    found = cost(graph, graph.operators[0])
    assert found is not None
    assert found.macs == 20 * (3 * 12 + 4 * 12)
