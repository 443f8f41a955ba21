"""What an evaluation is of, and what came of it."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.digest import Digest
from registry.metrics import Agreement, Scores, Sight


@dataclass(frozen=True)
class Subject:
    """What a figure belongs to.

    Attributes:
        variant: Full name; empty for a file without a card.
        artifact: Digest of the model file.
        dataset: Name of the dataset's card, or of the folder.
        split: Part of it.
        images: Digest of the list of identifiers that were evaluated.
        preprocessing: Digest of how pictures go in.
        engine, version: What ran it.
        threads: CPU threads of the engine.
        delegate: What ran it instead of the CPU, by the engine's name for it; None for the CPU.
    """

    variant: str
    artifact: Digest
    dataset: str
    split: str
    images: Digest
    preprocessing: Digest
    engine: str
    version: str
    threads: int
    delegate: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        runtime = {"name": self.engine, "version": self.version, "threads": self.threads}
        return {
            "variant": self.variant or None,
            "artifact": self.artifact.hex,
            "dataset": self.dataset,
            "split": self.split,
            "images": self.images.hex,
            "preprocessing": self.preprocessing.hex,
            "runtime": {**runtime, "delegate": self.delegate},
            "host": {"machine": platform.machine(), "system": platform.system()},
        }


@dataclass(frozen=True)
class Bad:
    """An image that could not be evaluated: its identifier, and why."""

    name: str
    reason: str

    def to_json(self) -> dict[str, str]:
        """As plain data."""
        return {"image": self.name, "reason": self.reason}


@dataclass(frozen=True)
class Evaluation:
    """What came of it.

    Attributes:
        subject: What the figures belong to.
        scores: Figures by protocol.
        samples: Images that count.
        bad: Images that do not.
        milliseconds: Of each inference here, without opening and preparing the picture; of this run only,
            and without its first one, in which engines prepare themselves.
        worst: The images with the lowest mean IoU, lowest first.
    """

    subject: Subject
    scores: Mapping[str, Scores]
    samples: int
    bad: tuple[Bad, ...]
    milliseconds: tuple[float, ...]
    worst: tuple[Sight, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            **self.subject.to_json(),
            "samples": self.samples,
            "bad": [one.to_json() for one in self.bad],
            "latency_ms": percentiles(self.milliseconds),
            "protocols": {name: scores.to_json() for name, scores in self.scores.items()},
            "worst": [sight.to_json() for sight in self.worst],
        }


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Median, 90th and 99th percentile and greatest (nearest rank); empty without values."""
    ordered = sorted(values)
    if not ordered:
        return {}
    ranks = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {
        name: ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)] for name, share in ranks.items()
    }


@dataclass(frozen=True)
class Outcome:
    """One model, or two on the same images.

    Attributes:
        evaluations: Of each model, in the order in which they were given.
        agreement: Where two differ; None for one.
    """

    evaluations: tuple[Evaluation, ...]
    agreement: Agreement | None
