"""Input and output as the compiled network has them: bytes in, channels last, 8-bit scores out where they are.

Source: ST's application for semantic segmentation on STM32N6 takes uint8 pixels with channels last only (its
README, known limitations) and reads float32 or int8 scores (its list of post-processings).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from registry.deployment.base import Subject
from registry.errors import RejectedError
from registry.inspect.graph import Graph, Quantization
from registry.preparation import prepare
from registry.runtime.base import Array, Port
from registry.samples.pictures import VOID

_MOVING = frozenset({"transpose", "reshape", "identity", "squeeze", "unsqueeze"})
_MOST_STEPS = 8
_FROM_SIGNED = 128
"""int8 and uint8 hold the same steps, 128 apart."""

Kind = Literal["int8", "float32", "class-map"]


@dataclass(frozen=True)
class Input:
    """The picture that goes in.

    Attributes:
        port: As compiled: uint8 (1, height, width, channels) with scale and zero point.
        transposed: Whether the file has channels first, so that the compiler has to turn them.
        table: uint8 (256, channels): what is stored for each value of a pixel, channels in the network's order.
    """

    port: Port
    transposed: bool
    table: Array

    @property
    def size(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        height, width, channels = (int(size or 0) for size in self.port.shape[1:])
        return height, width, channels

    @property
    def furthest(self) -> int:
        """How far, in steps, a stored value lies from its pixel at most: 0 where bytes go in as they are."""
        return max(abs(int(stored) - pixel) for pixel, row in enumerate(self.table) for stored in row)


@dataclass(frozen=True)
class Output:
    """What comes out for each pixel.

    Attributes:
        number: Its place among the outputs.
        port: As compiled, channels last; a class map has no channels.
        kind: What its elements are.
        transposed: Whether the compiler has to turn the channels.
        converted: Whether the compiler has to give it in 8 bits, which the file does not.
        classes: How many.
    """

    number: int
    port: Port
    kind: Kind
    transposed: bool
    converted: bool
    classes: int

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        height, width = (int(size or 0) for size in self.port.shape[1:3])
        return height, width


def input_of(subject: Subject) -> Input:
    """The input as compiled.

    Raises:
        RejectedError: There are several, its size is open, or it does not become 8-bit values.
    """
    if len(subject.inputs) != 1:
        raise RejectedError(f"{subject.name}: expected one input, an image, found {len(subject.inputs)}")
    (port,) = subject.inputs
    batch, *sizes = port.shape
    if batch not in (1, None) or len(sizes) != 3 or not all(sizes):
        raise RejectedError(
            f"input {port.name}: expected an image of a fixed size, found {_sizes(port)}",
            hint="export the model with the size that the board's camera pipeline gives",
        )
    transposed = subject.preparation.layout == "NCHW"
    shape = (1, *sizes[1:], sizes[0]) if transposed else (1, *sizes)
    scale, zero_point = _bytes_of(port, subject.facts.graph)
    compiled = _sound(Port(port.name, shape, "uint8", scale, zero_point), 0)
    return Input(compiled, transposed, _table(subject, compiled))


def _bytes_of(port: Port, graph: Graph) -> tuple[float, int]:
    """Scale and zero point of an input in uint8: its own, or those of the quantizer behind it."""
    if port.scale is not None and port.dtype in ("uint8", "int8"):
        return port.scale, port.zero_point + (_FROM_SIGNED if port.dtype == "int8" else 0)
    index = graph.inputs[0] if graph.inputs else -1
    for _step in range(_MOST_STEPS):
        readers = graph.consumers.get(index, ())
        if len(readers) != 1 or not readers[0].outputs:
            break
        index = readers[0].outputs[0]
        found = _single(graph.tensors[index].quantization)
        if readers[0].type == "quantize" and found and graph.tensors[index].dtype in ("uint8", "int8"):
            return found[0], found[1] + (_FROM_SIGNED if graph.tensors[index].dtype == "int8" else 0)
        if readers[0].type not in _MOVING:
            break
    raise RejectedError(
        f"input {port.name}: expected 8-bit values, or a quantizer to 8 bits behind it, found {port.dtype}",
        hint="the camera pipeline of stm32n6 gives bytes; choose a variant whose input is quantized",
    )


def _sound(port: Port, least: int) -> Port:
    """See that a quantization is one: a scale above 0, and a zero point of 8 bits from `least` on."""
    if not (port.scale and 0 < port.scale < math.inf and least <= port.zero_point < least + 256):
        raise RejectedError(
            f"{port.name}: expected a scale above 0 and a zero point that {port.dtype} holds,"
            f" found {port.scale} and {port.zero_point}"
        )
    return port


def _single(quantization: Quantization | None) -> tuple[float, int] | None:
    if quantization is None or len(quantization.scales) != 1 or len(quantization.zero_points) != 1:
        return None
    return quantization.scales[0], quantization.zero_points[0]


def _table(subject: Subject, port: Port) -> Array:
    """What the input stores for a picture of all 256 values, one below the other."""
    import numpy as np

    ramp = np.repeat(np.arange(256, dtype=np.uint8).reshape(256, 1, 1), 3, axis=2)
    how = replace(subject.preparation, height=256, width=1, resize="none", layout="NHWC")
    stored, _view = prepare(ramp, how, port)
    return stored[0, :, 0, :]


def output_of(subject: Subject) -> Output:
    """The output that says the class of each pixel, as compiled: the first that has a height and a width.

    Raises:
        RejectedError: There is none, its size is open, or nobody says how many classes there are.
    """
    number, port = next(
        ((number, port) for number, port in enumerate(subject.outputs) if len(port.shape) in (3, 4)), (-1, None)
    )
    if port is None:
        raise RejectedError(f"{subject.name}: expected an output of scores or class ids for each pixel, found none")
    sizes = [size if size is not None else 1 if place == 0 else None for place, size in enumerate(port.shape)]
    if not all(sizes):
        raise RejectedError(f"output {port.name}: expected a fixed size, found {_sizes(port)}")
    shape = tuple(int(size) for size in sizes if size is not None)
    if port.scale is None and port.dtype.startswith(("int", "uint")):
        return _class_map(subject, number, port, shape)
    known = subject.variant.classes if subject.variant else None
    if len(shape) != 4:
        raise RejectedError(f"output {port.name}: expected scores of classes for each pixel, found {_sizes(port)}")
    last, first = shape[-1] == known, shape[1] == known
    transposed = first if first != last else subject.preparation.layout == "NCHW"
    shape = (1, *shape[2:], shape[1]) if transposed else shape
    if not 2 <= shape[-1] <= VOID:
        raise RejectedError(f"output {port.name}: expected scores of 2 to {VOID} classes, found {shape[-1]}")
    whole, converted = _scores(subject.facts.graph, number, port)
    kind: Kind = "float32" if whole.scale is None else "int8"
    return Output(number, replace(whole, shape=shape), kind, transposed, converted, shape[-1])


def _scores(graph: Graph, number: int, port: Port) -> tuple[Port, bool]:
    """Scores in int8 where the file has them in 8 bits, or has only just turned them into float."""
    if port.scale is not None and port.dtype in ("int8", "uint8"):
        signed = port.dtype == "int8"
        zero_point = port.zero_point - (0 if signed else _FROM_SIGNED)
        return _sound(replace(port, dtype="int8", zero_point=zero_point), -_FROM_SIGNED), not signed
    index = graph.outputs[number] if number < len(graph.outputs) else -1
    for _step in range(_MOST_STEPS):
        maker = graph.producers.get(index)
        if maker is None or not maker.inputs:
            break
        index = maker.inputs[0]
        stored = graph.tensors[index]
        found = _single(stored.quantization)
        if maker.type == "dequantize" and found and stored.dtype in ("int8", "uint8"):
            zero_point = found[1] - (_FROM_SIGNED if stored.dtype == "uint8" else 0)
            whole = replace(port, dtype="int8", scale=found[0], zero_point=zero_point)
            return _sound(whole, -_FROM_SIGNED), True
        if maker.type not in _MOVING:
            break
    if port.dtype != "float32":
        raise RejectedError(f"output {port.name}: expected scores of 8 bits or float32, found {_sizes(port)}")
    return port, False


def _class_map(subject: Subject, number: int, port: Port, shape: tuple[int, ...]) -> Output:
    """Class ids, one for each pixel, from an argmax in the graph."""
    plane = tuple(size for place, size in enumerate(shape) if place in (0, 1, 2) or size != 1)
    if len(plane) == 4 and plane[1] == 1:
        plane = (plane[0], *plane[2:])
    classes = max(len(subject.labels), (subject.variant.classes or 0) if subject.variant else 0)
    if len(plane) != 3 or not 1 < classes <= VOID:
        raise RejectedError(
            f"output {port.name}: expected a class map and the number of its classes, found {_sizes(port)}"
            f" and {classes} classes",
            hint="name the variant whose card lists them",
        )
    return Output(number, replace(port, shape=plane), "class-map", False, False, classes)


def elements(port: Port) -> int:
    """Elements of a compiled tensor."""
    return math.prod(int(size or 1) for size in port.shape)


def _sizes(port: Port) -> str:
    return f"{port.dtype} " + "x".join("?" if size is None else str(size) for size in port.shape)
