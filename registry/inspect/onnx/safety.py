"""What a user must know of an ONNX file's operators, in the graph, inside other operators and in functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from registry.inspect.findings import Findings
from registry.inspect.onnx.messages import FunctionMessage, NodeMessage
from registry.inspect.onnx.schema import CLASSICAL, OPERATORS, PREVIEW, STANDARD, TRAINING

Key = tuple[str, str, str]
"""Domain, name and overload of a function."""


def key(node: NodeMessage | FunctionMessage) -> Key:
    """What a function is called by."""
    name = node.type if isinstance(node, NodeMessage) else node.name
    return node.domain, name, node.overload


def everything(nodes: Iterable[NodeMessage]) -> Iterator[NodeMessage]:
    """Nodes with those of the graphs inside them."""
    waiting = [iter(nodes)]
    while waiting:
        node = next(waiting[-1], None)
        if node is None:
            waiting.pop()
            continue
        yield node
        waiting += [iter(graph.nodes) for attribute in node.attributes.values() for graph in attribute.graphs]


def defined(node: NodeMessage) -> bool:
    """Whether ONNX itself defines an operator."""
    if node.domain == STANDARD:
        return node.type in OPERATORS
    return node.domain in (CLASSICAL, PREVIEW, *TRAINING)


def judge(nodes: Iterable[NodeMessage], functions: Collection[Key], findings: Findings) -> None:
    """Add what is to be said of nodes, each kind of operator once.

    Args:
        nodes: All nodes of the file.
        functions: Functions that the file itself has.
        findings: Where to add.
    """
    kinds: Counter[tuple[str, str]] = Counter()
    for node in nodes:
        if key(node) not in functions:
            kinds[node.domain, node.type] += 1
            if not defined(node):
                _unknown(node, findings)
    for domain, name in kinds:
        where = f"{domain}.{name}"
        if domain == CLASSICAL:
            findings.add("unsupported", "onnx-ml", where, "an operator of classical machine learning")
        elif domain in TRAINING:
            findings.add("unsupported", "onnx-training", where, "an operator for training")
        elif domain == STANDARD and name in ("If", "Loop", "Scan"):
            text = f"{kinds[domain, name]} control-flow operators, whose inner graphs decide at run time what runs"
            findings.add("note", "onnx-control-flow", where, text)


def _unknown(node: NodeMessage, findings: Findings) -> None:
    where = f"{node.domain}.{node.type}"
    if node.domain == STANDARD:
        findings.add("unsupported", "onnx-operator", where, "ONNX has no operator of this name")
    else:
        findings.add("unsupported", "onnx-domain", where, "an operator that only code outside ONNX can run")


def judge_functions(functions: Iterable[FunctionMessage], calls: Counter[Key], findings: Findings) -> None:
    """Add what is to be said of the file's own functions.

    Args:
        functions: All of them.
        calls: How often the file's nodes call each.
        findings: Where to add.
    """
    for function in functions:
        where = f"{function.domain}.{function.name}"
        if function.domain == STANDARD and function.name in OPERATORS:
            text = "a function of the file takes the place of an operator of ONNX"
            findings.add("danger", "onnx-shadow", where, text)
        times = calls[key(function)]
        if times != 1:
            text = (
                f"a function of {len(function.nodes)} nodes that is called {times} times; its operators stand apart"
            )
            findings.add("note", "onnx-function", where, text)
