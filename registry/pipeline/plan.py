"""The plan of a pipeline: its steps with what they take and make, before anything is done: pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.digest import Digest
from registry.pipeline.document import Pipeline
from registry.pipeline.kinds import KINDS


@dataclass(frozen=True)
class Source:
    """Where an input comes from.

    Attributes:
        step: Number of the step that makes it; None for what the document names.
        name: Path or name in the document; empty for what a step makes.
    """

    step: int | None = None
    name: str = ""

    def __str__(self) -> str:
        """Such as `step 1`, or the name."""
        return self.name if self.step is None else f"step {self.step}"


@dataclass(frozen=True)
class Step:
    """A step.

    Attributes:
        number: From 1.
        kind: One of `KINDS`.
        folder: Name of its folder below the run's.
        inputs: Where each comes from, by role: `model`, `parent`, `data`, `calibration`, `images`.
        outputs: Roles of what it makes.
        configuration: Digest of what says how.
    """

    number: int
    kind: str
    folder: str
    inputs: Mapping[str, Source]
    outputs: tuple[str, ...]
    configuration: Digest

    def key(self, inputs: Mapping[str, str]) -> Digest:
        """What decides its result: a step that was done with the same key is not done again.

        Args:
            inputs: Digests by role.
        """
        said = {"kind": self.kind, "configuration": self.configuration.hex, "inputs": dict(inputs)}
        return digest_of(said)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "step": self.number,
            "kind": self.kind,
            "folder": self.folder,
            "inputs": {role: str(source) for role, source in self.inputs.items()},
            "outputs": list(self.outputs),
            "configuration": self.configuration.hex,
        }


_OUTPUTS = {
    "train": ("model", "record"),
    "quantize": ("model", "record"),
    "evaluate": ("record",),
    "benchmark": ("record",),
    "deploy": ("record",),
    "predict": ("pictures",),
}


def digest_of(plain: Any) -> Digest:
    """Digest of plain data, whatever the order of its keys."""
    return Digest.of(json.dumps(plain, sort_keys=True).encode())


def steps(pipeline: Pipeline) -> tuple[Step, ...]:
    """The steps of a pipeline, in order."""
    model = Source(name=pipeline.plain["model"]["name"]) if "model" in pipeline.plain else None
    found = []
    for number, kind in enumerate(pipeline.chain, 1):
        section = pipeline.plain.get(KINDS[kind].section, {})
        inputs = _inputs(pipeline, kind, section)
        if kind != "train" and model is not None:
            inputs = {"model": model, **inputs}
        folder = f"{number}-{kind}"
        found.append(Step(number, kind, folder, inputs, _OUTPUTS[kind], digest_of(section)))
        if KINDS[kind].makes:
            model = Source(step=number)
    return tuple(found)


def _inputs(pipeline: Pipeline, kind: str, section: Mapping[str, Any]) -> dict[str, Source]:
    """What a step takes besides the model."""
    if kind == "train":
        parent = {"parent": Source(name=section["parent"]["file"])} if "parent" in section else {}
        data = section["data"]
        made = {} if "folder" not in data else {"data": Source(name=data["folder"])}
        return {**parent, **made}
    if kind == "evaluate":
        return {"data": Source(name=section["data"]) if "data" in section else _trained_on(pipeline)}
    if kind == "quantize" and "calibration" in section:
        stated = section["calibration"].get("data")
        return {"calibration": Source(name=stated) if stated else _trained_on(pipeline)}
    return {"images": Source(name=section["images"])} if kind == "predict" else {}


def _trained_on(pipeline: Pipeline) -> Source:
    folder = pipeline.plain["training"]["data"].get("folder")
    return Source(step=1) if folder is None else Source(name=folder)
