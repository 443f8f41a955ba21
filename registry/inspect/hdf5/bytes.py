"""The bytes of an HDF5 file: bounded reads, superblock, and the messages of an object's header.

Source of the layout: HDF5 File Format Specification, version 3.0, sections II and IV. Numbers are little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from registry.inspect.bounds import MalformedError

SIGNATURE = b"\x89HDF\r\n\x1a\n"
LARGEST_BLOCK = 32 << 20
"""Bytes of one header, heap or text; Keras puts a whole configuration into one."""

_WORK = 8
"""Times the file's size that its structures may be read: honest files are read once, and their weights never."""

_LEAST_WORK = 1 << 18
_MOST_WORK = 64 << 20
"""Bounds of that; the structures of Keras's largest models have a few MB."""

_ENTRY_WORK = 64
"""What a message or a name counts for: it becomes an object, however short it is."""

_CONTINUATION = 0x10


@dataclass(frozen=True, slots=True)
class Message:
    """One message of an object's header.

    Attributes:
        type: Number of its type, such as 0x08 for a layout.
        data: Its content.
        shared: Whether the content only says where the real one stands.
    """

    type: int
    data: bytes
    shared: bool


_HEADER = struct.Struct("<B7xI")
"""What an object header of version 1 begins with: its version, and the size of its first block of messages."""

_HEAD = struct.Struct("<HHB3x")
"""What stands before each of those messages: type, size and flags."""


class Reader:
    """Numbers out of a message or block, from the front to the back."""

    def __init__(self, source: Hdf5Bytes, data: bytes, where: str) -> None:
        self.source, self.data, self.where, self.place = source, data, where, 0

    def take(self, size: int) -> bytes:
        """The next bytes."""
        found = self.data[self.place : self.place + size]
        if len(found) != size:
            raise self.source.malformed(self.where, f"{size} bytes more", f"{len(found)}")
        self.place += size
        return found

    def uint(self, size: int) -> int:
        """The next unsigned number of so many bytes."""
        return int.from_bytes(self.take(size), "little")

    def address(self) -> int | None:
        """The next address; None where it is undefined (all bits set)."""
        size = self.source.address_size
        value = self.uint(size)
        return None if value == (1 << (8 * size)) - 1 else value

    def length(self) -> int:
        """The next length."""
        return self.uint(self.source.length_size)

    def text(self) -> str:
        """The next bytes up to a zero byte."""
        end = self.data.find(b"\0", self.place)
        end = len(self.data) if end < 0 else end
        self.source.work(max(end - self.place, 0) + _ENTRY_WORK, self.where)
        found = self.data[self.place : end]
        self.place = end + 1
        return found.decode("utf-8", "replace")

    @property
    def left(self) -> int:
        """Bytes that were not taken yet."""
        return len(self.data) - self.place


