"""The messages of an ONNX file as plain values; weights stay where they are."""

from __future__ import annotations

from dataclasses import dataclass, field

from registry.inspect.onnx.protobuf import Field, Span
from registry.inspect.onnx.schema import STANDARD

NamedSize = int | str | None
"""A dimension: a number, the name of an open one (equal names are equal sizes), or None for one without a name."""

NamedShape = tuple[NamedSize, ...]


@dataclass(slots=True)
class TensorMessage:
    """A `TensorProto`: `pieces` are the fields of typed data, `raw` is `raw_data`."""

    name: bytes = b""
    dims: tuple[int, ...] = ()
    data_type: int = 0
    raw: Span | None = None
    pieces: list[Field] = field(default_factory=list)
    pieces_bytes: int = 0
    pieces_cut: bool = False
    external: dict[str, str] = field(default_factory=dict)
    is_external: bool = False
    values: TensorMessage | None = None
    """For a sparse tensor, the tensor of its values that are not zero; `raw` and `pieces` are then unused."""

    indices: TensorMessage | None = None


@dataclass(slots=True)
class AttributeMessage:
    """An `AttributeProto`: the field of its kind is filled."""

    name: str = ""
    number: float | int | None = None
    text: str | None = None
    numbers: list[int | float] = field(default_factory=list)
    texts: int = 0
    tensor: TensorMessage | None = None
    graphs: list[GraphMessage] = field(default_factory=list)
    reference: str = ""


@dataclass(slots=True)
class NodeMessage:
    """A `NodeProto`."""

    type: str = ""
    domain: str = STANDARD
    overload: str = ""
    name: str = ""
    inputs: tuple[bytes, ...] = ()
    outputs: tuple[bytes, ...] = ()
    attributes: dict[str, AttributeMessage] = field(default_factory=dict)


@dataclass(slots=True)
class ValueMessage:
    """A `ValueInfoProto`; `data_type` is 0 for anything but a tensor."""

    name: bytes = b""
    data_type: int = 0
    shape: NamedShape | None = None


@dataclass(slots=True)
class GraphMessage:
    """A `GraphProto`."""

    name: str = ""
    doc: str = ""
    nodes: list[NodeMessage] = field(default_factory=list)
    constants: list[TensorMessage] = field(default_factory=list)
    inputs: list[ValueMessage] = field(default_factory=list)
    outputs: list[ValueMessage] = field(default_factory=list)
    values: list[ValueMessage] = field(default_factory=list)


@dataclass(slots=True)
class FunctionMessage:
    """A `FunctionProto`."""

    name: str = ""
    domain: str = STANDARD
    overload: str = ""
    inputs: list[bytes] = field(default_factory=list)
    outputs: list[bytes] = field(default_factory=list)
    nodes: list[NodeMessage] = field(default_factory=list)
    defaults: dict[str, AttributeMessage] = field(default_factory=dict)
    values: list[ValueMessage] = field(default_factory=list)
    opsets: dict[str, int] = field(default_factory=dict)
