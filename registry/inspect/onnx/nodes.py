"""Reads the graphs of an ONNX file: nodes with their attributes, graphs inside them, and functions."""

from __future__ import annotations

from typing import Final

from registry.inspect.bounds import MAX_DEPTH, MAX_OPERATORS
from registry.inspect.onnx.decode import MAX_ENTRIES, Leaves
from registry.inspect.onnx.messages import AttributeMessage, FunctionMessage, GraphMessage, NodeMessage
from registry.inspect.onnx.protobuf import BYTES, FIXED32, VARINT, Field, Span, signed
from registry.inspect.onnx.schema import ATTRIBUTE, FUNCTION, GRAPH, NODE, STANDARD

MAX_NUMBERS = 65_536
"""Numbers that are kept of a list in an attribute."""

_TEXTS: Final = {ATTRIBUTE["name"]: "name", ATTRIBUTE["s"]: "text", ATTRIBUTE["ref_attr_name"]: "reference"}
_NODE_TEXTS: Final = {NODE["op_type"]: "type", NODE["name"]: "name", NODE["overload"]: "overload"}
_TENSORS: Final = (ATTRIBUTE["t"], ATTRIBUTE["tensors"])
_SPARSE: Final = (ATTRIBUTE["sparse_tensor"], ATTRIBUTE["sparse_tensors"])
_GRAPHS: Final = (ATTRIBUTE["g"], ATTRIBUTE["graphs"])
_TOO_DEEP = f"graphs are nested more than {MAX_DEPTH} deep; what is inside was not read"


class Messages(Leaves):
    """Reads the messages of one file, graphs nested within bounds."""

    def attribute(self, message: Span, depth: int) -> AttributeMessage:
        """An `AttributeProto`; of several tensors the last is kept."""
        found, wire = AttributeMessage(), self.wire
        for each in wire.fields(message):
            if each.number in (ATTRIBUTE["floats"], ATTRIBUTE["ints"]):
                self._numbers(found, each)
            elif each.kind == BYTES:
                self._payload(found, each, depth)
            elif (each.number, each.kind) == (ATTRIBUTE["i"], VARINT):
                found.number = signed(each.value)
            elif (each.number, each.kind) == (ATTRIBUTE["f"], FIXED32):
                found.number = wire.numbers(each.span, "f", 1)[0]
        return found

    def _numbers(self, found: AttributeMessage, each: Field) -> None:
        """Numbers of a list, packed or single."""
        room = MAX_NUMBERS - len(found.numbers)
        if each.number == ATTRIBUTE["ints"]:
            found.numbers += self.wire.varints(each, room)
        elif each.kind in (BYTES, FIXED32):
            found.numbers += self.wire.numbers(each.span, "f", room)

    def _payload(self, found: AttributeMessage, each: Field, depth: int) -> None:
        if each.number in _TEXTS:
            setattr(found, _TEXTS[each.number], self.wire.text(each.span))
        elif each.number in _TENSORS:
            found.tensor = self.tensor(each.span)
        elif each.number in _SPARSE:
            found.tensor = self.sparse(each.span)
        elif each.number == ATTRIBUTE["strings"]:
            found.texts += 1
        elif each.number in _GRAPHS and depth >= MAX_DEPTH:
            self.findings.add("danger", "onnx-nesting", f"offset {each.span.start}", _TOO_DEEP)
        elif each.number in _GRAPHS:
            found.graphs.append(self.graph(each.span, depth + 1))

    def node(self, message: Span, depth: int) -> NodeMessage:
        """A `NodeProto`.

        Raises:
            MalformedError: It has no type.
        """
        self.count("nodes", MAX_OPERATORS, message.start)
        found, wire = NodeMessage(), self.wire
        inputs: list[bytes] = []
        outputs: list[bytes] = []
        for each in wire.fields(message):
            if each.kind != BYTES:
                continue
            if each.number == NODE["input"]:
                inputs.append(wire.content(each.span))
            elif each.number == NODE["output"]:
                outputs.append(wire.content(each.span))
            elif each.number == NODE["attribute"]:
                self._attribute_of(found.attributes, each.span, depth)
            elif each.number == NODE["domain"]:
                found.domain = wire.text(each.span) or STANDARD
            elif each.number in _NODE_TEXTS:
                setattr(found, _NODE_TEXTS[each.number], wire.text(each.span))
        if not found.type:
            raise wire.malformed(message.start, "a node with an operator type", "none")
        found.inputs, found.outputs = tuple(inputs), tuple(outputs)
        return found

    def _attribute_of(self, into: dict[str, AttributeMessage], message: Span, depth: int) -> None:
        found = self.attribute(message, depth)
        if found.name in into or len(into) >= MAX_ENTRIES:
            expected = f"at most {MAX_ENTRIES} attributes, each once"
            raise self.wire.malformed(message.start, expected, repr(found.name))
        into[found.name] = found

    def graph(self, message: Span, depth: int = 0) -> GraphMessage:
        """A `GraphProto` with the graphs in its attributes."""
        found = GraphMessage()
        values = {GRAPH["input"]: found.inputs, GRAPH["output"]: found.outputs, GRAPH["value_info"]: found.values}
        for each in self.wire.fields(message):
            if each.kind != BYTES:
                continue
            if each.number == GRAPH["node"]:
                found.nodes.append(self.node(each.span, depth))
            elif each.number in values:
                values[each.number].append(self.value(each.span))
            elif each.number == GRAPH["initializer"]:
                found.constants.append(self.tensor(each.span))
            elif each.number == GRAPH["sparse_initializer"]:
                found.constants.append(self.sparse(each.span))
            elif each.number == GRAPH["name"]:
                found.name = self.wire.text(each.span)
            elif each.number == GRAPH["doc_string"]:
                found.doc = self.wire.text(each.span)
        return found

    def function(self, message: Span) -> FunctionMessage:
        """A `FunctionProto`."""
        found, wire = FunctionMessage(), self.wire
        self.count("functions", MAX_OPERATORS, message.start)
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
        text = self.wire.text(each.span)
        if each.number == FUNCTION["name"]:
            found.name = text
        elif each.number == FUNCTION["domain"]:
            found.domain = text or STANDARD
        else:
            found.overload = text
