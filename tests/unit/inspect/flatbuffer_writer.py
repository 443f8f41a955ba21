"""A small writer of flatbuffers, top down: enough for models that tests make, plain enough to break on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct, pack_into


@dataclass(frozen=True)
class Number:
    """A scalar field."""

    kind: Struct
    value: int | float


@dataclass(frozen=True)
class Numbers:
    """A vector of scalars."""

    kind: Struct
    values: Sequence[int | float]


@dataclass(frozen=True)
class Fields:
    """A table: values by field number; None for a field left out."""

    values: dict[int, Value]


Value = Number | Numbers | Fields | str | bytes | Sequence["Fields"] | Sequence[str] | None


def build(root: Fields, identifier: bytes = b"TFL3") -> bytes:
    """The bytes of a flatbuffer."""
    out = bytearray(4) + identifier
    pack_into("<I", out, 0, _table(out, root))
    return bytes(out)


def _align(out: bytearray, size: int) -> None:
    out.extend(bytes(-len(out) % size))


def _table(out: bytearray, fields: Fields) -> int:
    """Write a vtable, its table, then all that the table refers to."""
    present = {field: value for field, value in fields.values.items() if value is not None}
    sizes = {field: value.kind.size if isinstance(value, Number) else 4 for field, value in present.items()}
    places: dict[int, int] = {}
    end = 4
    for field in sorted(present, key=lambda field: (sizes[field], field)):
        end += -end % sizes[field]
        places[field] = end
        end += sizes[field]
    count = max(present, default=-1) + 1
    _align(out, 8)
    vtable = len(out)
    offsets = [places.get(field, 0) for field in range(count)]
    out.extend(Struct(f"<{count + 2}H").pack(4 + 2 * count, end, *offsets))
    _align(out, 8)
    start = len(out)
    out.extend(bytes(end))
    pack_into("<i", out, start, start - vtable)
    for field, value in present.items():
        place = start + places[field]
        if isinstance(value, Number):
            value.kind.pack_into(out, place, value.value)
        else:
            _refer(out, place, _vector(out, value))
    return start


def _refer(out: bytearray, place: int, target: int) -> None:
    pack_into("<I", out, place, target - place)


def _vector(out: bytearray, value: Value) -> int:
    """Write what a field refers to; give its position."""
    if isinstance(value, Fields):
        return _table(out, value)
    if isinstance(value, str | bytes):
        data = value.encode() if isinstance(value, str) else value
        return _sized(out, len(data), data + (b"\0" if isinstance(value, str) else b""))
    if isinstance(value, Numbers):
        row = Struct(f"<{len(value.values)}{value.kind.format[1:]}")
        return _sized(out, len(value.values), row.pack(*value.values))
    assert value is not None
    assert not isinstance(value, Number)
    items: Sequence[Fields | str] = value
    start = _sized(out, len(items), bytes(4 * len(items)))
    for number, item in enumerate(items):
        _refer(out, start + 4 + 4 * number, _vector(out, item))
    return start


def _sized(out: bytearray, count: int, data: bytes) -> int:
    out.extend(bytes(-(len(out) + 4) % 8))
    start = len(out)
    out.extend(Struct("<I").pack(count) + data)
    return start
