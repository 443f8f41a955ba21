"""Layers of Keras that go through time, and those that wrap others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from registry.inspect.graph import Dimension, Shape
from registry.inspect.keras.build import Step
from registry.inspect.keras.config import Layer, layer_of
from registry.inspect.keras.options import Options

_KINDS = {"LSTM": "lstm", "CuDNNLSTM": "lstm", "GRU": "gru", "CuDNNGRU": "gru", "SimpleRNN": "rnn"}
_STATES = {"lstm": 2, "gru": 1, "rnn": 1}


def recurrent(step: Step) -> tuple[int, ...]:
    """LSTM, GRU, SimpleRNN; with their states where the layer gives them."""
    return _recurrent(step, step.native, step.options, ("",), "")


def _recurrent(
    step: Step, class_name: str, options: Options, ways: tuple[str, ...], merged: str
) -> tuple[int, ...]:
    kind, shape = _KINDS[class_name], step.shape(rank=3)
    units = options.integer("units", least=1)
    sequences, states = options.flag("return_sequences"), options.flag("return_state")
    roles = ("kernel", "recurrent_kernel", *(("bias",) if options.flag("use_bias", default=True) else ()))
    weights = [index for way in ways for index in step.roles(*roles, under=way)]
    width = units * 2 if merged == "concat" else units
    result: Shape | None = None
    if shape is not None:
        result = (shape[0], shape[1], width) if sequences else (shape[0], width)
    batch = shape[0] if shape else None
    state: list[Shape | None] = [(batch, units)] * (_STATES[kind] * len(ways)) if states else []
    results: list[Shape | None] = [result, result] if len(ways) == 2 and not merged else [result]
    attributes: dict[str, Any] = {
        "units": units,
        "return_sequences": sequences,
        "bidirectional": len(ways) == 2,
        "activation": options.word("activation", "tanh"),
    }
    inputs = (step.given(), *weights)
    return step.emit_all(kind, inputs, [*results, *state], native=class_name, attributes=attributes)


def bidirectional(step: Step) -> tuple[int, ...]:
    """Bidirectional: the layer and its mirror, whose results are joined."""
    inner = inner_layer(step)
    if inner.class_name not in _KINDS:
        step.note("keras-layer", f"what {inner.class_name} computes in both directions is not known")
        return (step.emit("other", (*step.inputs, *step.rest()), None),)
    merged = step.options.word("merge_mode") if step.options.has("merge_mode") else "concat"
    return _recurrent(step, inner.class_name, inner.options, ("forward_", "backward_"), merged)


def inner_layer(step: Step, key: str = "layer") -> Layer:
    """The layer that a wrapper wraps."""
    found = layer_of(step.options.raw(key), "", f"{step.layer.name}: {key}")
    return replace(found, calls=())


def time_distributed(step: Step) -> tuple[int, ...]:
    """TimeDistributed: the layer for every time step, which go through it together, as a batch.

    An open batch counts as 1 there, as everywhere, so that the time steps are the batch.
    """
    inner, shape = inner_layer(step), step.shape()
    if shape is None or len(shape) < 2:
        return (step.emit("other", (*step.inputs, *step.rest()), None),)
    batch, steps = shape[0], shape[1]
    together: Dimension = None if steps is None else steps * (1 if batch is None else batch)
    folded = step.emit("reshape", step.inputs[:1], (together, *shape[2:]))
    results = step.run(inner, (folded,), step.place)
    return tuple(_unfolded(step, index, batch, steps) for index in results)


def _unfolded(step: Step, index: int, batch: Dimension, steps: Dimension) -> int:
    shape = step.shape_of(index)
    return step.emit("reshape", (index,), None if shape is None else (batch, steps, *shape[1:]))


def unwrapped(step: Step) -> tuple[int, ...]:
    """Wrappers of training tools, for quantization or pruning: the layer itself runs."""
    inner = inner_layer(step)
    step.unsupported(
        "keras-wrapper",
        f"{step.native} around {inner.class_name}: a model in training that only its tool can load; "
        "the layer inside is shown",
    )
    results = step.run(inner, step.inputs, step.place)
    if not step.native.startswith("Quantize") or not results:
        return results
    rest = tuple(step.builder.constant(one) for one in step.weights if _is_range(one.path))
    return (step.emit("fake-quantize", (results[0], *rest), step.shape_of(results[0]), custom=True), *results[1:])


def _is_range(path: str) -> bool:
    """Whether a weight is what the tool added: a least or greatest value, or a count of steps."""
    return path.split(":", maxsplit=1)[0].endswith(("_min", "_max", "optimizer_step"))
