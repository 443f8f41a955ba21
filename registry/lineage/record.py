"""What was done once, as a plain document that needs no server: on what bytes, how, with which figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from registry.digest import Digest
from registry.errors import RejectedError, RequestError

SCHEMA = "lineage-record/1"

INPUT, OUTPUT = "input.", "output."
"""Beginnings of the roles of what went in and what came out, by which runs find those that they follow."""


@dataclass(frozen=True)
class Metric:
    """A figure: `name` with `/` between its parts, and the step of a training (0 without steps)."""

    name: str
    value: float
    step: int = 0


@dataclass(frozen=True)
class DatasetInput:
    """Images that went in: the dataset's name, the digest of their list, and the split as the context."""

    name: str
    images: Digest
    context: str


@dataclass(frozen=True)
class File:
    """A file that belongs to a record: its path with `/`, relative, and its bytes."""

    path: str
    digest: Digest
    size: int


@dataclass(frozen=True)
class Record:
    """One thing done: an evaluation, a training, an export, a quantization.

    Attributes:
        kind: What was done, such as `evaluation`.
        experiment: What it belongs to: runs of one experiment are meant to be compared.
        name: Title among the runs of an experiment; need not be unique.
        started, ended: Milliseconds since 1970 in UTC; both 0 where nobody says when it was.
        subjects: Digests of what it is about, by role, such as `artifact`, `input.model` and `output.model`.
        params: How it was done.
        metrics: What came of it.
        tags: What else to find it by, such as `variant` and `version`.
        datasets: Images that went in.
        files: Files that belong to it.
        parent: Digest of the record of the pipeline that it was a part of, or None.
    """

    kind: str
    experiment: str
    name: str
    started: int
    ended: int
    subjects: Mapping[str, Digest]
    params: Mapping[str, str]
    metrics: tuple[Metric, ...]
    tags: Mapping[str, str]
    datasets: tuple[DatasetInput, ...] = ()
    files: tuple[File, ...] = ()
    parent: Digest | None = None

    @property
    def digest(self) -> Digest:
        """Digest of the document in its only form: keys sorted, no spaces, UTF-8.

        Without the files: they illustrate what was done, and a picture may be drawn otherwise the next time.
        """
        said = {name: value for name, value in self.to_json().items() if name != "files"}
        text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return Digest.of(text.encode())

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "schema": SCHEMA,
            "kind": self.kind,
            "experiment": self.experiment,
            "name": self.name,
            "started": self.started,
            "ended": self.ended,
            "subjects": {role: digest.hex for role, digest in self.subjects.items()},
            "params": dict(self.params),
            "metrics": [{"name": one.name, "value": one.value, "step": one.step} for one in self.metrics],
            "tags": dict(self.tags),
            "datasets": [
                {"name": one.name, "images": one.images.hex, "context": one.context} for one in self.datasets
            ],
            "files": [{"path": one.path, "sha256": one.digest.hex, "size": one.size} for one in self.files],
            **({"parent": self.parent.hex} if self.parent else {}),
        }

    @classmethod
    def from_json(cls, document: Any, place: str) -> Record:
        """The record of a document.

        Args:
            document: What `to_json` gave.
            place: What errors call it.

        Raises:
            RejectedError: No such record.
        """
        if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
            found = document.get("schema") if isinstance(document, Mapping) else type(document).__name__
            raise RejectedError(f"{place}: expected a document with schema {SCHEMA}, found {found!r}")
        try:
            return _read(document)
        except (KeyError, TypeError, ValueError, AttributeError, RequestError) as error:
            raise RejectedError(f"{place}: not a {SCHEMA}: {type(error).__name__}: {error}") from None


def _read(document: Mapping[str, Any]) -> Record:
    return Record(
        kind=_text(document["kind"]),
        experiment=_text(document["experiment"]),
        name=_text(document["name"]),
        started=int(document["started"]),
        ended=int(document["ended"]),
        subjects={role: Digest(_text(value)) for role, value in document["subjects"].items()},
        params={name: _text(value) for name, value in document["params"].items()},
        metrics=tuple(
            Metric(_text(one["name"]), float(one["value"]), int(one["step"])) for one in document["metrics"]
        ),
        tags={name: _text(value) for name, value in document["tags"].items()},
        datasets=tuple(
            DatasetInput(_text(one["name"]), Digest(_text(one["images"])), _text(one["context"]))
            for one in document["datasets"]
        ),
        files=tuple(
            File(inner_path(_text(one["path"])), Digest(_text(one["sha256"])), int(one["size"]))
            for one in document["files"]
        ),
        parent=Digest(_text(document["parent"])) if "parent" in document else None,
    )


def inner_path(text: str) -> str:
    """A relative path with `/` that stays inside its folder.

    Raises:
        ValueError: It does not.
    """
    path = PurePosixPath(text)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in text or "\0" in text:
        raise ValueError(f"not a path inside a folder: {text!r}")
    return str(path)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a text, found {value!r}")
    return value
