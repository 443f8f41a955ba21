"""The order in which the nodes of an ONNX graph run."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Sequence

from registry.inspect.bounds import MalformedError
from registry.inspect.onnx.messages import GraphMessage, NodeMessage


def needs(node: NodeMessage) -> set[bytes]:
    """Names that a node reads, those that its inner graphs take from around it among them."""
    names = {name for name in node.inputs if name}
    for attribute in node.attributes.values():
        for graph in attribute.graphs:
            names |= _free(graph)
    return names


def _free(graph: GraphMessage) -> set[bytes]:
    """Names that a graph reads or gives without making them."""
    read = {name for value in graph.outputs if (name := value.name)}
    for node in graph.nodes:
        read |= needs(node)
    made = {name for node in graph.nodes for name in node.outputs}
    made |= {message.name for message in graph.constants} | {value.name for value in graph.inputs}
    return read - made


def ordered(
    nodes: Sequence[NodeMessage], known: Callable[[bytes], bool], file: str
) -> tuple[Sequence[NodeMessage], bool]:
    """Nodes in an order in which each reads only what is there, and whether the file has another order.

    Args:
        nodes: In the file's order, which ONNX wants to be one of execution.
        known: Whether a name is there before any node runs.
        file: For messages.

    Raises:
        MalformedError: A node reads what nobody makes, or nodes wait for each other.
    """
    wanted = [needs(node) for node in nodes]
    made: set[bytes] = set()
    for node, names in zip(nodes, wanted, strict=True):
        if not all(name in made or known(name) for name in names):
            return _sorted(nodes, wanted, known, file), True
        made.update(node.outputs)
    return nodes, False


def _sorted(
    nodes: Sequence[NodeMessage], wanted: Sequence[Collection[bytes]], known: Callable[[bytes], bool], file: str
) -> list[NodeMessage]:
    """Nodes sorted, the first in the file first where there is a choice."""
    makers: dict[bytes, int] = {}
    for number, node in enumerate(nodes):
        for name in node.outputs:
            makers.setdefault(name, number)
    waiting: list[set[int]] = []
    readers: list[list[int]] = [[] for _ in nodes]
    for number, names in enumerate(wanted):
        missing = {name for name in names if not known(name)}
        if unmade := [name for name in missing if name not in makers]:
            shown = min(unmade).decode("utf-8", "replace")[:100]
            raise MalformedError(file, _name(nodes[number]), "inputs that something makes", repr(shown))
        waiting.append({makers[name] for name in missing})
        for maker in waiting[-1]:
            readers[maker].append(number)
    ready = [number for number, makers_left in enumerate(waiting) if not makers_left]
    done: list[NodeMessage] = []
    while ready:
        number = heapq.heappop(ready)
        done.append(nodes[number])
        for reader in readers[number]:
            waiting[reader].discard(number)
            if not waiting[reader]:
                heapq.heappush(ready, reader)
    if len(done) < len(nodes):
        left = next(number for number, makers_left in enumerate(waiting) if makers_left)
        raise MalformedError(file, _name(nodes[left]), "nodes that can run one after the other", "a circle")
    return done


def _name(node: NodeMessage) -> str:
    return f"{node.type} {node.name}".strip()
