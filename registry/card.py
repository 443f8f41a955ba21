"""Model cards as values: frozen dataclasses over documents that the schema has accepted. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry import golden
from registry.digest import Digest
from registry.units import BYTES

Plain = Mapping[str, Any]

UNPINNED = "unpinned"

BLANK = "TODO"
"""Stands where a person has to say something; see `registry.blanks`."""

LINEAGE_ROLE = "lineage"
"""Role of the record of how a model file came about."""

PULLED_ROLES = ("model", "labels", "configuration")
"""Roles of the files that somebody who deploys needs; checkpoints and other exports stay where they are."""


@dataclass(frozen=True)
class Source:
    """A public address of a file.

    Attributes:
        url: The address.
        kind: `file` for the bytes themselves, `page` or `recipe` for something that a person follows.
    """

    url: str
    kind: str


@dataclass(frozen=True)
class Artifact:
    """A file of a variant.

    Attributes:
        file: Its name, without any folder.
        role: `model`, `labels`, `configuration`, one of `golden.ROLES`, `lineage`, `checkpoint` or
            `other`.
        size: Bytes, or None when nobody has stated it.
        digest: What identifies the bytes, or None when the card is unpinned.
        sources: Public addresses, best first.
    """

    file: str
    role: str
    size: int | None
    digest: Digest | None
    sources: tuple[Source, ...]

    @classmethod
    def from_document(cls, document: Plain) -> Artifact:
        """Read an `artifacts` item of a valid card."""
        stated = document["sha256"]
        sources = tuple(Source(item["url"], item["kind"]) for item in document["sources"])
        digest = None if stated == UNPINNED else Digest(stated)
        return cls(document["file"], document["role"], document["size"], digest, sources)


@dataclass(frozen=True)
class Metric:
    """An accuracy figure.

    Attributes:
        name: `mean-iou`, `pixel-accuracy`, ...
        value: Fraction of 1; None when its source leaves it open.
        dataset: Dataset card.
        split: Part of the dataset.
        protocol: How it was computed; `unstated` when the source cannot say.
        precision: Numeric precision of the network that was evaluated.
        status: `claimed`, `reproduced` or `contradicted`.
    """

    name: str
    value: float | None
    dataset: str
    split: str
    protocol: str
    precision: str
    status: str


@dataclass(frozen=True)
class Footprint:
    """A memory or size figure.

    Attributes:
        name: `internal-ram`, `external-ram`, `activation-ram`, `weights-flash`, `file-size` or `parameters`.
        value: In bytes, or a count for `parameters`; None when its source leaves it open.
        target: Target that it was compiled for, or None.
        precision: Numeric precision of the network that it describes, where it is not the variant's.
    """

    name: str
    value: float | None
    target: str | None
    precision: str | None = None

    @classmethod
    def from_document(cls, document: Plain) -> Footprint:
        """Read a `footprints` item of a valid card, in bytes whatever its unit."""
        value = document["value"]
        scaled = None if value is None else value * BYTES.get(document["unit"], 1)
        return cls(document["name"], scaled, document.get("target"), document.get("precision"))


@dataclass(frozen=True)
class Latency:
    """A time figure.

    Attributes:
        milliseconds: Of one inference; None when its source leaves it open.
        target: Target that it ran on.
        engine: Execution engine as the source names it.
    """

    milliseconds: float | None
    target: str
    engine: str


@dataclass(frozen=True)
class Variant:
    """One thing somebody can deploy.

    Attributes:
        publisher, model, name: The three parts of its full name.
        family: The named network that the model is one of.
        format, scheme, granularity, representation: What a target's rules look at.
        height, width: Input size in pixels, or None where the source gives no number.
        classes: Number of classes, or None when unknown.
        availability: `available`, `unavailable` or `reference-only`.
        weights_licence: SPDX expression, or `unknown`.
        datasets: Datasets that it was trained or measured on.
        support: What the publisher declares of each target.
        bring_up: Whether it is for tests of a board and its tools only.
        document: The variant as plain data, with the card's common properties filled in.
    """

    publisher: str
    model: str
    name: str
    family: str
    task: str
    format: str
    scheme: str
    granularity: str
    representation: str
    height: int | None
    width: int | None
    classes: int | None
    availability: str
    weights_licence: str
    datasets: tuple[str, ...]
    artifacts: tuple[Artifact, ...]
    metrics: tuple[Metric, ...]
    footprints: tuple[Footprint, ...]
    latencies: tuple[Latency, ...]
    support: Mapping[str, str]
    bring_up: bool
    document: Plain

    @property
    def full_name(self) -> str:
        """`publisher/model/variant`."""
        return f"{self.publisher}/{self.model}/{self.name}"

    @property
    def files(self) -> tuple[Artifact, ...]:
        """The artifacts that a pull fetches: the model and what it needs to run."""
        return tuple(artifact for artifact in self.artifacts if artifact.role in PULLED_ROLES)

    @property
    def golden(self) -> tuple[golden.Vector, ...]:
        """Its golden vectors."""
        return tuple(golden.Vector.from_document(item) for item in self.document.get("golden", ()))

    @property
    def golden_files(self) -> tuple[Artifact, ...]:
        """The artifacts of its golden vectors, which a self-test needs and a run does not."""
        return tuple(artifact for artifact in self.artifacts if artifact.role in golden.ROLES)

    @property
    def made_here(self) -> bool:
        """Whether its file is made by a recipe, and no address gives it."""
        return "recipe" in self.document and not any(artifact.sources for artifact in self.files)

    @property
    def model_file(self) -> Artifact | None:
        """Its model, or None where the card names no file."""
        return next((artifact for artifact in self.artifacts if artifact.role == "model"), None)

    @property
    def lineage_file(self) -> Artifact | None:
        """The record of how its model file came about, or None where it has none."""
        return next((artifact for artifact in self.artifacts if artifact.role == LINEAGE_ROLE), None)

    @property
    def companions(self) -> tuple[Artifact, ...]:
        """The artifacts published with its files, but pulled only when asked for: golden vectors, lineage."""
        lineage = self.lineage_file
        return (*self.golden_files, *((lineage,) if lineage else ()))

    @property
    def pinned(self) -> bool:
        """Whether every file that a pull fetches has a digest."""
        return bool(self.files) and all(artifact.digest for artifact in self.files)

    @property
    def size(self) -> int | None:
        """Bytes of the model file, or None when nobody has stated it."""
        return self.model_file.size if self.model_file else None

    @property
    def figure_targets(self) -> tuple[str, ...]:
        """Targets that a latency or footprint is of, by name."""
        named = {latency.target for latency in self.latencies}
        named |= {footprint.target for footprint in self.footprints if footprint.target}
        return tuple(sorted(named))

    @classmethod
    def from_document(cls, card: Plain, document: Plain) -> Variant:
        """Read a variant of a valid card; `document` has the common properties filled in (see `merged`)."""
        quantization, resolution = document["quantization"], document["resolution"]
        metrics = tuple(_metric(item) for item in document.get("metrics", ()))
        training = document.get("training", {}).get("dataset")
        datasets = dict.fromkeys([*([training] if training else []), *(metric.dataset for metric in metrics)])
        return cls(
            publisher=card["publisher"],
            model=card["model"],
            name=document["name"],
            family=card["family"],
            task=card["task"],
            format=document["format"],
            scheme=quantization["scheme"],
            granularity=quantization["granularity"],
            representation=quantization["representation"],
            height=resolution["height"],
            width=resolution["width"],
            classes=document.get("classes", {}).get("count"),
            availability=document["availability"],
            weights_licence=document.get("licence", {}).get("weights", card["licence"]["weights"]),
            datasets=tuple(datasets),
            artifacts=tuple(Artifact.from_document(item) for item in document["artifacts"]),
            metrics=metrics,
            footprints=tuple(Footprint.from_document(item) for item in document.get("footprints", ())),
            latencies=tuple(
                Latency(item["value"], item["target"], item["engine"]) for item in document.get("latencies", ())
            ),
            support={item["target"]: item["support"] for item in document.get("targets", ())},
            bring_up=card.get("purpose") == "bring-up",
            document=document,
        )


REQUIRED = ("format", "quantization", "resolution", "availability", "artifacts")
"""Properties that a variant must have, its own or common ones."""


def merged(card: Plain) -> list[dict[str, Any]]:
    """The card's variants with its `common` properties filled in; a variant's own wins whole."""
    common = card.get("common", {})
    return [{**common, **variant} for variant in card["variants"]]


def _metric(item: Plain) -> Metric:
    return Metric(
        item["name"],
        item["value"],
        item["dataset"],
        item["split"],
        item["protocol"],
        item["precision"],
        item["status"],
    )
