"""The edge to MLflow: the only module that imports it.

MLflow's module-wide state, such as `mlflow.set_tracking_uri`, is left alone; a client gets its address.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sqlite3
import warnings
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from registry.errors import RejectedError, UnavailableError, ZooError
from registry.lineage.address import Address
from registry.lineage.failure import failure

if TYPE_CHECKING:
    from mlflow import MlflowClient

Client: TypeAlias = "MlflowClient"

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


_KIND = {"mlflow.experimentKind": "custom_model_development"}
"""MLflow's pages then show runs, metrics and charts, and not the traces of a language model."""

_PAGE = 1000

_TAG = """
    SELECT t.value FROM experiments e JOIN experiment_tags t ON t.experiment_id = e.experiment_id
    WHERE e.name = ? AND t.key = ? AND e.lifecycle_stage = 'active'"""


class Connection:
    """A tracking address and MLflow's client of it, made when it is first needed."""

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
        self._client: Client | None = None

    @contextlib.contextmanager
    def session(self) -> Iterator[Client]:
        """Be the only process of ours at an SQLite file, and tell what goes wrong.

        Raises:
            RejectedError: MLflow does not take something as it is.
            UnavailableError: No answer, or none that helps.
        """
        with self._telling(), self._alone():
            yield self._open()

    def seen_tag(self, experiment: str, tag: str) -> str | None:
        """A tag of an experiment in a local SQLite file, read without MLflow, whose import takes seconds.

        None where it is no such file, where it has no such tag, or where its tables are not those we know: then
        MLflow has to be asked.
        """
        if self.address.database is None or not self.address.database.exists():
            return None
        place = f"{self.address.database.absolute().as_uri()}?mode=ro"
        try:
            with contextlib.closing(sqlite3.connect(place, uri=True)) as connection:
                row = connection.execute(_TAG, (experiment, tag)).fetchone()
        except sqlite3.Error:
            return None
        return None if row is None else str(row[0])

    @property
    def entities(self) -> Any:
        """MLflow's classes of metrics, parameters, tags and inputs."""
        from mlflow import entities

        return entities

    def _open(self) -> Client:
        if self._client is None:
            try:
                from mlflow import MlflowClient
            except ImportError as error:
                raise _missing() from error
            if self.address.database is not None and not self.address.database.exists():
                _prepare(self.address.database)
            self._client = MlflowClient(tracking_uri=self.address.uri)
        return self._client

    def experiment(self, client: Client, name: str) -> str:
        """Id of an experiment, which is made where there is none.

        Raises:
            RejectedError: It has been deleted.
        """
        from mlflow.exceptions import MlflowException

        found = client.get_experiment_by_name(name)
        if found is None:
            try:
                made: str = client.create_experiment(name, artifact_location=self.address.artifacts, tags=_KIND)
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


def every(search: Any) -> list[Any]:
    """All that a search of MLflow's client finds, page by page."""
    found, page = [], search(max_results=_PAGE)
    while True:
        found += page
        if not page.token:
            return found
        page = search(max_results=_PAGE, page_token=page.token)


def _prepare(database: Path) -> None:
    """Make a new SQLite file with a write-ahead log: MLflow's pages can read while a sync writes.

    A transaction then waits for the disk once and not several times; MLflow makes some five for a run.
    """
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
