"""Golden vectors against engines whose answer is known."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, save_model

from registry.errors import RejectedError
from registry.golden import GoldenTensor, Tolerance, Vector
from registry.runtime import open_model
from registry.runtime.base import Array, Model, Port
from registry.selftest import Outcome, array_of, selftest

INPUT = GoldenTensor("i.bin", 0, (1, 2), "int8", "", 0.5, 1)
OUTPUT = GoldenTensor("o.bin", 0, (1, 2), "int16", "", 0.25, 0)
VECTOR = Vector("pair", INPUT, OUTPUT, Tolerance(steps=0))
FILES = {"i.bin": struct.pack("<2b", 3, -4), "o.bin": struct.pack("<2h", 300, -400)}


class Hundredfold(Model):
    """An engine that gives a hundred times what is stored."""

    name, version = "hundredfold", "1"
    inputs = (Port("in", (1, 2), "int8", 0.5, 1),)
    outputs = (Port("out", (1, 2), "int16", 0.25, 0),)

    def invoke(self, stored: Array) -> list[Array]:
        self.check(stored)
        return [stored.astype(np.int16) * 100]


def outcome(vector: Vector = VECTOR, **files: bytes) -> Outcome:
    contents = {**FILES, **{f"{name}.bin": data for name, data in files.items()}}
    (found,) = selftest(Hundredfold(), [vector], contents)
    return found


def test_what_plain_python_packed_is_what_the_model_gets_and_gives() -> None:
    found = outcome()
    assert found.passed
    assert found.deviation is not None
    assert found.deviation.steps == 0


def test_a_difference_is_told() -> None:
    found = outcome(o=struct.pack("<2h", 300, -402))
    assert found.failures == ("greatest difference in steps: expected at most 0, found 2",)
    assert outcome(replace(VECTOR, tolerance=Tolerance(steps=2)), o=struct.pack("<2h", 300, -402)).passed


@pytest.mark.parametrize(
    ("vector", "files", "said"),
    [
        (VECTOR, {"o": FILES["o.bin"][:-1]}, "o.bin: expected 4 bytes for int16 1x2, found 3"),
        (VECTOR, {"i": b""}, "i.bin: expected 2 bytes for int8 1x2, found 0"),
        (replace(VECTOR, output=replace(OUTPUT, number=1)), {}, "expected a model with output number 1, found 1"),
        (
            replace(VECTOR, output=replace(OUTPUT, dtype="float16")),
            {},
            "output out: expected float16 as in o.bin, found int16",
        ),
        (
            replace(VECTOR, output=replace(OUTPUT, scale=0.5)),
            {},
            "output out: expected scale 0.5 and zero point 0 as in o.bin, found 0.25 and 0",
        ),
        (
            replace(VECTOR, input=replace(INPUT, zero_point=0)),
            {},
            "input in: expected scale 0.5 and zero point 0 as in i.bin, found 0.5 and 1",
        ),
        (
            replace(VECTOR, output=replace(OUTPUT, scale=None)),
            {},
            "expected scale 0 and zero point 0 as in o.bin, found 0.25",
        ),
        (
            replace(VECTOR, tolerance=Tolerance(absolute=50.0)),
            {},
            "expected 'absolute' at most a quarter of what o.bin spans (175), found 50",
        ),
        (
            replace(VECTOR, input=replace(INPUT, shape=(2, 1))),
            {},
            "input in: expected int8 1x2, found int8 2x1",
        ),
        (
            replace(VECTOR, output=replace(OUTPUT, shape=(2, 1))),
            {},
            "output out: expected int16 2x1 as in o.bin, found int16 1x2",
        ),
    ],
)
def test_a_vector_that_does_not_fit_fails_with_the_reason(
    vector: Vector, files: dict[str, bytes], said: str
) -> None:
    found = outcome(vector, **files)
    assert not found.passed
    assert found.deviation is None
    (failure,) = found.failures
    assert said in failure


def test_a_scale_that_a_card_rounded_to_float32_is_the_same() -> None:
    assert outcome(replace(VECTOR, output=replace(OUTPUT, scale=0.25 * (1 + 1e-7)))).passed


def test_one_bad_vector_does_not_hide_the_others() -> None:
    bad = replace(VECTOR, name="bad", input=replace(INPUT, file="empty"))
    contents = {**FILES, "empty": b""}
    found = selftest(Hundredfold(), [bad, VECTOR], contents)
    assert [(one.vector.name, one.passed) for one in found] == [("bad", False), ("pair", True)]


def test_a_model_that_gives_no_numbers_fails(tmp_path: Path) -> None:
    """A root of a negative number, in a real engine."""
    path = tmp_path / "root.onnx"
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Sqrt", ["x"], ["y"])], "root", ports[:1], ports[1:])
    save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    given, made = (GoldenTensor(name, 0, (1, 2), "float32") for name in ("x", "y"))
    contents = {"x": struct.pack("<2f", 4, -4), "y": struct.pack("<2f", 2, 3)}
    vector = Vector("root", given, made, Tolerance(absolute=1e-3))
    (found,) = selftest(open_model(path, "onnx"), [vector], contents)
    assert found.failures == ("1 of 2 values are no numbers",)


@pytest.mark.parametrize(
    ("dtype", "form"),
    [
        ("uint8", "B"),
        ("int8", "b"),
        ("bool", "?"),
        ("int16", "h"),
        ("float16", "e"),
        ("int32", "i"),
        ("float32", "f"),
        ("int64", "q"),
    ],
)
def test_every_type_is_read_as_little_endian(dtype: str, form: str) -> None:
    values = [1, 0, 1, 1, 0, 1] if dtype == "bool" else [1, 2, 3, 4, 5, 100]
    found = array_of(GoldenTensor("x", 0, (1, 2, 3), dtype), struct.pack(f"<6{form}", *values))
    assert found.dtype == np.dtype(dtype)
    assert found[0].tolist() == [values[:3], values[3:]]


def test_bytes_of_another_size_are_refused() -> None:
    with pytest.raises(RejectedError, match="expected 8 bytes for float32 1x2, found 9"):
        array_of(GoldenTensor("x", 0, (1, 2), "float32"), bytes(9))
