"""Which operators of a graph an engine does not take, and why, by what its target's card says. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.conditions import Condition, holds
from registry.inspect.graph import Graph, Operator


@dataclass(frozen=True)
class Limit:
    """What restricts operators of some types.

    Attributes:
        types: The types.
        where: Which of them it is about; empty for all.
        requires: What they must keep; empty refuses those that `where` names.
        note: The limit in a sentence.
    """

    types: frozenset[str]
    where: Condition
    requires: Condition
    note: str

    def refuses(self, graph: Graph, operator: Operator) -> bool:
        """Whether the limit surely keeps the operator away; what the graph does not tell is let through."""
        if operator.type not in self.types or holds(self.where, graph, operator) is not True:
            return False
        if not self.requires:
            return bool(self.where)
        return holds(self.requires, graph, operator) is False


@dataclass(frozen=True)
class OperatorTable:
    """What an engine takes of files in some formats.

    Attributes:
        takes: Common types that it runs.
        limits: What restricts them.
        otherwise: Engine that runs the rest, or None where the source does not say.
        document: The source's name.
    """

    takes: frozenset[str]
    limits: tuple[Limit, ...]
    otherwise: str | None
    document: str


@dataclass(frozen=True)
class Misplaced:
    """An operator that an engine does not take.

    Attributes:
        index: Position among the graph's operators.
        type: Common type.
        native: Name in the file's own words.
        reason: Why, in a sentence.
    """

    index: int
    type: str
    native: str
    reason: str


def table_of(engine: Mapping[str, Any], format_: str) -> OperatorTable | None:
    """The table of an engine for files of a format, from the target's card; None where no source says anything."""
    for item in engine.get("operators", ()):
        if format_ in item.get("formats", (format_,)):
            limits = tuple(
                Limit(frozenset(entry["types"]), entry.get("where", {}), entry.get("requires", {}), entry["note"])
                for entry in item.get("limits", ())
            )
            source = item["provenance"]["document"]
            return OperatorTable(frozenset(item["takes"]), limits, item.get("otherwise"), source)
    return None


def placement_of(graph: Graph, table: OperatorTable) -> tuple[Misplaced, ...]:
    """Operators that an engine does not take, in order of execution.

    Constants compute nothing, and the quantize and dequantize operators with which ONNX marks quantized values
    count with the operators between them: neither is listed.
    """
    found = []
    for index, operator in enumerate(graph.operators):
        if operator.type == "constant" or _marks(graph, operator):
            continue
        reason = _refusal(graph, operator, table)
        if reason is not None:
            found.append(Misplaced(index, operator.type, operator.native, reason))
    return tuple(found)


def _refusal(graph: Graph, operator: Operator, table: OperatorTable) -> str | None:
    if operator.custom:
        return "the format does not define it"
    notes = (limit.note for limit in table.limits if operator.type in limit.types)
    if operator.type not in table.takes:
        return next(notes, f"not among the operators that {table.document} lists")
    return next((limit.note for limit in table.limits if limit.refuses(graph, operator)), None)


def _marks(graph: Graph, operator: Operator) -> bool:
    """Whether an ONNX operator only says that a value is quantized.

    So does a dequantize of a constant, of an input or after a quantize, and a quantize that only those read.
    """
    if graph.format != "onnx":
        return False
    if operator.type == "dequantize":
        origin = graph.producers.get(operator.inputs[0]) if operator.inputs else None
        return origin is None or origin.type in ("quantize", "constant")
    readers = (reader for index in operator.outputs for reader in graph.consumers.get(index, ()))
    return operator.type == "quantize" and all(reader.type == "dequantize" for reader in readers)
