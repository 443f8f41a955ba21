"""Reads an ONNX file as a graph, without running it and without reading its weights.

Facts: https://github.com/onnx/onnx/blob/main/docs/IR.md, onnx.proto and docs/Operators.md beside it. The file is
mapped into memory; of a constant only the place and the size are noted, and the values of small ones.

- `Constant` nodes are constants, not operators.
- A function that the file calls once, and both branches of an `If`, stand among the operators; bodies of loops and
  functions called several times do not, and are findings.
- Quantization is on the tensors, as `onnx_quantization` says.
- Inputs stand as the file has them: a file made from TensorFlow may begin with a transpose from NHWC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import SEEK_END
from itertools import chain
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from registry.errors import UnavailableError
from registry.files import open_regular
from registry.inspect.bounds import MAX_METADATA_BYTES, MalformedError
from registry.inspect.findings import Findings
from registry.inspect.graph import Graph, Operator, Tensor
from registry.inspect.onnx.assembly import Assembly, Scope
from registry.inspect.onnx.attributes import attributes
from registry.inspect.onnx.constants import Constants, Value
from registry.inspect.onnx.messages import FunctionMessage, GraphMessage, NodeMessage
from registry.inspect.onnx.nodes import Messages
from registry.inspect.onnx.protobuf import BYTES, VARINT, Field, Wire, signed
from registry.inspect.onnx.quantization import Quantizer
from registry.inspect.onnx.safety import Key, defined, everything, judge, judge_functions, key
from registry.inspect.onnx.schema import MODEL
from registry.inspect.onnx.step import Step, plain
from registry.inspect.onnx.words import order, word


def read(path: Path) -> Graph:
    """A file as a graph.

    Raises:
        MalformedError: It is not an ONNX model, or breaks the format.
        UnavailableError: It cannot be read.
    """
    try:
        with open_regular(path) as file:
            if not file.seek(0, SEEK_END):
                raise MalformedError(str(path), "offset 0", "an ONNX model", "an empty file")
            with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
                return read_bytes(data, path)
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be read: {error.strerror or error}") from error


def read_bytes(data: bytes | mmap, path: Path) -> Graph:
    """A model's bytes as a graph.

    Args:
        data: The whole file.
        path: Where it lies; external data may lie beside it.

    Raises:
        MalformedError: They are not an ONNX model, or break the format.
    """
    wire, findings = Wire(data, str(path)), Findings()
    model = _Reader(wire, findings).model()
    if model.graph is None:
        raise MalformedError(str(path), "file", "an ONNX model with a graph", "none")
    functions = {key(function): function for function in model.functions}
    nodes = list(everything(chain(model.graph.nodes, *(function.nodes for function in model.functions))))
    calls = Counter(key(node) for node in nodes if key(node) in functions)
    judge(nodes, functions, findings)
    judge_functions(model.functions, calls, findings)
    constants = Constants(wire, findings, path)
    assembly = Assembly(str(path), constants, findings, functions, calls)
    inputs, outputs = assembly.graph(model.graph, Scope(model.opsets))
    Quantizer(constants, findings).apply(assembly.steps, outputs)
    return _graph(model, assembly, (inputs, outputs), functions, _inner(nodes), findings)


@dataclass(slots=True)
class _Model:
    """A `ModelProto`."""

    ir_version: int = 0
    producer: str = ""
    producer_version: str = ""
    graph: GraphMessage | None = None
    opsets: dict[str, int] = field(default_factory=dict)
    functions: list[FunctionMessage] = field(default_factory=list)
    about: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)


class _Reader:
    """Reads the outermost message."""

    def __init__(self, wire: Wire, findings: Findings) -> None:
        self._wire = wire
        self._findings = findings
        self._messages = Messages(wire, findings)
        self._room = MAX_METADATA_BYTES

    def model(self) -> _Model:
        """The whole file."""
        found, wire = _Model(), self._wire
        names = {MODEL[name]: name for name in ("domain", "doc_string")}
        for each in wire.fields(wire.whole):
            if each.kind == VARINT:
                self._number(found, each)
            elif each.kind != BYTES:
                continue
            elif each.number == MODEL["graph"]:
                if found.graph is not None:
                    raise wire.malformed(each.span.start, "one graph", "a second")
                found.graph = self._messages.graph(each.span)
            elif each.number == MODEL["metadata_props"]:
                self._property(found, each)
            elif each.number in names:
                self._about(found, names[each.number], wire.text(each.span, self._room))
            else:
                self._rest(found, each)
        if found.graph is not None:
            self._about(found, "graph", found.graph.name)
            self._about(found, "graph_doc_string", found.graph.doc)
        return found

    def _number(self, found: _Model, each: Field) -> None:
        if each.number == MODEL["ir_version"]:
            found.ir_version = signed(each.value)
        elif each.number == MODEL["model_version"]:
            self._about(found, "model_version", str(signed(each.value)) if each.value else "")

    def _rest(self, found: _Model, each: Field) -> None:
        if each.number == MODEL["opset_import"]:
            self._messages.opset(each.span, found.opsets)
        elif each.number == MODEL["functions"]:
            found.functions.append(self._messages.function(each.span))
        elif each.number == MODEL["producer_name"]:
            found.producer = self._wire.text(each.span)
        elif each.number == MODEL["producer_version"]:
            found.producer_version = self._wire.text(each.span)
        elif each.number == MODEL["training_info"]:
            text = "graphs for training, which were not read"
            self._findings.add("note", "onnx-training", "training_info", text)

    def _about(self, found: _Model, name: str, text: str) -> None:
        if text:
            found.about[name] = text
            self._room = max(0, self._room - len(text))

    def _property(self, found: _Model, each: Field) -> None:
        name, text = self._messages.entry(each.span, self._room)
        # an entry of two empty texts takes room, too
        self._room -= len(name) + len(text) + 16
        if self._room > 0:
            found.metadata[name] = text
            return
        self._room = 0
        self._findings.add(
            "note", "metadata-cut", "metadata_props", f"more than {MAX_METADATA_BYTES} bytes of text"
        )


def _inner(nodes: Iterable[NodeMessage]) -> int:
    """Graphs inside nodes."""
    return sum(len(attribute.graphs) for node in nodes for attribute in node.attributes.values())


def _graph(
    model: _Model,
    assembly: Assembly,
    ends: tuple[list[Value], list[Value]],
    functions: dict[Key, FunctionMessage],
    inner: int,
    findings: Findings,
) -> Graph:
    index = {id(value): number for number, value in enumerate(assembly.values)}
    return Graph(
        format="onnx",
        layout="NCHW",
        tensors=tuple(_tensor(value) for value in assembly.values),
        operators=tuple(_operators(assembly.steps, index, functions)),
        inputs=tuple(index[id(value)] for value in ends[0]),
        outputs=tuple(index[id(value)] for value in ends[1]),
        producer=f"{model.producer} {model.producer_version}".strip(),
        versions={"ir": model.ir_version, **model.opsets},
        metadata={**model.about, **model.metadata},
        functions=len(functions) + inner,
        findings=findings.all(),
    )


def _tensor(value: Value) -> Tensor:
    values = value.values if value.constant else None
    numbers = tuple(each for each in values if isinstance(each, int | float)) if values is not None else None
    return Tensor(
        name=value.name,
        shape=plain(value.shape),
        dtype=value.dtype,
        constant=value.constant,
        extent=value.extent,
        stored_bytes=value.stored_bytes,
        values=numbers,
        quantization=value.quantization,
    )


def _operators(
    steps: Iterable[Step], index: dict[int, int], functions: dict[Key, FunctionMessage]
) -> Iterator[Operator]:
    for step in steps:
        node = step.node
        called = key(node) in functions
        kind = "call" if called else word(step)
        found: dict[str, Any] = {} if called else dict(attributes(step, kind))
        yield Operator(
            type=kind,
            native=node.type,
            inputs=tuple(_index(step.value(number), index) for number in order(step)),
            outputs=tuple(_index(value, index) for value in step.outputs),
            attributes=found,
            version=step.opset or None,
            domain="" if node.domain == "ai.onnx" else node.domain,
            custom=not called and not defined(node),
            name=node.name,
        )


def _index(value: Value | None, index: dict[int, int]) -> int:
    return -1 if value is None else index[id(value)]
