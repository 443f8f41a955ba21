"""A graph as an embedded compiler runs it: which operators become one kernel, and which tensors share a place.

What is merged, and why it is the same computation:

- An operator of constants only (a shape, dequantized weights) is computed by the compiler, not by the device.
- Reshape, flatten, squeeze, identity and dropout move no bytes: input and output are one place. So is a
  transposition that only moves dimensions of size one, and a conversion of unsigned to signed bytes at the input.
- Kernels of microcontrollers keep channels last whatever a file says, so that in a file with channels first a
  transposition between the two orders (converters write them at borders) only says how a tensor is written down.
- A batch normalization beside a convolution is a change of its weights and bias, and so are a factor and a term for
  each channel; an activation after it is applied to each value before it is stored (Jacob et al., arXiv:1712.05877,
  fold both). A normalization behind the activation is no such change and runs alone.
- Padding before a window is not stored: the kernel skips what lies outside.
- Quantize and dequantize around a float operator say that it runs on integers (ONNX QDQ); integers are stored.
- Pooling after a convolution of its own reads each row as it comes, so the convolution's output is never whole.
  ST's generated code does it as one layer (`conv2d_nl_pool`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import Literal

from registry.footprint.kinds import (
    ACTIVATIONS,
    AFFINE,
    ALIASES,
    CONVOLUTIONS,
    ELEMENTWISE,
    POOLS,
    WINDOWED,
    window,
)
from registry.inspect.cost import channels_of
from registry.inspect.graph import BITS, Graph, Operator, Shape, Tensor

Pools = Literal["apart", "usual", "inside"]
"""Whether pooling runs inside the convolution before it: never, where compilers do so, wherever it could."""


HIDING = frozenset({"if", "while", "call"})
"""Operators with graphs of their own inside, which may read more than the inputs that stand here."""

LONGEST_DETOUR = 8
"""Operators one after the other that are looked at for a way back to the value that they began with."""


@dataclass(frozen=True)
class Step:
    """One kernel.

    Attributes:
        operator: Index of the operator that leads, in the graph.
        merged: Indices of the operators that run inside it after that one.
        reads: Places of its input, by number, each once.
        writes: Places of its output, by number, each once.
        pooled: The pooling that runs inside it, None mostly.
    """

    operator: int
    merged: tuple[int, ...]
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    pooled: Operator | None = None


class Program:
    """A graph's kernels and the places they work on.

    Attributes:
        graph: What was read.
        steps: Kernels in order of execution.
        inputs: Places that a caller fills.
        outputs: Places that a caller reads.
        kept: The same as a set: nothing is written over them.
    """

    def __init__(self, graph: Graph, pools: Pools) -> None:
        self.graph = graph
        self._pools_run = pools
        self._place = list(range(len(graph.tensors)))
        self._readers = Counter(tensor for operator in graph.operators for tensor in set(operator.inputs))
        self._readers.update(graph.outputs)
        self._asked = frozenset(graph.outputs)
        self._fixed = _fixed(graph)
        self._integers = ["int" in tensor.dtype for tensor in graph.tensors]
        self._gives_integers: dict[int, bool] = {}
        self._made: dict[int, int] = {}
        self._padded: set[int] = set()
        self._shared: set[int] = set()
        steps = list(self._merge())
        self.steps = tuple(
            replace(step, reads=self._places(step.reads), writes=self._places(step.writes)) for step in steps
        )
        self.inputs = self._places(graph.inputs)
        self.outputs = self._places(graph.outputs)
        self.kept = frozenset(self.outputs)

    @cached_property
    def sizes(self) -> Mapping[int, int]:
        """Bytes by place: the least of the tensors that share it, so what is stored after all merging."""
        sizes: dict[int, int] = {}
        used = {place for step in self.steps for place in step.reads + step.writes} | set(self.inputs)
        for number, tensor in enumerate(self.graph.tensors):
            place = self._root(number)
            if place in used:
                size = tensor.bytes or 0
                sizes[place] = min(sizes[place], size) if sizes.get(place) and size else size or sizes.get(place, 0)
        return sizes

    @cached_property
    def widths(self) -> Mapping[int, int]:
        """Bytes of a value by place: the least of the tensors that share it."""
        widths: dict[int, int] = {}
        for number, tensor in enumerate(self.graph.tensors):
            place, width = self._root(number), max(BITS[tensor.dtype] // 8, 1)
            widths[place] = min(widths.get(place, width), width)
        return widths

    @cached_property
    def lifetimes(self) -> Mapping[int, tuple[int, int]]:
        """First and last step in which a place holds something that is still needed."""
        lives = dict.fromkeys(self.inputs, (0, 0))
        for number, step in enumerate(self.steps):
            for place in step.reads + step.writes:
                lives[place] = (lives.get(place, (number, number))[0], number)
        end = max(len(self.steps) - 1, 0)
        lives.update({place: (lives[place][0], end) for place in self.outputs if place in lives})
        return lives

    def alive(self, sizes: Mapping[int, int]) -> list[int]:
        """Bytes that hold something needed, by step.

        Args:
            sizes: Bytes by place; a place that is not in it counts as nothing.
        """
        changes = [0] * (len(self.steps) + 1)
        for place, (first, last) in self.lifetimes.items():
            if self.steps:
                changes[first] += sizes.get(place, 0)
                changes[last + 1] -= sizes.get(place, 0)
        return list(accumulate(changes))[: len(self.steps)]

    def first(self, step: Step) -> Operator:
        """The operator that leads a kernel."""
        return self.graph.operators[step.operator]

    def tensor(self, number: int) -> Tensor:
        """A tensor by its number in the graph."""
        return self.graph.tensors[number]

    def unpadded(self, number: int) -> Tensor:
        """What is stored of a tensor: without the padding that the kernel which reads it does itself."""
        maker = self.maker_of(number)
        padded = number in self._padded and maker is not None
        return self.tensor(self.moving(maker)[0] if padded and maker is not None else number)

    def is_fixed(self, number: int) -> bool:
        """Whether a tensor's value is known before the network runs."""
        return number in self._fixed

    def moving(self, operator: Operator) -> tuple[int, ...]:
        """Inputs of an operator whose values are only known when it runs."""
        return tuple(number for number in operator.inputs if number >= 0 and number not in self._fixed)

    def _merge(self) -> Iterator[Step]:
        steps: list[Step] = []
        for number, operator in enumerate(self.graph.operators):
            if all(output in self._fixed for output in operator.outputs):
                continue  # computed by the compiler, or for nobody
            moving = self.moving(operator)
            host = self._made.get(self._root(moving[0])) if moving else None
            if self._shares(operator, moving):
                self._shared.update(() if self._is_alone(moving[0]) else {self._root(moving[0])})
                self._join(operator.outputs[0], moving[0])
                self._padded.update(operator.outputs if operator.type == "pad" else ())
            elif host is not None and self._follows(operator, moving[0], steps[host]):
                self._join(operator.outputs[0], moving[0])
                steps[host] = replace(steps[host], merged=(*steps[host].merged, number))
            elif host is not None and self._pools(operator, moving[0], steps[host]):
                steps[host] = replace(
                    steps[host],
                    merged=(*steps[host].merged, number),
                    pooled=operator,
                    writes=operator.outputs,
                )
                self._made[self._root(operator.outputs[0])] = host
                continue
            else:
                steps.append(Step(number, (), moving, operator.outputs))
                host = len(steps) - 1
            for output in operator.outputs:
                if host is not None:
                    self._made[self._root(output)] = host
        yield from steps

    def _shares(self, operator: Operator, moving: tuple[int, ...]) -> bool:
        """Whether an operator moves no bytes, so that input and output are one place."""
        if len(moving) != 1 or not operator.outputs:
            return False
        source, output = self.tensor(moving[0]), self.tensor(operator.outputs[0])
        if operator.type in ALIASES:
            return True
        if operator.type == "transpose":
            permutation = operator.attributes.get("permutation")
            return _moves_nothing(source.shape, permutation) or self._relabels(permutation)
        if operator.type == "pad":
            return self._only_reader_is(operator.outputs[0], WINDOWED)
        if operator.type == "quantize":
            return self._is_alone(moving[0]) and (
                source.bytes == output.bytes or self._root(moving[0]) not in self.graph.inputs
            )
        if operator.type == "dequantize" and self._feeds_integers(operator.outputs[0]):
            return True
        return self._pools_run == "inside" and self._returns(operator, moving[0])

    def _returns(self, operator: Operator, source: int) -> bool:
        """Whether values only go into a calculation with the one that they come from, as in x * sigmoid(x).

        A kernel for all of it needs no place for them: each value depends on one value alone.
        """
        for _step in range(LONGEST_DETOUR):
            if operator.type not in ELEMENTWISE or not operator.outputs or not self._is_alone(operator.outputs[0]):
                return False
            operator = self.readers_of(operator.outputs[0])[0] if self.readers_of(operator.outputs[0]) else operator
            others = self.moving(operator)
            if len(others) > 1:
                near = operator.type in ELEMENTWISE and len(others) == 2
                return near and self._root(source) in {self._root(number) for number in others}
        return False

    def _relabels(self, permutation: tuple[int, ...] | None) -> bool:
        """Whether a transposition is between channels first and last; the upper bound holds a copy all the same."""
        known = self.graph.layout == "NCHW" and self._pools_run != "apart"
        return known and permutation in ((0, 2, 3, 1), (0, 3, 1, 2))

    def _feeds_integers(self, number: int, depth: int = 4) -> bool:
        """Whether everything that reads a dequantized value gives quantized values again, each asked once."""
        if number in self._asked or not depth:
            return False
        if number not in self._gives_integers:
            self._gives_integers[number] = all(
                operator.type == "quantize"
                or all(self._feeds_integers(output, depth - 1) for output in operator.outputs)
                for operator in self.readers_of(number)
            )
        return self._gives_integers[number]

    def _follows(self, operator: Operator, source: int, host: Step) -> bool:
        """Whether an operator is applied to each value as its producer stores it."""
        if not self._is_alone(source) or host.pooled is not None:
            return False
        if operator.type in AFFINE:
            return self._is_linear(host) and self._is_by_channel(operator, source)
        return operator.type in ACTIVATIONS and len(self.moving(operator)) == 1

    def _is_linear(self, host: Step) -> bool:
        """Whether nothing but factors and terms for each channel follows a convolution's sums."""
        first, merged = self.first(host), (self.graph.operators[number] for number in host.merged)
        before = (first, *merged)
        plain = all(operator.attributes.get("activation", "none") == "none" for operator in before)
        return plain and first.type in CONVOLUTIONS and AFFINE.issuperset(operator.type for operator in before[1:])

    def _is_by_channel(self, operator: Operator, source: int) -> bool:
        """Whether an operator has one factor or term for each channel of its input, or for all of it."""
        if operator.type == "batch-norm":
            return True
        others = [number for number in operator.inputs if number != source]
        if len(others) != 1 or not self.is_fixed(others[0]) or self._integers[self._root(source)]:
            return False
        if operator.type == "div" and operator.inputs[0] != source:
            return False
        given, constant = self.tensor(source), self.tensor(others[0])
        channels, wide = channels_of(self.graph, given), [size for size in constant.shape or () if size != 1]
        if given.shape is None or constant.shape is None or given.shape != self.tensor(operator.outputs[0]).shape:
            return False
        if not wide:
            return True
        behind = len(given.shape) - 2 if self.graph.layout == "NCHW" and len(given.shape) > 2 else 0
        return wide == [channels] and len(constant.shape) > behind and constant.shape[-1 - behind] == channels

    def _pools(self, operator: Operator, source: int, host: Step) -> bool:
        """Whether pooling reads a convolution's rows as they come; floats mostly only with a square window."""
        usual = len(set(window(operator))) == 1 or self._integers[self._root(source)]
        return (
            self._pools_run != "apart"
            and operator.type in POOLS
            and self._is_alone(source)
            and host.pooled is None
            and self.first(host).type in ("conv1d", "conv2d", "depthwise-conv2d")
            and (self._pools_run == "inside" or (usual and source not in self._padded))
        )

    def _is_alone(self, number: int) -> bool:
        """Whether a value has one reader, and nothing else wants what lies in its place."""
        return self._readers[number] == 1 and self._root(number) not in self._shared

    def _only_reader_is(self, number: int, types: Iterable[str]) -> bool:
        readers = list(self.readers_of(number))
        return self._readers[number] == 1 and bool(readers) and readers[0].type in types

    @cached_property
    def _by_input(self) -> Mapping[int, list[Operator]]:
        found: dict[int, list[Operator]] = {}
        for operator in self.graph.operators:
            for number in set(operator.inputs):
                found.setdefault(number, []).append(operator)
        return found

    @cached_property
    def _makers(self) -> Mapping[int, Operator]:
        return {number: operator for operator in self.graph.operators for number in operator.outputs}

    def maker_of(self, number: int) -> Operator | None:
        """The operator that gives a tensor its value, None for inputs and constants."""
        return self._makers.get(number)

    def readers_of(self, number: int) -> list[Operator]:
        """Operators that read a tensor, in order."""
        return self._by_input.get(number, [])

    def _root(self, number: int) -> int:
        while self._place[number] != number:
            self._place[number] = self._place[self._place[number]]
            number = self._place[number]
        return number

    def _join(self, number: int, other: int) -> None:
        lost, kept = self._root(number), self._root(other)
        self._place[lost] = kept
        self._integers[kept] |= self._integers[lost]

    def _places(self, numbers: Iterable[int]) -> tuple[int, ...]:
        return tuple(dict.fromkeys(self._root(number) for number in numbers if number not in self._fixed))


def _fixed(graph: Graph) -> frozenset[int]:
    """Tensors whose values are known before the network runs."""
    known = {number for number, tensor in enumerate(graph.tensors) if tensor.constant}
    for operator in graph.operators:
        needed = [number for number in operator.inputs if number >= 0]
        if operator.type in HIDING:
            continue
        if operator.type in ("constant", "shape") or (needed and known.issuperset(needed)):
            known.update(operator.outputs)
    return frozenset(known.difference(graph.inputs))


def _moves_nothing(shape: Shape | None, permutation: tuple[int, ...] | None) -> bool:
    """Whether a transposition keeps the order of bytes: only dimensions of size one change their places."""
    if shape is None or permutation is None or sorted(permutation) != list(range(len(shape))):
        return False
    kept = [axis for axis in permutation if shape[axis] != 1]
    return kept == sorted(kept)
