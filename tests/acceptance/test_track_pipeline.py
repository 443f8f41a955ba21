"""`zoo run --track`: the steps of a pipeline are runs of the real MLflow inside the pipeline's own."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.tracked import INT8, client_of, runs_in_lineage, runs_of
from tests.acceptance.world import Zoo
from tests.unit.training import runs

# MLflow's own, of the client that looks at what came of it
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")


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
