"""The way back from a file to the data that it came of: pure, over records that somebody else looks up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from registry.digest import Digest
from registry.lineage.step import Item, Lineage, Step

DEEPEST = 100
"""Most steps from a file back to its data; a longer way is a mistake, or meant to harm."""


@dataclass(frozen=True)
class Elsewhere:
    """What is known, outside a record, of bytes that no step of it made.

    Attributes:
        lineage: A further record, or None.
        told: Where the bytes come from when there is no further record; empty when nobody says.
        broken: Why the link to them does not hold; empty when it does.
    """

    lineage: Lineage | None = None
    told: str = ""
    broken: str = ""


Lookup = Callable[[Item], Elsewhere]


@dataclass(frozen=True)
class Node:
    """Bytes, and how they came about.

    Attributes:
        item: The bytes.
        step: What made them, or None where nothing is known of it.
        inputs: What went into that.
        evaluations: What was measured on them.
        told: Where they come from, when no step made them.
        broken: Why the way ends here although it should not; empty when it does not.
        again: Whether they stand further up already, with all that is below them.
    """

    item: Item
    step: Step | None = None
    inputs: tuple[Node, ...] = ()
    evaluations: tuple[Step, ...] = ()
    told: str = ""
    broken: str = ""
    again: bool = False

    def nodes(self) -> Iterator[Node]:
        """The node and all below it, each digest once, from the file back."""
        waiting = [self]
        while waiting:
            node = waiting.pop(0)
            if not node.again:
                yield node
            waiting = [*node.inputs, *waiting]

    @property
    def breaks(self) -> list[str]:
        """Every broken link, with the name of the bytes that it is about."""
        return [f"{node.item.role} {node.item.name}: {node.broken}" for node in self.nodes() if node.broken]


def walk(item: Item, lineage: Lineage, lookup: Lookup) -> Node:
    """Walk back.

    Args:
        item: The bytes to begin with.
        lineage: The record that travels with them.
        lookup: Asked for bytes that no step of the record in hand made, the first item apart.
    """
    return _Walk(lookup).node(item, lineage, ())


class _Walk:
    """Remembers where it has been, so that data that went in twice is told once."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._seen: set[Digest] = set()

    def node(self, item: Item, lineage: Lineage, way: tuple[Digest, ...]) -> Node:
        if item.digest in way:
            return Node(item, broken="it was made from itself")
        if len(way) >= DEEPEST:
            return Node(item, broken=f"more than {DEEPEST} steps lead here")
        if item.digest in self._seen:
            return Node(item, again=True)
        self._seen.add(item.digest)
        step, evaluations = lineage.maker(item.digest), lineage.evaluations(item.digest)
        if step is not None:
            below = (*way, item.digest)
            inputs = tuple(self._input(one, step, lineage, below) for one in step.inputs)
            return Node(item, step, inputs, evaluations)
        found = self._lookup(item)
        if found.lineage is not None and found.lineage.maker(item.digest):
            self._seen.remove(item.digest)
            return self.node(item, found.lineage, way)
        broken = found.broken or (
            "" if found.told else "no step made these bytes, and nothing says where they come from"
        )
        return Node(item, evaluations=evaluations, told=found.told, broken=broken)

    def _input(self, item: Item, step: Step, lineage: Lineage, way: tuple[Digest, ...]) -> Node:
        """What went into a step: a dataset's own inputs are where the way begins."""
        if step.kind == "dataset" and lineage.maker(item.digest) is None and item.variant is None:
            return Node(item, told=item.url or "given")
        return self.node(item, lineage, way)
