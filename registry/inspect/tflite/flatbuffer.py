"""FlatBuffers without a schema compiler: tables and vectors by field number, every offset checked against the file.

The format: https://flatbuffers.dev/internals. A table begins with a signed offset back to its vtable, which
holds the offset of each field that is present; whatever has no fixed size lies behind an unsigned offset, so that
references only lead onwards and cannot form circles. They can still meet: a small file may refer to one table a
million times. So every table and vector that is read is charged to a budget of a few times the file's size.
"""

from __future__ import annotations

from collections.abc import Iterator
from mmap import mmap
from struct import Struct

from registry.inspect.bounds import MAX_NAME, MalformedError

INT8, UINT8, BOOL = Struct("<b"), Struct("<B"), Struct("<?")
INT16, UINT16 = Struct("<h"), Struct("<H")
INT32, UINT32, FLOAT32 = Struct("<i"), Struct("<I"), Struct("<f")
INT64, UINT64, FLOAT64 = Struct("<q"), Struct("<Q"), Struct("<d")

MOST_FIELDS = 32
"""Fields of a vtable that are looked at; no table of the schemas read here has more."""

TABLE_CHARGE = 16
"""Bytes that reading a table costs at least; its smallest use, a table without fields and an offset, takes 8."""


class FlatBuffer:
    """A flatbuffer in a file or in a part of it. Positions are offsets in the whole file.

    Attributes:
        data: The file's bytes.
        name: What messages call the file.
        start: Offset of the flatbuffer.
        end: Offset after its last byte.
    """

    def __init__(self, data: mmap | bytes, name: str, start: int = 0, end: int | None = None) -> None:
        self.data = data
        self.name = name
        self.start = start
        self.end = len(data) if end is None else end
        self._budget = 2 * (self.end - self.start) + (1 << 16)
        self._vtables: dict[int, tuple[int, ...]] = {}

    def root(self, identifier: bytes | None) -> Table:
        """The root table.

        Args:
            identifier: What stands at byte 4; None for a flatbuffer that has none.

        Raises:
            MalformedError: The identifier at byte 4 is another, or the table lies outside.
        """
        if self.end - self.start < 8:
            raise self.malformed(self.start, "a flatbuffer of at least 8 bytes", f"{self.end - self.start} bytes")
        found = bytes(self.data[self.start + 4 : self.start + 8])
        if identifier is not None and found != identifier:
            raise self.malformed(self.start + 4, f"the identifier {identifier.decode()}", repr(found)[1:])
        return Table(self, self.follow(self.start))

    def malformed(self, position: int, expected: str, found: str) -> MalformedError:
        """The error of bytes at a position that break the format."""
        return MalformedError(self.name, f"offset {position}", expected, found)

    def charge(self, position: int, size: int) -> None:
        """Count bytes against what reading this file may cost.

        Raises:
            MalformedError: The file refers to the same bytes over and over.
        """
        self._budget -= size
        if self._budget < 0:
            raise self.malformed(position, "parts that are used about once", "the same parts over and over")

    def check(self, position: int, size: int, what: str) -> None:
        """Raise `MalformedError` unless bytes lie inside the flatbuffer."""
        if position < self.start or position + size > self.end:
            raise self.malformed(position, f"{what} of {size} bytes inside the file", f"an end at {self.end}")

    def follow(self, position: int) -> int:
        """Position that an unsigned offset leads to."""
        self.check(position, 4, "an offset")
        (offset,) = UINT32.unpack_from(self.data, position)
        target: int = position + offset
        if offset < 4 or target + 4 > self.end:
            raise self.malformed(position, f"an offset of 4 to {self.end - position - 4}", str(offset))
        return target

    def vtable(self, position: int) -> tuple[int, ...]:
        """Bytes of the tables that use a vtable, then the offset of each field in them, 0 for one left out."""
        known = self._vtables.get(position)
        if known is not None:
            return known
        self.check(position, 4, "a vtable")
        (size,) = UINT16.unpack_from(self.data, position)
        if size < 4 or size % 2:
            raise self.malformed(position, "a vtable of an even number of bytes, at least 4", str(size))
        self.check(position, size, "a vtable")
        shown = min(size // 2 - 1, MOST_FIELDS + 1)
        self.charge(position, 2 * shown)
        fields = Struct(f"<{shown}H").unpack_from(self.data, position + 2)
        if fields[0] < 4:
            raise self.malformed(position + 2, "tables of at least 4 bytes", str(fields[0]))
        self._vtables[position] = fields
        return fields


class Table:
    """A table: fields by number, as they stand in the schema. A field that is absent has its default.

    Attributes:
        position: Offset in the file.
    """

    __slots__ = ("_buffer", "_fields", "position")

    def __init__(self, buffer: FlatBuffer, position: int) -> None:
        buffer.check(position, 4, "a table")
        (back,) = INT32.unpack_from(buffer.data, position)
        self._buffer = buffer
        self._fields = buffer.vtable(position - back)
        self.position = position
        buffer.check(position, self._fields[0], "a table")
        buffer.charge(position, max(TABLE_CHARGE, self._fields[0]))

    def _place(self, field: int, size: int) -> int | None:
        """Position of a field's bytes, None when it is absent."""
        offset = self._fields[field + 1] if field + 1 < len(self._fields) else 0
        if not offset:
            return None
        if offset < 4 or offset + size > self._fields[0]:
            expected = f"field {field} of {size} bytes inside its table of {self._fields[0]}"
            raise self._buffer.malformed(self.position, expected, f"its offset {offset}")
        return self.position + offset

    def integer(self, field: int, kind: Struct, default: int = 0) -> int:
        """An integer or a truth value."""
        place = self._place(field, kind.size)
        return default if place is None else int(kind.unpack_from(self._buffer.data, place)[0])

    def real(self, field: int, default: float = 0.0) -> float:
        """A float32."""
        place = self._place(field, 4)
        return default if place is None else float(FLOAT32.unpack_from(self._buffer.data, place)[0])

    def table(self, field: int) -> Table | None:
        """A table, also the one of a union."""
        place = self._place(field, 4)
        return None if place is None else Table(self._buffer, self._buffer.follow(place))

    def extent(self, field: int, item: int = 1) -> tuple[int, int] | None:
        """Position of a vector's first item and number of items, without reading them; None when it is absent."""
        place = self._place(field, 4)
        if place is None:
            return None
        start = self._buffer.follow(place)
        (count,) = UINT32.unpack_from(self._buffer.data, start)
        self._buffer.check(start + 4, count * item, f"a vector of {count} items")
        return start + 4, count

    def vector(self, field: int, kind: Struct, most: int = 1 << 20) -> tuple[int | float, ...]:
        """Numbers; empty when the field is absent."""
        found = self.extent(field, kind.size)
        if found is None:
            return ()
        start, count = found
        self._limit(start, count, most)
        return numbers(self._buffer, start, count, kind)

    def integers(self, field: int, kind: Struct = INT32, most: int = 1 << 20) -> tuple[int, ...]:
        """Whole numbers; empty when the field is absent."""
        return tuple(map(int, self.vector(field, kind, most)))

    def string(self, field: int) -> str:
        """Text as UTF-8, cut at `MAX_NAME` bytes; empty when the field is absent."""
        found = self.extent(field)
        return "" if found is None else self._text(*found)

    def strings(self, field: int, most: int = 4096) -> tuple[str, ...]:
        """A vector of text."""
        return tuple(self._text(*self._sized(place)) for place in self._offsets(field, most))

    def tables(self, field: int, most: int) -> Iterator[Table]:
        """A vector of tables.

        Raises:
            MalformedError: There are more than `most`, or one lies outside the file.
        """
        return (Table(self._buffer, self._buffer.follow(place)) for place in self._offsets(field, most))

    def _offsets(self, field: int, most: int) -> range:
        """Positions of the offsets in a vector of them."""
        start, count = self.extent(field, 4) or (0, 0)
        self._limit(start, count, most)
        return range(start, start + 4 * count, 4)

    def _sized(self, place: int) -> tuple[int, int]:
        """Position and bytes of the text that an offset leads to."""
        start = self._buffer.follow(place)
        (size,) = UINT32.unpack_from(self._buffer.data, start)
        self._buffer.check(start + 4, size, "text")
        return start + 4, size

    def _text(self, start: int, size: int) -> str:
        kept = min(size, MAX_NAME)
        self._buffer.charge(start, kept)
        return bytes(self._buffer.data[start : start + kept]).decode("utf-8", "replace")

    def _limit(self, start: int, count: int, most: int) -> None:
        if count > most:
            raise self._buffer.malformed(start, f"at most {most} items", str(count))


def numbers(buffer: FlatBuffer, start: int, count: int, kind: Struct) -> tuple[int | float, ...]:
    """Numbers in a row, at a position that was checked."""
    buffer.charge(start, count * max(kind.size, 4))
    return Struct(f"<{count}{kind.format[1:]}").unpack_from(buffer.data, start)
