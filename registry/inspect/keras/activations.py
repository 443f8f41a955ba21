"""Activations of Keras: a layer's own, and the layers that are nothing else."""

from __future__ import annotations

from typing import Any

from registry.inspect.keras.build import Step
from registry.inspect.keras.config import layer_of, printable

_SAME = {
    **dict.fromkeys(("relu", "relu6", "tanh", "sigmoid", "elu", "selu", "gelu", "softmax"), ""),
    "hard_sigmoid": "hard-sigmoid",
    "swish": "swish",
    "silu": "swish",
    "hard_swish": "hard-swish",
    "hard_silu": "hard-swish",
    "exponential": "exp",
    "leaky_relu": "leaky-relu",
    "log_softmax": "log-softmax",
}
_OTHER = frozenset(
    {
        *("softplus", "softsign", "mish", "log_sigmoid", "celu", "glu", "hard_tanh", "hard_shrink", "soft_shrink"),
        *("tanh_shrink", "squareplus", "sparse_plus", "sparsemax", "sparse_sigmoid", "threshold"),
    }
)
_LINEAR = ("", "linear")


def activated(step: Step, index: int) -> int:
    """The value behind the layer's own activation, which Keras runs after the layer."""
    return activation(step, index, step.options.raw("activation"))


def activation(step: Step, index: int, said: Any) -> int:
    """The value behind an activation as a configuration has it: a name, or a layer or function as an object."""
    if isinstance(said, dict):
        config = said.get("config")
        if isinstance(config, dict) and isinstance(said.get("class_name"), str):
            layer = layer_of({**said, "name": step.layer.name}, "", step.layer.name)
            (result,) = step.run(layer, (index,), step.place)[:1] or (index,)
            return result
        said = config if isinstance(config, str) else said.get("class_name")
    if said is None or said in _LINEAR:
        return index
    name = printable(said)
    shape = step.shape_of(index)
    if name in _SAME:
        kind = _SAME[name] or name
        attributes: dict[str, Any] = {"axis": len(shape) - 1} if shape and kind.endswith("softmax") else {}
        if kind == "leaky-relu":
            attributes = {"alpha": 0.2}
        elif kind == "elu":
            attributes = {"alpha": 1.0}
        return step.emit(kind, (index,), shape, native=name, **attributes)
    if name not in _OTHER:
        step.unsupported("keras-custom", f"its activation {name!r} is none of Keras's")
    return step.emit("other", (index,), shape, native=name, custom=name not in _OTHER)


def named(step: Step) -> int:
    """Activation: the layer that is only a name."""
    return activated(step, step.given())


def relu(step: Step) -> int:
    """ReLU with its bounds and its slope below."""
    most, slope = step.options.real("max_value"), step.options.real("negative_slope", 0.0)
    threshold = step.options.real("threshold", 0.0)
    kind = "relu"
    attributes: dict[str, Any] = {}
    if threshold or (slope and most is not None):
        kind = "other"
    elif slope:
        kind, attributes = "leaky-relu", {"alpha": slope}
    elif most == 6:
        kind = "relu6"
    elif most is not None:
        kind, attributes = "clip", {"minimum": 0.0, "maximum": most}
    return step.emit(kind, (step.given(),), step.shape(), **attributes)


def leaky_relu(step: Step) -> int:
    """LeakyReLU; Keras 2 called the slope alpha."""
    slope = step.options.real("negative_slope", step.options.real("alpha", 0.3))
    return step.emit("leaky-relu", (step.given(),), step.shape(), alpha=slope)


def prelu(step: Step) -> int:
    """PReLU."""
    return step.emit("prelu", (step.given(), *step.roles("alpha")), step.shape())


def elu(step: Step) -> int:
    """ELU."""
    return step.emit("elu", (step.given(),), step.shape(), alpha=step.options.real("alpha", 1.0))


def softmax(step: Step) -> int:
    """Softmax over one axis; over several it is no common operator."""
    shape, axis = step.shape(), step.options.raw("axis")
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    axis = -1 if axis is None else axis
    if type(axis) is not int or not shape or not -len(shape) <= axis < len(shape):
        return step.emit("softmax" if shape is None else "other", (step.given(),), shape)
    return step.emit("softmax", (step.given(),), shape, axis=axis % len(shape))


def threshold(step: Step) -> int:
    """ThresholdedReLU."""
    return step.emit("other", (step.given(),), step.shape())
