"""The wire format of Protocol Buffers, read within bounds from bytes or a memory-mapped file.

Facts: https://protobuf.dev/programming-guides/encoding/. Nothing is copied but what a caller asks for: a payload
of any size is an offset and an end. Groups, which no format here has, are refused.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from mmap import mmap
from typing import NamedTuple

from registry.inspect.bounds import MAX_NAME, MalformedError

VARINT, FIXED64, BYTES, GROUP_START, GROUP_END, FIXED32 = range(6)
MAX_FIELDS = 2_000_000
"""Fields that are read of one file: a file of empty fields would keep a reader busy for hours."""

_MAX_VARINT_BYTES = 10
_MASK = (1 << 64) - 1


class Span(NamedTuple):
    """Bytes of a file, from `start` up to and without `end`."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """Bytes."""
        return self.end - self.start


class Field(NamedTuple):
    """One field of a message.

    Attributes:
        number: Field number.
        kind: Wire type; a caller passes over a field whose kind is not the one it expects.
        value: A varint as an unsigned number; 0 for any other kind.
        span: Payload of a field of fixed size or of bytes; empty for a varint.
    """

    number: int
    kind: int
    value: int
    span: Span


_NOTHING = Span(0, 0)


def signed(value: int) -> int:
    """A 64-bit pattern as a signed number, as `int32` and `int64` fields mean it."""
    return value - (1 << 64) if value >> 63 else value


class Wire:
    """A file of wire format.

    Args:
        data: The whole file.
        file: Its name, for messages.
        limit: Fields that may be read altogether.
    """

    def __init__(self, data: bytes | mmap, file: str, limit: int = MAX_FIELDS) -> None:
        self.data = data
        self.file = file
        self._left = limit

    @property
    def whole(self) -> Span:
        """All bytes."""
        return Span(0, len(self.data))

    def malformed(self, offset: int, expected: str, found: str) -> MalformedError:
        """The error of a file that breaks its format at an offset."""
        return MalformedError(self.file, f"offset {offset}", expected, found)

    def fields(self, message: Span) -> Iterator[Field]:
        """Fields of a message in the file's order, one after the other.

        Raises:
            MalformedError: A key or length is not one, a payload leaves its message, or there are too many fields.
        """
        data, (position, end) = self.data, message
        while position < end:
            self._left -= 1
            if self._left < 0:
                raise self.malformed(position, f"at most {MAX_FIELDS} fields", "more")
            key = data[position]
            # as nearly all fields are: bytes, with a number and a length of one byte each
            if 8 <= key < 0x80 and key & 7 == BYTES and position + 1 < end and (size := data[position + 1]) < 0x80:
                start, position = position + 2, position + 2 + size
                if position <= end:
                    yield Field(key >> 3, BYTES, 0, Span(start, position))
                    continue
                position = start - 2
            field, position = self._field(position, end)
            yield field

    def _field(self, start: int, end: int) -> tuple[Field, int]:
        """The field at an offset and the offset after it."""
        key, position = self.varint(start, end)
        number, kind = key >> 3, key & 7
        if not 0 < number < 1 << 29:
            raise self.malformed(start, "a field number from 1 to 536870911", str(number))
        if kind == VARINT:
            value, position = self.varint(position, end)
            return Field(number, kind, value, _NOTHING), position
        if kind == BYTES:
            size, position = self.varint(position, end)
        elif kind == FIXED32:
            size = 4
        elif kind == FIXED64:
            size = 8
        else:
            raise self.malformed(start, "a varint, fixed number or bytes", f"wire type {kind}")
        if size > end - position:
            raise self.malformed(
                start, f"at most {end - position} bytes left in the message", f"a length of {size}"
            )
        return Field(number, kind, 0, Span(position, position + size)), position + size

    def varint(self, start: int, end: int) -> tuple[int, int]:
        """The varint at an offset, as an unsigned 64-bit number, and the offset after it."""
        data, value, position = self.data, 0, start
        if start < end and data[start] < 0x80:  # as nearly all are
            return data[start], start + 1
        last = min(end, start + _MAX_VARINT_BYTES)
        while position < last:
            byte = data[position]
            value |= (byte & 0x7F) << (7 * (position - start))
            position += 1
            if byte < 0x80:
                return value & _MASK, position
        raise self.malformed(start, "a varint of at most 10 bytes", "no end of one")

    def varints(self, field: Field, limit: int) -> Iterator[int]:
        """Signed numbers of a repeated field, packed or single, up to a limit."""
        if field.kind == VARINT:
            yield signed(field.value)
        elif field.kind == BYTES:
            position, end = field.span
            while position < end and limit > 0:
                value, position = self.varint(position, end)
                limit -= 1
                yield signed(value)

    def numbers(self, span: Span, code: str, limit: int) -> tuple[int | float, ...]:
        """Little-endian numbers of one struct code, up to a limit; a rest that is no whole number is left out."""
        count = min(span.size // struct.calcsize(f"<{code}"), limit)
        return struct.unpack_from(f"<{count}{code}", self.data, span.start)

    def content(self, span: Span) -> bytes:
        """A copy of bytes; for names and small payloads."""
        return bytes(self.data[span.start : span.end])

    def text(self, span: Span, limit: int = MAX_NAME) -> str:
        """Text of at most `limit` bytes; bytes that are no UTF-8 are replaced."""
        return bytes(self.data[span.start : min(span.end, span.start + limit)]).decode("utf-8", "replace")
