"""TFLite files: read by the schema, without a runtime; nothing of the model is executed."""

from __future__ import annotations

from mmap import ACCESS_READ, mmap
from pathlib import Path

from registry.errors import UnavailableError
from registry.files import open_regular
from registry.inspect.bounds import MalformedError
from registry.inspect.findings import Findings
from registry.inspect.graph import Graph
from registry.inspect.tflite.flatbuffer import UINT32, FlatBuffer
from registry.inspect.tflite.metadata import describe
from registry.inspect.tflite.operators import OperatorReader
from registry.inspect.tflite.schema import IDENTIFIER
from registry.inspect.tflite.subgraphs import assemble
from registry.inspect.tflite.tensors import Buffers, TensorReader


def read(path: Path) -> Graph:
    """Read a TFLite file as a graph.

    The main subgraph comes first, so that its tensors have the numbers they have in the file. Weights are not read.

    Raises:
        MalformedError: The file is no TFLite file, or breaks its format.
        UnavailableError: It cannot be read.
    """
    try:
        with open_regular(path) as file:
            if not file.seek(0, 2):
                raise MalformedError(str(path), "offset 0", "a TFLite file", "an empty file")
            with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
                return parse(data, str(path))
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be read: {error.strerror or error}") from error


def parse(data: mmap | bytes, name: str) -> Graph:
    """Read the bytes of a TFLite file as a graph.

    Args:
        data: The whole file.
        name: What messages call it.

    Raises:
        MalformedError: It is no TFLite file, or breaks its format.
    """
    buffer = FlatBuffer(data, name)
    model = buffer.root(IDENTIFIER)
    findings = Findings()
    version = model.integer(0, UINT32)
    if version != 3:
        findings.add(
            "unsupported", "tflite-schema", "", f"schema version {version}; runtimes of today read version 3"
        )
    buffers = Buffers(buffer, model)
    operators = OperatorReader(buffer, model, findings)
    parts = assemble(model, TensorReader(buffers, findings), operators, findings)
    said = describe(model, buffers, findings)
    return Graph(
        format="tflite",
        layout="NHWC",
        tensors=parts.tensors,
        operators=parts.operators,
        inputs=parts.inputs,
        outputs=parts.outputs,
        producer=said.producer,
        versions={"schema": version},
        metadata=said.texts,
        attachments=said.attachments,
        functions=parts.functions,
        findings=findings.all(),
    )
