"""From the messages of an ONNX file to steps over values: names resolved, functions and branches put in place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from registry.inspect.bounds import MAX_DEPTH, MAX_NAME, MAX_TENSORS, MalformedError
from registry.inspect.findings import Findings
from registry.inspect.onnx.constants import Constants, Known, Value
from registry.inspect.onnx.dtypes import dtypes
from registry.inspect.onnx.folding import fold
from registry.inspect.onnx.messages import (
    AttributeMessage,
    FunctionMessage,
    GraphMessage,
    NodeMessage,
    ValueMessage,
)
from registry.inspect.onnx.order import ordered
from registry.inspect.onnx.safety import Key, key
from registry.inspect.onnx.schema import DATA_TYPES, STANDARD
from registry.inspect.onnx.shapes import shapes
from registry.inspect.onnx.stated import settle
from registry.inspect.onnx.step import Step

MAX_BOUND = 1 << 20
"""Numbers in attributes that nodes of functions take from their calls."""


@dataclass(slots=True)
class Scope:
    """Names that a graph or function sees.

    Attributes:
        opsets: Version of each domain's operators.
        around: Scope that an inner graph stands in.
        bindings: Attributes that a call gave to a function; None outside functions.
        names: Values by name.
        stated: Descriptions of values by name.
        depth: Scopes around.
    """

    opsets: Mapping[str, int]
    around: Scope | None = None
    bindings: Mapping[str, AttributeMessage] | None = None
    names: dict[bytes, Value] = field(default_factory=dict)
    stated: dict[bytes, ValueMessage] = field(default_factory=dict)
    depth: int = 0

    def find(self, name: bytes) -> Value | None:
        """The value of a name, here or around."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.around
        return None


