"""What a model file says of itself, in one value: what `zoo inspect` prints and `zoo verify --deep` asks."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from registry.inspect.cost import Cost, cost, parameters
from registry.inspect.graph import Graph, Tensor
from registry.inspect.scheme import Scheme, scheme_of
from registry.inspect.structure import Structure, structure_of


@dataclass(frozen=True)
class Work:
    """Work of all operators of one type.

    Attributes:
        native: The type in the file's own words.
        count: Operators.
        versions: Their versions, ascending.
        macs: Multiply-accumulates of those that could be counted.
        operations: Arithmetic operations of the same.
        uncounted: Operators whose work is unknown.
    """

    native: str
    count: int
    versions: tuple[int, ...]
    macs: int
    operations: int
    uncounted: int


@dataclass(frozen=True)
class Facts:
    """What is derived from a graph, each when it is first asked for."""

    graph: Graph

    @functools.cached_property
    def scheme(self) -> Scheme:
        """How it is quantized."""
        return scheme_of(self.graph)

    @functools.cached_property
    def structure(self) -> Structure:
        """Which network it is."""
        return structure_of(self.graph)

    @functools.cached_property
    def costs(self) -> tuple[Cost | None, ...]:
        """Work of each operator, in order."""
        return tuple(cost(self.graph, operator) for operator in self.graph.operators)

    @functools.cached_property
    def parameters(self) -> Mapping[int, Tensor]:
        """Learned constants by index."""
        return parameters(self.graph)

    @property
    def parameter_count(self) -> int:
        """Learned elements."""
        return sum(tensor.elements or 0 for tensor in self.parameters.values())

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all operators that could be counted."""
        return sum(one.macs for one in self.costs if one)

    @property
    def operations(self) -> int:
        """Arithmetic operations of the same."""
        return sum(one.operations for one in self.costs if one)

    @property
    def uncounted(self) -> int:
        """Operators whose work is unknown."""
        return sum(one is None for one in self.costs)

    @property
    def labels(self) -> list[str]:
        """Names of classes that the file carries, where it carries one list."""
        texts = [data for name, data in self.graph.attachments.items() if "label" in name.lower()]
        if len(texts) != 1:
            return []
        return [line.strip() for line in texts[0].decode("utf-8", "replace").splitlines() if line.strip()]

    @property
    def weight_bytes(self) -> dict[str, int]:
        """Bytes of learned constants in the file, by dtype, the most first."""
        sizes: Counter[str] = Counter()
        for tensor in self.parameters.values():
            sizes[tensor.dtype] += tensor.stored_bytes
        return dict(sizes.most_common())

    @property
    def work(self) -> list[Work]:
        """Work by the operators' own names: the most multiply-accumulates first, then the most operators."""
        groups: dict[str, list[int]] = {}
        for number, operator in enumerate(self.graph.operators):
            groups.setdefault(operator.native, []).append(number)
        found = []
        for native, numbers in groups.items():
            costs = [self.costs[number] for number in numbers]
            known = [one for one in costs if one]
            versions = {self.graph.operators[number].version for number in numbers} - {None}
            found.append(
                Work(
                    native,
                    len(numbers),
                    tuple(sorted(version for version in versions if version is not None)),
                    sum(one.macs for one in known),
                    sum(one.operations for one in known),
                    len(costs) - len(known),
                )
            )
        return sorted(found, key=lambda one: (-one.macs, -one.operations, -one.count, one.native))
