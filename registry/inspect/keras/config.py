"""Keras's own description of a model as layers, calls and references; both forms that Keras 2 and 3 write."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.inspect.bounds import MAX_DEPTH, MAX_NAME, MalformedError
from registry.inspect.graph import BITS, Shape
from registry.inspect.keras.options import Options

MODELS = frozenset({"Functional", "Model", "Sequential"})
_NODE = re.compile(r'"op":\s*"(\w+)"')
LONGEST_NAME = 256
_LEAST_VALUES, _BYTES_OF_VALUE = 1 << 12, 8
"""Lists and objects that a configuration may have, by its length: an empty list takes 56 bytes of memory
for two of the file; what Keras writes has one in about 30."""

_TENSOR = "__keras_tensor__"


@dataclass(frozen=True, slots=True)
class Reference:
    """A value in a network: an output of one call of a layer.

    Attributes:
        layer: Name of the layer.
        call: Which call of it.
        output: Which output of the call.
        shape: What the file says its shape is, None where it does not.
    """

    layer: str
    call: int
    output: int
    shape: Shape | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a layer: the values it is given, and its other arguments by name or position."""

    inputs: tuple[Reference, ...]
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer, a nested model or an operation.

    Attributes:
        class_name: Its class, without a package.
        module: Module of the class; empty where the file does not say it.
        package: Package that the class was registered for; empty for Keras's own.
        name: Name within its model.
        options: Its configuration.
        calls: Its uses; none in a sequential model, whose layers follow each other.
    """

    class_name: str
    module: str
    package: str
    name: str
    options: Options
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Network:
    """A model: layers in the file's order, and for a functional one its inputs and outputs."""

    name: str
    sequential: bool
    layers: tuple[Layer, ...]
    inputs: tuple[Reference, ...]
    outputs: tuple[Reference, ...]


def parse(text: str, file: str, where: str) -> dict[str, Any]:
    """Read JSON of bounded depth.

    Raises:
        MalformedError: It is none, no object, or nests deeper than `MAX_DEPTH`.
    """
    most = _LEAST_VALUES + len(text) // _BYTES_OF_VALUE
    if text.count("[") + text.count("{") > most:
        raise MalformedError(file, where, f"at most {most} lists and objects", "more")
    deep = MalformedError(file, where, f"at most {MAX_DEPTH} levels", "more")
    try:
        found = json.loads(text)
    except RecursionError:
        raise deep from None
    except ValueError as error:
        raise MalformedError(file, where, "JSON", str(error)[:200]) from None
    level, depth = _containers([found]), 1
    while level:
        if depth > MAX_DEPTH:
            raise deep
        level, depth = _containers(child for value in level for child in _children(value)), depth + 1
    if not isinstance(found, dict):
        raise MalformedError(file, where, "a JSON object", type(found).__name__)
    return found


def _containers(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if type(value) is dict or type(value) is list]


def _children(value: Any) -> Iterable[Any]:
    return value.values() if type(value) is dict else value


def printable(text: object) -> str:
    """A name as it can be shown anywhere: cut, and without what no terminal should get."""
    kept = str(text)[:LONGEST_NAME] if isinstance(text, str | int | float) else ""
    return kept if kept.isprintable() else "".join(sign if sign.isprintable() else "?" for sign in kept)


def layer_of(data: Any, file: str, where: str) -> Layer:
    """Read one layer; `where` names it in errors as long as it has no name."""
    if not isinstance(data, dict) or not isinstance(data.get("class_name"), str):
        raise MalformedError(file, where, "a layer with a class_name", type(data).__name__)
    config = data.get("config")
    config = {"layers": config} if isinstance(config, list) else config
    config = config if isinstance(config, dict) else {}
    package, _, class_name = data["class_name"].rpartition(">")
    registered = data.get("registered_name")
    if isinstance(registered, str) and ">" in registered:
        package = registered.rpartition(">")[0]
    name = printable(data.get("name") or config.get("name") or class_name)
    nodes = data.get("inbound_nodes")
    calls = tuple(_call(node) for node in nodes) if isinstance(nodes, list) else ()
    module = data.get("module")
    return Layer(
        class_name=printable(class_name),
        module=printable(module) if isinstance(module, str) else "",
        package=printable(package),
        name=name,
        options=Options(config, file, name),
        calls=calls,
    )


def network_of(layer: Layer, file: str) -> Network:
    """Read a layer that is a model."""
    layers = layer.options.raw("layers")
    if not isinstance(layers, list):
        raise MalformedError(file, layer.name, "a list of layers", type(layers).__name__)
    found = tuple(layer_of(data, file, f"layer {number} of {layer.name}") for number, data in enumerate(layers))
    return Network(
        name=layer.name,
        sequential=layer.class_name == "Sequential",
        layers=found,
        inputs=tuple(_references(layer.options.raw("input_layers"))),
        outputs=tuple(_references(layer.options.raw("output_layers"))),
    )


def _call(node: Any) -> Call:
    inputs = tuple(_references(node))
    arguments: dict[str, Any] = {}
    if isinstance(node, dict):
        arguments = {"args": node.get("args"), **_mapping(node.get("kwargs"))}
    elif isinstance(node, list):
        first = node
        while first and isinstance(first[0], list):
            first = first[0]
        arguments = _mapping(first[3]) if _is_reference(first) and len(first) > 3 else {}
    return Call(inputs, arguments)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_reference(value: Any) -> bool:
    """Keras 2 and the ends of Keras 3 write `[layer, call, output]`, sometimes with arguments behind."""
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and type(value[1]) is int
        and type(value[2]) is int
    )


def _references(value: Any) -> Iterator[Reference]:
    """References in any structure of lists and objects, in order; its depth is bounded by `parse`."""
    if _is_reference(value):
        if value[0] != "_CONSTANT_VALUE":
            yield Reference(printable(value[0]), value[1], value[2])
        yield from _references(value[3]) if len(value) > 3 else ()
    elif isinstance(value, list):
        for child in value:
            yield from _references(child)
    elif isinstance(value, dict):
        if value.get("class_name") == _TENSOR:
            yield from _tensor(_mapping(value.get("config")))
        else:
            for child in value.values():
                yield from _references(child)


def _tensor(config: dict[str, Any]) -> Iterator[Reference]:
    history = config.get("keras_history")
    if _is_reference(history) and isinstance(history, list):
        yield Reference(printable(history[0]), history[1], history[2], shape_in(config.get("shape")))


def shape_in(value: Any) -> Shape | None:
    """A shape as JSON has it; None where it is none."""
    if not isinstance(value, list) or len(value) > 16:
        return None
    good = all(size is None or (type(size) is int and 0 <= size < 1 << 40) for size in value)
    return tuple(value) if good else None


def node_operation(config: Mapping[str, Any]) -> str:
    """Operation of a TensorFlow node that a layer of Keras 2 holds, as an object or as JSON in a text."""
    node = config.get("node_def")
    if isinstance(node, str):
        found = _NODE.search(node[:MAX_NAME])
        return found[1] if found else ""
    return printable(node.get("op")) if isinstance(node, dict) else ""


def policy_dtype(value: Any) -> str | None:
    """What a layer computes in, from its dtype policy: `mixed_float16` computes in float16."""
    if isinstance(value, dict):
        value = _mapping(value.get("config")).get("name")
    if not isinstance(value, str):
        return None
    name = value.rpartition("_from_")[2].removeprefix("mixed_")
    return name if name in BITS else None
