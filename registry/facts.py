"""What a model file says of itself, in one value: what `zoo inspect` prints and `zoo verify --deep` asks."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from registry.footprint import Footprint, plan
from registry.inspect.cost import Cost, cost, parameters
from registry.inspect.graph import Dimension, Graph, Shape, Tensor
from registry.inspect.scheme import Scheme, scheme_of
from registry.inspect.structure import Structure, structure_of

_CHANNELS = (1, 3)
"""Channels of an image: grey, or three colours."""


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
    def footprint(self) -> Footprint:
        """Memory that its graph needs."""
        return plan(self.graph)

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
    def image(self) -> Mapping[str, Dimension]:
        """Height, width and channels of the first input with four dimensions; empty where there is none."""
        for index in self.graph.inputs:
            shape = self.graph.tensors[index].shape
            if shape and len(shape) == 4:
                sides = ("height", "width")
                names = ("channels", *sides) if self.channels_first(shape) else (*sides, "channels")
                return dict(zip(names, shape[1:], strict=True))
        return {}

    def channels_first(self, shape: Shape) -> bool:
        """Whether the channels come before height and width: as the image that goes in has them, else as usual.

        An ONNX file may have been converted from one whose channels come last, and keeps them there at its ends.
        """
        for own in (shape, *(self.graph.tensors[index].shape for index in self.graph.inputs)):
            if own and len(own) == 4 and (own[1] in _CHANNELS) != (own[3] in _CHANNELS):
                return own[1] in _CHANNELS
        return self.graph.layout == "NCHW"

    @property
    def class_count(self) -> Dimension:
        """Size of the class dimension of the scores: of the output, or of what the graph takes the class from."""
        graph = self.graph
        for index in graph.outputs:
            maker = graph.producers.get(index)
            for _step in range(8):
                if maker is None or maker.type == "argmax" or not maker.inputs:
                    break
                maker = graph.producers.get(maker.inputs[0]) if self.structure.argmax else None
            source = maker.inputs[0] if maker is not None and maker.type == "argmax" and maker.inputs else index
            shape = graph.tensors[source].shape
            if shape and len(shape) == 4:
                return shape[1] if self.channels_first(shape) else shape[3]
            if shape and len(shape) == 2:
                return shape[1]
        return None

    @property
    def float_layer_names(self) -> list[str]:
        """Layers that stay float in a file that is otherwise quantized, by operator, else by tensor; sorted."""
        layers = (layer.operator for layer in self.scheme.float_layers)
        return sorted(layer.name or self.graph.tensors[layer.outputs[0]].name for layer in layers)

    @property
    def normalisation(self) -> Mapping[str, list[float]]:
        """`mean` and `scale` by the file's metadata, which say (pixel - mean) / deviation; empty where none do."""
        texts = (self.graph.metadata.get(f"input.0.{key}", "") for key in ("mean", "std"))
        try:
            mean, deviation = ([float(one) for one in text.replace(",", " ").split()] for text in texts)
            return {"mean": mean, "scale": [1 / one for one in deviation]} if mean and deviation else {}
        except (ValueError, ZeroDivisionError):
            return {}

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
