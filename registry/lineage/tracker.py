"""Records become runs: made once, completed where they were left half-way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.digest import Digest
from registry.lineage.connection import Client, Connection
from registry.lineage.record import INPUT, OUTPUT, DatasetInput, Record

RECORD_TAG = "zoo.record"
"""Tag with the digest of the record that a run was made of."""

_DATASET_DIGEST = 36
"""Longest digest of a dataset that MLflow's database holds; the tag `zoo.images` has it whole."""
_MOST_EXPERIMENTS = 1000
_BATCH = 100
"""Most parameters that MLflow takes in one call; it would take more metrics."""


@dataclass(frozen=True)
class Logged:
    """A run in MLflow.

    Attributes:
        experiment, run: Their ids there.
        experiment_name: The experiment's name.
        new: Whether it was made now; False when the record had been delivered before.
    """

    experiment: str
    run: str
    experiment_name: str
    new: bool


class Tracker:
    """A tracking address that takes records."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.address = connection.address

    def log(self, record: Record, files: Path) -> Logged:
        """Make a run of a record, or find the one that was made of it; complete one that was left half-way.

        Args:
            record: The record.
            files: Folder with its files.

        Raises:
            RejectedError: MLflow does not take it as it is.
            UnavailableError: No answer, or none that helps.
        """
        with self._connection.session() as client:
            experiment = self._connection.experiment(client, record.experiment)
            found = _run_of(client, [experiment], record.digest.hex)
            if found and found.info.status == "FINISHED":
                return Logged(experiment, found.info.run_id, record.experiment, new=False)
            run = found.info.run_id if found else _create(client, experiment, record)
            self._fill(client, run, record)
            if record.files:
                client.log_artifacts(run, str(files))
            client.set_terminated(run, "FINISHED", end_time=record.ended or None)
            return Logged(experiment, run, record.experiment, new=True)

    def _fill(self, client: Client, run: str, record: Record) -> None:
        """Log what a record has; what is there already stays as it is."""
        entities = self._connection.entities
        if record.datasets:
            client.log_inputs(run, [self._input(one) for one in record.datasets])
        params = [entities.Param(name, value) for name, value in record.params.items()]
        metrics = [entities.Metric(one.name, one.value, record.ended, one.step) for one in record.metrics]
        for some in _batches(params):
            client.log_batch(run, params=some)
        for some in _batches(metrics):
            client.log_batch(run, metrics=some)

    def _input(self, one: DatasetInput) -> Any:
        """A dataset input; its source is of MLflow's kind `code`, the one that needs no address."""
        entities = self._connection.entities
        source = json.dumps({"tags": {"images": str(one.images), "split": one.context}})
        dataset = entities.Dataset(one.name, one.images.hex[:_DATASET_DIGEST], "code", source)
        return entities.DatasetInput(dataset, [entities.InputTag("mlflow.data.context", one.context)])


def _run_of(client: Client, experiments: Sequence[str], record: str) -> Any:
    """The run that was made of a record, by its digest, or None."""
    sought = f"tags.`{RECORD_TAG}` = '{record}'"
    return next(iter(client.search_runs(experiments, filter_string=sought, max_results=1)), None)


def _links(client: Client, record: Record) -> dict[str, str]:
    """Tags with the ids of the runs that made what went in, and of the run that this one is a part of."""
    inputs = {
        role.removeprefix(INPUT): digest for role, digest in record.subjects.items() if role.startswith(INPUT)
    }
    if not inputs and record.parent is None:
        return {}
    experiments = [one.experiment_id for one in client.search_experiments(max_results=_MOST_EXPERIMENTS)]
    found: dict[str, str] = {}
    for role, digest in inputs.items():
        if made := _maker(client, experiments, role, digest):
            found[f"zoo.from.{role}"] = made
    if record.parent is not None and (parent := _run_of(client, experiments, record.parent.hex)):
        found["mlflow.parentRunId"] = parent.info.run_id
    return found


def _maker(client: Client, experiments: Sequence[str], role: str, digest: Digest) -> str | None:
    """The latest run that says it made these bytes; what goes in as one thing may have come out as another."""
    for word in dict.fromkeys((role, "model", "images")):
        sought = f"tags.`zoo.{OUTPUT}{word}` = '{digest.hex}'"
        for run in client.search_runs(experiments, filter_string=sought, max_results=1):
            identifier: str = run.info.run_id
            return identifier
    return None


def _create(client: Client, experiment: str, record: Record) -> str:
    tags = {
        RECORD_TAG: record.digest.hex,
        "zoo.kind": record.kind,
        **_links(client, record),
        **{f"zoo.{role}": digest.hex for role, digest in record.subjects.items()},
        **{f"zoo.{name}": value for name, value in record.tags.items()},
        "mlflow.source.type": "LOCAL",
        "mlflow.source.name": "zoo",
    }
    if commit := record.tags.get("commit"):
        tags["mlflow.source.git.commit"] = commit
    made = client.create_run(experiment, start_time=record.started or None, tags=tags, run_name=record.name)
    identifier: str = made.info.run_id
    return identifier


def _batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))
