"""Tensors of a TFLite file: shape, element type, quantization, and where a constant's bytes lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, prod
from struct import Struct

from registry.inspect.bounds import MAX_RANK, MAX_TENSORS, SMALL_CONSTANT
from registry.inspect.findings import Findings
from registry.inspect.graph import BITS, Extent, Quantization, Shape, Tensor
from registry.inspect.tflite.flatbuffer import (
    BOOL,
    FLOAT32,
    FLOAT64,
    INT8,
    INT16,
    INT32,
    INT64,
    UINT8,
    UINT16,
    UINT32,
    UINT64,
    FlatBuffer,
    Table,
    numbers,
)
from registry.inspect.tflite.schema import DTYPES

MOST_BYTES = 1 << 48
"""Bytes of one tensor beyond which its size is taken as an attack on whoever multiplies it out."""

STORED: Mapping[str, Struct] = {
    "bool": UINT8,
    "int8": INT8,
    "uint8": UINT8,
    "int16": INT16,
    "uint16": UINT16,
    "int32": INT32,
    "uint32": UINT32,
    "int64": INT64,
    "uint64": UINT64,
    "float16": Struct("<e"),
    "float32": FLOAT32,
    "float64": FLOAT64,
}
"""How an element is stored, where it has bytes of its own."""


@dataclass(frozen=True)
class Outside:
    """A buffer in another file.

    Attributes:
        file: Name that the model gives it.
        offset: First byte in it.
        size: Bytes.
    """

    file: str
    offset: int
    size: int


class Buffers:
    """Bytes that tensors and metadata name by number; each is looked up when somebody asks for it."""

    def __init__(self, buffer: FlatBuffer, model: Table) -> None:
        self.buffer = buffer
        self._first, self.count = model.extent(4, 4) or (0, 0)
        groups = [group.string(0) for group in model.tables(8, 4096)]
        self.outside = dict(_outside(entry, groups) for entry in model.tables(9, MAX_TENSORS))
        self._known: dict[int, tuple[int, int]] = {}

    def place(self, number: int) -> tuple[int, int]:
        """Offset in the file and number of bytes; (0, 0) for an empty buffer.

        Raises:
            MalformedError: There is no such buffer, or it ends outside the file.
        """
        if number not in self._known:
            if number >= self.count:
                found = f"buffer {number}"
                raise self.buffer.malformed(self._first, f"one of the file's {self.count} buffers", found)
            self._known[number] = self._look(number)
        return self._known[number]

    def _look(self, number: int) -> tuple[int, int]:
        table = Table(self.buffer, self.buffer.follow(self._first + 4 * number))
        offset, size = table.integer(1, UINT64), table.integer(2, UINT64)
        if (
            offset > 1
        ):  # files over 2 GB keep their weights behind the flatbuffer; 0 and 1 say that this one does not
            self.buffer.check(offset, size, f"buffer {number}")
            return offset, size
        found = table.extent(0)
        return (0, 0) if found is None or not found[1] else found


def _outside(entry: Table, groups: Sequence[str]) -> tuple[int, Outside]:
    number = entry.integer(1, UINT32)
    file = groups[number] if number < len(groups) else ""
    return entry.integer(0, UINT32), Outside(file, entry.integer(2, UINT64), entry.integer(3, UINT64))


class TensorReader:
    """Reads the tensors of one file.

    Attributes:
        findings: Where to put what a user must know.
        buffers: The file's buffers.
    """

    def __init__(self, buffers: Buffers, findings: Findings) -> None:
        self.buffers = buffers
        self.findings = findings

    def read(self, subgraph: Table) -> tuple[Tensor, ...]:
        """All tensors of a subgraph.

        Raises:
            MalformedError: One is not as the schema has it.
        """
        tables = list(subgraph.tables(0, MAX_TENSORS))
        # files of converters that know of ranks say so for every tensor that has one; others leave scalars without
        ranked = any(table.integer(8, BOOL) for table in tables)
        return tuple(self._tensor(table, ranked=ranked) for table in tables)

    def _tensor(self, table: Table, *, ranked: bool) -> Tensor:
        name = table.string(3)
        dtype = self._dtype(table, name)
        shape, open_ = self._shape(table)
        extent = self._extent(table, name)
        size = extent.size if extent else 0
        sparse = table.table(6) is not None
        if sparse:
            self.findings.add("note", "tflite-sparse", name, "the weights are stored sparse: zeros are left out")
        elif extent and not open_:
            self._compare_sizes(name, shape, dtype, size)
        if not shape and ranked and not table.integer(8, BOOL) and not extent:
            return Tensor(name, None, dtype, variable=bool(table.integer(5, BOOL)))
        self._check_bytes(name, shape, dtype)
        return Tensor(
            name=name,
            shape=_opened(shape, open_),
            dtype=dtype,
            constant=extent is not None,
            extent=extent,
            stored_bytes=size,
            values=None if sparse or open_ else self._values(extent, shape, dtype),
            quantization=self._quantization(table, name, shape),
            variable=bool(table.integer(5, BOOL)),
        )

    def _dtype(self, table: Table, name: str) -> str:
        code = table.integer(1, INT8)
        if 0 <= code < len(DTYPES):
            return DTYPES[code]
        self.findings.add("unsupported", "tflite-type", name, f"element type {code} is not one of the schema")
        return "other"

    def _shape(self, table: Table) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Dimensions, and those with -1 where they are open (empty when none is)."""
        shape = table.integers(0, INT32, MAX_RANK)
        signature = table.integers(7, INT32, MAX_RANK)
        if signature and shape and len(signature) != len(shape):
            expected = f"a shape signature of {len(shape)} dimensions"
            raise self.buffers.buffer.malformed(table.position, expected, str(len(signature)))
        if min((*shape, *signature), default=0) < -1:
            raise self.buffers.buffer.malformed(table.position, "dimensions of at least 0", str(shape or signature))
        signature = signature or shape
        return shape or signature, signature if -1 in signature else ()

    def _check_bytes(self, name: str, shape: Sequence[int], dtype: str) -> None:
        if prod(max(size, 1) for size in shape) * BITS[dtype] // 8 > MOST_BYTES:
            message = f"the shape {tuple(shape)} of {dtype} takes more memory than any machine has"
            self.findings.add("danger", "tflite-shape", name, message)

    def _extent(self, table: Table, name: str) -> Extent | None:
        number = table.integer(10, UINT32)
        if number:
            outside = self.buffers.outside.get(number, Outside("", 0, 0))
            message = f"its bytes stand in another file, {outside.file or 'which the model does not name'}"
            self.findings.add("danger", "tflite-external-buffer", name, message)
            return Extent(outside.offset, outside.size, outside.file or "?")
        offset, size = self.buffers.place(table.integer(2, UINT32))
        return Extent(offset, size) if size else None

    def _compare_sizes(self, name: str, shape: Sequence[int], dtype: str, size: int) -> None:
        """Say when a constant has other bytes than its shape takes: a runtime may read beyond it."""
        taken = (prod(shape) * BITS[dtype] + 7) // 8
        if BITS[dtype] and taken != size:
            message = f"{tuple(shape)} of {dtype} takes {taken} bytes, the file holds {size}"
            self.findings.add("danger", "tflite-constant-size", name, message)

    def _values(self, extent: Extent | None, shape: Sequence[int], dtype: str) -> tuple[int | float, ...] | None:
        kind = STORED.get(dtype)
        if extent is None or extent.member or kind is None:
            return None
        count = prod(shape)
        # a byte becomes a number of thirty: of those that are a byte each, fewer
        most = SMALL_CONSTANT if kind.size > 1 else SMALL_CONSTANT // 4
        if not 0 <= count <= most or count * kind.size != extent.size:
            return None
        return numbers(self.buffers.buffer, extent.offset, count, kind)

    def _quantization(self, table: Table, name: str, shape: Sequence[int]) -> Quantization | None:
        details = table.table(4)
        if details is None:
            return None
        if details.integer(4, UINT8):
            kinds = {1: "custom", 2: "blockwise", 3: "of several axes"}
            kind = kinds.get(details.integer(4, UINT8), "of an unknown kind")
            self.findings.add("unsupported", "tflite-quantization", name, f"its quantization is {kind}")
        scale_extent = details.extent(2, 4)
        if scale_extent is None or not scale_extent[1]:
            return None
        axis = details.integer(6, INT32)
        count = scale_extent[1]
        if count > 1 and (not 0 <= axis < len(shape) or shape[axis] != count):
            message = f"{count} scales along dimension {axis} of {tuple(shape)}"
            self.findings.add("unsupported", "tflite-quantization-shape", name, message)
            return None
        scales = details.vector(2, FLOAT32)
        zeros = details.integers(3, INT64) or (0,)
        if len(zeros) not in (1, count):
            message = f"{count} scales and {len(zeros)} zero points"
            self.findings.add("unsupported", "tflite-quantization-shape", name, message)
            return None
        self._check_scales(name, scales)
        return Quantization(scales, zeros if len(zeros) == count else zeros * count, axis if count > 1 else None)

    def _check_scales(self, name: str, scales: Sequence[float]) -> None:
        wrong = next((scale for scale in scales if not 0 < scale < inf), None)
        if wrong is not None:
            message = f"a scale of {wrong!r}; scales are finite and above zero"
            self.findings.add("unsupported", "tflite-scale", name, message)


def _opened(shape: tuple[int, ...], signature: tuple[int, ...]) -> Shape:
    """The shape with None for open dimensions."""
    return tuple(None if size == -1 else size for size in signature) if signature else shape
