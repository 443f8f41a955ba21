"""What tests of tracked steps share: a quantization, and the runs that MLflow has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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


def runs_in_lineage(folder: Path) -> dict[str, Any]:
    """Ids of the runs that the lineage beside a model names, by kind of step."""
    lineage = json.loads((folder / "model.lineage.json").read_text())
    return {one["kind"]: one.get("run") for one in lineage["steps"]}
