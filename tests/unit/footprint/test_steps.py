"""What becomes one kernel, and what shares a place."""

from __future__ import annotations

from typing import Any

import pytest

from registry.footprint import plan
from registry.footprint.steps import Program
from tests.unit.footprint.graphs import Draft


def kinds(draft: Draft, *outputs: int) -> list[str]:
    program = Program(draft.graph(*outputs), "usual")
    return [program.first(step).type for step in program.steps]


def test_shapes_that_are_computed_cost_nothing() -> None:
    """shape -> strided-slice -> pack -> reshape: known before the network runs."""
    draft = Draft()
    source = draft.input(1, 4, 4, 2)
    shape = draft.add("shape", (source,), (4,), "int32")
    part = draft.add("strided-slice", (shape, draft.constant(1, dtype="int32")), (), "int32")
    packed = draft.add("pack", (part, draft.constant(1, dtype="int32")), (2,), "int32")
    flat = draft.add("reshape", (source, packed), (1, 32))
    assert kinds(draft, flat) == []
    assert plan(draft.graph(flat)).upper_bytes == 32


def test_padding_is_folded_into_a_window_only() -> None:
    draft = Draft()
    source = draft.input(1, 8, 8, 4)
    padded = draft.add("pad", (source, draft.constant(4, 2, dtype="int32")), (1, 9, 9, 4))
    output = draft.conv(padded, 4, kernel=3, stride=2, padding="valid")
    assert kinds(draft, output) == ["conv2d"]
    assert plan(draft.graph(output)).lower_bytes == 256
    assert kinds(draft, output, padded) == ["pad", "conv2d"], "the padded tensor itself is asked for"


def test_activations_run_where_values_are_stored() -> None:
    draft = Draft()
    output = draft.same("leaky-relu", draft.conv(draft.input(1, 8, 8, 4), 4))
    assert kinds(draft, output) == ["conv2d"]


def test_an_activation_of_a_value_that_others_need_is_a_kernel() -> None:
    draft = Draft()
    value = draft.conv(draft.input(1, 8, 8, 4), 4)
    active = draft.same("sigmoid", value)
    assert kinds(draft, draft.same("mul", value, active)) == ["conv2d", "sigmoid", "mul"]


def test_a_value_that_is_also_read_under_another_shape_is_not_written_over() -> None:
    """The convolution's output is needed twice, once flat: the flat one's activation needs a place of its own."""
    draft = Draft()
    value = draft.conv(draft.input(1, 8, 8, 4), 4)
    flat = draft.add("reshape", (value,), (1, 256))
    active = draft.same("relu", flat)
    total = draft.same("add", value, active)
    assert kinds(draft, total) == ["conv2d", "relu", "add"]
    program = Program(draft.graph(total), "usual")
    assert program.steps[1].reads != program.steps[1].writes


def test_conversion_of_bytes_at_the_input_takes_no_place() -> None:
    draft = Draft()
    source = draft.input(1, 8, 8, 4, dtype="uint8")
    assert kinds(draft, draft.conv(draft.same("quantize", source), 4)) == ["conv2d"]


def test_quantizing_a_float_input_is_a_kernel() -> None:
    draft = Draft()
    source = draft.input(1, 8, 8, 4, dtype="float32")
    output = draft.conv(draft.same("quantize", source), 4)
    assert kinds(draft, output) == ["quantize", "conv2d"]
    assert plan(draft.graph(output)).lower_bytes == 1024


def test_requantizing_a_value_that_others_need_is_a_kernel() -> None:
    draft = Draft()
    value = draft.conv(draft.input(1, 8, 8, 4), 4)
    other = draft.same("quantize", value)
    assert kinds(draft, draft.same("add", value, other)) == ["conv2d", "quantize", "add"]


