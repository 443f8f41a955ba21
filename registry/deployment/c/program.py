"""What is generated, before it is text: calls of kernels, and where each value lies in the arena."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from registry.deployment.c.source import BYTES, Source
from registry.footprint.placement import Lifetime, by_first_use, by_size, offsets

ALIGNMENT = 16
"""Bytes that every place in the arena begins at a multiple of: enough for the vectors of Cortex-M55."""


@dataclass(frozen=True)
class Place:
    """A value that is computed, by the number of its tensor."""

    number: int


@dataclass(frozen=True)
class Constants:
    """A constant array: what it is, its type in C and its values."""

    role: str
    c_type: str
    values: Sequence[int] | Sequence[float]


@dataclass(frozen=True)
class Structure:
    """Parameters of a kernel: their type in C and their values by field."""

    c_type: str
    fields: Mapping[str, int | float | Sequence[int]]


@dataclass(frozen=True)
class Scratch:
    """Working space of a kernel: its type in C and its bytes."""

    c_type: str
    bytes: int


Argument = Place | Constants | Structure | Scratch | int | float


@dataclass(frozen=True)
class Call:
    """A call of a kernel.

    Attributes:
        kernel: Its name without `zoo_`, which is also that of its file.
        arguments: As the function takes them; the last is the place that it writes.
        operator: The operator's number in the graph.
    """

    kernel: str
    arguments: tuple[Argument, ...]
    operator: int = -1

    @property
    def places(self) -> tuple[int, ...]:
        """Tensors that it reads, and last the one that it writes."""
        return tuple(one.number for one in self.arguments if isinstance(one, Place))

    @property
    def scratch(self) -> int:
        """Bytes of its working space."""
        return sum(one.bytes for one in self.arguments if isinstance(one, Scratch))


@dataclass(frozen=True)
class Program:
    """A network.

    Attributes:
        calls: In order of execution.
        same: Tensors that lie where another one lies, by number.
        inputs, outputs: Tensors that lie in the caller's memory.
    """

    calls: tuple[Call, ...]
    same: Mapping[int, int]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def root(self, number: int) -> int:
        """The tensor whose place another one shares."""
        while number in self.same:
            number = self.same[number]
        return number

    @property
    def kernels(self) -> tuple[str, ...]:
        """Kernels that it needs, by name."""
        return tuple(sorted({call.kernel for call in self.calls}))

    def lifetimes(self) -> Mapping[int, Lifetime]:
        """First and last call by place in the arena: by a tensor's number, or -1 - call for working space."""
        outside = {*self.inputs, *self.outputs}
        lives: dict[int, Lifetime] = {}
        for step, call in enumerate(self.calls):
            for number in map(self.root, call.places):
                if number not in outside:
                    lives[number] = (lives.get(number, (step, step))[0], step)
            if call.scratch:
                lives[-1 - step] = (step, step)
        return lives


@dataclass(frozen=True)
class Arena:
    """Memory for what is computed.

    Attributes:
        offsets: First byte by place, as `Program.lifetimes` numbers them; multiples of `ALIGNMENT`.
        bytes: All of it.
    """

    offsets: Mapping[int, int]
    bytes: int


def arena(program: Program, source: Source) -> Arena:
    """Give each place the lowest free bytes, largest first or in order of use, whichever needs less."""
    lives = program.lifetimes()
    sizes = {place: _aligned(_bytes(program, source, place)) for place in lives}
    candidates = (offsets(order(sizes, lives), sizes, lives) for order in (by_size, by_first_use))
    arenas = [Arena(found, max(_ends(found, sizes), default=0)) for found in candidates]
    return min(arenas, key=lambda one: one.bytes)


def _ends(found: Mapping[int, int], sizes: Mapping[int, int]) -> Iterator[int]:
    return (start + sizes[place] for place, start in found.items())


def _bytes(program: Program, source: Source, place: int) -> int:
    if place < 0:
        return program.calls[-1 - place].scratch
    return math.prod(source.shape(place)) * BYTES[source.tensor(place).dtype]


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
