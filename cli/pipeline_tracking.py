"""`zoo run --track`: a run for the pipeline, and in it those of its steps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cli.pipeline_run import PipelineRun
    from cli.step_tracking import StepTracking
    from registry.digest import Digest
    from registry.lineage.logged import Entry
    from registry.pipeline.record import Done


def track(run: PipelineRun, folder: Path, tracking: StepTracking) -> None:
    """Log a pipeline and every step of it that has left a record, those of an earlier run included.

    Args:
        run: What was run, whether or not it passed.
        folder: Of the run.
        tracking: Where it goes.

    Raises:
        UnavailableError: The records are kept but could not be delivered, or could not be kept.
    """
    from registry.digest import Digest
    from registry.lineage import logged
    from registry.lineage.record import OUTPUT

    made = {
        f"{OUTPUT}{one.plan['kind']}-{role}": Digest(file["sha256"])
        for one in run.done
        for role, file in one.outputs.items()
    }
    begun = min(one.started for one in run.done)
    ended = max(one.started + one.seconds for one in run.done)
    pipeline = logged.of_pipeline(run.record, made, (1000 * begun, round(1000 * ended)))
    tracking.take(None, [pipeline])
    for one, model in zip(run.done, run.taken, strict=True):
        _take(one, model, folder, tracking, pipeline)
    tracking.flush()


def _take(done: Done, model: Path | None, folder: Path, tracking: StepTracking, pipeline: Entry) -> None:
    """What the step has left: its own record says the rest."""
    parent, experiment = pipeline.record.digest, pipeline.record.experiment
    if "record" not in done.outputs:
        return
    path = folder / done.outputs["record"]["file"]
    record: Mapping[str, Any] = json.loads(path.read_bytes())
    if done.plan["kind"] == "train":
        tracking.training(record, path.parent, parent=parent)
    elif done.plan["kind"] == "quantize" and model is not None:
        tracking.quantization(record, path.parent, model, parent=parent)
    elif done.plan["kind"] == "evaluate":
        tracking.take(None, [_evaluation(done, record, path.read_bytes(), experiment, parent)])


def _evaluation(done: Done, result: Mapping[str, Any], data: bytes, experiment: str, parent: Digest) -> Entry:
    from registry import __version__
    from registry.lineage.evaluated import evaluation_record
    from registry.lineage.logged import Entry

    times = (1000 * done.started, 1000 * done.started + round(1000 * done.seconds))
    record = evaluation_record(result, result["classes"], {}, {"version": __version__}, times)
    return Entry(None, replace(record, experiment=experiment, parent=parent), {"evaluation.json": data})
