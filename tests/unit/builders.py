"""Small valid documents, to be changed in one place by each test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from registry.card import Variant, merged

Plain = dict[str, Any]

SOURCES = {"page": {"document": "page.md", "kind": "text"}}
PROVENANCE = {"source": "page"}
FLOAT = {"scheme": "float32", "granularity": "none", "representation": "none", "method": "none"}
INT8 = {"scheme": "int8", "granularity": "per-channel", "representation": "tflite", "method": "post-training"}


def artifact(**changes: Any) -> Plain:
    """A pinned model file with one public address."""
    source = {"url": "https://example.org/net.tflite", "kind": "file", "checked": "derived"}
    whole = {"file": "net.tflite", "role": "model", "size": 4096, "sha256": "a" * 64, "sources": [source]}
    return {**whole, **changes}


def metric(value: float | None, **changes: Any) -> Plain:
    """A mean IoU of the float network."""
    whole = {
        "name": "mean-iou",
        "value": value,
        "unit": "fraction",
        "dataset": "shapes",
        "split": "val",
        "protocol": "voc",
        "precision": "float32",
        "status": "claimed",
        "provenance": PROVENANCE,
    }
    return {**whole, **changes}


def footprint(name: str, value: float | None, **changes: Any) -> Plain:
    """A footprint in KiB on the target `board`."""
    whole = {
        "name": name,
        "value": value,
        "unit": "KiB",
        "target": "board",
        "status": "claimed",
        "provenance": PROVENANCE,
    }
    return {**whole, **changes}


def latency(value: float | None, **changes: Any) -> Plain:
    """A time on the target `board`."""
    whole = {
        "value": value,
        "unit": "ms",
        "target": "board",
        "engine": "CPU",
        "status": "claimed",
        "provenance": PROVENANCE,
    }
    return {**whole, **changes}


def variant(name: str = "small", **changes: Any) -> Plain:
    """A pinned float variant for TensorFlow Lite."""
    whole = {
        "name": name,
        "availability": "available",
        "format": "tflite",
        "quantization": FLOAT,
        "resolution": {"height": 64, "width": 96},
        "artifacts": [artifact()],
    }
    return {**whole, **changes}


def card(*variants: Plain, publisher: str = "acme", model: str = "net", **changes: Any) -> Plain:
    """A card of the given variants, or of one."""
    whole = {
        "schema": "model-card/1",
        "publisher": publisher,
        "model": model,
        "family": "netfamily",
        "title": "Net",
        "task": "semantic-segmentation",
        "licence": {"code": "Apache-2.0", "weights": "Apache-2.0", "dataset": "unknown"},
        "sources": SOURCES,
        "variants": list(variants) or [variant()],
    }
    return {**whole, **changes}


def target(name: str = "board", **changes: Any) -> Plain:
    """A target whose CPU takes float TensorFlow Lite."""
    whole = {
        "schema": "target/1",
        "name": name,
        "title": name.upper(),
        "vendor": "Acme",
        "segmentation": "supported",
        "engines": [{"name": "npu", "title": "NPU"}, {"name": "cpu", "title": "CPU"}],
        "accepts": [rule("cpu", ["tflite"], ["float32"])],
        "provenance": {"document": "page.md"},
    }
    return {**whole, **changes}


def rule(engine: str, formats: list[str], schemes: list[str], **changes: Any) -> Plain:
    """What an engine of a target takes."""
    whole = {"engine": engine, "formats": formats, "schemes": schemes, "provenance": {"document": "page.md"}}
    return {**whole, **changes}


def dataset(name: str = "shapes", **changes: Any) -> Plain:
    """A dataset of three classes."""
    whole = {
        "schema": "dataset/1",
        "name": name,
        "title": name.upper(),
        "licence": "CC-BY-4.0",
        "task": "semantic-segmentation",
        "classes": {"count": 3, "names": ["background", "square", "circle"]},
        "provenance": {"document": "page.md"},
    }
    return {**whole, **changes}


def write_card(root: Path, document: Plain) -> Path:
    """Write a card where its publisher and model say; JSON is YAML."""
    return write_document(root / document["publisher"] / f"{document['model']}.yaml", document)


def write_target(root: Path, document: Plain) -> Path:
    """Write a target card."""
    return write_document(root / "targets" / f"{document['name']}.yaml", document)


def write_dataset(root: Path, document: Plain) -> Path:
    """Write a dataset card."""
    return write_document(root / "datasets" / f"{document['name']}.yaml", document)


def write_document(path: Path, document: Plain) -> Path:
    """Write any document as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
    return path


def variants_of(document: Plain) -> list[Variant]:
    """The variants of a card as values."""
    return [Variant.from_document(document, item) for item in merged(document)]


def one(**changes: Any) -> Variant:
    """One variant as a value."""
    return variants_of(card(variant(**changes)))[0]
