"""Groups, attributes and datasets of an HDF5 file, without its weights and without the HDF5 library.

The library is C, parses in the process itself, and follows links into other files; Keras writes a small part of the
format. This reader follows nothing outside the file, and its work and memory are bounded by the file's size.
Source: HDF5 File Format Specification, version 3.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import prod

from registry.inspect.bounds import MAX_DEPTH, MAX_TENSORS
from registry.inspect.findings import Findings
from registry.inspect.graph import Extent
from registry.inspect.hdf5.bytes import Hdf5Bytes, Message, Reader
from registry.inspect.hdf5.dense import ATTRIBUTES, LINKS, entries
from registry.inspect.hdf5.links import Link, link_of, symbols
from registry.inspect.hdf5.types import Type, Value, Values, shape_of, type_of

_DATASPACE, _LINKS, _DATATYPE, _LINK, _EXTERNAL, _LAYOUT = 0x01, 0x02, 0x03, 0x06, 0x07, 0x08
_FILTERS, _ATTRIBUTE, _SYMBOLS, _ATTRIBUTES = 0x0B, 0x0C, 0x11, 0x15
_FIRST_USER_FILTER = 256
_LONGEST_PATH = 1024
_MOST_GROWTH = 64
"""Times the file's size that a dataset may say it has, where its bytes do not stand there."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """An array.

    Attributes:
        shape: Dimensions, none for a scalar.
        dtype: As a graph names it.
        extent: Where its bytes lie, None where they are compressed, in pieces or absent.
        stored_bytes: Bytes that it has in the file, or would have unpacked where it lies in pieces.
    """

    shape: tuple[int, ...]
    dtype: str
    extent: Extent | None
    stored_bytes: int


@dataclass
class Contents:
    """What a file holds.

    Attributes:
        datasets: Arrays by path, such as `layers/conv2d/vars/0`.
        attributes: Attributes of groups and datasets by path; the root's is empty.
    """

    datasets: dict[str, Dataset] = field(default_factory=dict)
    attributes: dict[str, Mapping[str, Value]] = field(default_factory=dict)

    def without_extents(self) -> Contents:
        """The same, of a file that stands nowhere in this form."""
        unplaced = {path: replace(dataset, extent=None) for path, dataset in self.datasets.items()}
        return Contents(unplaced, self.attributes)


def contents(data: memoryview, name: str, findings: Findings, *, member: str = "") -> Contents:
    """Read a file, or a member of an archive.

    Args:
        data: The bytes.
        name: What messages call the file.
        findings: Where links to other files, unknown filters and circles are kept.
        member: Archive member that extents count in.

    Raises:
        MalformedError: It is no HDF5 file or breaks the format.
    """
    return _Walk(Hdf5Bytes(data, name), findings, member).walk()


class _Walk:
    def __init__(self, source: Hdf5Bytes, findings: Findings, member: str) -> None:
        self._source, self._findings, self._member = source, findings, member
        self._values = Values(source)
        self._found = Contents()

    def walk(self) -> Contents:
        """Visit every object once, groups before what they hold."""
        if self._source.driver is not None:
            self._danger("hdf5-external", "superblock", "a driver block: the file may be spread over others")
        waiting, seen = [("", self._source.root)], {self._source.root}
        while waiting:
            path, address = waiting.pop()
            links = self._object(path, address)
            for link in reversed(links):
                target = f"{path}/{link.name}".lstrip("/")
                if link.address is None or self._followed_badly(target, link):
                    continue
                if link.address in seen:
                    self._again(target, link.address)
                    continue
                seen.add(link.address)
                waiting.append((target, link.address))
            if len(seen) > MAX_TENSORS:
                raise self._source.malformed("objects", f"at most {MAX_TENSORS}", "more")
        return self._found

    def _followed_badly(self, path: str, link: Link) -> bool:
        if path.count("/") < MAX_DEPTH and len(path) <= _LONGEST_PATH:
            return False
        raise self._source.malformed(
            link.name[:80], f"at most {MAX_DEPTH} groups in each other, with short names", "more"
        )

    def _again(self, path: str, address: int) -> None:
        """A second name of an object; honest files have none, and a group would hold itself."""
        message = f"a second name of the object at {address}; it is read once, under its first"
        self._danger("hdf5-link", path, message)

    def _object(self, path: str, address: int) -> list[Link]:
        """Read an object; give the links of a group."""
        messages = list(self._source.messages(address))
        where = path or "the root group"
        attributes = dict(self._attributes(messages, where))
        if attributes:
            self._found.attributes[path] = attributes
        if any(message.type == _LAYOUT for message in messages):
            self._found.datasets[path] = self._dataset(messages, where)
            return []
        links = list(self._links(messages, where))
        for link in links:
            if link.kind != "hard":
                message = f"a {link.kind} link to {link.target[:200]!r}; it is not followed"
                self._danger("hdf5-link", f"{path}/{link.name}".lstrip("/"), message)
        return links

    def _attributes(self, messages: list[Message], where: str) -> Iterator[tuple[str, Value]]:
        for message in messages:
            if message.shared:
                continue
            if message.type == _ATTRIBUTE:
                yield self._values.attribute(message.data, where)
            elif message.type == _ATTRIBUTES:
                for data in self._dense(message, where, ATTRIBUTES):
                    yield self._values.attribute(data, where)

    def _links(self, messages: list[Message], where: str) -> Iterator[Link]:
        for message in messages:
            if message.type == _SYMBOLS:
                yield from symbols(self._source, Reader(self._source, message.data, where))
            elif message.type == _LINK:
                yield link_of(Reader(self._source, message.data, where))
            elif message.type == _LINKS:
                for data in self._dense(message, where, LINKS):
                    yield link_of(Reader(self._source, data, where))

    def _dense(self, message: Message, where: str, kind: int) -> Iterator[bytes]:
        """What a message keeps in a heap."""
        reader = Reader(self._source, message.data, where)
        _version, flags = reader.uint(1), reader.uint(1)
        reader.take((8 if kind == LINKS else 2) if flags & 1 else 0)
        heap, tree = reader.address(), reader.address()
        if heap is None or tree is None:
            return
        for data in entries(self._source, heap, tree, kind):
            if data is None:
                self._danger("hdf5-unread", where, "a link or attribute is stored in a way that is not read")
            else:
                yield data

    def _dataset(self, messages: list[Message], where: str) -> Dataset:
        shape: tuple[int, ...] = ()
        kind = Type("other", 0, -1)
        layout = None
        for message in messages:
            reader = Reader(self._source, message.data, where)
            if message.shared:
                self._findings.add("note", "hdf5-shared", where, "its type or shape stands in another object")
            elif message.type == _DATASPACE:
                shape = shape_of(reader) or ()
            elif message.type == _DATATYPE:
                kind = type_of(reader)
            elif message.type == _EXTERNAL:
                self._danger("hdf5-external", where, "its bytes stand in other files")
            elif message.type == _FILTERS:
                self._filters(reader, where)
            elif message.type == _LAYOUT:
                layout = reader
        return self._stored(layout, shape, kind, where)

    def _stored(self, layout: Reader | None, shape: tuple[int, ...], kind: Type, where: str) -> Dataset:
        needed = prod(shape) * kind.size
        extent = self._extent(layout, needed, where) if layout else None
        if extent is None and needed > _MOST_GROWTH * self._source.size:
            message = f"it says {needed} bytes, in a file of {self._source.size}"
            self._danger("hdf5-expands", where, message)
        return Dataset(shape, kind.dtype, extent, needed)

    def _extent(self, layout: Reader, needed: int, where: str) -> Extent | None:
        """Where the bytes of a dataset lie in one piece."""
        version, kind = layout.uint(1), layout.uint(1)
        if version < 3:
            rank, kind = kind, layout.uint(1)
            layout.take(5)
            address = layout.address() if kind else None
            layout.take(4 * min(rank, 32))
            size = needed
        elif kind == 3:
            self._danger("hdf5-external", where, "a virtual dataset: its bytes stand in other datasets or files")
            return None
        else:
            size = layout.uint(2) if kind == 0 else 0
            address = layout.address() if kind == 1 else None
            size = layout.length() if kind == 1 else size
        if kind == 0 and layout.left < needed:
            raise self._source.malformed(where, f"{needed} bytes in its header", f"{layout.left}")
        if kind != 1 or address is None:
            return None
        if size < needed:
            raise self._source.malformed(where, f"{needed} bytes", f"{size}")
        return Extent(self._source.offset(address, needed, where), needed, self._member)

    def _filters(self, reader: Reader, where: str) -> None:
        version, count = reader.uint(1), reader.uint(1)
        reader.take(6 if version == 1 else 0)
        for _ in range(count):
            number = reader.uint(2)
            named = version == 1 or number >= _FIRST_USER_FILTER
            length = reader.uint(2) if named else 0
            _flags, values = reader.uint(2), reader.uint(2)
            reader.take(-(-length // 8) * 8 if version == 1 else length)
            reader.take(4 * (values + (values & 1 if version == 1 else 0)))
            if number >= _FIRST_USER_FILTER:
                self._danger("hdf5-filter", where, f"filter {number} is a plug-in that reading would load")

    def _danger(self, rule: str, where: str, message: str) -> None:
        self._findings.add("danger", rule, where, message)
