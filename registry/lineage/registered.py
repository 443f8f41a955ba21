"""The catalogue in MLflow's model registry: a model a card, a version a variant, and a run with its figures.

What is there is read with two searches; only what differs is written, in an order that lets a later sync go on
wherever this one was stopped: run, its figures, then the version, whose tag `zoo.state` says that all is there.
"""

from __future__ import annotations

import functools
import math
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.lineage.claimed import SOURCE, Entry, Model
from registry.lineage.connection import Client, Connection, every
from registry.progress import Progress

EXPERIMENT = "catalogue"
"""Experiment of the runs that hold the catalogue's figures: all publishers in one, so that they can be compared."""

IDENTITY, STATE, PRESENCE = "zoo.identity", "zoo.state", "zoo.presence"
CURRENT, GONE, REPLACED = "current", "gone", "replaced"
"""What `zoo.presence` says of a version: the catalogue has it, no longer has it, has it with other bytes."""

CATALOGUE = "zoo.catalogue"
"""Tag of the experiment: digest of the catalogue that the last whole sync was of; empty while one is under way."""

_MOST_TAGS = 90


@dataclass(frozen=True)
class Synced:
    """What a sync came to: how many versions were of each kind, and aliases set or removed."""

    new: int
    changed: int
    unchanged: int
    gone: int
    aliases: int


