"""What a catalogue says of a variant, as MLflow holds it: parameters that say what it is, figures, and tags."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from registry import figures
from registry.card import Plain, Variant
from registry.digest import Digest


@dataclass(frozen=True)
class Entry:
    """A variant, for MLflow.

    Attributes:
        variant: Its full name.
        model: Name of its registered model: `publisher.model`, since MLflow takes no `/` there. A publisher's name
            has no dot, so the first one parts the two.
        params: What the variant is; where one of them changes, it is another version.
        metrics: Its figures by name; those of two protocols, datasets or splits have two names.
        tags: What else the card says, by name; each figure's status and source as `source.<figure>`.
        text: What a reader should know, Markdown.
    """

    variant: str
    model: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    text: str

    @functools.cached_property
    def identity(self) -> str:
        """Digest of what the variant is: its parameters, the digest of its file among them."""
        return _digest([self.variant, self.params])

    @functools.cached_property
    def state(self) -> str:
        """Digest of everything that is said of it."""
        return _digest([self.identity, self.metrics, self.tags, self.text])


@dataclass(frozen=True)
class Model:
    """A registered model.

    Attributes:
        name: Such as `st.deeplabv3`.
        text: What a reader should know, Markdown.
        tags: What the card says of the whole.
        aliases: Full name of the variant that each target's alias means.
    """

    name: str
    text: str
    tags: Mapping[str, str]
    aliases: Mapping[str, str]


def registered_name(variant: Variant) -> str:
    """Name of the registered model of a variant."""
    return f"{variant.publisher}.{variant.model}"


def entry(variant: Variant, card: Plain, targets: Mapping[str, str]) -> Entry:
    """What MLflow gets of a variant.

    Args:
        variant: The variant.
        card: The card's own properties, sources among them.
        targets: How each target supports it, by name; those that do not are left out.
    """
    counted = dict(_figures(variant, card))
    sources = {f"source.{name}": told for name, (_, told) in counted.items()}
    statuses = {told.partition(":")[0] for _, told in counted.values()}
    tags = {
        "variant": variant.full_name,
        "card": f"{variant.publisher}/{variant.model}.yaml",
        "availability": variant.availability,
        "licence": variant.weights_licence,
        "targets": ", ".join(f"{name} ({level})" for name, level in sorted(targets.items())) or "none",
        "figures": ", ".join(sorted(statuses)) or "none",
        "parent": variant.document.get("parent", ""),
        **sources,
    }
    return Entry(
        variant=variant.full_name,
        model=registered_name(variant),
        params={name: value for name, value in _params(variant).items() if value},
        metrics={name: value for name, (value, _) in counted.items()},
        tags={name: value for name, value in tags.items() if value},
        text=_text(variant, card),
    )


def _params(variant: Variant) -> dict[str, str]:
    digest = next((one.digest for one in variant.files if one.role == "model" and one.digest), None)
    return {
        "publisher": variant.publisher,
        "model": variant.model,
        "family": variant.family,
        "task": variant.task,
        "format": variant.format,
        "quantization": variant.scheme,
        "granularity": variant.granularity,
        "representation": variant.representation,
        "resolution": f"{variant.width or '?'}x{variant.height or '?'}",
        "classes": str(variant.classes or ""),
        "dataset": variant.document.get("training", {}).get("dataset", ""),
        "digest": digest.hex if digest else "unpinned",
    }


def _text(variant: Variant, card: Plain) -> str:
    said = variant.document.get("summary") or card.get("summary") or card["title"]
    return f"{said}\n\n`zoo show {variant.full_name}` tells all that its card says."


def _figures(variant: Variant, card: Plain) -> Iterator[tuple[str, tuple[float, str]]]:
    """Figures by name, each with its value and with status and source, the worse value where sources disagree."""
    kept: dict[str, tuple[float, str]] = {}
    for name, value, lower_is_worse, item in _stated(variant):
        known = kept.get(name)
        if known is None or (value < known[0] if lower_is_worse else value > known[0]):
            kept[name] = (value, _source(item, card))
    yield from kept.items()
    if variant.size is not None:
        yield "file-bytes", (float(variant.size), "stated: size of the artifact on the card")


def _stated(variant: Variant) -> Iterator[tuple[str, float, bool, Plain]]:
    """Each figure of this very file: name, value, whether lower is worse, and the card's item."""
    document = variant.document
    for metric, item in zip(variant.metrics, document.get("metrics", ()), strict=True):
        if metric.value is not None and figures.describes(variant, metric):
            protocol = metric.protocol if metric.protocol != "unstated" else f"unstated-by-{variant.publisher}"
            yield f"{metric.name}/{metric.dataset}/{metric.split}/{protocol}", metric.value, True, item
    for latency, item in zip(variant.latencies, document.get("latencies", ()), strict=True):
        if latency.milliseconds is not None and latency.milliseconds == figures.latency_ms(variant, latency.target):
            yield f"latency-ms/{latency.target}", latency.milliseconds, False, item
    for footprint, item in zip(variant.footprints, document.get("footprints", ()), strict=True):
        if footprint.value is not None and footprint.precision in (None, variant.scheme):
            unit = "" if footprint.name == "parameters" else "-bytes"
            place = f"/{footprint.target}" if footprint.target else ""
            yield f"{footprint.name}{unit}{place}", footprint.value, False, item


def _source(item: Plain, card: Plain) -> str:
    """`claimed: document, heading, row, column`, as far as it is stated."""
    provenance = item["provenance"]
    source: Plain = card.get("sources", {}).get(provenance["source"], {})
    place = (source.get("document"), source.get("heading"), provenance.get("row"), provenance.get("column"))
    return f"{item['status']}: " + ", ".join(word for word in place if word)


def _digest(value: Any) -> str:
    return Digest.of(json.dumps(value, sort_keys=True, default=dict).encode()).hex
