"""Links and attributes that HDF5 keeps in a heap of their own, because there are many: fractal heap and B-tree.

Keras does not write them, but who wants to hide a link can (File Format Specification 3.0, III.A.2 and III.G).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from registry.inspect.hdf5.bytes import Hdf5Bytes, Reader

LINKS, ATTRIBUTES = 5, 8
"""Kinds of records of a B-tree, by name."""

_HASH = {LINKS: 4, ATTRIBUTES: 0}
"""Bytes before a record's place in the heap."""

_MOST_DEPTH = 16


def _bytes_for(most: int) -> int:
    """Bytes that hold a number up to this one."""
    return (max(most, 1).bit_length() - 1) // 8 + 1


@dataclass(frozen=True)
class _Heap:
    """A fractal heap: blocks whose sizes double from row to row."""

    source: Hdf5Bytes
    id_size: int
    offset_size: int
    length_size: int
    width: int
    start: int
    largest: int
    root: int | None
    rows: int

    def entry(self, reader: Reader) -> bytes | None:
        """What stands at the place that a record names; None for what is stored in another way."""
        place = Reader(self.source, reader.take(self.id_size), reader.where)
        kind = place.uint(1) >> 4 & 3
        if kind:
            return None
        offset, length = place.uint(self.offset_size), place.uint(self.length_size)
        block, begin = self._block(offset, reader.where)
        return self.source.at(block + offset - begin, length, reader.where)

    def _block(self, offset: int, where: str) -> tuple[int, int]:
        """Address and first offset of the direct block that an offset lies in."""
        address, rows, begin = self.root, self.rows, 0
        for _depth in range(_MOST_DEPTH):
            if address is None:
                break
            if not rows:
                return address, begin
            row, column, size, first = self._cell(offset - begin)
            if row >= rows:
                break
            head = 5 + self.source.address_size + self.offset_size
            cell = (row * self.width + column) * self.source.address_size
            reader = self.source.reader(address + head + cell, self.source.address_size, where)
            address, begin = reader.address(), begin + first
            rows = 0 if size <= self.largest else (size // (self.start * self.width)).bit_length()
        raise self.source.malformed(where, "a block of the heap", f"none at offset {offset}")

    def _cell(self, offset: int) -> tuple[int, int, int, int]:
        """Row, column, size and first offset of the block at an offset within an indirect block."""
        row_bytes = self.start * self.width
        row = (offset // row_bytes).bit_length()
        size = self.start << max(row - 1, 0)
        first = row_bytes << (row - 1) if row else 0
        column = (offset - first) // size
        return row, column, size, first + column * size


def entries(source: Hdf5Bytes, heap: int, tree: int, kind: int) -> Iterator[bytes | None]:
    """Messages that a B-tree lists and a heap holds, in the tree's order; None for one that cannot be read.

    Raises:
        MalformedError: One of them breaks the format.
    """
    store = _heap(source, heap)
    for record in _records(source, tree, kind):
        record.take(_HASH[kind])
        yield store.entry(record)


def _heap(source: Hdf5Bytes, address: int) -> _Heap:
    where = "fractal heap"
    address_size, length_size = source.address_size, source.length_size
    reader = source.reader(address, 22 + 12 * length_size + 3 * address_size, where, b"FRHP")
    version, id_size, filtered, _flags, most = (reader.uint(size) for size in (1, 2, 2, 1, 4))
    if version or filtered or not 3 <= id_size <= 64:
        raise source.malformed(reader.where, "version 0 without filters", f"version {version}, {filtered}")
    reader.take(10 * length_size + 2 * address_size)
    width, start, largest, bits = reader.uint(2), reader.length(), reader.length(), reader.uint(2)
    reader.take(2)
    root, rows = reader.address(), reader.uint(2)
    if not width or not start or not 8 <= bits <= 64:
        raise source.malformed(reader.where, "blocks of some size", f"{width} of {start} bytes")
    length = min(_bytes_for(largest), _bytes_for(most))
    return _Heap(source, id_size, -(-bits // 8), length, width, start, largest, root, rows)


def _records(source: Hdf5Bytes, address: int, kind: int) -> Iterator[Reader]:
    """Records of a B-tree of version 2."""
    where = "B-tree"
    reader = source.reader(address, 16 + source.address_size + 2, where, b"BTHD")
    version, found, node, record, depth = (reader.uint(size) for size in (1, 1, 4, 2, 2))
    if version or found != kind or not record or depth > _MOST_DEPTH or node <= 10 + record:
        raise source.malformed(reader.where, f"records of type {kind}", f"type {found} of {record} bytes")
    reader.take(2)
    waiting = [(reader.address(), reader.uint(2), depth)]
    pointers = _pointer_sizes(source, node, record, depth)
    while waiting:
        place, count, level = waiting.pop()
        block = source.reader(place, node, where, b"BTIN" if level else b"BTLF")
        block.take(2)
        for _ in range(count):
            yield Reader(source, block.take(record), block.where)
        if level:
            numbers, total = pointers[level]
            children = []
            for _ in range(count + 1):
                children.append((block.address(), block.uint(numbers), level - 1))
                block.take(total)
            waiting += reversed(children)


def _pointer_sizes(source: Hdf5Bytes, node: int, record: int, depth: int) -> list[tuple[int, int]]:
    """Bytes of a child's number of records, and of that of all below it, by the level of the node."""
    most = total = (node - 10) // record
    sizes = [(0, 0)]
    for level in range(1, depth + 1):
        sizes.append((_bytes_for(most), _bytes_for(total) if level > 1 else 0))
        pointer = source.address_size + sum(sizes[-1])
        most = max((node - 10 - pointer) // (record + pointer), 0)
        total = (most + 1) * total + most
    return sizes
