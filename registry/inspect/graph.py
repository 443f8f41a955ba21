"""A model file as a graph of operators over tensors, whatever format it came in. Facts only: no weights, no I/O.

Every reader (`tflite`, `onnx`, `keras`) gives the same words, so that costs, quantization, footprints and
comparisons are written once. What a reader does not know it leaves None; it never guesses.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any, Literal

BITS: Mapping[str, int] = {
    "bool": 8,
    "int2": 2,
    "uint2": 2,
    "float4": 4,
    "int4": 4,
    "uint4": 4,
    "int8": 8,
    "uint8": 8,
    "int16": 16,
    "uint16": 16,
    "float16": 16,
    "bfloat16": 16,
    "int32": 32,
    "uint32": 32,
    "float32": 32,
    "int64": 64,
    "uint64": 64,
    "float64": 64,
    "complex64": 64,
    "complex128": 128,
    "float8": 8,
    "string": 0,
    "other": 0,
}
"""Bits of an element by dtype; 0 where there is no fixed size."""

Dimension = int | None
Shape = tuple[Dimension, ...]


@dataclass(frozen=True, slots=True)
class Quantization:
    """How stored integers stand for real numbers: real = scale * (stored - zero point).

    Attributes:
        scales: One, or one for each slice along `axis`.
        zero_points: As many.
        axis: Dimension that has a scale of its own for each slice; None for one scale of the whole tensor.
        dtype: Type of the integers where the tensor itself stands as real numbers, between a dequantize and a
            quantize operator: a compiler computes there in these integers. None where the tensor holds them.
    """

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int | None = None
    dtype: str | None = None


@dataclass(frozen=True, slots=True)
class Extent:
    """Where a constant's bytes lie.

    Attributes:
        offset: First byte.
        size: Bytes.
        member: Archive member or external file that the offset counts in; empty for the model file itself.
    """

    offset: int
    size: int
    member: str = ""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A value that operators read or write.

    Attributes:
        name: As the file names it; may be empty or stand twice.
        shape: Dimensions, batch included; None for one that is open; the whole None when unknown.
        dtype: A key of `BITS`.
        constant: Whether its value stands in the file.
        extent: Where a constant's bytes lie, None where they are not raw bytes in a file.
        stored_bytes: Bytes of a constant in the file, packed as they are; 0 for any other tensor.
        values: Elements of a small numeric constant (at most 64), such as a shape or an axis; else None.
        quantization: Its scale and zero point, None for real numbers.
        variable: Whether it keeps its value from one run to the next, such as the state of an LSTM.
    """

    name: str
    shape: Shape | None
    dtype: str
    constant: bool = False
    extent: Extent | None = None
    stored_bytes: int = 0
    values: tuple[int | float, ...] | None = None
    quantization: Quantization | None = None
    variable: bool = False

    @property
    def elements(self) -> int | None:
        """Number of elements with an open batch taken as 1; None when another dimension is open."""
        if self.shape is None:
            return None
        if None not in self.shape:
            return prod(self.shape)  # type: ignore[arg-type]
        known = [1 if number == 0 and size is None else size for number, size in enumerate(self.shape)]
        return None if None in known else prod(size for size in known if size is not None)

    @property
    def bytes(self) -> int | None:
        """Bytes in memory, elements packed without gaps; None when unknown."""
        elements, bits = self.elements, BITS[self.dtype]
        return None if elements is None or not bits else (elements * bits + 7) // 8


@dataclass(frozen=True, slots=True)
class Operator:
    """One step of the computation.

    Attributes:
        type: Common name, such as `conv2d`; `other` where there is none (see `TYPES`).
        native: Name in the file's own words, such as `CONV_2D`, `Conv`, `Conv2D`.
        inputs: Tensors by index, -1 for an input that is left out. Data first, then weights, then bias,
            whatever order the format has.
        outputs: Tensors by index.
        attributes: Properties by common name (see `TYPES`); others by the file's own.
        version: Version of the operator (TFLite), or opset of its domain (ONNX); None where there is none.
        domain: Namespace (ONNX domain, Keras package); empty for the format's own.
        custom: Whether the format does not define it, so that only special code can run it.
        name: Name of the node or layer, may be empty.
    """

    type: str
    native: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    version: int | None = None
    domain: str = ""
    custom: bool = False
    name: str = ""


