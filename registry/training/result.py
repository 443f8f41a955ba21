"""What a run leaves: the model, and the record of how it was made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.digest import Digest
from registry.training import samples, weights
from registry.training.checkpoint import unwritable
from registry.training.checkpoint import write as write_file
from registry.training.configuration import Configuration

RECORD = "training-record/1"
MODEL, RECORD_FILE = "model.keras", "training.json"


@dataclass(frozen=True)
class Made:
    """What a model is made of.

    Attributes:
        configuration: What was asked for.
        digests: Of configuration, image lists and parent.
        classes: Number of classes.
        started: When it began, ISO 8601 in UTC.
        git: Commit of the configuration's folder, and whether files differ; empty outside of a working copy.
        environment: Versions and machine.
    """

    configuration: Configuration
    digests: Mapping[str, Any]
    classes: int
    started: str
    git: Mapping[str, str]
    environment: Mapping[str, Any]


def write(output: Path, model: Any, made: Made, epochs: Sequence[Mapping[str, Any]], chosen: int) -> dict[str, Any]:
    """Write a model and its record, which is returned.

    Args:
        output: Folder of the run.
        model: With the weights that were chosen.
        made: What it is made of.
        epochs: Figures by epoch.
        chosen: Epoch of the weights, from 1.

    Raises:
        UnavailableError: The disk is full or cannot be written.
    """
    how = made.configuration
    _save(model, output / MODEL)
    record = {
        "schema": RECORD,
        "name": how.name,
        "technique": how.technique,
        "made_of": dict(made.digests),
        "configuration": dict(how.plain),
        "model": {**_described(model, output / MODEL, made), "epoch": chosen},
        "protocol": how.evaluation.protocol,
        "epochs": list(epochs),
        "started": made.started,
        "seconds": round(sum(epoch["seconds"] for epoch in epochs), 3),
        "environment": dict(made.environment),
        "git": dict(made.git),
    }
    write_file(output / RECORD_FILE, json.dumps(record, indent=2).encode() + b"\n")
    return record


def _described(model: Any, path: Path, made: Made) -> dict[str, Any]:
    return {
        "file": path.name,
        "size": path.stat().st_size,
        "sha256": Digest.of_file(path).hex,
        "weights_sha256": weights.digest(model).hex,
        "parameters": model.count_params(),
        "input": [made.configuration.network.height, made.configuration.network.width, 3],
        "preprocessing": {"mean": samples.MEAN, "scale": samples.SCALE, "colour_mode": "RGB"},
        "classes": made.classes,
    }


def _save(model: Any, path: Path) -> None:
    temporary = path.with_name(f".part-{path.name}")
    try:
        model.save(temporary)
        temporary.replace(path)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        temporary.unlink(missing_ok=True)


def finished(output: Path, made_of: Mapping[str, Any]) -> dict[str, Any] | None:
    """The record of a run of the same that is complete and still has its model; None without one."""
    try:
        record = json.loads((output / RECORD_FILE).read_bytes())
        same = record["made_of"] == made_of and Digest.of_file(output / MODEL).hex == record["model"]["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(record) if same else None
