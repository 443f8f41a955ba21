"""The order in which a functional Keras model can run: each call behind those whose values it reads."""

from __future__ import annotations

import functools
import heapq
from collections.abc import Iterable, Sequence

from registry.inspect.bounds import MalformedError
from registry.inspect.graph import Shape
from registry.inspect.keras.config import MODELS, Layer, Network, Reference
from registry.inspect.keras.weights import saved_names

MOST_OUTPUTS = 64
"""Values that one call may give."""


class Plan:
    """The order in which a model's layers can run, made once for all its uses."""

    def __init__(self, network: Network, file: str) -> None:
        self._network, self._file = network, file
        self.declared: dict[Reference, Shape] = {}
        self.outputs: dict[tuple[str, int], int] = {}
        self._latest: dict[str, int] = {}
        self._calls = {layer.name: layer for layer in network.layers}
        if len(self._calls) < len(network.layers) and not network.sequential:
            raise MalformedError(file, f"layers of {network.name}", "names that stand once", "a name twice")
        for reference in self._references():
            if not (0 <= reference.call < 1 << 20 and 0 <= reference.output < MOST_OUTPUTS):
                raise MalformedError(file, f"layer {reference.layer}", "a call and an output", str(reference)[:80])
            if reference.shape is not None:
                self.declared[reference] = reference.shape
            self._latest[reference.layer] = max(reference.call, self._latest.get(reference.layer, 0))
        for reference in self._references():
            layer = self._calls.get(reference.layer)
            key = (reference.layer, reference.call - (self.first(layer) if layer else 0))
            self.outputs[key] = max(reference.output + 1, self.outputs.get(key, 1))

    def _references(self) -> Iterable[Reference]:
        for layer in self._network.layers:
            for call in layer.calls:
                yield from call.inputs
        yield from self._network.outputs

    def first(self, layer: Layer) -> int:
        """Number of a layer's first call: Keras 2 counts a nested model's own making as its call 0."""
        nested = layer.class_name in MODELS and layer.options.has("layers")
        return 1 if nested and self._latest.get(layer.name, 0) >= len(layer.calls) > 0 else 0

    def begin(self, inputs: Sequence[int]) -> dict[Reference, int]:
        """Values of the model's inputs."""
        if len(inputs) != len(self._network.inputs):
            where, expected = f"model {self._network.name}", f"{len(self._network.inputs)} inputs"
            raise MalformedError(self._file, where, expected, f"{len(inputs)}")
        return dict(zip(self._network.inputs, inputs, strict=True))

    @functools.cached_property
    def row(self) -> list[tuple[Layer, str]]:
        """Layers of a sequential model, each with the name that its weights are saved under."""
        return [(layer, name) for layer, name in _saved(self._network.layers) if layer.class_name != "InputLayer"]

    @functools.cached_property
    def order(self) -> list[tuple[Layer, int, str]]:
        """Calls of layers that are no inputs, each with the name that the layer's weights are saved under.

        Raises:
            MalformedError: They wait for each other.
        """
        layers = self._network.layers
        # functions are no layers, and their names are not counted
        saved = {layer.name: name for layer, name in _saved(layers)}
        waiting: dict[tuple[int, int], int] = {}
        readers: dict[tuple[str, int], list[tuple[int, int]]] = {}
        ready: list[tuple[int, int]] = []
        given = {reference.layer for reference in self._network.inputs}
        for number, layer in enumerate(layers):
            for call, use in enumerate(layer.calls if layer.name not in given else ()):
                sources = {(one.layer, one.call) for one in use.inputs if one.layer not in given}
                waiting[number, call] = len(sources)
                for source in sources:
                    readers.setdefault(source, []).append((number, call))
                if not sources:
                    ready.append((number, call))
        order = []
        heapq.heapify(ready)
        while ready:
            number, call = heapq.heappop(ready)
            layer = layers[number]
            order.append((layer, call, saved.get(layer.name, "")))
            for reader in readers.get((layer.name, call + self.first(layer)), ()):
                waiting[reader] -= 1
                if not waiting[reader]:
                    heapq.heappush(ready, reader)
        if len(order) < len(waiting):
            stuck = next(layers[number].name for (number, _call), count in waiting.items() if count)
            raise MalformedError(self._file, f"layer {stuck}", "values made before it", "a circle, or none")
        return order


def _saved(layers: Sequence[Layer]) -> Iterable[tuple[Layer, str]]:
    counted = [layer for layer in layers if ".ops." not in f"{layer.module}."]
    names = saved_names(layer.class_name for layer in counted)
    return zip(counted, names, strict=True)
