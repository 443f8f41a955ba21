"""Real subjects for the packages of boards: files of the reference family, proven as `zoo deploy` proves them."""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry import inspect
from registry.card import Variant, merged
from registry.deployment.base import MODEL, SCRIPT, File, Instruction, Package, Ran, Subject, Toolbox
from registry.digest import Digest
from registry.errors import UnavailableError
from registry.facts import Facts
from registry.fit import fit
from registry.footprint import plan
from registry.inspect.graph import Tensor
from registry.preparation import preparation_of
from registry.runtime.base import Port
from registry.target import Target
from tests.unit import builders

CARDS = Path(__file__).resolve().parents[3] / "cards"
LABELS = ("background", "disc", "ring", "crescent", "square", "triangle", "star", "cross", "heart")
HOSTILE = ('a "quoted" name', "it's", "two\nlines", "*/ $(touch hacked) `touch hacked`", "- yaml: [", "ünïcode", "")
"""Class names that break a careless script or document."""


@functools.cache
def family() -> dict[str, Variant]:
    """Variants of the reference family by name."""
    card = yaml.load((CARDS / "zoo" / "deeplabv3-shapes.yaml").read_text("utf-8"), yaml.CSafeLoader)
    return {one["name"]: Variant.from_document(card, one) for one in merged(card)}


@functools.cache
def target(name: str) -> Target:
    """A target of the catalogue."""
    return Target.from_document(yaml.safe_load((CARDS / "targets" / f"{name}.yaml").read_text("utf-8")))


def imx93() -> Target:
    """A target like i.MX 93: the NPU takes int8, the CPU the rest."""
    engines = [{"name": "npu", "title": "Ethos-U65"}, {"name": "cpu", "title": "Cortex-A55", "count": 2}]
    accepts = [
        builders.rule("npu", ["tflite"], ["int8"]),
        builders.rule("cpu", ["tflite"], ["float32", "mixed"]),
    ]
    return Target.from_document(builders.target("imx93", title="i.MX 93", engines=engines, accepts=accepts))


@functools.cache
def facts(name: str) -> tuple[Path, Facts]:
    """A variant's file and what is in it."""
    model = family()[name].files[0]
    assert model.digest is not None
    path = CARDS / model.digest.blob_path
    return path, Facts(inspect.read(path, family()[name].format))


def port(tensor: Tensor) -> Port:
    """A tensor as a runtime names it."""
    found = tensor.quantization
    scale = (found.scales[0], found.zero_points[0]) if found and not found.dtype else (None, 0)
    return Port(tensor.name, tensor.shape or (), tensor.dtype, *scale)


def subject(name: str, where: Target, **changes: Any) -> Subject:
    """A variant of the reference family on its way to a target."""
    variant, (path, known) = family()[name], facts(name)
    graph = known.graph
    inputs = tuple(port(graph.tensors[index]) for index in graph.inputs)
    footprint = plan(graph)
    made = Subject(
        name=f"zoo-deeplabv3-shapes-{name}",
        variant=variant,
        path=path,
        digest=Digest.of_file(path),
        facts=known,
        footprint=footprint,
        target=where,
        fit=fit(known, footprint, where, variant),
        inputs=inputs,
        outputs=tuple(port(graph.tensors[index]) for index in graph.outputs),
        preparation=preparation_of(inputs[0], graph, variant),
        labels=LABELS,
        alternatives=tuple(one for one in family().values() if one.name != name),
    )
    return replace(made, **changes)


@dataclass
class Tools:
    """The tools of this machine and of the tests' environment, or only some of them.

    Attributes:
        only: Names that are found; None for all.
        ran: Commands that were run.
    """

    only: tuple[str, ...] | None = None
    ran: list[tuple[str, ...]] = field(default_factory=list)

    def find(self, name: str) -> str | None:
        """See `Toolbox.find`."""
        if self.only is not None and name not in self.only:
            return None
        return shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))

    def run(self, command: Sequence[str], folder: Path) -> Ran:
        """See `Toolbox.run`."""
        self.ran.append(tuple(command))
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
            )
        except OSError as error:
            raise UnavailableError(f"{command[0]}: cannot be started: {error}") from None
        return Ran(done.returncode, done.stdout, done.stderr)


NOTHING = Tools(only=())
"""A machine without any tool."""


SEGMENT = b"""import sys
INTERPRETERS = ("an_interpreter",)
def runtime(names):
    import an_interpreter
    return an_interpreter
def main(words):
    if "an_interpreter" in sys.modules:
        runtime(INTERPRETERS).Interpreter(model_path="plain.tflite", num_threads=1)
    print("segment", *words)
    return 0
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""
"""Stands for the program of `linux`: opens an interpreter as that does, and tells its words."""


def plain_package(subject: Subject, toolbox: Toolbox, work: Path) -> Package:
    """Stands for the package for `linux`."""
    del toolbox, work
    files = (File(f"{subject.name}.tflite", subject.path, MODEL), File("segment.py", SEGMENT, SCRIPT))
    steps = (
        Instruction("Install what it needs", ("python3", "-m", "pip", "install", "-r", "requirements.txt")),
        Instruction("See that it computes", ("python3", "segment.py", "--selftest")),
    )
    return Package(files, steps)


@pytest.fixture
def linux(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small runner that tells its words; `test_imx_together.py` runs the real one."""
    monkeypatch.setattr("registry.deployment.linux.package", plain_package)


def contents(package: Package) -> dict[str, bytes]:
    """Bytes of a package's files by path."""
    return {
        file.path: file.content if isinstance(file.content, bytes) else file.content.read_bytes()
        for file in package.files
    }


def written(package: Package, folder: Path) -> Path:
    """Write a package as `zoo deploy` does."""
    for file in package.files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents(package)[file.path])
        path.chmod(0o755 if file.executable else 0o644)
    return folder


def program(path: Path, text: str) -> Path:
    """A program of a shell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path
