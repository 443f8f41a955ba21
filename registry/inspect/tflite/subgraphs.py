"""Subgraphs of a TFLite file put together: the main one, and in it those that one operator runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from registry.inspect.bounds import MAX_DEPTH, MAX_OPERATORS, MAX_TENSORS
from registry.inspect.findings import Findings
from registry.inspect.graph import Operator, Tensor
from registry.inspect.tflite.flatbuffer import Table
from registry.inspect.tflite.operators import Call, OperatorReader
from registry.inspect.tflite.tensors import TensorReader

MOST_SUBGRAPHS = 4096


@dataclass(frozen=True)
class Subgraph:
    """A subgraph as it stands in the file; tensors are counted in it alone."""

    name: str
    tensors: tuple[Tensor, ...]
    operators: list[Operator]
    calls: list[Call]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Parts:
    """What a graph takes from the subgraphs (see `graph.Graph`)."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    functions: int


def assemble(model: Table, tensors: TensorReader, operators: OperatorReader, findings: Findings) -> Parts:
    """Read all subgraphs; the main one begins, and one that is run from one place follows the operator there.

    Raises:
        MalformedError: There is no subgraph, or one is not as the schema has it.
    """
    malformed = tensors.buffers.buffer.malformed
    subgraphs: list[Subgraph] = []
    sizes: Counter[str] = Counter()
    for table in model.tables(2, MOST_SUBGRAPHS):
        subgraph = _read(table, tensors, operators)
        sizes.update(tensors=len(subgraph.tensors), operators=len(subgraph.operators))
        if sizes["tensors"] > MAX_TENSORS or sizes["operators"] > MAX_OPERATORS:
            expected = f"at most {MAX_TENSORS} tensors and {MAX_OPERATORS} operators"
            raise malformed(table.position, expected, f"{sizes['tensors']} and {sizes['operators']}")
        subgraphs.append(subgraph)
    if not subgraphs:
        raise malformed(model.position, "a subgraph", "none")
    for subgraph in subgraphs:
        for call in subgraph.calls:
            if not all(0 <= number < len(subgraphs) for number in call.subgraphs):
                expected = f"subgraphs 0 to {len(subgraphs) - 1}"
                raise malformed(model.position, expected, f"a call of {call.subgraphs[:8]}")
        _judge_order(subgraph, findings)
    _judge_circles(subgraphs, findings)
    return _Assembly(subgraphs, findings).parts()


def _read(table: Table, tensors: TensorReader, operators: OperatorReader) -> Subgraph:
    found = tensors.read(table)
    nodes, calls = operators.read(table, found)
    inputs, outputs = operators.indices(table, 1, found), operators.indices(table, 2, found)
    return Subgraph(table.string(4), found, nodes, calls, inputs, outputs)


class _Assembly:
    """Operators and tensors while subgraphs are put in their places."""

    def __init__(self, subgraphs: Sequence[Subgraph], findings: Findings) -> None:
        self._subgraphs = subgraphs
        self._findings = findings
        calls = [number for subgraph in subgraphs for call in subgraph.calls for number in call.subgraphs]
        self._callers = Counter(calls)
        self._tensors: list[Tensor] = []
        self._operators: list[Operator] = []
        self._placed: set[int] = set()

    def parts(self) -> Parts:
        """Everything in order of execution."""
        main = self._subgraphs[0]
        self._place_all()
        for number in range(1, len(self._subgraphs)):
            if number not in self._placed:
                self._say_left_out(number)
        rest = len(self._subgraphs) - 1
        return Parts(tuple(self._tensors), tuple(self._operators), main.inputs, main.outputs, rest)

    def _place_all(self) -> None:
        """Go through the main subgraph and those it runs, without recursion, as the file decides how they nest."""
        waiting = [self._steps(0)]
        while waiting:
            called = next(waiting[-1], None)
            if called is None:
                waiting.pop()
            elif len(waiting) < MAX_DEPTH:
                waiting.append(self._steps(called))

    def _steps(self, number: int) -> Iterator[int]:
        """Place a subgraph; give those that are to be placed at each operator."""
        self._placed.add(number)
        subgraph = self._subgraphs[number]
        base = len(self._tensors)
        self._tensors += subgraph.tensors
        calls = {call.operator: call for call in subgraph.calls}
        for position, operator in enumerate(subgraph.operators):
            self._operators.append(_moved(operator, base))
            if position in calls:
                self._say_call(operator, position, calls[position])
                once = (called for called in calls[position].subgraphs if called and self._callers[called] == 1)
                yield from (called for called in once if called not in self._placed)

    def _say_call(self, operator: Operator, position: int, call: Call) -> None:
        names = ", ".join(f"{number} {self._subgraphs[number].name}".strip() for number in call.subgraphs[:8])
        how = {"while": "over and over", "if": "as its condition says"}.get(operator.type, "once")
        where = f"operator {position} ({operator.native})"
        self._findings.add("note", "tflite-control-flow", where, f"it runs subgraphs {how}: {names}")

    def _say_left_out(self, number: int) -> None:
        subgraph, callers = self._subgraphs[number], self._callers[number]
        who = f"run from {callers} places" if callers else "not run by the main one"
        message = f"its {len(subgraph.operators)} operators do not stand in the graph: it is {who}"
        self._findings.add("note", "tflite-subgraph", f"subgraph {number} {subgraph.name}".strip(), message)


def _moved(operator: Operator, base: int) -> Operator:
    """An operator with its tensors counted over all subgraphs."""
    if not base:
        return operator
    inputs = tuple(number if number < 0 else number + base for number in operator.inputs)
    return replace(operator, inputs=inputs, outputs=tuple(number + base for number in operator.outputs))


def _judge_order(subgraph: Subgraph, findings: Findings) -> None:
    """Operators stand in order of execution: a tensor that is read was given, is constant or was written before."""
    writers = {number: place for place, operator in enumerate(subgraph.operators) for number in operator.outputs}
    written = set(subgraph.inputs)
    for place, operator in enumerate(subgraph.operators):
        where = f"{subgraph.name} operator {place} ({operator.native})".strip()
        late = next((number for number in operator.inputs if number in writers and number not in written), None)
        if late is not None and not subgraph.tensors[late].variable:
            message = f"it reads tensor {late}, which operator {writers[late]} writes later"
            findings.add("danger", "tflite-order", where, message)
        written.update(operator.outputs)


def _judge_circles(subgraphs: Sequence[Subgraph], findings: Findings) -> None:
    """Subgraphs that run themselves, at once or by way of others, never end."""
    if not any(subgraph.calls for subgraph in subgraphs):
        return
    from graphlib import CycleError, TopologicalSorter

    runs = {
        number: [called for call in subgraph.calls for called in call.subgraphs]
        for number, subgraph in enumerate(subgraphs)
    }
    try:
        TopologicalSorter(runs).prepare()
    except CycleError as error:
        circle = " -> ".join(map(str, reversed(error.args[1])))
        findings.add("danger", "tflite-recursion", "subgraphs", f"they run themselves: {circle}")
