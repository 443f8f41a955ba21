"""`zoo train --track` and `zoo quantize --track`: each step a run of the real MLflow, linked to those before it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from registry.digest import Digest
from tests.acceptance.world import Cards, Zoo, assert_says, files_below, model_bytes, pinned
from tests.mlflow_server import mlflow_server
from tests.unit.training import runs

# MLflow's own, of the client that looks at what came of it
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")

INT8: dict[str, Any] = {
    "schema": "quantization/1",
    "name": "halves-int8",
    "scheme": "int8",
    "granularity": "per-channel",
    "representation": "tflite",
    "preprocessing": {"mean": 127.5, "scale": 1 / 127.5, "resize": "stretch", "colour_mode": "RGB"},
    "calibration": {"data": "halves", "split": "train", "count": 3},
    "gate": {"split": "val", "overall": 0.9},
}


def client_of(address: str) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=address)


def runs_of(client: Any) -> dict[str, Any]:
    """All runs by kind; a kind that comes again is counted: `dataset`, `dataset-2`."""
    found: dict[str, Any] = {}
    experiments = [one.experiment_id for one in client.search_experiments()]
    for run in client.search_runs(experiments, order_by=["attributes.start_time ASC"]):
        kind = run.data.tags["zoo.kind"]
        found[kind if kind not in found else f"{kind}-{1 + sum(one.startswith(kind) for one in found)}"] = run
    return found


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


def runs_in_lineage(folder: Path) -> dict[str, Any]:
    """Ids of the runs that the lineage beside a model names, by kind of step."""
    lineage = json.loads((folder / "model.lineage.json").read_text())
    return {one["kind"]: one.get("run") for one in lineage["steps"]}


def _readdress(folder: Path, address: str, zoo: Zoo) -> None:
    """Let what waits for one address wait for another, as if the server had come back there."""
    from registry.lineage import Address

    folder.rename(folder.with_name(Address.parse(address, zoo.work).key))


def test_the_steps_of_a_pipeline_are_runs_inside_its_own(zoo: Zoo) -> None:
    runs.images(zoo.work)
    plain = runs.plain()
    pipeline = {
        "schema": "pipeline/1",
        "name": "chain",
        "chain": ["train", "quantize", "evaluate"],
        "training": {
            key: value for key, value in plain.items() if key not in ("schema", "name", "summary", "output")
        },
        "quantization": {
            key: value for key, value in INT8.items() if key not in ("schema", "name", "preprocessing")
        },
    }
    (zoo.work / "chain.yaml").write_text(json.dumps(pipeline), encoding="utf-8")
    result = zoo("run", "chain.yaml", "--threads", "2", "--track", "--format", "json")
    assert result.code == 0, result
    client = client_of(f"sqlite:///{zoo.home}/.local/share/zoo/mlflow.db")
    found = runs_of(client)
    outer = found["pipeline"].info.run_id
    inner = {kind: run for kind, run in found.items() if kind != "pipeline" and not kind.startswith("dataset")}
    assert {run.data.tags.get("mlflow.parentRunId") for run in inner.values()} == {outer}
    assert sorted(run.data.tags["zoo.kind"] for run in inner.values()) == [
        "evaluation",
        "evaluation",
        "quantization",
        "training",
    ]
    assert {client.get_experiment(run.info.experiment_id).name for run in found.values()} == {"chain"}
    said = runs_in_lineage(zoo.work / result.json()["folder"] / "2-quantize")
    assert said["training"] == found["training"].info.run_id
    assert said["quantization"] == found["quantization"].info.run_id
    assert found["pipeline"].data.params["step 3 evaluate"] == "passed"
    again = zoo("run", "chain.yaml", "--threads", "2", "--track")
    assert again.code == 0, again
    kinds = [run.data.tags["zoo.kind"] for run in runs_of(client).values()]
    assert kinds.count("training") == 1
