"""A model's layers run one after the other, nested models unfolded, as operators of a graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from registry.inspect.bounds import MAX_DEPTH, MalformedError
from registry.inspect.graph import BITS, Shape
from registry.inspect.keras.build import Builder, Step
from registry.inspect.keras.config import MODELS, Call, Layer, Network, Reference, network_of, shape_in
from registry.inspect.keras.layers import HANDLERS, KNOWN, SAME_SHAPE, UNREGISTERED
from registry.inspect.keras.operations import is_operation, operation
from registry.inspect.keras.plan import MOST_OUTPUTS, Plan
from registry.inspect.keras.weights import Place


class Unfolder:
    """Runs the layers of a model.

    Args:
        builder: Where operators go.
    """

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._depth = 0
        self._networks: dict[int, tuple[Layer, Network]] = {}
        self._plans: dict[int, Plan] = {}

    def model(self, layer: Layer) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Run the outermost model; give its inputs and outputs."""
        network = self._network(layer)
        inputs = tuple(self._input(one) for one in _inputs(network, self._builder.file))
        return inputs, self._run_network(network, inputs, Place())

    def _network(self, layer: Layer) -> Network:
        if id(layer) not in self._networks:
            # the layer is kept with it, so that its id stays its own
            self._networks[id(layer)] = layer, network_of(layer, self._builder.file)
        return self._networks[id(layer)][1]

    def _plan(self, network: Network) -> Plan:
        if id(network) not in self._plans:
            self._plans[id(network)] = Plan(network, self._builder.file)
        return self._plans[id(network)]

    def _input(self, layer: Layer) -> int:
        dtype = layer.options.word("dtype", "float32")
        shape = _input_shape(layer, self._builder.file)
        return self._builder.tensor(layer.name, shape, dtype if dtype in BITS else "other")

    def _run_network(self, network: Network, inputs: tuple[int, ...], place: Place) -> tuple[int, ...]:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._malformed(network.name, f"at most {MAX_DEPTH} models in each other", "more")
        run = self._run_sequential if network.sequential else self._run_functional
        outputs = run(network, inputs, place)
        self._depth -= 1
        return outputs

    def _run_sequential(self, network: Network, inputs: tuple[int, ...], place: Place) -> tuple[int, ...]:
        for layer, saved in self._plan(network).row:
            inputs = self._run(layer, inputs, place.below(layer.name, f"layers/{saved}"), Call((), {}), 1)
        return inputs

    def _run_functional(self, network: Network, inputs: tuple[int, ...], place: Place) -> tuple[int, ...]:
        plan = self._plan(network)
        values = plan.begin(inputs)
        for layer, number, saved in plan.order:
            call = layer.calls[number]
            given = tuple(self._value(values, reference) for reference in call.inputs)
            needed = plan.outputs.get((layer.name, number), 1)
            found = self._run(layer, given, place.below(layer.name, f"layers/{saved}"), call, needed)
            declared = plan.declared
            for output, index in enumerate(found):
                key = Reference(layer.name, number + plan.first(layer), output)
                self._declare(index, declared.get(key))
                values[key] = index
        return tuple(self._value(values, reference) for reference in network.outputs)

    def _value(self, values: Mapping[Reference, int], reference: Reference) -> int:
        if reference not in values:
            expected = f"an output {reference.output} of call {reference.call}"
            raise self._malformed(reference.layer, expected, "none")
        return values[reference]

    def _declare(self, index: int, shape: Shape | None) -> None:
        """Believe the file where a shape could not be derived, and say where the two differ."""
        tensor = self._builder.tensors[index]
        if shape is None or tensor.shape == shape:
            return
        if tensor.shape is None:
            self._builder.tensors[index] = replace(tensor, shape=shape)
        elif not _fits(tensor.shape, shape):
            message = f"the file says shape {shape}, its layers give {tensor.shape}"
            self._builder.findings.add("note", "keras-shape", tensor.name, message)

    def _run(self, layer: Layer, inputs: tuple[int, ...], place: Place, call: Call, needed: int) -> tuple[int, ...]:
        self._builder.count_step()
        if layer.class_name in MODELS and layer.options.has("layers"):
            found = self._run_network(self._network(layer), inputs, place)
        else:
            found = self._run_layer(layer, inputs, place, call)
        return found if len(found) >= needed else self._with_more(found, needed - len(found), layer)

    def _run_layer(self, layer: Layer, inputs: tuple[int, ...], place: Place, call: Call) -> tuple[int, ...]:
        step = Step(self._builder, layer, inputs, place, call, self._run_inner)
        known = layer.class_name in KNOWN and not layer.package
        if is_operation(step, known=known):
            found: int | tuple[int, ...] = operation(step)
        elif layer.class_name in HANDLERS and (known or layer.class_name in UNREGISTERED):
            found = HANDLERS[layer.class_name](step)
        else:
            found = _unknown(step, known=known)
        step.rest()
        return found if isinstance(found, tuple) else (found,)

    def _run_inner(self, layer: Layer, inputs: tuple[int, ...], place: Place) -> tuple[int, ...]:
        """Run what a layer wraps, in the layer's own place."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._malformed(layer.name, f"at most {MAX_DEPTH} layers in each other", "more")
        inner = replace(place, saved=f"{place.saved}/layer") if layer.class_name not in _ACTIVATIONS else place
        found = self._run(layer, inputs, inner, Call((), {}), 1)
        self._depth -= 1
        return found

    def _with_more(self, found: tuple[int, ...], count: int, layer: Layer) -> tuple[int, ...]:
        """Results that others read and that this reader does not know: of unknown shape."""
        if not self._builder.operators or count > MOST_OUTPUTS:
            raise self._malformed(layer.name, "its outputs", f"{count} more that are read")
        extra = tuple(self._builder.tensor(layer.name, None, "float32") for _ in range(count))
        last = self._builder.operators[-1]
        self._builder.operators[-1] = replace(last, outputs=(*last.outputs, *extra))
        return (*found, *extra)

    def _malformed(self, where: str, expected: str, found: str) -> MalformedError:
        return MalformedError(self._builder.file, f"layer {where}", expected, found)


_ACTIVATIONS = frozenset({"ReLU", "LeakyReLU", "ELU", "Softmax", "Activation"})
"""Layers without weights, which a layer may have for its activation."""


def _unknown(step: Step, *, known: bool) -> int:
    """A layer without a common operator: with its weights, and no word about what it computes."""
    if step.native == "Lambda":
        sizes = shape_in(step.options.raw("output_shape"))
        return step.emit("other", step.inputs, (None, *sizes) if sizes else None, custom=True)
    if not known:
        step.unsupported(
            "keras-custom", f"class {step.native!r} is not one of Keras's; only its own code can run it"
        )
    else:
        step.note("keras-layer", f"what {step.native} computes is not known here")
    shape = step.shape() if step.native in SAME_SHAPE else None
    return step.emit("other", (*step.inputs, *step.rest()), shape, custom=not known)


def _fits(one: Shape, other: Shape) -> bool:
    """Whether two shapes can be the same: an open dimension is any size."""
    pairs = zip(one, other, strict=False)
    return len(one) == len(other) and all(a == b or a is None or b is None for a, b in pairs)


def _inputs(network: Network, file: str) -> list[Layer]:
    """Layers that stand for a model's inputs; the first layer where a sequential model has none."""
    if network.sequential:
        return list(network.layers[:1])
    named = {layer.name: layer for layer in network.layers}
    missing = next((one.layer for one in network.inputs if one.layer not in named), None)
    if missing is not None:
        raise MalformedError(file, f"inputs of {network.name}", "layers of the model", missing)
    return [named[one.layer] for one in network.inputs]


def _input_shape(layer: Layer, file: str) -> Shape | None:
    """Shape that the first layer, or the first in it, says that it takes."""
    for _depth in range(MAX_DEPTH):
        for key in ("batch_shape", "batch_input_shape", "build_input_shape"):
            shape = shape_in(layer.options.raw(key))
            if shape is not None:
                return shape
        if layer.class_name not in MODELS or not layer.options.has("layers"):
            return None
        first = _inputs(network_of(layer, file), file)
        if not first:
            return None
        layer = first[0]
    return None