class Hdf5Bytes:
    """A file, or a member of an archive, that is read by address.

    Args:
        data: The bytes.
        name: What messages call the file.

    Raises:
        MalformedError: It has no superblock, or one of an unknown version.
    """

    def __init__(self, data: memoryview, name: str) -> None:
        self._data, self._name = data, name
        self._work = _LEAST_WORK + min(_WORK * len(data), _MOST_WORK)
        self.address_size = self.length_size = 8
        self.base = self._superblock_place()
        self.driver: int | None = None
        self.root = self._superblock()

    def malformed(self, where: str, expected: str, found: str) -> MalformedError:
        """An error of this file."""
        return MalformedError(self._name, where, expected, found)

    def at(self, address: int, size: int, where: str) -> bytes:
        """Bytes at an address.

        Raises:
            MalformedError: They are not in the file, or the structures of the file overlap without end.
        """
        offset = self.offset(address, size, where)
        if size > LARGEST_BLOCK:
            raise self.malformed(where, f"at most {LARGEST_BLOCK} bytes", f"{size}")
        self.work(size + 16, where)
        return bytes(self._data[offset : offset + size])

    def work(self, amount: int, where: str) -> None:
        """Count work.

        Raises:
            MalformedError: It is more than an honest file of this size needs.
        """
        self._work -= amount
        if self._work < 0:
            raise self.malformed(where, "structures that stand once", "structures that overlap or lead in circles")

    def offset(self, address: int | None, size: int, where: str) -> int:
        """Where bytes at an address lie in the file, all of them."""
        if address is None or not 0 <= self.base + address <= len(self._data) - size or size < 0:
            raise self.malformed(where, f"{size} bytes within {len(self._data)}", f"address {address}")
        return self.base + address

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return len(self._data)

    def reader(self, address: int | None, size: int, where: str, signature: bytes = b"") -> Reader:
        """Numbers of a block that begins with a signature."""
        if address is None:
            raise self.malformed(where, "an address", "none")
        found = Reader(self, self.at(address, size, where), f"{where} at {address}")
        if (mark := found.take(len(signature))) != signature:
            raise self.malformed(found.where, f"signature {signature.decode('ascii')}", repr(mark))
        return found

    def _superblock_place(self) -> int:
        """The superblock stands at 0, or behind a block of the user's of 512 bytes or a multiple by two."""
        place = 0
        while place + len(SIGNATURE) <= len(self._data):
            if bytes(self._data[place : place + len(SIGNATURE)]) == SIGNATURE:
                return place
            place = place * 2 or 512
        raise self.malformed("superblock", "an HDF5 file", "no HDF5 signature")

    def _superblock(self) -> int:
        """Address of the root group's header."""
        version = self.at(8, 1, "superblock")[0]
        if version > 3:
            raise self.malformed("superblock", "version 0 to 3", f"{version}")
        old = version < 2
        sizes = self.at(13 if old else 9, 2, "superblock")
        if any(size not in (2, 4, 8) for size in sizes):
            raise self.malformed("superblock", "addresses and lengths of 2, 4 or 8 bytes", f"{tuple(sizes)}")
        self.address_size, self.length_size = sizes[0], sizes[1]
        start = {0: 24, 1: 28}.get(version, 12)
        found = self.reader(start, (6 if old else 4) * self.address_size, "superblock")
        base, _extra, _end, fourth = (found.address() for _ in range(4))
        root = fourth
        if old:
            self.driver = fourth
            found.address()  # the root's name in a heap
            root = found.address()
        if base is not None and self.base != base:
            self.base = base
        if root is None:
            raise self.malformed("superblock", "a root group", "none")
        return root

    def messages(self, address: int) -> Iterator[Message]:
        """Messages of an object's header, continuations included."""
        where = f"object at {address}"
        if self.at(address, 4, where) == b"OHDR":
            yield from self._messages_new(address, where)
        else:
            yield from self._messages_old(address, where)

    def _messages_old(self, address: int, where: str) -> Iterator[Message]:
        version, first = _HEADER.unpack(self.at(address, _HEADER.size, where))
        if version != 1:
            raise self.malformed(where, "a header of version 1 or 2", f"{version}")
        blocks, seen = [(address + 16, first)], {address + 16}
        for start, size in blocks:
            block, place = self.at(start, size, where), 0
            while size - place >= _HEAD.size:
                kind, length, flags = _HEAD.unpack_from(block, place)
                place += _HEAD.size + length
                if place > size:
                    raise self.malformed(f"{where} at {start}", f"{length} bytes more", f"{size - place + length}")
                message = Message(kind, block[place - length : place], bool(flags & 2))
                if not self._is_continuation(message, where, blocks, seen):
                    yield message

    def _messages_new(self, address: int, where: str) -> Iterator[Message]:
        head = self.reader(address, min(34, self.size - self.base - address), where, b"OHDR")
        version, flags = head.uint(1), head.uint(1)
        if version != 2:
            raise self.malformed(where, "a header of version 2", f"{version}")
        head.take((16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0))
        size = head.uint(1 << (flags & 3))
        start = address + head.place
        blocks, seen = [(start, size)], {start}
        for number, (place, length) in enumerate(blocks):
            # a continuation has a signature before its messages and a checksum behind them
            block = self.reader(place, length, where, b"OCHK" if number else b"")
            end = 4 if number else 0
            while block.left - end >= (6 if flags & 4 else 4):
                kind, size, marks = block.uint(1), block.uint(2), block.uint(1)
                block.take(2 if flags & 4 else 0)
                message = Message(kind, block.take(size), bool(marks & 2))
                if not self._is_continuation(message, where, blocks, seen):
                    yield message

    def _is_continuation(self, message: Message, where: str, blocks: list[tuple[int, int]], seen: set[int]) -> bool:
        """Whether a message only says where more stand, which is then noted."""
        self.work(_ENTRY_WORK, where)
        if message.type != _CONTINUATION:
            return False
        more = Reader(self, message.data, where)
        start, size = more.address(), more.length()
        if start is None or start in seen:
            raise self.malformed(where, "a continuation further on", f"address {start}")
        seen.add(start)
        blocks.append((start, size))
        return True