class Registered:
    """The model registry at a tracking address."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def holds(self, catalogue: str) -> bool:
        """Whether the last whole sync was of this catalogue, by its digest: one question, however large it is.

        Raises:
            UnavailableError: It does not answer.
        """
        if (seen := self._connection.seen_tag(EXPERIMENT, CATALOGUE)) is not None:
            return seen == catalogue
        with self._connection.session() as client:
            found = client.get_experiment_by_name(EXPERIMENT)
            return found is not None and found.tags.get(CATALOGUE) == catalogue

    def bring(
        self,
        catalogue: str,
        entries: Sequence[Entry],
        models: Sequence[Model],
        targets: Collection[str],
        progress: Progress,
    ) -> Synced:
        """Bring the registry to what the catalogue says. Nothing is deleted but aliases that mean another variant.

        Args:
            catalogue: Digest of the catalogue.
            entries: All variants.
            models: All models, with their aliases.
            targets: Every alias that stands for a target; others are left alone.
            progress: Hears of each variant that is written.

        Raises:
            RejectedError: MLflow does not take something as it is.
            UnavailableError: It does not answer; what was written stays, and the next sync goes on.
        """
        with self._connection.session() as client:
            experiment = self._connection.experiment(client, EXPERIMENT)
            client.set_experiment_tag(experiment, CATALOGUE, "")
            synced = _Bringing(self._connection, client, experiment, progress).all(entries, models, targets)
            client.set_experiment_tag(experiment, CATALOGUE, catalogue)
            return synced


class _Bringing:
    """One sync: what is there is known from the beginning, and what is written is added to it."""

    def __init__(self, connection: Connection, client: Client, experiment: str, progress: Progress) -> None:
        self._connection, self._client, self._progress = connection, client, progress
        self._experiment = experiment
        self._counts: Counter[str] = Counter()

    def all(self, entries: Sequence[Entry], models: Sequence[Model], targets: Collection[str]) -> Synced:
        there = {one.name: one for one in every(self._client.search_registered_models)}
        made = self._versions()
        versions = {_tag(one, IDENTITY): one for one in reversed(made)}
        for model in models:
            self._model(model, there.get(model.name))
        wanted = {id(versions[one.identity]) for one in entries if one.identity in versions}
        self._gone([one for one in made if id(one) not in wanted], {one.variant for one in entries})
        self._entries([one for one in entries if not _holds(versions.get(one.identity), one)], versions)
        numbers = {one.variant: str(versions[one.identity].version) for one in entries}
        chosen = {one.name: {alias: numbers[name] for alias, name in one.aliases.items()} for one in models}
        known = {one.name: _own_aliases(one, targets) for one in there.values()}
        for name in chosen.keys() | known.keys():
            self._aliases(name, chosen.get(name, {}), known.get(name, {}))
        counts = self._counts
        unchanged = len(entries) - counts["new"] - counts["changed"]
        return Synced(counts["new"], counts["changed"], unchanged, counts["gone"], counts["aliases"])

    def _versions(self) -> list[Any]:
        """Versions that a sync made, the oldest first: of two that a race made the older one counts."""
        made = (one for one in every(self._client.search_model_versions) if _tag(one, IDENTITY))
        return sorted(made, key=lambda one: (one.name, int(one.version)))

    def _model(self, model: Model, known: Any) -> None:
        tags = {f"zoo.{name}": value for name, value in model.tags.items()}
        if known is None:
            self._client.create_registered_model(model.name, tags=tags, description=model.text)
            return
        if (known.description or "") != model.text:
            self._client.update_registered_model(model.name, model.text)
        for name, value in tags.items():
            if known.tags.get(name) != value:
                self._client.set_registered_model_tag(model.name, name, value)

    def _entries(self, missing: Sequence[Entry], versions: dict[str, Any]) -> None:
        if not missing:
            return
        new = [one for one in missing if one.identity not in versions]
        runs = self._unfinished() if new else {}
        with self._progress.task("variants", len(missing), unit="variant") as advance:
            for one in missing:
                if one.identity in versions:
                    self._change(one, versions[one.identity])
                else:
                    versions[one.identity] = self._new(one, runs.get(one.identity))
                advance(1)

    def _unfinished(self) -> dict[str, str]:
        """Runs by identity: a sync that was stopped has left a run without its version."""
        found = every(functools.partial(self._client.search_runs, [self._experiment]))
        return {_tag_of_run(one): one.info.run_id for one in found if _tag_of_run(one)}

    def _new(self, one: Entry, run: str | None) -> Any:
        tags = {f"zoo.{name}": value for name, value in one.tags.items()} | {PRESENCE: CURRENT}
        if run is None:
            own = {IDENTITY: one.identity, "zoo.kind": "claim", "mlflow.source.name": "zoo sync"}
            # with its tags at once: MLflow writes each part of a batch to the disk by itself
            made = self._client.create_run(self._experiment, tags=own | tags, run_name=one.variant)
            run, tags = made.info.run_id, {}
        self._log(run, one.metrics, one.params, tags)
        self._client.set_terminated(run, "FINISHED")
        self._counts["new"] += 1
        return self._client.create_model_version(
            one.model,
            source=f"zoo://{one.variant}",
            run_id=run,
            tags=_version_tags(one),
            description=one.text,
            await_creation_for=0,
        )

    def _change(self, one: Entry, version: Any) -> None:
        """Bring a version and its run up to date; a figure that the card no longer has becomes `not a number`."""
        before = self._client.get_run(version.run_id).data
        withdrawn = dict.fromkeys(before.metrics.keys() - one.metrics.keys(), math.nan)
        metrics = {
            name: value
            for name, value in {**one.metrics, **withdrawn}.items()
            if name not in before.metrics or not _same(before.metrics[name], value)
        }
        tags = {f"zoo.{name}": value for name, value in one.tags.items()} | {PRESENCE: CURRENT}
        changed = {name: value for name, value in tags.items() if before.tags.get(name) != value}
        self._log(version.run_id, metrics, {}, changed)
        for name in before.tags.keys() - tags.keys() - {IDENTITY, "zoo.kind"}:
            if name.startswith("zoo."):
                self._client.delete_tag(version.run_id, name)
        self._change_version(one, version)
        self._counts["changed"] += 1

    def _change_version(self, one: Entry, version: Any) -> None:
        wanted, number = _version_tags(one), str(version.version)
        if (version.description or "") != one.text:
            self._client.update_model_version(version.name, number, one.text)
        for name in version.tags.keys() - wanted.keys():
            if name.startswith("zoo."):
                self._client.delete_model_version_tag(version.name, number, name)
        for name, value in wanted.items():  # the state comes last: it says that the others are there
            if version.tags.get(name) != value:
                self._client.set_model_version_tag(version.name, number, name, value)

    def _log(
        self, run: str, metrics: Mapping[str, float], params: Mapping[str, str], tags: Mapping[str, str]
    ) -> None:
        entities, now = self._connection.entities, time.time_ns() // 1_000_000
        told = [entities.RunTag(name, value) for name, value in tags.items()]
        self._client.log_batch(
            run,
            metrics=[entities.Metric(name, value, now, 0) for name, value in metrics.items()],
            params=[entities.Param(name, value) for name, value in params.items()],
            tags=told[:_MOST_TAGS],
        )
        for start in range(_MOST_TAGS, len(told), _MOST_TAGS):
            self._client.log_batch(run, tags=told[start : start + _MOST_TAGS])

    def _gone(self, versions: Sequence[Any], variants: Collection[str]) -> None:
        """Mark versions of variants that the catalogue no longer has, or has with other bytes."""
        for version in versions:
            presence = REPLACED if _tag(version, "zoo.variant") in variants else GONE
            if _tag(version, PRESENCE) != presence:
                self._client.set_tag(version.run_id, PRESENCE, presence)
                self._client.set_model_version_tag(version.name, str(version.version), PRESENCE, presence)
                self._counts["gone"] += 1

    def _aliases(self, model: str, wanted: Mapping[str, str], known: Mapping[str, str]) -> None:
        """Set what differs; an alias of a target for which nothing would be chosen goes away."""
        for alias in known.keys() - wanted.keys():
            self._client.delete_registered_model_alias(model, alias)
            self._counts["aliases"] += 1
        for alias, number in wanted.items():
            if known.get(alias) != number:
                self._client.set_registered_model_alias(model, alias, number)
                self._counts["aliases"] += 1


def _own_aliases(model: Any, targets: Collection[str]) -> dict[str, str]:
    """Aliases of targets of a model that a sync made, with the number of the version that they mean."""
    made = "zoo.publisher" in model.tags
    return {alias: str(number) for alias, number in model.aliases.items() if made and alias in targets}


def _version_tags(one: Entry) -> dict[str, str]:
    """Tags of a version, without the sources of its figures, which its run has beside the figures.

    The state comes last, since a version that has it has all the others.
    """
    stated = {name: value for name, value in one.tags.items() if not name.startswith(SOURCE)}
    said = {"variant": one.variant, **one.params, **stated}
    own = {PRESENCE: CURRENT, IDENTITY: one.identity, STATE: one.state}
    return {f"zoo.{name}": value for name, value in said.items()} | own


def _holds(version: Any, one: Entry) -> bool:
    return version is not None and _tag(version, STATE) == one.state and _tag(version, PRESENCE) == CURRENT


def _tag(version: Any, name: str) -> str:
    return str(version.tags.get(name, ""))


def _tag_of_run(run: Any) -> str:
    return str(run.data.tags.get(IDENTITY, ""))


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))
