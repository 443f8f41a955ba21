"""The record of a run: what each step took and made, by digest, and which steps need not be done again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.digest import Digest
from registry.errors import UnavailableError
from registry.files import write_atomically

FILE, SCHEMA = "pipeline.json", "pipeline-run/1"
PASSED, FAILED, REUSED = "passed", "failed", "reused"


@dataclass(frozen=True)
class Done:
    """A step that was done.

    Attributes:
        plan: The step, as `Step.to_json`.
        key: What decides its result.
        inputs: Digests by role.
        outputs: Paths below the run's folder, each with its digest, by role.
        figures: What it says of its result, for people.
        verdict: `passed`, `failed`, or `reused` from an earlier run.
        reason: Why it failed; empty otherwise.
        started: Seconds since 1970.
        seconds: How long it took.
        preprocessing: How pictures go into the model that it made; empty where that is not said here.
    """

    plan: Mapping[str, Any]
    key: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, Mapping[str, str]]
    figures: str
    verdict: str
    reason: str
    started: int
    seconds: float
    preprocessing: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        kept = ("key", "figures", "verdict", "reason", "started", "seconds")
        return {
            **self.plan,
            "taken": dict(self.inputs),
            "made": {role: dict(one) for role, one in self.outputs.items()},
            "preprocessing": dict(self.preprocessing),
            **{name: getattr(self, name) for name in kept},
        }


def earlier(folder: Path) -> list[dict[str, Any]]:
    """Steps that an earlier run has recorded; none where there is no record that can be read."""
    try:
        record = json.loads((folder / FILE).read_bytes())
        return list(record["steps"]) if record["schema"] == SCHEMA else []
    except (OSError, ValueError, KeyError, TypeError):
        return []


def reusable(folder: Path, recorded: Sequence[Mapping[str, Any]], number: int, key: Digest) -> Done | None:
    """A step that was done with the same key and whose files are still what they were; None without one."""
    try:
        found = recorded[number - 1]
        if found["key"] != key.hex or found["verdict"] == FAILED:
            return None
        for made in found["made"].values():
            if Digest.of_file(folder / made["file"]).hex != made["sha256"]:
                return None
        plan = {name: found[name] for name in ("step", "kind", "folder", "inputs", "outputs", "configuration")}
        return Done(
            plan,
            key.hex,
            found["taken"],
            found["made"],
            found["figures"],
            REUSED,
            "",
            found["started"],
            found["seconds"],
            found["preprocessing"],
        )
    except (IndexError, KeyError, TypeError, OSError):
        return None


def made(folder: Path, outputs: Mapping[str, Path]) -> dict[str, dict[str, str]]:
    """Outputs by role, with path below the run's folder and digest."""
    return {
        role: {"file": path.relative_to(folder).as_posix(), "sha256": Digest.of_file(path).hex}
        for role, path in outputs.items()
    }


def write(folder: Path, about: Mapping[str, Any], done: Sequence[Done]) -> dict[str, Any]:
    """Write the record, and return it.

    Raises:
        UnavailableError: The disk is full or cannot be written.
    """
    record = {"schema": SCHEMA, **about, "steps": [one.to_json() for one in done]}
    save(folder / FILE, record)
    return record


def save(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document of a run, whole or not at all.

    Raises:
        UnavailableError: The disk is full or cannot be written.
    """
    try:
        write_atomically(path, json.dumps(document, indent=2).encode() + b"\n")
    except OSError as error:
        raise UnavailableError(
            f"{path}: cannot be written: {error.strerror or error}",
            hint="free space and run the same command again: it goes on after the last step that is done",
        ) from None
