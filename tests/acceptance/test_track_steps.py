"""`zoo train --track` and `zoo quantize --track`: each step a run of the real MLflow, linked to those before it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from registry.digest import Digest
from tests.acceptance.tracked import INT8, client_of, runs_in_lineage, runs_of
from tests.acceptance.world import Cards, Zoo, assert_says, files_below, model_bytes, pinned
from tests.mlflow_server import mlflow_server
from tests.unit.training import runs

# MLflow's own, of the client that looks at what came of it
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")


def test_a_file_leads_back_to_its_data_by_runs_that_a_dead_server_took_only_later(
    zoo: Zoo, cards: Cards, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cards.card(pinned("small", model_bytes()))  # a sync brings the catalogue too
    runs.images(zoo.work)
    (zoo.work / "config.yaml").write_text(json.dumps(runs.plain()), encoding="utf-8")
    (zoo.work / "int8.yaml").write_text(json.dumps(INT8), encoding="utf-8")
    training = ("train", "config.yaml", "-o", "run", "--threads", "2")
    dead = "http://127.0.0.1:9"
    lost = zoo(*training, "--tracking", dead)
    assert lost.code == 3, lost
    assert_says(lost, "kept in", "zoo sync")
    assert (zoo.work / "run" / "model.keras").is_file()
    made = zoo("quantize", "run/model.keras", "int8.yaml", "-o", "int8", "--tracking", dead)
    assert made.code == 3, made
    assert "Gate: passed" in made.out
    spool = zoo.home / ".local" / "share" / "zoo" / "spool"
    waiting = [path for path in files_below(spool) if path.name == "record.json"]
    assert {json.loads(path.read_text())["kind"] for path in waiting} == {
        "dataset",
        "training",
        "quantization",
        "evaluation",
    }
    (folder,) = {path.parent.parent for path in waiting}
    with mlflow_server(tmp_path_factory.mktemp("server")) as address:
        _readdress(folder, address, zoo)
        synced = zoo("sync", "--tracking", address)
        assert synced.code == 0, synced
        client = client_of(address)
        found = runs_of(client)
        _assert_linked(found, Digest.of_file(zoo.work / "run" / "model.keras").hex)
        names = {kind: client.get_experiment(run.info.experiment_id).name for kind, run in found.items()}
        assert names.pop("claim") == "catalogue"
        assert set(names.values()) == {runs.plain()["name"]}
        _assert_logged(client, found, json.loads((zoo.work / "run" / "training.json").read_text()))

        again = zoo(*training, "--tracking", address)
        assert again.code == 0, again
        assert_says(again, "trained already", found["training"].info.run_id)
        assert len(runs_of(client)) == len(found)
    assert not [path for path in files_below(spool) if path.name == "record.json"]
    assert runs_in_lineage(zoo.work / "run")["training"] == found["training"].info.run_id


def _assert_linked(found: dict[str, Any], model: str) -> None:
    """Each run names the runs that made what went into it, and training and quantization the same file."""
    training, quantization = found["training"], found["quantization"]
    assert quantization.data.tags["zoo.from.model"] == training.info.run_id
    assert found["evaluation"].data.tags["zoo.from.model"] == quantization.info.run_id
    assert training.data.tags["zoo.from.images"] in {
        run.info.run_id for kind, run in found.items() if kind.startswith("dataset")
    }
    assert training.data.tags["zoo.output.model"] == quantization.data.tags["zoo.input.model"] == model


def _assert_logged(client: Any, found: dict[str, Any], record: dict[str, Any]) -> None:
    """The training's run has what its record has, and both steps have their files."""
    training = found["training"]
    history = client.get_metric_history(training.info.run_id, "loss")
    assert [(one.step, one.value) for one in history] == [(one["epoch"], one["loss"]) for one in record["epochs"]]
    assert training.data.params["configuration.optimiser.name"] == record["configuration"]["optimiser"]["name"]
    (used,) = training.inputs.dataset_inputs
    assert used.dataset.digest == record["made_of"]["data"]["train"]["sha256"][:36]
    files = {one.path for one in client.list_artifacts(training.info.run_id)}
    assert files >= {"training.json", "history.jsonl", "learning-curves.png", "samples", "signature.json"}
    files = {one.path for one in client.list_artifacts(found["quantization"].info.run_id)}
    assert files >= {"quantization.json", "class-losses.png", "samples", "signature.json"}


def _readdress(folder: Path, address: str, zoo: Zoo) -> None:
    """Let what waits for one address wait for another, as if the server had come back there."""
    from registry.lineage import Address

    folder.rename(folder.with_name(Address.parse(address, zoo.work).key))
