"""From a variant's version in the model registry to the run that made its bytes, by their digest."""

from __future__ import annotations

import functools

from registry.lineage.connection import Client, Connection, every
from registry.lineage.record import OUTPUT

MADE_BY = "zoo.made-by"
"""Tag of a version: id of the run that made its file."""

_MADE = f"zoo.{OUTPUT}model"


def link(connection: Connection) -> int:
    """Name the run that made it in every version whose digest a run has as its output; how many were named anew.

    Raises:
        UnavailableError: It does not answer.
    """
    with connection.session() as client:
        makers = _makers(client)
        return sum(_named(client, digest, run) for digest, run in makers.items())


def _makers(client: Client) -> dict[str, str]:
    """Runs by the digest of the model that they made, the latest of several."""
    experiments = [one.experiment_id for one in every(client.search_experiments)]
    if not experiments:
        return {}
    sought = f"tags.`{_MADE}` LIKE '%'"
    found = every(functools.partial(client.search_runs, experiments, filter_string=sought))
    return {run.data.tags[_MADE]: run.info.run_id for run in reversed(found)}


def _named(client: Client, digest: str, run: str) -> int:
    versions = every(functools.partial(client.search_model_versions, f"tags.`zoo.digest` = '{digest}'"))
    stale = [one for one in versions if one.tags.get(MADE_BY) != run]
    for one in stale:
        client.set_model_version_tag(one.name, str(one.version), MADE_BY, run)
    return len(stale)
