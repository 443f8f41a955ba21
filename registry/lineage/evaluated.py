"""The record of an evaluation, made of the document that `zoo eval --format json` prints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from registry.digest import Digest
from registry.lineage.record import INPUT, DatasetInput, Metric, Record

_FIGURES = ("mean-iou", "pixel-accuracy", "mean-accuracy", "frequency-weighted-iou")
_LONGEST_NAME = 100


def evaluation_record(
    result: Mapping[str, Any],
    classes: Sequence[str],
    params: Mapping[str, str],
    tags: Mapping[str, str],
    times: tuple[int, int],
) -> Record:
    """The record of an evaluation.

    All variants of a model are runs of one experiment, `publisher/model`, so that they can be compared; a file
    without a card has an experiment of its own, `sha256:<hex>`.

    Args:
        result: The document of the evaluation.
        classes: Names of the classes, by id.
        params: How it was done, besides what the document says.
        tags: Further tags.
        times: When it began and ended, milliseconds since 1970 in UTC.
    """
    variant: str = result["variant"] or ""
    artifact, images = Digest(result["artifact"]), Digest(result["images"])
    experiment, _, rest = variant.rpartition("/")
    runtime = result["runtime"]
    return Record(
        kind="evaluation",
        experiment=experiment or str(artifact),
        name=f"{rest or artifact.hex[:12]} on {result['dataset']} {result['split']}",
        started=times[0],
        ended=times[1],
        subjects={
            "artifact": artifact,
            "images": images,
            "preprocessing": Digest(result["preprocessing"]),
            f"{INPUT}model": artifact,
            f"{INPUT}images": images,
        },
        params={
            "protocols": ", ".join(result["protocols"]),
            "runtime": runtime["name"],
            "runtime-version": runtime["version"],
            "threads": str(runtime["threads"]),
            "dataset": result["dataset"],
            "split": result["split"],
            **params,
        },
        metrics=tuple(_metrics(result, _distinct(classes))),
        tags={**({"variant": variant} if variant else {}), **tags},
        datasets=(DatasetInput(result["dataset"], images, result["split"]),),
    )


def _metrics(result: Mapping[str, Any], classes: Sequence[str]) -> Iterator[Metric]:
    """`voc/mean-iou`, `voc/iou/<class>`, `latency-ms/p50`, `images`: those that have a value."""
    for protocol, scores in result["protocols"].items():
        figures = {name: scores[name] for name in _FIGURES}
        by_class = {f"iou/{name}": value for name, value in zip(classes, scores["class-iou"], strict=True)}
        for name, value in {**figures, **by_class}.items():
            if value is not None:
                yield Metric(f"{protocol}/{name}", value)
    for name, value in result["latency_ms"].items():
        yield Metric(f"latency-ms/{name}", value)
    yield Metric("images", result["samples"])
    yield Metric("images-left-out", len(result["bad"]))


def _distinct(classes: Sequence[str]) -> list[str]:
    """Names of classes as MLflow takes them in a metric's name; with the id where they are not unique.

    It takes letters, digits, `_`, `-`, `.`, `:`, spaces, and `/` between parts.
    """
    cleaned = [re.sub(r"[^A-Za-z0-9_\-. ]", "_", name)[:_LONGEST_NAME].strip(" .") or "class" for name in classes]
    twice = {name for name in cleaned if cleaned.count(name) > 1}
    return [f"{name}-{number}" if name in twice else name for number, name in enumerate(cleaned)]
