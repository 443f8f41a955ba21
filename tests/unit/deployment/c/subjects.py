"""What is deployed in these tests: the reference family, and small models that a test makes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from registry import inspect
from registry.deployment.base import Subject
from registry.deployment.ports import ports_of
from registry.digest import Digest
from registry.facts import Facts
from registry.fit import fit
from registry.footprint import plan
from registry.preparation import Preparation
from registry.target import Target
from tests.unit import builders, family

HOW = Preparation(8, 8, "stretch", "bilinear", (127.5,) * 3, (1 / 127.5,) * 3, "RGB", "NHWC")


def target() -> Target:
    """A target that takes all of TensorFlow Lite."""
    accepts = [builders.rule("cpu", ["tflite"], ["int8", "mixed", "float32"])]
    return Target.from_document(builders.target(accepts=accepts, memories=[]))


def reference(name: str) -> Subject:
    """A variant of the reference family."""
    return family.subject(name, target())


def subject(path: Path, name: str, labels: Sequence[str] = ()) -> Subject:
    """A model file that no card has."""
    graph = inspect.read(path, "tflite")
    facts, footprint = Facts(graph), plan(graph)
    inputs, outputs = ports_of(graph)
    return Subject(
        name=name,
        variant=None,
        path=path,
        digest=Digest.of_file(path),
        facts=facts,
        footprint=footprint,
        target=target(),
        fit=fit(facts, footprint, target()),
        inputs=inputs,
        outputs=outputs,
        preparation=HOW,
        labels=tuple(labels),
    )
