"""Every kernel against the reference kernels of LiteRT, on random models of one operator."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from tests.unit.deployment.c import models
from tests.unit.deployment.c.building import needs_gcc, run_c, run_reference
from tests.unit.deployment.c.models import Scale, Window, code, flag, real
from tests.unit.inspect.flatbuffer_writer import Value
from tests.unit.strategies import PROPERTY

pytestmark = needs_gcc
UNSHRUNK = settings(PROPERTY, phases=[Phase.explicit, Phase.generate])
"""Every example is compiled; finding a smaller one that fails would take minutes."""

FEW = settings(UNSHRUNK, max_examples=12)
GIVEN, WANTED = (0.05, 3), (0.11, -5)

scales = st.tuples(st.floats(1 / 128, 0.5, width=32), st.integers(-128, 127))
small = st.integers(1, 3)
windows = st.builds(
    Window,
    size=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    channels=st.integers(1, 5),
    outputs=st.integers(1, 5),
    kernel=st.tuples(small, small),
    strides=st.tuples(small, small),
    dilations=st.sampled_from([(1, 1), (2, 1), (2, 3)]),
    same=st.booleans(),
    activation=st.sampled_from(models.ACTIVATIONS),
    dtype=st.sampled_from(["int8", "int8", "float32"]),
    per_channel=st.booleans(),
    given=scales,
    wanted=scales,
    seed=st.integers(0, 1 << 16),
)


def values(shape: tuple[int, ...], dtype: str, seed: int = 0) -> Any:
    random = np.random.default_rng(seed)
    if dtype == "float32":
        return random.normal(scale=3, size=shape).astype(np.float32)
    limits = np.iinfo(dtype)
    return random.integers(limits.min, limits.max + 1, shape).astype(dtype)


def agree(model: bytes, inputs: list[Any], folder: Path, steps: float = 0) -> None:
    """The same numbers as the reference; `steps` apart where that is stated."""
    found, expected = run_c(model, inputs, folder), run_reference(model, inputs)
    if expected.dtype == np.float32:
        assert np.allclose(found, expected, rtol=1e-5, atol=1e-5)
    else:
        assert np.abs(found.astype(int) - expected.astype(int)).max() <= steps


@FEW
@given(windows)
def test_convolution(tmp_path: Path, window: Window) -> None:
    assume(window.is_possible)
    image = values((1, *window.size, window.channels), window.dtype, window.seed)
    agree(models.convolution(window), [image], tmp_path)


@FEW
@given(windows, small)
def test_depthwise_convolution(tmp_path: Path, window: Window, each: int) -> None:
    assume(window.is_possible)
    image = values((1, *window.size, window.channels), window.dtype, window.seed)
    agree(models.depthwise(window, each), [image], tmp_path)


@FEW
@given(windows, st.sampled_from(["AVERAGE_POOL_2D", "MAX_POOL_2D"]))
def test_pooling(tmp_path: Path, window: Window, name: str) -> None:
    window = replace(window, dilations=(1, 1))
    assume(window.is_possible)
    image = values((1, *window.size, window.channels), window.dtype, window.seed)
    agree(models.pooling(window, name), [image], tmp_path)


@FEW
@given(windows, st.integers(1, 4))
def test_fully_connected(tmp_path: Path, window: Window, rows: int) -> None:
    data = values((rows, window.channels), window.dtype, window.seed)
    agree(models.fully_connected(replace(window, per_channel=False), rows), [data], tmp_path)


@settings(UNSHRUNK, max_examples=16)
@given(
    st.sampled_from([("ADD", "int8"), ("MUL", "int8"), ("ADD", "float32"), ("SUB", "float32"), ("MUL", "float32")]),
    st.sampled_from([(1, 3, 4, 5), (1, 1, 1, 5), (1, 1, 1, 1), (1, 3, 1, 5), (5,)]),
    st.tuples(scales, scales, scales),
    st.sampled_from(models.ACTIVATIONS),
    st.booleans(),
)
def test_sums_and_products(
    tmp_path: Path, what: tuple[str, str], other: tuple[int, ...], stored: Any, activation: str, fixed: bool
) -> None:
    name, dtype = what
    shape = (1, 3, 4, 5)
    model = models.pair(name, (shape, other), dtype, stored, activation, fixed=fixed)
    inputs = [values(shape, dtype, 1), *([] if fixed else [values(other, dtype, 2)])]
    agree(model, inputs, tmp_path)


ALL_BYTES = np.arange(-128, 128, dtype=np.int8).reshape(1, 256)


@pytest.mark.parametrize(
    ("name", "wanted", "steps"),
    [
        ("RELU", WANTED, 0),
        ("RELU6", WANTED, 0),
        ("RELU_N1_TO_1", WANTED, 0),
        ("LOGISTIC", (1 / 256, -128), 1),
        ("TANH", (1 / 128, 0), 1),
        ("HARD_SWISH", WANTED, 1),
    ],
)
def test_activations_of_all_bytes(tmp_path: Path, name: str, wanted: Scale, steps: int) -> None:
    """Where the reference rounds its fixed-point approximation, a step apart."""
    model = models.single(name, ((1, 256), "int8", GIVEN), ((1, 256), "int8", wanted))
    agree(model, [ALL_BYTES], tmp_path, steps)


@pytest.mark.parametrize("name", ["RELU", "RELU6", "RELU_N1_TO_1", "LOGISTIC", "TANH", "HARD_SWISH"])
def test_activations_of_floats(tmp_path: Path, name: str) -> None:
    model = models.single(name, ((1, 50), "float32", None), ((1, 50), "float32", None))
    agree(model, [values((1, 50), "float32")], tmp_path)


@pytest.mark.parametrize("given_type", ["int8", "uint8", "float32"])
@pytest.mark.parametrize("wanted_type", ["int8", "uint8"])
def test_quantize(tmp_path: Path, given_type: str, wanted_type: str) -> None:
    given_scale = None if given_type == "float32" else (0.05, 7)
    model = models.single("QUANTIZE", ((1, 256), given_type, given_scale), ((1, 256), wanted_type, (0.11, 9)))
    data = np.linspace(-40, 40, 256, dtype=np.float32) if given_scale is None else np.arange(256)
    agree(model, [data.astype(np.uint8).view(given_type)[None] if given_scale else data[None]], tmp_path)


def test_floats_that_no_byte_holds_are_limited(tmp_path: Path) -> None:
    model = models.single("QUANTIZE", ((1, 4), "float32", None), ((1, 4), "int8", WANTED))
    extremes = np.array([[np.inf, -np.inf, 3e38, -3e38]], np.float32)
    assert run_c(model, [extremes], tmp_path).tolist() == [[127, -128, 127, -128]]
    assert run_c(model, [np.full((1, 4), np.nan, np.float32)], tmp_path).min() >= -128


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_dequantize(tmp_path: Path, dtype: str) -> None:
    model = models.single("DEQUANTIZE", ((1, 256), dtype, GIVEN), ((1, 256), "float32", None))
    agree(model, [np.arange(256, dtype=np.uint8).view(dtype)[None]], tmp_path)


@FEW
@given(st.sampled_from(["int8", "float32"]), st.integers(0, 3), st.lists(small, min_size=1, max_size=4))
def test_concatenation(tmp_path: Path, dtype: str, axis: int, sizes: list[int]) -> None:
    making = models.Making()
    shapes = [tuple(size if one == axis else 2 for one in range(4)) for size in sizes]
    stored = GIVEN if dtype == "int8" else None
    inputs = [making.input(shape, dtype, stored) for shape in shapes]
    output = making.tensor([sum(sizes) if one == axis else 2 for one in range(4)], dtype, stored)
    making.operator("CONCATENATION", inputs, output, 10, {0: models.whole(axis)})
    agree(making.done(output), [values(shape, dtype, seed) for seed, shape in enumerate(shapes)], tmp_path)


@FEW
@given(st.sampled_from(["int8", "float32"]), st.lists(st.tuples(*[st.integers(0, 2)] * 2), min_size=4, max_size=4))
def test_padding(tmp_path: Path, dtype: str, pads: list[tuple[int, int]]) -> None:
    shape = (1, 2, 3, 2)
    wanted = [size + sum(around) for size, around in zip(shape, pads, strict=True)]
    stored = GIVEN if dtype == "int8" else None
    model = models.single("PAD", (shape, dtype, stored), (wanted, dtype, stored), 22, {}, [pads])
    agree(model, [values(shape, dtype)], tmp_path)


@settings(UNSHRUNK, max_examples=20)
@given(
    st.sampled_from(["RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"]),
    st.sampled_from(["int8", "float32"]),
    st.sampled_from([(False, False), (True, False), (False, True)]),
    st.tuples(*[st.integers(1, 9)] * 4),
)
def test_resizing(
    tmp_path: Path, name: str, dtype: str, how: tuple[bool, bool], sizes: tuple[int, int, int, int]
) -> None:
    stored = GIVEN if dtype == "int8" else None
    shape, wanted = (1, *sizes[:2], 3), (1, *sizes[2:], 3)
    first, kind = (2, 15) if name == "RESIZE_BILINEAR" else (0, 74)
    options: dict[int, Value] = {first: flag(how[0]), first + 1: flag(how[1])}
    model = models.single(name, (shape, dtype, stored), (wanted, dtype, stored), kind, options, [sizes[2:]])
    agree(model, [values(shape, dtype)], tmp_path)


@pytest.mark.parametrize("dtype", ["int8", "float32"])
@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (4, 4), (5, 7)])
def test_mean(tmp_path: Path, dtype: str, keep: bool, size: tuple[int, int]) -> None:
    given_scale, wanted_scale = (GIVEN, (0.03, 11)) if dtype == "int8" else (None, None)
    shape, wanted = (1, *size, 6), (1, 1, 1, 6) if keep else (1, 6)
    model = models.single(
        "MEAN", (shape, dtype, given_scale), (wanted, dtype, wanted_scale), 27, {0: flag(keep)}, [(1, 2)]
    )
    agree(model, [values(shape, dtype)], tmp_path)


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_softmax(tmp_path: Path, dtype: str) -> None:
    """The reference's exponential is a fixed-point approximation: a step apart."""
    given_scale, wanted_scale = (GIVEN, (1 / 256, -128)) if dtype == "int8" else (None, None)
    model = models.single("SOFTMAX", ((6, 9), dtype, given_scale), ((6, 9), dtype, wanted_scale), 9, {0: real(1.5)})
    agree(model, [values((6, 9), dtype)], tmp_path, steps=1)


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_argmax_takes_the_first_of_equal_values(tmp_path: Path, dtype: str) -> None:
    stored = GIVEN if dtype == "int8" else None
    shape = (1, 4, 5, 3)
    model = models.single("ARG_MAX", (shape, dtype, stored), (shape[:3], "int32", None), 40, {0: code(2)}, [3])
    agree(model, [np.clip(values(shape, dtype), -1, 1).astype(dtype)], tmp_path)


@pytest.mark.parametrize("ends", [True, False])
def test_a_reshape_costs_nothing_but_where_it_is_the_output(tmp_path: Path, ends: bool) -> None:
    making = models.Making()
    data = making.input((1, 2, 3, 4), "int8", GIVEN)
    flat = making.operator(
        "RESHAPE", [data, making.graph.numbers(1, 24)], making.tensor((1, 24), "int8", GIVEN), 17
    )
    if not ends:
        flat = making.operator("RELU", [flat], making.tensor((1, 24), "int8", GIVEN))
    agree(making.done(flat), [values((1, 2, 3, 4), "int8")], tmp_path)
    assert ("zoo_copy(" in (tmp_path / "net_network.c").read_text()) is ends
