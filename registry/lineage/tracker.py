"""The edge to MLflow: the only module that imports it.

MLflow's module-wide state, such as `mlflow.set_tracking_uri`, is left alone; a client gets its address.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import warnings
from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.errors import RejectedError, UnavailableError, ZooError
from registry.lineage.address import Address
from registry.lineage.failure import failure
from registry.lineage.record import DatasetInput, Record

if TYPE_CHECKING:
    from mlflow import MlflowClient

RECORD_TAG = "zoo.record"
"""Tag with the digest of the record that a run was made of."""

_DATASET_DIGEST = 36
"""Longest digest of a dataset that MLflow's database holds; the tag `zoo.images` has it whole."""
_BATCH = 100
"""Most parameters that MLflow takes in one call; it would take more metrics."""
_LONGEST_WAIT_SECONDS = 120.0
"""For another process that writes into the same SQLite file."""

_DEFAULTS = {
    # 7 attempts with growing pauses, of 120 s each, would keep a user at a dead address for minutes
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    # stdout is data, and stderr has one line of ours
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # nobody who measures a model agreed to tell a third party
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
"""Variables of MLflow (https://mlflow.org/docs/latest/api_reference/python_api/mlflow.environment_variables.html)."""


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


def require() -> None:
    """Stop early when MLflow is missing; does not import it, which takes seconds.

    Raises:
        UnavailableError: It is not installed.
    """
    if importlib.util.find_spec("mlflow") is None:
        raise _missing()


def _missing() -> UnavailableError:
    return UnavailableError(
        "tracking needs MLflow, which is not installed", hint="pip install 'edge-model-zoo[lineage]'"
    )


class Tracker:
    """A tracking address that takes records."""

    def __init__(self, address: Address, environ: MutableMapping[str, str]) -> None:
        """Nothing is opened yet.

        Args:
            address: Where to.
            environ: The process's environment, which MLflow reads: what the user has not set there is set to be
                quiet, brief and private.

        Raises:
            UnavailableError: MLflow is not installed.
        """
        require()
        for name, value in _DEFAULTS.items():
            environ.setdefault(name, value)
        self.address = address
        self._client: MlflowClient | None = None

    def log(self, record: Record, files: Path) -> Logged:
        """Make a run of a record, or find the one that was made of it; complete one that was left half-way.

        Args:
            record: The record.
            files: Folder with its files.

        Raises:
            RejectedError: MLflow does not take it as it is.
            UnavailableError: No answer, or none that helps.
        """
        with self._telling(), self._alone():
            client = self._open()
            experiment = self._experiment(client, record.experiment)
            found = client.search_runs(
                [experiment], filter_string=f"tags.`{RECORD_TAG}` = '{record.digest.hex}'", max_results=1
            )
            if found and found[0].info.status == "FINISHED":
                return Logged(experiment, found[0].info.run_id, record.experiment, new=False)
            run = found[0].info.run_id if found else _create(client, experiment, record)
            _fill(client, run, record)
            if record.files:
                client.log_artifacts(run, str(files))
            client.set_terminated(run, "FINISHED", end_time=record.ended)
            return Logged(experiment, run, record.experiment, new=True)

    def _open(self) -> MlflowClient:
        if self._client is None:
            try:
                from mlflow import MlflowClient
            except ImportError as error:
                raise _missing() from error
            self._client = MlflowClient(tracking_uri=self.address.uri)
        return self._client

    def _experiment(self, client: MlflowClient, name: str) -> str:
        """Id of an experiment, which is made where there is none.

        Raises:
            RejectedError: It has been deleted.
        """
        from mlflow.exceptions import MlflowException

        found = client.get_experiment_by_name(name)
        if found is None:
            try:
                made: str = client.create_experiment(name, artifact_location=self.address.artifacts)
                return made
            except MlflowException as error:  # somebody else was quicker
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
                found = client.get_experiment_by_name(name)
        if found is None or found.lifecycle_stage != "active":
            raise RejectedError(
                f"{self.address.shown}: the experiment {name!r} was deleted there",
                hint="`mlflow experiments restore` brings it back, `mlflow gc` removes it for good",
            )
        identifier: str = found.experiment_id
        return identifier

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only process of ours at an SQLite file: MLflow makes the tables of a new one without a lock."""
        from filelock import FileLock, Timeout

        if self.address.database is None:
            yield
            return
        self.address.database.parent.mkdir(parents=True, exist_ok=True)
        guard = self.address.database.with_name(f"{self.address.database.name}.lock")
        try:
            with FileLock(guard, timeout=_LONGEST_WAIT_SECONDS):
                yield
        except Timeout:
            raise UnavailableError(
                f"{guard}: another process has held the database for {_LONGEST_WAIT_SECONDS:.0f} s",
                hint="end it, or give another database with --tracking",
            ) from None

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        """Tell what MLflow and what is below it say, without credentials and without their warnings."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        except ZooError:
            raise
        except Exception as error:
            if known := failure(error, self.address):
                raise known from None
            raise


def _create(client: MlflowClient, experiment: str, record: Record) -> str:
    tags = {
        RECORD_TAG: record.digest.hex,
        "zoo.kind": record.kind,
        **{f"zoo.{role}": digest.hex for role, digest in record.subjects.items()},
        **{f"zoo.{name}": value for name, value in record.tags.items()},
        "mlflow.source.type": "LOCAL",
        "mlflow.source.name": "zoo",
    }
    if commit := record.tags.get("commit"):
        tags["mlflow.source.git.commit"] = commit
    made = client.create_run(experiment, start_time=record.started, tags=tags, run_name=record.name)
    identifier: str = made.info.run_id
    return identifier


def _fill(client: MlflowClient, run: str, record: Record) -> None:
    """Log what a record has; what is there already stays as it is."""
    from mlflow import entities

    if record.datasets:
        client.log_inputs(run, [_input(one) for one in record.datasets])
    params = [entities.Param(name, value) for name, value in record.params.items()]
    metrics = [entities.Metric(one.name, one.value, record.ended, one.step) for one in record.metrics]
    for some in _batches(params):
        client.log_batch(run, params=some)
    for some in _batches(metrics):
        client.log_batch(run, metrics=some)


def _batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))


def _input(one: DatasetInput) -> Any:
    """A dataset input; its source is of MLflow's kind `code`, the one that needs no address."""
    from mlflow import entities

    source = json.dumps({"tags": {"images": str(one.images), "split": one.context}})
    dataset = entities.Dataset(one.name, one.images.hex[:_DATASET_DIGEST], "code", source)
    return entities.DatasetInput(dataset, [entities.InputTag("mlflow.data.context", one.context)])