class Assembly:
    """Builds the steps of one file.

    Args:
        file: Its name, for messages.
        constants: Reads constants.
        findings: Where contradictions go.
        functions: The file's own functions.
        calls: How often each is called.
    """

    def __init__(
        self,
        file: str,
        constants: Constants,
        findings: Findings,
        functions: Mapping[Key, FunctionMessage],
        calls: Counter[Key],
    ) -> None:
        self.values: list[Value] = []
        self.steps: list[Step] = []
        self._file = file
        self._constants = constants
        self._findings = findings
        self._functions = functions
        self._calls = calls
        self._room = MAX_BOUND

    def graph(self, graph: GraphMessage, scope: Scope) -> tuple[list[Value], list[Value]]:
        """Put a graph's nodes in place; gives its inputs and outputs.

        Raises:
            MalformedError: A name is read that nobody makes, or nodes wait for each other.
        """
        for message in graph.constants:
            if message.name:
                self._define(scope, message.name, self._constants.value(message, _text(message.name)))
        scope.stated.update({value.name: value for value in (*graph.values, *graph.outputs)})
        inputs = []
        for value in graph.inputs:
            # before version 4 of the format constants were inputs, too
            if value.name not in scope.names:
                inputs.append(self._input(scope, value))
        self._nodes(graph.nodes, scope)
        return inputs, [self._output(scope, value.name) for value in graph.outputs]

    def _input(self, scope: Scope, message: ValueMessage) -> Value:
        dtype = DATA_TYPES.get(message.data_type, "other")
        return self._define(scope, message.name, Value(_text(message.name), dtype, message.shape))

    def _output(self, scope: Scope, name: bytes) -> Value:
        found = scope.find(name)
        if found is None:
            raise MalformedError(self._file, "outputs", "names that something makes", repr(_text(name)))
        return found

    def _define(self, scope: Scope, name: bytes, value: Value) -> Value:
        """Give a name its value."""
        if name in scope.names:
            text = "two values of one name: readers may differ in which they take"
            self._findings.add("danger", "onnx-duplicate-name", value.name, text)
        self._keep(value)
        scope.names[name] = value
        return value

    def _keep(self, value: Value) -> None:
        if len(self.values) >= MAX_TENSORS:
            raise MalformedError(self._file, "graph", f"at most {MAX_TENSORS} tensors", "more")
        self.values.append(value)

    def _nodes(self, nodes: Sequence[NodeMessage], scope: Scope) -> None:
        in_order, moved = ordered(nodes, lambda name: scope.find(name) is not None, self._file)
        if moved:
            text = "nodes stand before what they read; they were sorted"
            self._findings.add("note", "onnx-order", "graph", text)
        for node in in_order:
            self._node(node if scope.bindings is None else self._bound(node, scope.bindings), scope)

    def _node(self, node: NodeMessage, scope: Scope) -> None:
        if node.domain == STANDARD and node.type == "Constant" and len(node.outputs) == 1:
            self._define(scope, node.outputs[0], self._constant(node))
            return
        function = self._functions.get(key(node))
        if function is not None and self._calls[key(node)] == 1 and scope.depth < MAX_DEPTH:
            self._call(node, function, scope)
            return
        step = Step(node, scope.opsets.get(node.domain, 0), [scope.find(name) for name in node.inputs], [])
        branched = node.domain == STANDARD and node.type == "If" and scope.depth < MAX_DEPTH
        branches = self._branches(step, scope) if branched else []
        self._place(step, scope)
        _join(step, branches)

    def _place(self, step: Step, scope: Scope) -> None:
        """Add a step with what it gives."""
        if step.type == "ConstantOfShape":
            step.filling = self._filling(step)
        step.outputs = [self._result(scope, name) if name else None for name in step.node.outputs]
        found, types = shapes(step), dtypes(step)
        static = bool(step.inputs) and all(value is None or value.static for value in step.inputs)
        for number, (value, name) in enumerate(zip(step.outputs, step.node.outputs, strict=True)):
            if value is not None:
                value.static = static
                shape = found[number] if number < len(found) else None
                dtype = types[number] if number < len(types) else "other"
                settle(value, (dtype, shape), scope.stated.get(name), step, self._findings)
        if step.outputs and step.outputs[0] is not None and step.node.domain == STANDARD:
            step.outputs[0].values = fold(step)
        self.steps.append(step)

    def _result(self, scope: Scope, name: bytes) -> Value:
        return self._define(scope, name, Value(_text(name)))

    def _filling(self, step: Step) -> Known:
        """The element that a `ConstantOfShape` repeats."""
        message = step.tensor("value")
        numbers = (0.0,) if message is None else self._constants.numbers(message, 1)
        return numbers[0] if numbers else None

    def _constant(self, node: NodeMessage) -> Value:
        """The value of a `Constant`: a tensor, or a number, text or list in an attribute."""
        name = _text(node.outputs[0])
        for attribute in node.attributes.values():
            if attribute.tensor is not None:
                return self._constants.value(attribute.tensor, name)
        chosen = next((each for each in node.attributes.items() if each[0].startswith("value_")), None)
        if chosen is None:
            return Value(name, constant=True, static=True)
        kind, attribute = chosen
        dtype = {"value_float": "float32", "value_int": "int64"}.get(kind.removesuffix("s"), "string")
        several = kind.endswith("s")
        count = attribute.texts if dtype == "string" else len(attribute.numbers)
        value = Value(name, dtype, (count,) if several else (), constant=True, static=True)
        if dtype != "string":
            numbers = attribute.numbers if several else [attribute.number or 0]
            value.values = tuple(numbers) if len(numbers) <= 64 else None
            value.stored_bytes = len(numbers) * (4 if dtype == "float32" else 8)
        return value

    def _call(self, node: NodeMessage, function: FunctionMessage, scope: Scope) -> None:
        """Put the nodes of a function in the place of its only call."""
        bindings = {**function.defaults, **node.attributes}
        opsets = function.opsets or scope.opsets
        inner = Scope(opsets, None, bindings, depth=scope.depth + 1)
        inner.stated.update({value.name: value for value in function.values})
        for number, name in enumerate(function.inputs):
            given = scope.find(node.inputs[number]) if number < len(node.inputs) else None
            if given is not None:
                inner.names[name] = given
            else:
                self._define(inner, name, Value(_text(name)))
        self._nodes(function.nodes, inner)
        for name, outer in zip(function.outputs, node.outputs, strict=False):
            if outer:
                scope.names[outer] = self._output(inner, name)
        for outer in node.outputs[len(function.outputs) :]:
            if outer:
                self._result(scope, outer)

    def _bound(self, node: NodeMessage, bindings: Mapping[str, AttributeMessage]) -> NodeMessage:
        """A node of a function with the attributes that the call gave; those it did not give are left out.

        Raises:
            MalformedError: The nodes of functions share lists so long that they multiply.
        """
        found: dict[str, AttributeMessage] = {}
        for name, attribute in node.attributes.items():
            if not attribute.reference:
                found[name] = attribute
            elif attribute.reference in bindings:
                found[name] = replace(bindings[attribute.reference], name=name)
                self._room -= len(found[name].numbers)
        if self._room < 0:
            expected = f"at most {MAX_BOUND} numbers in attributes given to functions"
            raise MalformedError(self._file, "functions", expected, "more")
        return replace(node, attributes=found)

    def _branches(self, step: Step, scope: Scope) -> list[list[Value]]:
        """Put the nodes of both branches before an `If`, which then reads what they give."""
        results = []
        for graph in step.graphs():
            inner = Scope(scope.opsets, scope, scope.bindings, depth=scope.depth + 1)
            results.append(self.graph(graph, inner)[1])
        step.inputs = [*step.inputs, *(value for each in results for value in each)]
        return results


def _join(step: Step, branches: Sequence[Sequence[Value]]) -> None:
    """Give what an `If` gives the dtype and shape that both branches agree on."""
    for value, *sources in zip(step.outputs, *branches, strict=False) if branches else ():
        if value is not None and value.shape is None and len({source.shape for source in sources}) == 1:
            value.shape = sources[0].shape
        if value is not None and value.dtype == "other" and len({source.dtype for source in sources}) == 1:
            value.dtype = sources[0].dtype


def _text(name: bytes) -> str:
    return name[:MAX_NAME].decode("utf-8", "replace")
