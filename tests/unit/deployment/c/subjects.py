"""What is deployed in these tests: the reference family, and small models that a test makes."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

from registry import inspect
from registry.card import Variant, merged
from registry.deployment.base import GoldenBytes, Subject
from registry.digest import Digest
from registry.document import Document, read
from registry.facts import Facts
from registry.fit import fit
from registry.footprint import plan
from registry.golden import Vector
from registry.inspect.graph import Graph, Tensor
from registry.preparation import Preparation
from registry.resources import data_folder
from registry.runtime.base import Port
from registry.target import Target
from tests.unit import builders

CARDS = Path(data_folder("cards"))
HOW = Preparation(8, 8, "stretch", "bilinear", (127.5,) * 3, (1 / 127.5,) * 3, "RGB", "NHWC")


@functools.cache
def _variants() -> dict[str, Variant]:
    found = read(CARDS / "zoo" / "deeplabv3-shapes.yaml")
    assert isinstance(found, Document)
    document = found.value
    return {one["name"]: Variant.from_document(document, one) for one in merged(document)}


def reference(name: str) -> Subject:
    """A variant of zoo/deeplabv3-shapes with its golden vectors."""
    variant = _variants()[name]
    blobs = {one["file"]: _blob(one["sha256"]) for one in variant.document["artifacts"]}
    (model,) = (one["file"] for one in variant.document["artifacts"] if one["role"] == "model")
    vectors = [Vector.from_document(one) for one in variant.document["golden"]]
    golden = tuple(
        GoldenBytes(one, blobs[one.input.file].read_bytes(), blobs[one.output.file].read_bytes()) for one in vectors
    )
    names = ("background", *(f"class {number}" for number in range(1, 9)))
    return subject(blobs[model], name, variant, golden, names)


def _blob(digest: str) -> Path:
    return CARDS / Digest.parse(digest).blob_path


def subject(
    path: Path,
    name: str,
    variant: Variant | None = None,
    golden: Sequence[GoldenBytes] = (),
    labels: Sequence[str] = (),
) -> Subject:
    """A model file for a target that takes all of TensorFlow Lite."""
    graph = inspect.read(path, "tflite")
    facts, footprint = Facts(graph), plan(graph)
    target = Target.from_document(
        builders.target(accepts=[builders.rule("cpu", ["tflite"], ["int8", "mixed", "float32"])], memories=[])
    )
    return Subject(
        name=name,
        variant=variant,
        path=path,
        digest=Digest.of_file(path),
        facts=facts,
        footprint=footprint,
        target=target,
        fit=fit(facts, footprint, target, variant),
        inputs=_ports(graph, graph.inputs),
        outputs=_ports(graph, graph.outputs),
        preparation=HOW,
        labels=tuple(labels),
        golden=tuple(golden),
    )


def _ports(graph: Graph, numbers: Sequence[int]) -> tuple[Port, ...]:
    return tuple(_port(graph.tensors[number]) for number in numbers)


def _port(tensor: Tensor) -> Port:
    stored = tensor.quantization
    scale, zero_point = (stored.scales[0], stored.zero_points[0]) if stored else (None, 0)
    return Port(tensor.name, tensor.shape or (), tensor.dtype, scale, zero_point)