def test_quantize_and_dequantize_around_float_operators_are_the_integer_network() -> None:
    """The same two convolutions as integers and as ONNX writes them: equal in everything that is stored."""
    plain = Draft()
    integers = plain.graph(plain.conv(plain.conv(plain.input(1, 8, 8, 4), 8), 4))
    draft = Draft()
    value = draft.input(1, 8, 8, 4)
    for channels in (8, 4):
        depth = draft.sizes(value)[3]
        real = draft.same("dequantize", value, dtype="float32")
        weights = draft.same("dequantize", draft.constant(channels, 1, 1, depth), dtype="float32")
        bias = draft.same("dequantize", draft.constant(channels, dtype="int32"), dtype="float32")
        window: dict[str, Any] = {"kernel": (1, 1), "strides": (1, 1), "padding": "same"}
        result = draft.add("conv2d", (real, weights, bias), (1, 8, 8, channels), "float32", **window)
        value = draft.same("quantize", draft.same("relu", result, dtype="float32"))
    written, expected = plan(draft.graph(value)), plan(integers)
    assert written.weights_bytes == expected.weights_bytes
    assert written.lower_bytes == expected.lower_bytes
    assert written.estimate_bytes == expected.estimate_bytes
    assert written.upper_bytes == expected.upper_bytes


def test_real_numbers_at_the_end_are_stored() -> None:
    draft = Draft()
    value = draft.conv(draft.input(1, 8, 8, 4), 4)
    output = draft.same("dequantize", value, dtype="float32")
    assert kinds(draft, output) == ["conv2d", "dequantize"]
    assert plan(draft.graph(output)).lower_bytes == 1024


def test_a_transposition_of_a_single_channel_moves_nothing() -> None:
    draft = Draft()
    source = draft.input(1, 1, 8, 4)
    flat = draft.add("transpose", (source,), (1, 8, 1, 4), permutation=(0, 2, 1, 3))
    turned = draft.add("transpose", (flat,), (1, 4, 1, 8), permutation=(0, 3, 2, 1))
    assert kinds(draft, turned) == ["transpose"]


def test_channels_first_is_planned_as_channels_last() -> None:
    """The same convolution, dimensions in the order of ONNX and its padding in numbers."""
    first, last = Draft("NCHW"), Draft()
    window: dict[str, Any] = {"kernel": (3, 3), "strides": (2, 2), "padding": "explicit", "pads": (0, 0, 1, 1)}
    numbers = (first.input(1, 3, 16, 12), first.constant(8, 3, 3, 3), first.constant(8, dtype="int32"))
    turned = plan(first.graph(first.add("conv2d", numbers, (1, 8, 8, 6), **window)))
    straight = plan(last.graph(last.conv(last.input(1, 16, 12, 3), 8, kernel=3, stride=2)))
    assert turned.estimate_bytes == straight.estimate_bytes


def test_a_factor_and_a_term_for_each_channel_run_inside_a_convolution() -> None:
    draft = Draft("NCHW")
    value = draft.input(1, 4, 8, 8, dtype="float32")
    value = draft.add("conv2d", (value, draft.constant(2, 4, 1, 1, dtype="float32")), (1, 2, 8, 8), "float32")
    value = draft.same("mul", value, draft.constant(1, 2, 1, 1, dtype="float32"), dtype="float32")
    value = draft.same("add", value, draft.constant(2, 1, 1, dtype="float32"), dtype="float32")
    output = draft.same("relu", value, dtype="float32")
    assert kinds(draft, output) == ["conv2d"]
    assert plan(draft.graph(output)).weights_bytes == 4 * (8 + 2), "weights, and the terms as a bias"


