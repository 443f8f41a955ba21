"""The reader of the wire format, against the encoder of the `onnx` package and against any bytes."""

from __future__ import annotations

import contextlib
from itertools import pairwise

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.inspect.bounds import MalformedError
from registry.inspect.onnx.protobuf import BYTES, FIXED32, VARINT, Span, Wire, signed
from tests.fuzz.onnx_mutator import varint
from tests.unit.strategies import PROPERTY


def fields(data: bytes, limit: int = 100) -> list[tuple[int, int, int, bytes]]:
    wire = Wire(data, "file", limit)
    return [(each.number, each.kind, each.value, wire.content(each.span)) for each in wire.fields(wire.whole)]


@PROPERTY
@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_a_number_comes_back_as_it_was_written(number: int) -> None:
    data = onnx.AttributeProto(i=number).SerializeToString()
    ((field_number, kind, value, _),) = fields(data)
    assert (field_number, kind, signed(value)) == (3, VARINT, number)


@PROPERTY
@given(st.binary(max_size=300), st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=20))
def test_payloads_and_packed_numbers_come_back(raw: bytes, dims: list[int]) -> None:
    message = onnx.TensorProto(raw_data=raw, int64_data=dims)
    wire = Wire(message.SerializeToString(), "file")
    found = list(wire.fields(wire.whole))
    assert [wire.content(each.span) for each in found if each.number == 9] == [raw]
    assert [number for each in found if each.number == 7 for number in wire.varints(each, 100)] == dims


def test_single_numbers_of_fixed_size() -> None:
    assert fields(onnx.AttributeProto(f=1.5).SerializeToString()) == [(2, FIXED32, 0, b"\0\0\xc0\x3f")]
    assert Wire(b"\0\0\xc0\x3f", "file").numbers(Span(0, 4), "f", 9) == (1.5,)


@PROPERTY
@given(st.binary(max_size=200))
def test_any_bytes_give_fields_within_the_message_or_an_error(data: bytes) -> None:
    wire = Wire(data, "file")
    spans = [Span(0, 0)]
    with contextlib.suppress(MalformedError):
        spans += [each.span for each in wire.fields(wire.whole) if each.kind != VARINT]
    assert all(before.end <= after.start for before, after in pairwise(spans))
    assert all(0 <= span.start <= span.end <= len(data) for span in spans)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x0a\x05abc", "a length of 5"),
        (b"\x0d\0\0", "a length of 4"),
        (b"\x0b", "wire type 3"),
        (b"\x0f", "wire type 7"),
        (b"\x00\x01", "field number"),
        (b"\x08\xff", "no end of one"),
        (b"\x08" + b"\xff" * 11, "no end of one"),
        (b"\x0a" + varint(1 << 63), f"a length of {1 << 63}"),
    ],
)
def test_what_is_no_field_is_refused_with_its_offset(data: bytes, expected: str) -> None:
    with pytest.raises(MalformedError, match=r"offset [01]:") as caught:
        fields(data)
    assert expected in caught.value.message


def test_a_length_may_fill_the_file_but_not_its_message() -> None:
    inner = b"\x0a\x03abc"
    assert fields(inner) == [(1, BYTES, 0, b"abc")]
    wire = Wire(inner, "file")
    with pytest.raises(MalformedError, match="at most 2 bytes left"):
        list(wire.fields(Span(0, 4)))


def test_a_file_of_too_many_fields_is_given_up() -> None:
    assert len(fields(b"\x08\x01" * 100)) == 100
    with pytest.raises(MalformedError, match="fields, found more"):
        fields(b"\x08\x01" * 101)
