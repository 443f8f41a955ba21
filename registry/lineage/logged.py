"""What `--track` logs of a training or quantization: a run for each step, in the order in which they were done.

The steps are those of the lineage record that travels with the file; a run has more: the whole configuration, every
figure of every epoch, charts, samples and the signature.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from registry.digest import Digest
from registry.lineage import charts
from registry.lineage.record import Metric, Record
from registry.lineage.step import MODEL, Lineage, Step
from registry.lineage.stepped import step_file, step_record

Plain = Mapping[str, Any]

_CURVES = {
    "learning_rate": "learning-rate",
    "val_loss": "validation/loss",
    "val_pixel_accuracy": "{protocol}/pixel-accuracy",
    "seconds": "seconds",
}
"""Figures of an epoch that a lineage leaves out, by what a run calls them; it has loss and mean IoU."""


@dataclass(frozen=True)
class Entry:
    """A run to be.

    Attributes:
        step: What was done, as a lineage has it; None for what no lineage tells of.
        record: The same for MLflow, without files.
        files: Files of the run by name.
    """

    step: Step | None
    record: Record
    files: Mapping[str, bytes]


def of_training(
    record: Plain, steps: Sequence[Step], files: Mapping[str, bytes], parent: Digest | None = None
) -> list[Entry]:
    """The runs of a training.

    Args:
        record: What `training.json` says.
        steps: The steps that it tells of, see `registry.lineage.recorded`.
        files: Further files of the run: samples and signature.
        parent: Digest of the record of the pipeline that it was a part of.
    """
    own = {
        "training.json": _document(record),
        "history.jsonl": "".join(f"{json.dumps(one)}\n" for one in record["epochs"]).encode(),
        "learning-curves.png": charts.learning_curves(record["epochs"]),
    }
    return [
        _entry(
            one,
            record["name"],
            record,
            {**own, **files} if one.kind == "training" else {},
            tuple(_figures(record)) if one.kind == "training" else (),
            parent,
        )
        for one in steps
    ]


def of_quantization(
    record: Plain, steps: Sequence[Step], experiment: str, files: Mapping[str, bytes], parent: Digest | None = None
) -> list[Entry]:
    """The runs of a quantization: its calibration set, itself, and its gate.

    Args:
        record: What `quantization.json` says.
        steps: The steps that it tells of, see `registry.lineage.recorded`.
        experiment: Where the runs belong, see `experiment_of`.
        files: Further files of the run: samples and signature.
        parent: Digest of the record of the pipeline that it was a part of.
    """
    own = {"quantization.json": _document(record)}
    if record["mixed"]:
        own["layer-losses.png"] = charts.layer_losses(record["mixed"])
    gate = record["gate"]
    if gate:
        own["class-losses.png"] = charts.class_losses(gate["classes"], gate["protocol"])
    ended = _later(record["started"], record["seconds"])
    return [
        _entry(
            replace(one, started=ended) if one.kind == "evaluation" else one,  # the gate is the last thing done
            experiment,
            record,
            {**own, **files} if one.outputs and one.kind != "dataset" else {},
            (),
            parent,
        )
        for one in steps
    ]


def of_pipeline(record: Plain, digests: Mapping[str, Digest], times: tuple[int, int]) -> Entry:
    """The run of a pipeline, in which those of its steps are nested.

    A step that is taken over from an earlier run has passed there: the same pipeline is one run however often it is
    started again.

    Args:
        record: What `pipeline.json` says.
        digests: Of what went in and came out, by role.
        times: When it began and ended, milliseconds since 1970 in UTC.
    """
    passed = {"reused": "passed"}
    steps = [{**one, "verdict": passed.get(one["verdict"], one["verdict"])} for one in record["steps"]]
    verdicts = {f"step {one['step']} {one['kind']}": one["verdict"] for one in steps}
    made = Record(
        kind="pipeline",
        experiment=record["name"],
        name=record["name"],
        started=times[0],
        ended=times[1],
        subjects=digests,
        params={**verdicts, **_flat(record["pipeline"])},
        metrics=(),
        tags=dict(record["git"]),
    )
    return Entry(None, made, {"pipeline.json": _document({**record, "steps": steps})})


def experiment_of(variant: str | None, lineage: Lineage, digest: Digest, otherwise: str) -> str:
    """Where the runs of a quantization belong: to its parent's, so that both can be compared.

    Args:
        variant: Full name of the parent where a card has it: `publisher/model` is the experiment.
        lineage: What the parent brings along; the name of its training is the experiment.
        digest: Of the parent.
        otherwise: Its name where nothing is known of it.
    """
    if variant:
        return variant.rpartition("/")[0]
    made = lineage.maker(digest)
    return made.name if made and made.name else otherwise


def with_runs(lineage: Lineage, runs: Mapping[Any, str]) -> Lineage:
    """A lineage whose steps name their runs, by `Step.subject`."""
    return Lineage(tuple(replace(one, run=runs.get(one.subject, one.run)) for one in lineage.steps))


def _entry(
    step: Step,
    experiment: str,
    record: Plain,
    files: Mapping[str, bytes],
    metrics: tuple[Metric, ...],
    parent: Digest | None,
) -> Entry:
    makes = any(one.role == MODEL for one in step.outputs)
    titles = {
        "dataset": f"{step.name}: {step.outputs[0].name}" if step.outputs else step.name,
        "evaluation": f"{record['name']}: {step.name}",
    }
    title = titles.get(step.kind) or step.name or step.kind
    # a dataset is no part of whatever happens to use it
    made = step_record(step, experiment, title, parent=None if step.kind == "dataset" else parent)
    if makes:
        made = replace(
            made, params={**made.params, **_flat(record["configuration"])}, metrics=(*made.metrics, *metrics)
        )
    return Entry(step, made, {"step.json": step_file(step), **files})


def _flat(plain: Plain, before: str = "configuration") -> dict[str, str]:
    """A configuration as parameters: `configuration.model.width`."""
    found: dict[str, str] = {}
    for name, value in plain.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{before}.{name}")
        else:
            found[f"{before}.{name}"] = value if isinstance(value, str) else json.dumps(value)
    return found


def _figures(record: Plain) -> Iterator[Metric]:
    for epoch in record["epochs"]:
        for key, name in _CURVES.items():
            if epoch.get(key) is not None:
                yield Metric(name.format(protocol=record["protocol"]), epoch[key], epoch["epoch"])


def _later(started: str, seconds: float) -> str:
    return (datetime.fromisoformat(started) + timedelta(seconds=round(seconds))).strftime("%Y-%m-%dT%H:%M:%SZ")


def _document(record: Plain) -> bytes:
    return (json.dumps(record, indent=2, ensure_ascii=False) + "\n").encode()