@pytest.mark.parametrize(
    "shape",
    [(1, 4, 1, 1), (1, 1, 8, 1), (1, 1, 1, 8), (8,), (1, 8, 8, 8)],
    ids=lambda shape: "x".join(map(str, shape)),
)
def test_only_channels_are_scaled_inside_a_convolution(shape: tuple[int, ...]) -> None:
    """Eight channels, first of the dimensions: no other one may have a factor of its own."""
    draft = Draft("NCHW")
    value = draft.input(1, 4, 8, 8, dtype="float32")
    value = draft.add("conv2d", (value, draft.constant(8, 4, 1, 1, dtype="float32")), (1, 8, 8, 8), "float32")
    output = draft.same("mul", value, draft.constant(*shape, dtype="float32"), dtype="float32")
    assert kinds(draft, output) == ["conv2d", "mul"]


def test_a_normalization_behind_an_activation_is_a_kernel_with_numbers_of_its_own() -> None:
    draft = Draft()
    value = draft.same("relu", draft.conv(draft.input(1, 8, 8, 4), 4))
    norms = tuple(draft.constant(4, dtype="float32") for _ in range(4))
    output = draft.same("batch-norm", value, *norms)
    assert kinds(draft, output) == ["conv2d", "batch-norm"]
    assert plan(draft.graph(output)).weights_bytes == (16 + 16) + 2 * 16


def test_a_constant_over_a_value_is_no_factor() -> None:
    draft = Draft()
    value = draft.input(1, 8, 8, 4, dtype="float32")
    value = draft.add("conv2d", (value, draft.constant(4, 1, 1, 4, dtype="float32")), (1, 8, 8, 4), "float32")
    output = draft.add("div", (draft.constant(4, dtype="float32"), value), (1, 8, 8, 4), "float32")
    assert kinds(draft, output) == ["conv2d", "div"]


def test_between_channels_first_and_last_nothing_moves_but_the_upper_bound_holds_a_copy() -> None:
    draft = Draft("NCHW")
    image = draft.input(1, 8, 8, 3)
    output = draft.add("transpose", (image,), (1, 3, 8, 8), permutation=(0, 3, 1, 2))
    footprint = plan(draft.graph(draft.same("softmax", output)))
    assert (footprint.lower_bytes, footprint.estimate_bytes, footprint.upper_bytes) == (192, 384, 384)
    turned = draft.add("transpose", (image,), (1, 3, 8, 8), permutation=(0, 3, 2, 1))
    assert kinds(draft, turned) == ["softmax", "transpose"], "rows and columns change their places"


@pytest.mark.parametrize("between", [(), ("add-constant", "relu6")], ids=["swish", "hard-swish"])
def test_a_kernel_may_calculate_a_gate_where_it_is_used(between: tuple[str, ...]) -> None:
    """x * f(x): two values live in the lower bound's kernel (none but x and the result), in others three do."""
    draft = Draft()
    value = draft.same("softmax", draft.input(1, 8, 8, 4))
    gate = value
    for kind in between or ("sigmoid",):
        gate = draft.same("add", gate, draft.constant(1)) if kind == "add-constant" else draft.same(kind, gate)
    output = draft.same("mul", value, gate)
    footprint = plan(draft.graph(output))
    assert footprint.lower_bytes == 256
    assert footprint.estimate_bytes == 2 * 256


def test_a_gate_of_another_value_needs_its_place() -> None:
    draft = Draft()
    value, other = draft.input(1, 8, 8, 4), draft.input(1, 8, 8, 4)
    output = draft.same("mul", value, draft.same("sigmoid", other))
    assert plan(draft.graph(output)).lower_bytes == 2 * 256


def test_what_a_loop_reads_from_outside_is_not_known_before_it_runs() -> None:
    draft = Draft("NCHW")
    draft.input(1, 4)
    turns = draft.constant(1, dtype="int64")
    looped = draft.add("while", (turns,), (1, 4), "float32")
    weights = draft.constant(4, 3, dtype="float32")
    output = draft.add("fully-connected", (looped, weights), (1, 3), "float32")
    assert kinds(draft, output) == ["while", "fully-connected"]
    assert plan(draft.graph(output)).weights_bytes >= 4 * 12
