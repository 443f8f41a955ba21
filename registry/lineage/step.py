"""How a file came about, as values: steps that name by SHA-256 what went in and what came out.

`schemas/lineage.json` is the document; `registry.lineage.document` reads and writes it.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from registry.digest import Digest

Kind = Literal["dataset", "training", "export", "quantization", "evaluation"]
Scalar = str | int | float | bool | None

MODEL = "model"
"""Role of a model file, wherever it goes in or comes out."""


@dataclass(frozen=True)
class Item:
    """Bytes that went in or came out.

    Attributes:
        role: What they are to the step, such as `model`, `images` or `calibration`.
        name: Name for people.
        digest: SHA-256 of the bytes; of images that of their list, one identifier a line.
        variant: Variant of a catalogue that publishes these bytes, or None.
        url: Where they come from when no step made them, or None.
    """

    role: str
    name: str
    digest: Digest
    variant: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class Figure:
    """A number that came of a step.

    Attributes:
        name: Such as `mean-iou` or `loss`.
        value: The number.
        unit: Its unit, where it has one.
        protocol, dataset, split, images: What an accuracy was measured by and on; `images` is of the list.
        label: The class that it is of, or None.
        step: Epoch or step of a training, or None.
    """

    name: str
    value: float
    unit: str | None = None
    protocol: str | None = None
    dataset: str | None = None
    split: str | None = None
    images: Digest | None = None
    label: str | None = None
    step: int | None = None


@dataclass(frozen=True)
class Environment:
    """What a step was done with: class of the machine, and versions of software by name."""

    host: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One thing done.

    Attributes:
        kind: What was done.
        inputs, outputs: The bytes; an evaluation makes none.
        name: Title for people.
        parameters: How it was done.
        figures: What was measured; of an evaluation figures of its model.
        environment: What it was done with.
        configuration: Digest of the configuration that asked for it.
        commit: Git commit of the working folder; `changed` where tracked files differed from it.
        seed: Random seed.
        started: ISO 8601 in UTC, to the second; see `utc`.
        seconds: How long it took.
        run: Id of its run in MLflow.
    """

    kind: Kind
    inputs: tuple[Item, ...]
    outputs: tuple[Item, ...]
    name: str = ""
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    environment: Environment = Environment()
    configuration: Digest | None = None
    commit: str | None = None
    changed: bool = False
    seed: int | None = None
    started: str | None = None
    seconds: float | None = None
    run: str | None = None

    @property
    def subject(self) -> Any:
        """What tells a step from another: the same thing done again takes its place."""
        made = frozenset(item.digest for item in self.outputs)
        return made or (self.name, self.configuration, frozenset((item.role, item.digest) for item in self.inputs))


@dataclass(frozen=True)
class Lineage:
    """A record of steps, in the order in which they were done."""

    steps: tuple[Step, ...]

    def with_steps(self, steps: Iterable[Step]) -> Lineage:
        """The record with further steps; one that makes the same bytes as an earlier one takes its place."""
        found = {one.subject: one for one in self.steps}
        for one in steps:
            found.pop(one.subject, None)
            found[one.subject] = one
        return Lineage(tuple(found.values()))

    def maker(self, digest: Digest) -> Step | None:
        """The step that made these bytes, or None."""
        return next((one for one in self.steps if any(item.digest == digest for item in one.outputs)), None)

    def evaluations(self, digest: Digest) -> tuple[Step, ...]:
        """The evaluations of a model."""
        return tuple(
            one
            for one in self.steps
            if one.kind == "evaluation" and any(item.role == MODEL and item.digest == digest for item in one.inputs)
        )

    def knows(self, digest: Digest) -> bool:
        """Whether a step made these bytes, or measured them."""
        return self.maker(digest) is not None or bool(self.evaluations(digest))


def utc(milliseconds: int) -> str:
    """A time of a step, from milliseconds since 1970."""
    return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def environment(distributions: Iterable[str], processors: int | None) -> Environment:
    """The environment of this process.

    Args:
        distributions: Names of installed distributions that mattered; those that are missing are left out.
        processors: Number of CPUs, where it is known.
    """
    from importlib import metadata

    versions = {"python": platform.python_version()}
    for name in distributions:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    cpus = f", {processors} CPU{'s' if processors > 1 else ''}" if processors else ""
    return Environment(f"{platform.machine()} {platform.system()}{cpus}".strip(), versions)
