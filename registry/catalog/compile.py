"""One card file -> the rows of the index. Runs in worker processes, so it takes and gives plain values."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from registry import figures, rules
from registry.card import Variant, merged
from registry.document import Document, read
from registry.problem import Problem

_FASTEST = 1

FOLDER_KINDS = {"targets": "target", "datasets": "dataset"}
"""Folders that hold something else than model cards."""


@dataclass(frozen=True)
class VariantRow:
    """A variant as the index stores it; see `catalog.index` for the columns."""

    columns: tuple[Any, ...]
    signature: tuple[str, str, str, str]
    metrics: tuple[tuple[str, float, str], ...]
    figures: tuple[tuple[str, str, float], ...]
    support: tuple[tuple[str, str], ...]
    datasets: tuple[str, ...]
    aliases: tuple[str, ...]
    digests: tuple[str, ...]
    document: bytes


@dataclass(frozen=True)
class Compiled:
    """A compiled file.

    Attributes:
        path: Its path.
        kind: `model-card`, `target` or `dataset`.
        problem: Why it is left out, or empty.
        name: Name of the target or dataset, `publisher/model` of a card.
        document: The document as JSON, a card's without its variants and common properties.
        rows: A card's variants.
    """

    path: str
    kind: str
    problem: str = ""
    name: str = ""
    document: str = ""
    rows: tuple[VariantRow, ...] = ()


def folder_kind(path: PurePath) -> str:
    """Kind of document that a file holds, by the folder that it is in."""
    return FOLDER_KINDS.get(path.parent.name, "model-card")


def compile_file(path: str) -> Compiled:
    """Read, judge and flatten one file. A bad one becomes a problem, never an exception."""
    kind = folder_kind(PurePath(path))
    document = read(Path(path))
    problems = [document] if isinstance(document, Problem) else rules.check(document, kind)
    if problems or isinstance(document, Problem):
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        first = problems[0]
        return Compiled(path, kind, f"{first.file}:{first.line}:{first.column}: {first.message}{more}")
    if kind != "model-card":
        return Compiled(path, kind, name=document.value["name"], document=_json(document.value))
    return _compile_card(path, document)


def _compile_card(path: str, document: Document) -> Compiled:
    card = {key: value for key, value in document.value.items() if key not in ("variants", "common")}
    rows = tuple(_row(Variant.from_document(card, item)) for item in merged(document.value))
    return Compiled(
        path, "model-card", name=f"{card['publisher']}/{card['model']}", document=_json(card), rows=rows
    )


def _row(variant: Variant) -> VariantRow:
    own = figures.own_metrics(variant)
    accuracies = [(key, value) for key, value in own.items() if key.metric == figures.ACCURACY]
    headline = min(accuracies, key=lambda pair: pair[0].rank, default=None)
    return VariantRow(
        columns=(
            variant.full_name,
            variant.publisher,
            variant.model,
            variant.name,
            variant.family,
            variant.task,
            variant.height,
            variant.width,
            variant.classes,
            variant.availability,
            variant.weights_licence,
            int(variant.pinned),
            figures.size_bytes(variant),
            headline[1] if headline else None,
            str(headline[0]) if headline else None,
        ),
        signature=(variant.format, variant.scheme, variant.granularity, variant.representation),
        metrics=tuple((key.metric, value, key.dataset) for key, value in own.items()),
        figures=tuple(_figures(variant)),
        support=tuple(_support(variant).items()),
        datasets=variant.datasets,
        aliases=tuple(sorted(_aliases(variant))),
        digests=tuple(artifact.digest.hex for artifact in variant.artifacts if artifact.digest),
        document=zlib.compress(_json(variant.document).encode(), _FASTEST),
    )


def _figures(variant: Variant) -> list[tuple[str, str, float]]:
    """(target, kind, value) rows; target '' holds the best over all targets."""
    kinds = (("latency", figures.latency_ms), ("ram", figures.ram_bytes), ("flash", figures.flash_bytes))
    rows = [
        (target, kind, value)
        for target in variant.figure_targets
        for kind, figure in kinds
        if (value := figure(variant, target)) is not None
    ]
    best = [("", kind, min(values)) for kind, _ in kinds if (values := [row[2] for row in rows if row[1] == kind])]
    return rows + best


def _aliases(variant: Variant) -> set[str]:
    """Names in documents and names of files, in lower case."""
    names = (*variant.document.get("known_as", ()), *(artifact.file for artifact in variant.artifacts))
    return {name.lower() for name in names}


def _support(variant: Variant) -> dict[str, str]:
    return {**variant.support, **{item.target: "measured" for item in variant.latencies}}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
