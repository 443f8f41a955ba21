"""Links of HDF5 groups: compact ones, and the symbol tables of old groups (Specification 3.0, III.A and IV.A.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from registry.inspect.hdf5.bytes import LARGEST_BLOCK, Hdf5Bytes, Reader

_SOFT = 2
_MOST_LEVELS = 64


@dataclass(frozen=True, slots=True)
class Link:
    """A name in a group.

    Attributes:
        name: The name.
        kind: `hard` leads to an object, `soft` to a path, `external` to another file.
        address: Header of the object; None for the others.
        target: Path or file.
    """

    name: str
    kind: Literal["hard", "soft", "external", "user"]
    address: int | None = None
    target: str = ""


def link_of(reader: Reader) -> Link:
    """Read a link message."""
    version, flags = reader.uint(1), reader.uint(1)
    if version != 1:
        raise reader.source.malformed(reader.where, "a link of version 1", f"{version}")
    kind = reader.uint(1) if flags & 8 else 0
    reader.take((8 if flags & 4 else 0) + (1 if flags & 16 else 0))
    name = reader.take(reader.uint(1 << (flags & 3))).decode("utf-8", "replace")
    if kind == 0:
        return Link(name, "hard", reader.address())
    value = reader.take(reader.uint(2))
    if kind == 1:
        return Link(name, "soft", target=value.decode("utf-8", "replace"))
    target = value[1:].replace(b"\0", b" ").decode("utf-8", "replace").strip()
    return Link(name, "external" if kind == 64 else "user", target=target)


def symbols(source: Hdf5Bytes, message: Reader) -> Iterator[Link]:
    """Links of a symbol table: a B-tree of nodes, whose names stand in a heap.

    Raises:
        MalformedError: One of them breaks the format.
    """
    tree, heap = message.address(), message.address()
    names = _names(source, heap)
    waiting: list[tuple[int | None, int]] = [(tree, _MOST_LEVELS)]
    while waiting:
        address, above = waiting.pop()
        for child, level in _children(source, address, above):
            if level:
                waiting.append((child, level))
            else:
                yield from _node(source, child, names)


def _names(source: Hdf5Bytes, address: int | None) -> Reader:
    """The data of a local heap."""
    head = source.reader(address, 8 + 2 * source.length_size + source.address_size, "local heap", b"HEAP")
    head.take(4)
    size, _free, place = head.length(), head.length(), head.address()
    return source.reader(place, min(size, LARGEST_BLOCK), "local heap")


def _children(source: Hdf5Bytes, address: int | None, above: int) -> list[tuple[int | None, int]]:
    """Children of a node of the tree, each with the node's level: 0 for those that hold symbols."""
    where = "group tree"
    head = source.reader(address, 8 + 2 * source.address_size, where, b"TREE")
    kind, level, used = head.uint(1), head.uint(1), head.uint(2)
    if kind or level >= above:
        raise source.malformed(head.where, f"a group's node below level {above}", f"type {kind}, level {level}")
    pair = source.length_size + source.address_size
    assert address is not None  # noqa: S101  the reader refused it otherwise
    body = source.reader(address + 8 + 2 * source.address_size, used * pair, where)
    children = []
    for _ in range(used):
        body.length()
        children.append((body.address(), level))
    return children


def _node(source: Hdf5Bytes, address: int | None, names: Reader) -> Iterator[Link]:
    where = "symbol table"
    head = source.reader(address, 8, where, b"SNOD")
    head.take(2)
    count = head.uint(2)
    entry = 2 * source.address_size + 24
    assert address is not None  # noqa: S101  the reader refused it otherwise
    body = source.reader(address + 8, count * entry, where)
    for _ in range(count):
        names.place = body.uint(source.address_size)
        target, cache = body.address(), body.uint(4)
        body.take(4)
        scratch = body.take(16)
        name = names.text()
        if cache == _SOFT:
            names.place = int.from_bytes(scratch[:4], "little")
            yield Link(name, "soft", target=names.text())
        else:
            yield Link(name, "hard", target)
