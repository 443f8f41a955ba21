"""Reads tensors and descriptions of values of an ONNX file within bounds."""

from __future__ import annotations

from registry.inspect.bounds import MAX_NAME, MAX_RANK, MAX_TENSORS
from registry.inspect.findings import Findings
from registry.inspect.onnx.messages import (
    NamedShape,
    NamedSize,
    TensorMessage,
    ValueMessage,
)
from registry.inspect.onnx.protobuf import BYTES, FIXED32, FIXED64, VARINT, Field, Span, Wire, signed
from registry.inspect.onnx.schema import (
    DIMENSION,
    ENTRY,
    OPERATOR_SET,
    SHAPE,
    SPARSE_TENSOR,
    STANDARD,
    TENSOR,
    TENSOR_TYPE,
    TYPE,
    VALUE_INFO,
)

MAX_PIECES = 65_536
"""Pieces of typed data that are kept of a file; writers make one of each tensor."""

MAX_ENTRIES = 1000
"""Attributes of a node, and operator sets."""


class Leaves:
    """Reads messages that hold no graph, counting what it has read."""

    def __init__(self, wire: Wire, findings: Findings) -> None:
        self.wire = wire
        self.findings = findings
        self._counts: dict[str, int] = {}
        self._pieces = 0

    def count(self, what: str, most: int, offset: int) -> None:
        """Count one more of something.

        Raises:
            MalformedError: There are more than a reader keeps.
        """
        self._counts[what] = self._counts.get(what, 0) + 1
        if self._counts[what] > most:
            raise self.wire.malformed(offset, f"at most {most} {what}", "more")

    def entry(self, message: Span, limit: int) -> tuple[str, str]:
        """A `StringStringEntryProto`."""
        found = {1: "", 2: ""}
        for each in self.wire.fields(message):
            if each.kind == BYTES and each.number in found:
                found[each.number] = self.wire.text(each.span, limit)
        return found[ENTRY["key"]], found[ENTRY["value"]]

    def opset(self, message: Span, into: dict[str, int]) -> None:
        """An `OperatorSetIdProto`."""
        domain, version = "", 0
        for each in self.wire.fields(message):
            if (each.number, each.kind) == (OPERATOR_SET["domain"], BYTES):
                domain = self.wire.text(each.span)
            elif (each.number, each.kind) == (OPERATOR_SET["version"], VARINT):
                version = signed(each.value)
        self.count("operator sets", MAX_ENTRIES, message.start)
        into[domain or STANDARD] = version

    def tensor(self, message: Span) -> TensorMessage:
        """A `TensorProto`."""
        self.count("tensors", MAX_TENSORS, message.start)
        found, wire = TensorMessage(), self.wire
        typed = {TENSOR[f"{name}_data"] for name in ("float", "int32", "string", "int64", "double", "uint64")}
        for each in wire.fields(message):
            if each.number in typed:
                self._piece(found, each)
            elif each.number == TENSOR["dims"]:
                found.dims = self._dims(found.dims, each)
            elif (each.number, each.kind) == (TENSOR["data_type"], VARINT):
                found.data_type = signed(each.value)
            elif (each.number, each.kind) == (TENSOR["name"], BYTES):
                found.name = wire.content(each.span)
            elif (each.number, each.kind) == (TENSOR["raw_data"], BYTES):
                found.raw = each.span
            elif (each.number, each.kind) == (TENSOR["external_data"], BYTES):
                key, value = self.entry(each.span, MAX_NAME)
                self.count("keys of external data", MAX_TENSORS, message.start)
                found.external[key] = value
            elif (each.number, each.kind) == (TENSOR["data_location"], VARINT):
                found.is_external = each.value == 1
        return found

    def _dims(self, before: tuple[int, ...], each: Field) -> tuple[int, ...]:
        """Dimensions with those of one more field; one beyond the bound stands for all others."""
        room = MAX_RANK + 1 - len(before)
        return (*before, *self.wire.varints(each, room)) if room > 0 else before

    def _piece(self, found: TensorMessage, each: Field) -> None:
        width = {FIXED32: 4, FIXED64: 8, BYTES: each.span.size, VARINT: 1}.get(each.kind, 0)
        found.pieces_bytes += width
        if self._pieces < MAX_PIECES:
            self._pieces += 1
            found.pieces.append(each)
        else:
            found.pieces_cut = True

    def sparse(self, message: Span) -> TensorMessage:
        """A `SparseTensorProto`, under the name of its values."""
        found = TensorMessage()
        for each in self.wire.fields(message):
            if each.number == SPARSE_TENSOR["dims"]:
                found.dims = self._dims(found.dims, each)
            elif (each.number, each.kind) == (SPARSE_TENSOR["values"], BYTES):
                found.values = self.tensor(each.span)
            elif (each.number, each.kind) == (SPARSE_TENSOR["indices"], BYTES):
                found.indices = self.tensor(each.span)
        if found.values is not None:
            found.name, found.data_type = found.values.name, found.values.data_type
        return found

    def value(self, message: Span) -> ValueMessage:
        """A `ValueInfoProto`; sequences, maps and optional values stay of unknown type."""
        self.count("descriptions of values", 2 * MAX_TENSORS, message.start)
        found = ValueMessage()
        for each in self.wire.fields(message):
            if (each.number, each.kind) == (VALUE_INFO["name"], BYTES):
                found.name = self.wire.content(each.span)
            elif (each.number, each.kind) == (VALUE_INFO["type"], BYTES):
                for kind in self.wire.fields(each.span):
                    if kind.kind == BYTES and kind.number in TYPE.values():
                        self._tensor_type(kind.span, found)
        return found

    def _tensor_type(self, message: Span, found: ValueMessage) -> None:
        for each in self.wire.fields(message):
            if (each.number, each.kind) == (TENSOR_TYPE["elem_type"], VARINT):
                found.data_type = signed(each.value)
            elif (each.number, each.kind) == (TENSOR_TYPE["shape"], BYTES):
                found.shape = self._shape(each.span)

    def _shape(self, message: Span) -> NamedShape | None:
        """A `TensorShapeProto`; None for one of too many dimensions."""
        sizes: list[NamedSize] = []
        for dimension in self.wire.fields(message):
            if (dimension.number, dimension.kind) == (SHAPE["dim"], BYTES):
                sizes.append(self._size(dimension.span))
            if len(sizes) > MAX_RANK:
                return None
        return tuple(sizes)

    def _size(self, message: Span) -> NamedSize:
        """A dimension of a shape; a negative one, which some exporters write for an open one, has no name."""
        size: NamedSize = None
        for each in self.wire.fields(message):
            if (each.number, each.kind) == (DIMENSION["dim_value"], VARINT):
                size = signed(each.value) if signed(each.value) >= 0 else None
            elif (each.number, each.kind) == (DIMENSION["dim_param"], BYTES):
                size = self.wire.text(each.span) or None
        return size
