from __future__ import annotations

import contextlib
import tracemalloc
from struct import pack_into

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.inspect.bounds import MAX_NAME, MalformedError
from registry.inspect.tflite.flatbuffer import FLOAT32, INT8, INT32, INT64, UINT16, FlatBuffer, Table
from tests.unit.inspect.flatbuffer_writer import Fields, Number, Numbers, build
from tests.unit.strategies import PROPERTY

IDENTIFIER = b"TFL3"


def root(data: bytes) -> Table:
    return FlatBuffer(data, "net").root(IDENTIFIER)


def test_fields_are_read_by_number_and_absent_ones_have_their_default() -> None:
    inner = Fields({3: "deep"})
    fields = Fields(
        {
            0: Number(INT8, -5),
            2: Number(INT64, 1 << 40),
            3: Number(FLOAT32, 0.5),
            4: "näme",
            5: Numbers(INT32, [1, -2, 3]),
            6: inner,
            7: [inner, Fields({})],
            8: ["a", "b"],
        }
    )
    table = root(build(fields))
    assert table.integer(0, INT8) == -5
    assert table.integer(1, INT32, 7) == 7
    assert table.integer(99, INT32, 7) == 7
    assert table.integer(2, INT64) == 1 << 40
    assert table.real(3) == 0.5
    assert table.string(4) == "näme"
    assert table.string(1) == ""
    assert table.integers(5) == (1, -2, 3)
    assert table.integers(1) == ()
    deep = table.table(6)
    assert deep is not None
    assert deep.string(3) == "deep"
    assert table.table(1) is None
    assert [item.string(3) for item in table.tables(7, 2)] == ["deep", ""]
    assert table.strings(8) == ("a", "b")


@PROPERTY
@given(
    st.dictionaries(
        st.integers(0, 30),
        st.one_of(
            st.integers(-(2**63), 2**63 - 1).map(lambda value: Number(INT64, value)),
            st.text(max_size=20),
            st.lists(st.integers(-(2**31), 2**31 - 1), max_size=9).map(lambda values: Numbers(INT32, values)),
        ),
    )
)
def test_what_is_written_is_read(fields: dict[int, Number | str | Numbers]) -> None:
    table = root(build(Fields(dict(fields))))
    for field, value in fields.items():
        if isinstance(value, Number):
            assert table.integer(field, INT64) == value.value
        elif isinstance(value, str):
            assert table.string(field) == value
        else:
            assert table.integers(field) == tuple(value.values)


@PROPERTY
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(MalformedError):
        table = root(data[:4] + IDENTIFIER + data[4:])
        table.string(0)
        table.integers(1)
        list(table.tables(2, 100))
        table.strings(3)


def test_a_part_of_a_file_is_read_with_offsets_of_the_whole() -> None:
    inner = build(Fields({0: "in it"}))
    data = b"x" * 40 + inner + b"y" * 40
    table = FlatBuffer(data, "net", 40, 40 + len(inner)).root(IDENTIFIER)
    assert table.string(0) == "in it"
    assert table.position > 40
    with pytest.raises(MalformedError):
        FlatBuffer(data, "net", 40, 40 + len(inner) - 8).root(IDENTIFIER).string(0)


@pytest.mark.parametrize("size", range(8))
def test_a_file_that_is_too_short_is_refused(size: int) -> None:
    with pytest.raises(MalformedError, match="at least 8 bytes"):
        root(bytes(size))


def test_another_identifier_is_refused_by_name() -> None:
    with pytest.raises(MalformedError, match=r"offset 4: expected the identifier TFL3, found 'TFL2'"):
        root(build(Fields({}), b"TFL2"))


@pytest.mark.parametrize("offset", [0, 1, 3, 1 << 20, (1 << 32) - 1])
def test_an_offset_that_leads_nowhere_is_refused(offset: int) -> None:
    data = bytearray(build(Fields({0: "name"})))
    pack_into("<I", data, 0, offset)
    with pytest.raises(MalformedError, match="offset 0: expected an offset of 4 to"):
        root(bytes(data))


@pytest.mark.parametrize("size", [0, 2, 5, 60000])
def test_a_broken_vtable_is_refused(size: int) -> None:
    data = bytearray(build(Fields({0: Number(INT32, 1)})))
    table = int.from_bytes(data[:4], "little")
    vtable = table - int.from_bytes(data[table : table + 4], "little", signed=True)
    UINT16.pack_into(data, vtable, size)
    with pytest.raises(MalformedError, match="vtable"):
        root(bytes(data))


def test_a_field_outside_of_its_table_is_refused() -> None:
    data = bytearray(build(Fields({0: Number(INT32, 1)})))
    table = int.from_bytes(data[:4], "little")
    vtable = table - int.from_bytes(data[table : table + 4], "little", signed=True)
    UINT16.pack_into(data, vtable + 4, 6)
    with pytest.raises(MalformedError, match="field 0 of 4 bytes inside its table of 8"):
        root(bytes(data)).integer(0, INT32)


def test_a_vector_that_claims_more_than_the_file_holds_costs_nothing() -> None:
    data = bytearray(build(Fields({0: Numbers(INT32, [1, 2, 3])})))
    place = data.rindex(b"\3\0\0\0\1\0\0\0")
    pack_into("<I", data, place, (1 << 32) - 1)
    table = root(bytes(data))
    tracemalloc.start()
    try:
        with pytest.raises(MalformedError, match="a vector of 4294967295 items"):
            table.integers(0)
        assert tracemalloc.get_traced_memory()[1] < 1 << 16
    finally:
        tracemalloc.stop()


def test_a_longer_list_than_is_allowed_is_refused() -> None:
    table = root(build(Fields({0: [Fields({}), Fields({})], 1: Numbers(INT32, [1, 2])})))
    with pytest.raises(MalformedError, match="at most 1 items, found 2"):
        table.tables(0, 1)
    with pytest.raises(MalformedError, match="at most 1 items, found 2"):
        table.integers(1, most=1)


def test_one_table_that_is_referred_to_over_and_over_is_refused() -> None:
    count = 50_000
    data = bytearray(build(Fields({0: [Fields({0: "shared " * 9})] + [Fields({})] * (count - 1)})))
    first, number = root(bytes(data)).extent(0, 4) or (0, 0)
    assert number == count
    target = first + int.from_bytes(data[first : first + 4], "little")
    for place in range(first, first + 4 * count, 4):
        pack_into("<I", data, place, target - place)
    del data[target + 200 :]
    with pytest.raises(MalformedError, match="the same parts over and over"):
        [table.string(0) for table in root(bytes(data)).tables(0, count)]


def test_a_long_name_is_cut_and_one_that_is_no_text_is_shown() -> None:
    table = root(build(Fields({0: "x" * (MAX_NAME + 5), 1: b"a\xffb"})))
    assert table.string(0) == "x" * MAX_NAME
    assert table.string(1) == "a\ufffdb"
