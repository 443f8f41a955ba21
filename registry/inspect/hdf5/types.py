"""Types, sizes and attribute values of HDF5 objects (File Format Specification 3.0, section IV.A.2)."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from registry.inspect.bounds import MAX_RANK
from registry.inspect.hdf5.bytes import LARGEST_BLOCK, Hdf5Bytes, Reader

Value = str | int | tuple[str, ...] | None
_FIXED, _FLOAT, _STRING, _OPAQUE, _ENUM, _VARIABLE = 0, 1, 3, 5, 8, 9
_MOST_STRINGS = 200_000
_FLOATS = {2: "float16", 4: "float32", 8: "float64"}


@dataclass(frozen=True)
class Type:
    """How an element is stored.

    Attributes:
        dtype: As a graph names it; `string` for text, `other` for what a tensor never is.
        size: Bytes of an element.
        kind: Class number of the specification.
        text: Whether a variable-length element is text.
    """

    dtype: str
    size: int
    kind: int
    text: bool = False


def type_of(reader: Reader) -> Type:
    """Read a datatype message."""
    kind, bits, size = reader.uint(1) & 15, reader.uint(3), reader.uint(4)
    dtype = "other"
    if kind == _FIXED and size in (1, 2, 4, 8):
        dtype = f"{'int' if bits & 8 else 'uint'}{8 * size}"
    elif kind == _FLOAT:
        dtype = _FLOATS.get(size, "other")
        reader.take(5)
        if dtype == "float16" and reader.uint(1) == 8:
            dtype = "bfloat16"
    elif kind == _STRING or (kind == _VARIABLE and bits & 15 == 1):
        dtype = "string"
    elif kind == _ENUM and size == 1:
        dtype = "bool"
    return Type(dtype, size, kind, kind == _VARIABLE and bits & 15 == 1)


def shape_of(reader: Reader) -> tuple[int, ...] | None:
    """Read a dataspace message: the dimensions, none for a scalar; None for a space without elements."""
    version, rank, flags = reader.uint(1), reader.uint(1), reader.uint(1)
    if version not in (1, 2):
        raise reader.source.malformed(reader.where, "a dataspace of version 1 or 2", f"{version}")
    if rank > MAX_RANK:
        raise reader.source.malformed(reader.where, f"at most {MAX_RANK} dimensions", f"{rank}")
    kind = reader.uint(1)
    if version == 1:
        reader.take(4)
    elif kind == 2:
        return None
    del flags  # greatest dimensions follow the current ones and are not needed
    return tuple(reader.length() for _ in range(rank))


class Values:
    """Values of attributes, with the heaps that hold their texts."""

    def __init__(self, source: Hdf5Bytes) -> None:
        self._source = source
        self._heaps: dict[int, dict[int, tuple[int, int]]] = {}

    def attribute(self, data: bytes, where: str) -> tuple[str, Value]:
        """Name and value of an attribute message; the value is None for what is neither text nor one number."""
        reader = Reader(self._source, data, where)
        version, _flags = reader.uint(1), reader.uint(1)
        if version not in (1, 2, 3):
            raise self._source.malformed(where, "an attribute of version 1 to 3", f"{version}")
        sizes = [reader.uint(2) for _ in range(3)]
        reader.take(1 if version == 3 else 0)
        parts = [reader.take(-(-size // 8) * 8 if version == 1 else size) for size in sizes]
        name = parts[0].rstrip(b"\0").decode("utf-8", "replace")
        if _flags & 3 and version > 1:
            return name, None  # its type stands in another object, as nothing of Keras's does
        kind = type_of(Reader(self._source, parts[1], where))
        shape = shape_of(Reader(self._source, parts[2], where))
        return name, self._value(reader, kind, shape)

    def _value(self, reader: Reader, kind: Type, shape: tuple[int, ...] | None) -> Value:
        if shape is None:
            return None
        count = prod(shape)
        if kind.dtype == "string":
            if count > _MOST_STRINGS or count * kind.size > reader.left:
                raise self._source.malformed(reader.where, f"texts in {reader.left} bytes", f"{count} of them")
            texts = tuple(self._text(reader, kind) for _ in range(count))
            return texts if shape else texts[0]
        if not shape and kind.kind == _FIXED and reader.left >= kind.size:
            return int.from_bytes(reader.take(kind.size), "little", signed=not kind.dtype.startswith("uint"))
        return None

    def _text(self, reader: Reader, kind: Type) -> str:
        if not kind.text:
            return reader.take(kind.size).rstrip(b"\0 ").decode("utf-8", "replace")
        size, address, index = reader.uint(4), reader.address(), reader.uint(4)
        if not size or not address:
            return ""
        start, stored = self._heap(address).get(index, (0, 0))
        if size > stored:
            raise self._source.malformed(reader.where, f"a text of {size} bytes", f"{stored} bytes in its heap")
        return self._source.at(start, size, reader.where).rstrip(b"\0").decode("utf-8", "replace")

    def _heap(self, address: int) -> dict[int, tuple[int, int]]:
        """Where the objects of a global heap lie, by index."""
        if address not in self._heaps:
            self._heaps[address] = self._read_heap(address)
        return self._heaps[address]

    def _read_heap(self, address: int) -> dict[int, tuple[int, int]]:
        where = f"global heap at {address}"
        head = 8 + self._source.length_size
        reader = self._source.reader(address, head, where, b"GCOL")
        reader.take(4)
        end = address + reader.length()
        if end - address > LARGEST_BLOCK:
            raise self._source.malformed(where, f"at most {LARGEST_BLOCK} bytes", f"{end - address}")
        found: dict[int, tuple[int, int]] = {}
        place = address + head
        while place + head <= end:
            entry = self._source.reader(place, head, where)
            index = entry.uint(2)
            entry.take(6)
            size = entry.length()
            if not index:
                break
            if place + head + size > end:
                raise self._source.malformed(where, "an object within the heap", f"{size} bytes")
            found[index] = (place + head, size)
            place += head + -(-size // 8) * 8
        return found