_WORDS = """
    conv1d conv2d conv3d depthwise-conv2d transpose-conv2d fully-connected matmul
    average-pool2d max-pool2d global-average-pool global-max-pool mean sum reduce-max reduce-min reduce-prod
    add sub mul div maximum minimum pow squared-difference
    relu relu6 relu-n1-to-1 leaky-relu prelu elu selu gelu hard-swish hard-sigmoid swish sigmoid tanh softmax
    log-softmax exp log sqrt rsqrt square abs neg floor ceil round sin cos erf clip
    batch-norm layer-norm instance-norm l2-norm local-response-norm
    concat split slice strided-slice gather pad reshape flatten squeeze unsqueeze transpose tile broadcast
    pack unpack shape cast identity dropout
    resize-bilinear resize-nearest upsample depth-to-space space-to-depth space-to-batch batch-to-space
    argmax argmin topk where select equal greater less logical not
    quantize dequantize fake-quantize
    lstm gru rnn svdf embedding attention einsum
    non-max-suppression detection-postprocess
    if while call constant other
    """

TYPES = frozenset(_WORDS.split())
"""Common operator types.

Attributes by common name, where the type has them:
    conv*, depthwise-conv2d, transpose-conv2d, *-pool2d: `kernel`, `strides`, `dilations` (height, width) and
        `padding`: `same`, `valid` or `explicit`, with `pads` (top, left, bottom, right) for the last.
    conv*: `groups` (1 where not stated). depthwise-conv2d: `multiplier`. A convolution whose groups are its input
        channels is `depthwise-conv2d`, in every format.
    any with a fused activation: `activation`: `none`, `relu`, `relu6`, `relu-n1-to-1`, `tanh`.
    concat, split, softmax, log-softmax, argmax, argmin, gather, pack, unpack: `axis` (not negative).
    mean, sum, reduce-*: `axes` (not negative), `keep_dims`.
    reshape, transpose (`permutation`), pad (`pads`: (before, after) of each dimension), resize-* (`align_corners`,
        `half_pixel_centers`), leaky-relu and elu (`alpha`), fully-connected (`transposed`: whether the weights are
        (outputs, inputs)), lstm, gru, rnn (`units`, `return_sequences`, `bidirectional`), clip (`minimum`,
        `maximum`).
"""

Layout = Literal["NHWC", "NCHW", "unknown"]


@dataclass(frozen=True)
class Finding:
    """Something that a user must know before anything runs the file.

    Attributes:
        severity: `danger` (may run code, read other files or exhaust memory), `unsupported` (only special code can
            run it) or `note`.
        rule: Which rule, as a word such as `keras-lambda`.
        where: Layer, operator, tensor, member or offset.
        message: What was found, in a sentence.
    """

    severity: Literal["danger", "unsupported", "note"]
    rule: str
    where: str
    message: str


@dataclass(frozen=True)
class Graph:
    """A model file.

    Attributes:
        format: `tflite`, `onnx`, `keras` or `keras-h5`.
        layout: Order of an image's dimensions.
        tensors: All tensors; operators name them by index.
        operators: In order of execution.
        inputs: Tensors that a caller gives, by index.
        outputs: Tensors that a caller gets, by index.
        producer: What wrote the file, with version, as far as it says so; else empty.
        versions: Versions by name: `schema` (TFLite), `ir` and opsets by domain (ONNX), `keras`.
        metadata: Text that the file carries about itself, by name.
        attachments: Further files that it carries, such as labels: bytes by name.
        functions: Subgraphs or functions beside the main one; their operators stand in `operators` too when they
            are called once, and are listed as findings otherwise.
        findings: What a user must know.
    """

    format: str
    layout: Layout
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    producer: str = ""
    versions: Mapping[str, int | str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    attachments: Mapping[str, bytes] = field(default_factory=dict)
    functions: int = 0
    findings: tuple[Finding, ...] = ()

    @property
    def constants(self) -> tuple[Tensor, ...]:
        """Tensors whose values stand in the file."""
        return tuple(tensor for tensor in self.tensors if tensor.constant)

    @functools.cached_property
    def producers(self) -> Mapping[int, Operator]:
        """The operator that writes a tensor, by the tensor's index."""
        return {index: operator for operator in self.operators for index in operator.outputs}

    @functools.cached_property
    def consumers(self) -> Mapping[int, tuple[Operator, ...]]:
        """The operators that read a tensor, in order, by the tensor's index."""
        found: dict[int, list[Operator]] = {}
        for operator in self.operators:
            for index in dict.fromkeys(operator.inputs):
                found.setdefault(index, []).append(operator)
        return {index: tuple(readers) for index, readers in found.items()}
