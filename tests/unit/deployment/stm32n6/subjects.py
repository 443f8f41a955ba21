"""Subjects of the reference family on stm32n6, made from the shipped cards and files."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from registry import runtime
from registry.card import Variant, merged
from registry.deployment.base import Package, Ran, Subject
from registry.digest import Digest
from registry.facts import Facts
from registry.fit import fit
from registry.footprint import plan
from registry.inspect import read
from registry.preparation import preparation_of
from registry.target import Target

CARDS = Path(__file__).resolve().parents[4] / "cards"
TFLITE, QDQ, SMALL_QDQ = "256-int8-per-channel", "256-int8-qdq", "128-int8-qdq"
LABELS = ("background", "circle", "square", "triangle", "star", "ring", "cross", "ellipse", "diamond")


@functools.cache
def target() -> Target:
    return Target.from_document(yaml.safe_load((CARDS / "targets/stm32n6.yaml").read_text(encoding="utf-8")))


@functools.cache
def variant_of(name: str) -> Variant:
    card = yaml.safe_load((CARDS / "zoo/deeplabv3-shapes.yaml").read_text(encoding="utf-8"))
    document = next(one for one in merged(card) if one["name"] == name)
    return Variant.from_document(card, document)


@functools.cache
def subject(name: str = TFLITE) -> Subject:
    """A variant of the reference family with everything that is proven of it."""
    variant = variant_of(name)
    digest = next(one.digest for one in variant.artifacts if one.role == "model")
    assert digest is not None
    path = CARDS / digest.blob_path
    graph = read(path, variant.format)
    facts, footprint = Facts(graph), plan(graph)
    model = runtime.open_inspected(path, graph)
    return Subject(
        name=f"deeplabv3-shapes-{name}",
        variant=variant,
        path=path,
        digest=digest,
        facts=facts,
        footprint=footprint,
        target=target(),
        fit=fit(facts, footprint, target(), variant),
        inputs=model.inputs,
        outputs=model.outputs,
        preparation=preparation_of(model.inputs[0], graph, variant),
        labels=LABELS,
    )


def of_file(path: Path, **changes: Any) -> Subject:
    """The TFLite subject with another file's bytes, which nobody looks into."""
    return replace(subject(), path=path, digest=Digest.of_file(path), **changes)


@dataclass(frozen=True)
class Machine:
    """A toolbox whose search path is one folder; its programs really run."""

    folder: Path

    def find(self, name: str) -> str | None:
        return shutil.which(name, path=str(self.folder))

    def run(self, command: Sequence[str], folder: Path) -> Ran:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        return Ran(done.returncode, done.stdout, done.stderr)


def text_of(package: Package, path: str) -> str:
    """A generated file of a package."""
    (content,) = [file.content for file in package.files if file.path == path]
    assert isinstance(content, bytes)
    return content.decode()


def written(package: Package, folder: Path) -> Path:
    """A package's files in a folder."""
    for file in package.files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content if isinstance(file.content, bytes) else file.content.read_bytes())
    return folder


def plain(package: Package, path: str) -> Any:
    """A JSON file of a package."""
    return json.loads(text_of(package, path))
