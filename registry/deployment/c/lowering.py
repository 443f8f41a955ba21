"""From the operators of a graph to calls of kernels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

from registry.deployment.c import by_value, movement, windows
from registry.deployment.c.program import Call, Program
from registry.deployment.c.source import C_TYPES, NotCoveredError, Source
from registry.errors import RejectedError
from registry.inspect.graph import Operator

MOST_CALLS = 10_000

Lower = Callable[[Source, Operator], list[Call]]

LOWER: Mapping[str, Lower] = {
    "conv2d": windows.convolution,
    "depthwise-conv2d": windows.depthwise,
    "fully-connected": windows.fully_connected,
    "average-pool2d": windows.pooling,
    "max-pool2d": windows.pooling,
    **dict.fromkeys(("add", "sub", "mul"), by_value.pair),
    **dict.fromkeys(("relu", "relu6", "relu-n1-to-1", "sigmoid", "tanh", "hard-swish"), by_value.one),
    "quantize": by_value.quantize,
    "dequantize": by_value.dequantize,
    "concat": movement.concat,
    "pad": movement.pad,
    "resize-bilinear": movement.resize,
    "resize-nearest": movement.resize,
    "mean": movement.mean,
    "softmax": movement.softmax,
    "argmax": movement.argmax,
}
"""What makes the calls of an operator, by its type."""

OF_TWO = frozenset({"conv2d", "depthwise-conv2d", "fully-connected", "add", "sub", "mul"})
"""Operators that are nothing without a second input."""

KEEPS_ORDER = frozenset({"reshape", "squeeze", "unsqueeze", "flatten", "identity"})
"""Operators that only say another shape for the same bytes."""


def lower(source: Source) -> Program:
    """The calls of a network.

    Raises:
        RejectedError: It has operators that no kernel computes, all of which are named; or no graph that runs.
        UnavailableError: The file cannot be read.
    """
    graph = source.graph
    _require_ports(source)
    _require_order(source)
    calls: list[Call] = []
    same: dict[int, int] = {}
    lacking: Counter[str] = Counter()
    for number, operator in enumerate(graph.operators):
        try:
            calls += [replace(call, operator=number) for call in _calls(source, operator, same)]
        except NotCoveredError as reason:
            lacking[f"{operator.native} {reason}".strip()] += 1
    if lacking:
        raise _uncovered(lacking)
    if not 0 < len(calls) <= MOST_CALLS:
        raise RejectedError(f"expected a network of 1 to {MOST_CALLS} operators, found {len(calls)}")
    return Program(tuple(calls), same, graph.inputs, graph.outputs)


def _calls(source: Source, operator: Operator, same: dict[int, int]) -> list[Call]:
    if operator.type in KEEPS_ORDER:
        return _reshaped(source, operator, same)
    if operator.type not in LOWER:
        raise NotCoveredError
    if operator.type in OF_TWO and (len(operator.inputs) < 2 or operator.inputs[1] < 0):
        raise NotCoveredError("without a second input")
    calls = LOWER[operator.type](source, operator)
    if any(source.tensor(number).constant for call in calls for number in call.places):
        raise NotCoveredError("of a constant")
    return calls


def _uncovered(lacking: Counter[str]) -> RejectedError:
    named = [f"{count} {what}" for what, count in lacking.most_common(8)]
    more = f" and {len(lacking) - 8} other kinds" if len(lacking) > 8 else ""
    return RejectedError(
        f"the C package has no kernel for {'; '.join(named)}{more}",
        hint="convert the model without them, or deploy it to `linux`, where a runtime has all operators",
    )


def _reshaped(source: Source, operator: Operator, same: dict[int, int]) -> list[Call]:
    """Nothing to do, but for an output, which lies in the caller's memory."""
    data, output = operator.inputs[0], operator.outputs[0]
    given, wanted = source.tensor(data), source.tensor(output)
    if given.constant or given.dtype != wanted.dtype or given.dtype not in C_TYPES:
        raise NotCoveredError(f"of a constant or from {given.dtype} to {wanted.dtype}")
    if source.elements(data) != source.elements(output):
        raise NotCoveredError("to another number of values")
    if output in source.graph.outputs:
        return [movement.copy(source, data, output)]
    same[output] = data
    return []


def _require_ports(source: Source) -> None:
    """Inputs and outputs are tensors of types that C has, each once, and none is both.

    Raises:
        RejectedError: They are not.
    """
    graph = source.graph
    ports = (*graph.inputs, *graph.outputs)
    if not graph.inputs or not graph.outputs or len(set(ports)) != len(ports):
        raise RejectedError("expected a model with inputs and outputs that are different tensors")
    for number in ports:
        tensor = source.tensor(number)
        if tensor.dtype not in C_TYPES or tensor.constant:
            raise RejectedError(
                f"input or output {tensor.name[:80]}: expected {', '.join(C_TYPES)}, found {tensor.dtype}"
                f"{' constant' if tensor.constant else ''}",
                hint="convert the model with inputs and outputs of 8 bits or float32",
            )
        try:
            source.shape(number)
        except NotCoveredError as reason:
            raise RejectedError(f"input or output {tensor.name[:80]}: {reason}") from None


def _require_order(source: Source) -> None:
    """What an operator reads was written before, and each tensor is written once.

    Raises:
        RejectedError: It is not: such a file runs nowhere.
    """
    graph = source.graph
    there = {number for number, tensor in enumerate(graph.tensors) if tensor.constant} | set(graph.inputs)
    for number, operator in enumerate(graph.operators):
        what = f"operator {number} ({operator.native})"
        if len(operator.outputs) != 1 or not operator.inputs or operator.inputs[0] < 0:
            raise RejectedError(f"{what}: expected an input and one output, found {len(operator.outputs)} outputs")
        if not there.issuperset(one for one in operator.inputs if one >= 0):
            raise RejectedError(f"{what} reads a tensor that nothing writes before it")
        if operator.outputs[0] in there:
            raise RejectedError(f"{what} writes a tensor that has a value already")
        there.add(operator.outputs[0])
    if not there.issuperset(graph.outputs):
        raise RejectedError("an output of the model is written by no operator")
