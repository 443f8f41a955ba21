"""Constants of an ONNX file: where they lie, whether their size is what their dimensions say, and small values."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from math import prod
from pathlib import Path

from registry.inspect.bounds import MAX_RANK, SMALL_CONSTANT
from registry.inspect.findings import Findings
from registry.inspect.graph import BITS, Extent, Quantization
from registry.inspect.onnx.external import External
from registry.inspect.onnx.messages import NamedShape, TensorMessage
from registry.inspect.onnx.protobuf import BYTES, Span, Wire
from registry.inspect.onnx.schema import DATA_TYPES, RAW_CODES, TENSOR

MAX_BYTES = 1 << 48
"""Bytes of a tensor beyond which its dimensions are taken for an attack."""

Number = int | float
Known = Number | str | None
"""An element that is known: a number or the name of an open dimension; None for one that is not."""


@dataclass(slots=True)
class Value:
    """A tensor while its file is read.

    Attributes:
        name: As the file has it.
        dtype: A key of `BITS`.
        shape: As far as known.
        constant: Whether its value stands in the file.
        static: Whether it follows from constants alone.
        extent: See `Tensor`.
        stored_bytes: See `Tensor`.
        values: Elements of a small one, as far as known.
        quantization: See `Tensor`.
        message: What a constant was read from.
    """

    name: str
    dtype: str = "other"
    shape: NamedShape | None = None
    constant: bool = False
    static: bool = False
    extent: Extent | None = None
    stored_bytes: int = 0
    values: tuple[Known, ...] | None = None
    quantization: Quantization | None = None
    message: TensorMessage | None = None


class Constants:
    """Reads the constants of one file.

    Args:
        wire: The file.
        findings: Where contradictions go.
        path: The file's path; external data may lie in its folder only.
    """

    def __init__(self, wire: Wire, findings: Findings, path: Path) -> None:
        self._wire = wire
        self._findings = findings
        self._external = External(path.parent, findings)

    def value(self, message: TensorMessage, name: str) -> Value:
        """A constant as a value; its bytes are not read, but for a small one."""
        found = Value(name, DATA_TYPES.get(message.data_type, "other"), constant=True, static=True, message=message)
        found.shape = self._shape(message, found)
        if message.values is not None:
            parts = [self.value(part, name) for part in (message.values, message.indices) if part is not None]
            found.stored_bytes = sum(part.stored_bytes for part in parts)
            return found
        sizes = [size for size in found.shape or () if isinstance(size, int)]
        elements = None if found.shape is None else prod(sizes)
        expected = None if elements is None or not BITS[found.dtype] else (elements * BITS[found.dtype] + 7) // 8
        sound = self._place(message, found, expected)
        if sound and elements is not None and elements <= SMALL_CONSTANT:
            # one more shows that there are too many; the last byte of packed halves may be half empty
            numbers = self.numbers(message, elements if found.dtype in _HALVES else elements + 1)
            found.values = numbers if numbers is not None and len(numbers) == elements else None
        return found

    def _shape(self, message: TensorMessage, found: Value) -> tuple[int, ...] | None:
        sizes = message.dims
        problem = ""
        if len(sizes) > MAX_RANK:
            problem = f"it has more than {MAX_RANK} dimensions"
        elif any(size < 0 for size in sizes):
            problem = f"a dimension is negative: {min(sizes)}"
        elif prod(sizes) * max(BITS[found.dtype], 8) > MAX_BYTES * 8:
            problem = "its dimensions overflow any memory"
        if not problem:
            return sizes
        self._findings.add("danger", "onnx-dimensions", found.name, problem)
        return None

    def _place(self, message: TensorMessage, found: Value, expected: int | None) -> bool:
        """Note where the bytes lie, and whether their number is the expected one."""
        if message.is_external:
            found.extent = self._external.extent(message.external, expected, found.name)
            found.stored_bytes = found.extent.size if found.extent else 0
            return False
        if message.raw is not None:
            found.extent, found.stored_bytes = Extent(message.raw.start, message.raw.size), message.raw.size
            size: int | None = message.raw.size
        else:
            size = self._typed(message, found, expected)
        if None in (size, expected) or size == expected:
            return True
        text = f"its dimensions and type make {expected} bytes, its data has {size}"
        self._findings.add("danger", "onnx-data-size", found.name, text)
        return False

    def _typed(self, message: TensorMessage, found: Value, expected: int | None) -> int | None:
        """Bytes of typed data. Numbers of varying length stand for as many bytes as their elements have."""
        fixed = {"float32": "float_data", "complex64": "float_data"}
        fixed |= {"float64": "double_data", "complex128": "double_data"}
        if found.dtype not in fixed:
            found.stored_bytes = (expected or 0) if message.pieces else message.pieces_bytes
            return None if message.pieces else 0
        mine = [piece for piece in message.pieces if piece.number == TENSOR[fixed[found.dtype]]]
        if len(mine) == 1 and mine[0].kind == BYTES:
            found.extent = Extent(mine[0].span.start, mine[0].span.size)
        found.stored_bytes = message.pieces_bytes
        return None if message.pieces_cut else sum(piece.span.size for piece in mine)

    def numbers(self, message: TensorMessage, limit: int) -> tuple[Number, ...] | None:
        """Elements of a constant that lies in the file itself, at most `limit`; None where they cannot be read."""
        dtype = DATA_TYPES.get(message.data_type, "other")
        if message.is_external or message.values is not None or message.pieces_cut:
            return None
        if message.raw is not None:
            return self._raw(message.raw, dtype, limit)
        if dtype in ("float32", "float64"):
            code = "f" if dtype == "float32" else "d"
            pieces = (self._wire.numbers(piece.span, code, limit) for piece in message.pieces)
            return tuple(islice(chain.from_iterable(pieces), limit))
        if dtype in _HALVES:
            return _nibbles(self._varints(message, limit), dtype, limit)
        convert = _CONVERT.get(dtype)
        if convert is None:
            return None
        return tuple(convert(number) for number in islice(self._varints(message, limit), limit))

    def _varints(self, message: TensorMessage, limit: int) -> Iterator[int]:
        for piece in message.pieces:
            yield from self._wire.varints(piece, limit)

    def _raw(self, span: Span, dtype: str, limit: int) -> tuple[Number, ...] | None:
        if code := RAW_CODES.get(dtype):
            return self._wire.numbers(span, code, limit)
        if dtype in _HALVES:
            return _nibbles(map(int, self._wire.numbers(span, "B", limit)), dtype, limit)
        return None


_HALVES = ("int4", "uint4")
"""Types of which a byte holds two elements, the first in its lower half."""


def _nibbles(pairs: Iterable[int], dtype: str, limit: int) -> tuple[int, ...]:
    halves = chain.from_iterable((pair & 15, pair >> 4 & 15) for pair in pairs)
    return tuple(half - 16 if dtype == "int4" and half > 7 else half for half in islice(halves, limit))


def _half(bits: int) -> float:
    """A float16 that stands as the number of its bits."""
    return float(struct.unpack("<e", struct.pack("<H", bits & 0xFFFF))[0])


_CONVERT: dict[str, Callable[[int], Number]] = {
    **dict.fromkeys(("int8", "uint8", "int16", "uint16", "int32", "int64"), int),
    **dict.fromkeys(("uint32", "uint64"), lambda number: number & ((1 << 64) - 1)),
    "bool": lambda number: int(bool(number)),
    "float16": _half,
}
"""From a varint of typed data to an element."""
