"""What the C package refuses, and how it says so."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.deployment.c.lowering import lower
from registry.deployment.c.program import arena
from registry.deployment.c.source import Source
from registry.errors import RejectedError, UnavailableError
from registry.inspect import read
from registry.inspect.graph import Extent, Graph, Quantization, Tensor
from tests.unit.deployment.c import models
from tests.unit.deployment.c.models import Window
from tests.unit.inspect.tflite_builder import convolution, varied
from tests.unit.strategies import PROPERTY


def source_of(model: bytes, folder: Path) -> Source:
    path = folder / "net.tflite"
    path.write_bytes(model)
    return Source(read(path), path)


def changed(source: Source, place: int, change: Callable[[Tensor], Tensor]) -> Source:
    """The same with another tensor in one place."""
    tensors = list(source.graph.tensors)
    tensors[place] = change(tensors[place])
    return Source(replace(source.graph, tensors=tuple(tensors)), source.path)


def rejected(source: Source) -> RejectedError:
    with pytest.raises(RejectedError) as caught:
        lower(source)
    return caught.value


def test_all_operators_without_a_kernel_are_counted_and_named(tmp_path: Path) -> None:
    making = models.Making()
    data = making.input((1, 4), "float32")
    for name in ("EXP", "EXP", "FLOOR"):
        data = making.operator(name, [data], making.tensor((1, 4), "float32"))
    error = rejected(source_of(making.done(data), tmp_path))
    assert error.message == "the C package has no kernel for 2 EXP; 1 FLOOR"
    assert "linux" in str(error.hint)


def test_a_type_that_a_kernel_does_not_take_is_named(tmp_path: Path) -> None:
    window = Window(dtype="int8")
    source = source_of(models.convolution(window), tmp_path)
    weights = source.graph.operators[0].inputs[1]
    error = rejected(changed(source, weights, lambda tensor: replace(tensor, dtype="int4")))
    assert error.message == "the C package has no kernel for 1 CONV_2D with int4 and int8"


@pytest.mark.parametrize(
    ("place", "change", "said"),
    [
        (1, lambda one: replace(one, quantization=Quantization((0.1,), (3,))), "weights that are not symmetric"),
        (1, lambda one: replace(one, quantization=Quantization((0.1,) * 3, (0,) * 3, 3)), "another dimension"),
        (1, lambda one: replace(one, quantization=None), "weights that are not symmetric"),
        (0, lambda one: replace(one, quantization=None), "without one scale"),
        (0, lambda one: replace(one, quantization=Quantization((0.0,), (0,))), "a scale of 0"),
        (0, lambda one: replace(one, quantization=Quantization((0.1,), (1000,))), "zero point 1000"),
        (3, lambda one: replace(one, shape=(1, 50, 6, 4)), "an output of 50"),
        (1, lambda one: replace(one, shape=(4, 3, 3, 9)), "does not suit its input"),
        (2, lambda one: replace(one, constant=False), "reads a tensor that nothing writes"),
        (2, lambda one: replace(one, dtype="int64"), "int64 where constant int32"),
        (2, lambda one: replace(one, shape=(3,), extent=Extent(one.extent.offset, 12)), "3 terms for 4 outputs"),
        (0, lambda one: replace(one, shape=(2, 5, 6, 3)), "expected one image"),
        (0, lambda one: replace(one, shape=(1, None, 6, 3)), "shapes are not fixed"),
        (0, lambda one: replace(one, shape=(1, 1 << 20, 1 << 20, 3)), "a tensor of 1x1048576"),
        (1, lambda one: replace(one, extent=Extent(one.extent.offset, 5)), "expected 108 bytes, found 5"),
        (1, lambda one: replace(one, extent=Extent(1 << 40, 108)), "expected 108 bytes at"),
        (1, lambda one: replace(one, extent=Extent(0, 108, "other.bin")), "expected 108 bytes"),
        (3, lambda one: replace(one, dtype="int16"), "expected int8, uint8, int32, float32, found int16"),
    ],
)
def test_what_does_not_suit_is_refused_with_the_reason(
    tmp_path: Path, place: int, change: Callable[[Tensor], Tensor], said: str
) -> None:
    source = source_of(models.convolution(Window()), tmp_path)
    assert said in rejected(changed(source, place, change)).message


def test_sums_that_could_overflow_are_refused(tmp_path: Path) -> None:
    window = Window(size=(1, 1), kernel=(1, 1), channels=1, outputs=1)
    source = source_of(models.convolution(window), tmp_path)
    bias = source.graph.operators[0].inputs[2]
    extent = source.tensor(bias).extent
    assert extent is not None
    data = bytearray(source.path.read_bytes())
    data[extent.offset : extent.offset + 4] = (0x7FFFFFFF).to_bytes(4, "little")
    source.path.write_bytes(data)
    assert "overflow 32 bits" in rejected(source).message


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    source = source_of(models.convolution(Window(dtype="float32")), tmp_path)
    extent = source.tensor(1).extent
    assert extent is not None
    data = bytearray(source.path.read_bytes())
    data[extent.offset : extent.offset + 4] = b"\x00\x00\xc0\x7f"
    source.path.write_bytes(data)
    assert "found NaN or infinity" in rejected(source).message


def test_a_file_that_is_gone_is_not_the_models_fault(tmp_path: Path) -> None:
    source = source_of(models.convolution(Window()), tmp_path)
    source.path.unlink()
    with pytest.raises(UnavailableError, match="cannot be read"):
        lower(source)


@pytest.mark.parametrize("inputs", [(0,), (0, -1)])
def test_an_operator_without_its_weights(tmp_path: Path, inputs: tuple[int, ...]) -> None:
    source = source_of(models.convolution(Window()), tmp_path)
    (operator,) = source.graph.operators
    graph = replace(source.graph, operators=(replace(operator, inputs=inputs),))
    assert "1 CONV_2D without a second input" in rejected(Source(graph, source.path)).message


@pytest.mark.parametrize("change", ["twice", "none", "same"])
def test_graphs_that_run_nowhere(tmp_path: Path, change: str) -> None:
    source = source_of(models.convolution(Window()), tmp_path)
    graph = source.graph
    changes: dict[str, Graph] = {
        "twice": replace(graph, operators=graph.operators * 2),
        "none": replace(graph, operators=()),
        "same": replace(graph, outputs=graph.inputs),
    }
    rejected(Source(changes[change], source.path))


@settings(PROPERTY, max_examples=300)
@given(
    st.sampled_from(
        [models.convolution(Window()), models.depthwise(Window(dtype="float32"), 2), convolution().bytes()]
    ),
    st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=4),
)
def test_a_damaged_file_is_refused_or_lowered(tmp_path: Path, model: bytes, changes: list[tuple[int, int]]) -> None:
    data = bytearray(model)
    for place, value in changes:
        data[place % len(data)] = value
    path = tmp_path / "net.tflite"
    path.write_bytes(data)
    with contextlib.suppress(RejectedError):
        source = Source(read(path, "tflite"), path)
        program = lower(source)
        assert arena(program, source).bytes >= 0


def test_a_model_of_many_kinds_is_refused_without_a_traceback(tmp_path: Path) -> None:
    rejected(source_of(varied().bytes(), tmp_path))
