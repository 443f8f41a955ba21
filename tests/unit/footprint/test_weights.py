"""Constants that a device keeps."""

from __future__ import annotations

from typing import Any

from registry.footprint import plan
from tests.unit.footprint.graphs import Draft


def test_shapes_axes_and_paddings_are_not_stored() -> None:
    draft = Draft()
    padded = draft.add("pad", (draft.input(1, 8, 8, 4), draft.constant(4, 2, dtype="int32")), (1, 10, 10, 4))
    mean = draft.add("mean", (padded, draft.constant(2, dtype="int32")), (1, 4))
    output = draft.add("reshape", (mean, draft.constant(2, dtype="int32")), (4,))
    assert plan(draft.graph(output)).weights_bytes == 0


def test_a_shared_constant_is_stored_once() -> None:
    draft = Draft()
    value, weights = draft.input(1, 100), draft.constant(100, 100)
    for _ in range(2):
        value = draft.add("fully-connected", (value, weights), (1, 100))
    assert plan(draft.graph(value)).weights_bytes == 10_000


def test_constants_of_sums_and_factors_are_stored() -> None:
    draft = Draft()
    output = draft.same("mul", draft.input(1, 8, 8, 4), draft.constant(4, dtype="float32"))
    assert plan(draft.graph(output)).weights_bytes == 16


def test_the_slopes_of_an_activation_inside_a_convolution_are_stored() -> None:
    draft = Draft()
    value = draft.conv(draft.input(1, 8, 8, 4), 4)
    output = draft.same("prelu", value, draft.constant(4, dtype="float32"))
    assert plan(draft.graph(output)).weights_bytes == 16 + 4 * 4 + 4 * 4


def test_a_constant_that_nothing_reads_is_not_stored() -> None:
    draft = Draft()
    draft.constant(1000)
    assert plan(draft.graph(draft.same("relu", draft.input(1, 4)))).weights_bytes == 0


def normalized(*, before: bool, padding: str = "same", bias: bool = True) -> int:
    """Weights of a float 3x3 convolution of 4 to 4 channels beside a normalization (four numbers a channel)."""
    draft = Draft()
    value = draft.input(1, 8, 8, 4, dtype="float32")
    numbers = tuple(draft.constant(4, dtype="float32") for _ in range(4))
    weights = (draft.constant(4, 3, 3, 4, dtype="float32"), *([draft.constant(4, dtype="float32")] if bias else []))
    for kind in ("batch-norm", "conv2d") if before else ("conv2d", "batch-norm"):
        if kind == "batch-norm":
            value = draft.same(kind, value, *numbers, dtype="float32")
        else:
            shape = (1, 6, 6, 4) if padding == "valid" else (1, 8, 8, 4)
            window: dict[str, Any] = {"kernel": (3, 3), "padding": padding, "pads": (1, 1, 1, 1)}
            value = draft.add(kind, (value, *weights), shape, "float32", **window)
    return plan(draft.graph(value)).weights_bytes


def test_a_normalization_after_a_convolution_is_folded() -> None:
    assert normalized(before=False) == 4 * (144 + 4)


def test_a_normalization_after_a_convolution_without_bias_becomes_its_bias() -> None:
    assert normalized(before=False, bias=False) == 4 * (144 + 4)


def test_a_normalization_before_a_convolution_is_folded_unless_it_is_padded() -> None:
    """With padding, zeros would have to be normalized too: then it stays, a factor and a term for each channel."""
    assert normalized(before=True, padding="valid") == 4 * (144 + 4)
    assert normalized(before=True, padding="same") == 4 * (144 + 4) + 2 * 4 * 4
    assert normalized(before=True, padding="explicit") == 4 * (144 + 4) + 2 * 4 * 4


def test_four_bit_weights_are_packed() -> None:
    draft = Draft()
    weights = draft.constant(10, 10, dtype="int4")
    assert (
        plan(draft.graph(draft.add("fully-connected", (draft.input(1, 10), weights), (1, 10)))).weights_bytes == 50
    )
