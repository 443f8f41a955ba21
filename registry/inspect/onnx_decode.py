"""Reads the messages of an ONNX file within bounds."""

from __future__ import annotations

from collections.abc import Callable

from registry.inspect.bounds import MAX_DEPTH, MAX_NAME, MAX_OPERATORS, MAX_RANK, MAX_TENSORS
from registry.inspect.findings import Findings
from registry.inspect.onnx_messages import (
    AttributeMessage,
    FunctionMessage,
    GraphMessage,
    NamedShape,
    NamedSize,
    NodeMessage,
    TensorMessage,
    ValueMessage,
)
from registry.inspect.onnx_schema import (
    ATTRIBUTE,
    DIMENSION,
    ENTRY,
    FUNCTION,
    GRAPH,
    NODE,
    OPERATOR_SET,
    SHAPE,
    SPARSE_TENSOR,
    STANDARD,
    TENSOR,
    TENSOR_TYPE,
    TYPE,
    VALUE_INFO,
)
from registry.inspect.protobuf import BYTES, FIXED32, FIXED64, VARINT, Field, Span, Wire, signed

MAX_NUMBERS = 65_536
"""Numbers that are kept of a list in an attribute."""

MAX_PIECES = 65_536
"""Pieces of typed data that are kept of a file; writers make one of each tensor."""

MAX_ENTRIES = 1000
"""Attributes of a node, and operator sets."""

Slots = dict[tuple[int, int], Callable[[Field], None]]
"""What to do with a field, by its number and wire type."""


class Messages:
    """Reads messages of one file, counting what it has read."""

    def __init__(self, wire: Wire, findings: Findings) -> None:
        self._wire = wire
        self._findings = findings
        self._counts: dict[str, int] = {}
        self._pieces = 0

    def _count(self, what: str, most: int, offset: int) -> None:
        """Count one more of something.

        Raises:
            MalformedError: There are more than a reader keeps.
        """
        self._counts[what] = self._counts.get(what, 0) + 1
        if self._counts[what] > most:
            raise self._wire.malformed(offset, f"at most {most} {what}", "more")

    def _each(self, message: Span, slots: Slots) -> None:
        for each in self._wire.fields(message):
            if action := slots.get((each.number, each.kind)):
                action(each)

    def entry(self, message: Span, limit: int) -> tuple[str, str]:
        """A `StringStringEntryProto`."""
        found = {1: "", 2: ""}
        for each in self._wire.fields(message):
            if each.kind == BYTES and each.number in found:
                found[each.number] = self._wire.text(each.span, limit)
        return found[ENTRY["key"]], found[ENTRY["value"]]

    def opset(self, message: Span, into: dict[str, int]) -> None:
        """An `OperatorSetIdProto`."""
        domain, version = "", 0
        for each in self._wire.fields(message):
            if (each.number, each.kind) == (OPERATOR_SET["domain"], BYTES):
                domain = self._wire.text(each.span)
            elif (each.number, each.kind) == (OPERATOR_SET["version"], VARINT):
                version = signed(each.value)
        self._count("operator sets", MAX_ENTRIES, message.start)
        into[domain or STANDARD] = version

    def tensor(self, message: Span) -> TensorMessage:
        """A `TensorProto`."""
        self._count("tensors", MAX_TENSORS, message.start)
        found, wire = TensorMessage(), self._wire
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
                self._count("keys of external data", MAX_TENSORS, message.start)
                found.external[key] = value
            elif (each.number, each.kind) == (TENSOR["data_location"], VARINT):
                found.is_external = each.value == 1
        return found

    def _dims(self, before: tuple[int, ...], each: Field) -> tuple[int, ...]:
        """Dimensions with those of one more field; one beyond the bound stands for all others."""
        room = MAX_RANK + 1 - len(before)
        return (*before, *self._wire.varints(each, room)) if room > 0 else before

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
        for each in self._wire.fields(message):
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
        self._count("descriptions of values", 2 * MAX_TENSORS, message.start)
        found = ValueMessage()
        for each in self._wire.fields(message):
            if (each.number, each.kind) == (VALUE_INFO["name"], BYTES):
                found.name = self._wire.content(each.span)
            elif (each.number, each.kind) == (VALUE_INFO["type"], BYTES):
                for kind in self._wire.fields(each.span):
                    if kind.kind == BYTES and kind.number in TYPE.values():
                        self._tensor_type(kind.span, found)
        return found

    def _tensor_type(self, message: Span, found: ValueMessage) -> None:
        for each in self._wire.fields(message):
            if (each.number, each.kind) == (TENSOR_TYPE["elem_type"], VARINT):
                found.data_type = signed(each.value)
            elif (each.number, each.kind) == (TENSOR_TYPE["shape"], BYTES):
                found.shape = self._shape(each.span)

    def _shape(self, message: Span) -> NamedShape | None:
        """A `TensorShapeProto`; None for one of too many dimensions."""
        sizes: list[NamedSize] = []
        for dimension in self._wire.fields(message):
            if (dimension.number, dimension.kind) == (SHAPE["dim"], BYTES):
                sizes.append(self._size(dimension.span))
            if len(sizes) > MAX_RANK:
                return None
        return tuple(sizes)

    def _size(self, message: Span) -> NamedSize:
        """A dimension of a shape; a negative one, which some exporters write for an open one, has no name."""
        size: NamedSize = None
        for each in self._wire.fields(message):
            if (each.number, each.kind) == (DIMENSION["dim_value"], VARINT):
                size = signed(each.value) if signed(each.value) >= 0 else None
            elif (each.number, each.kind) == (DIMENSION["dim_param"], BYTES):
                size = self._wire.text(each.span) or None
        return size

    def attribute(self, message: Span, depth: int) -> AttributeMessage:
        """An `AttributeProto`."""
        found, wire = AttributeMessage(), self._wire

        def put(name: str, value: object) -> None:
            setattr(found, name, value)

        def graph(each: Field) -> None:
            if depth >= MAX_DEPTH:
                self._findings.add("danger", "onnx-nesting", f"offset {each.span.start}", _TOO_DEEP)
            else:
                found.graphs.append(self.graph(each.span, depth + 1))

        def numbers(each: Field) -> None:
            found.numbers += wire.varints(each, MAX_NUMBERS - len(found.numbers))

        def reals(each: Field) -> None:
            found.numbers += wire.numbers(each.span, "f", MAX_NUMBERS - len(found.numbers))

        def text(each: Field) -> None:
            found.texts += 1

        number, of = ATTRIBUTE, wire.text
        self._each(
            message,
            {
                (number["name"], BYTES): lambda each: put("name", of(each.span)),
                (number["f"], FIXED32): lambda each: put("number", wire.numbers(each.span, "f", 1)[0]),
                (number["i"], VARINT): lambda each: put("number", signed(each.value)),
                (number["s"], BYTES): lambda each: put("text", of(each.span)),
                (number["t"], BYTES): lambda each: put("tensor", self.tensor(each.span)),
                (number["tensors"], BYTES): lambda each: put("tensor", self.tensor(each.span)),
                (number["sparse_tensor"], BYTES): lambda each: put("tensor", self.sparse(each.span)),
                (number["sparse_tensors"], BYTES): lambda each: put("tensor", self.sparse(each.span)),
                (number["g"], BYTES): graph,
                (number["graphs"], BYTES): graph,
                (number["floats"], BYTES): reals,
                (number["floats"], FIXED32): reals,
                (number["ints"], BYTES): numbers,
                (number["ints"], VARINT): numbers,
                (number["strings"], BYTES): text,
                (number["ref_attr_name"], BYTES): lambda each: put("reference", of(each.span)),
            },
        )
        return found

    def node(self, message: Span, depth: int) -> NodeMessage:
        """A `NodeProto`."""
        self._count("nodes", MAX_OPERATORS, message.start)
        found, wire = NodeMessage(), self._wire
        inputs: list[bytes] = []
        outputs: list[bytes] = []

        def put(name: str, text: str) -> None:
            setattr(found, name, text)

        self._each(
            message,
            {
                (NODE["input"], BYTES): lambda each: inputs.append(wire.content(each.span)),
                (NODE["output"], BYTES): lambda each: outputs.append(wire.content(each.span)),
                (NODE["attribute"], BYTES): lambda each: self._attribute_of(found.attributes, each.span, depth),
                (NODE["op_type"], BYTES): lambda each: put("type", wire.text(each.span)),
                (NODE["domain"], BYTES): lambda each: put("domain", wire.text(each.span) or STANDARD),
                (NODE["name"], BYTES): lambda each: put("name", wire.text(each.span)),
                (NODE["overload"], BYTES): lambda each: put("overload", wire.text(each.span)),
            },
        )
        if not found.type:
            raise wire.malformed(message.start, "a node with an operator type", "none")
        found.inputs, found.outputs = tuple(inputs), tuple(outputs)
        return found

    def _attribute_of(self, into: dict[str, AttributeMessage], message: Span, depth: int) -> None:
        found = self.attribute(message, depth)
        if found.name in into or len(into) >= MAX_ENTRIES:
            raise self._wire.malformed(message.start, f"at most {MAX_ENTRIES} attributes, each once", found.name)
        into[found.name] = found

    def graph(self, message: Span, depth: int = 0) -> GraphMessage:
        """A `GraphProto` with the graphs in its attributes, nested within bounds."""
        found, number = GraphMessage(), GRAPH

        def put(name: str, each: Field) -> None:
            setattr(found, name, self._wire.text(each.span))

        self._each(
            message,
            {
                (number["node"], BYTES): lambda each: found.nodes.append(self.node(each.span, depth)),
                (number["name"], BYTES): lambda each: put("name", each),
                (number["doc_string"], BYTES): lambda each: put("doc", each),
                (number["initializer"], BYTES): lambda each: found.constants.append(self.tensor(each.span)),
                (number["sparse_initializer"], BYTES): lambda each: found.constants.append(self.sparse(each.span)),
                (number["input"], BYTES): lambda each: found.inputs.append(self.value(each.span)),
                (number["output"], BYTES): lambda each: found.outputs.append(self.value(each.span)),
                (number["value_info"], BYTES): lambda each: found.values.append(self.value(each.span)),
            },
        )
        return found

    def function(self, message: Span) -> FunctionMessage:
        """A `FunctionProto`."""
        found, wire = FunctionMessage(), self._wire
        self._count("functions", MAX_OPERATORS, message.start)
        for each in wire.fields(message):
            if each.kind != BYTES:
                continue
            if each.number in (FUNCTION["input"], FUNCTION["output"]):
                side = found.inputs if each.number == FUNCTION["input"] else found.outputs
                side.append(wire.content(each.span))
            elif each.number == FUNCTION["node"]:
                found.nodes.append(self.node(each.span, 0))
            elif each.number == FUNCTION["opset_import"]:
                self.opset(each.span, found.opsets)
            elif each.number == FUNCTION["attribute_proto"]:
                self._attribute_of(found.defaults, each.span, 0)
            elif each.number == FUNCTION["value_info"]:
                found.values.append(self.value(each.span))
            elif each.number in (FUNCTION["name"], FUNCTION["domain"], FUNCTION["overload"]):
                self._name_of(found, each)
        return found

    def _name_of(self, found: FunctionMessage, each: Field) -> None:
        text = self._wire.text(each.span)
        if each.number == FUNCTION["name"]:
            found.name = text
        elif each.number == FUNCTION["domain"]:
            found.domain = text or STANDARD
        else:
            found.overload = text


_TOO_DEEP = f"graphs are nested more than {MAX_DEPTH} deep; what is inside was not read"
