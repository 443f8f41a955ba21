"""`zoo run`: chains of the installed command, taken up again, stopped by a gate, and taken over from ST."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.acceptance.world import Cards, Result, Zoo, assert_says
from tests.unit.training import runs
from tests.unit.vendors.st import cases


def written(zoo: Zoo, name: str, document: dict[str, Any]) -> Path:
    path = zoo.work / name
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path


def pipeline(**evaluation: Any) -> dict[str, Any]:
    training = {key: value for key, value in runs.plain(epochs=1).items() if key not in ("schema", "name")}
    quantization = {
        "scheme": "int8",
        "granularity": "per-channel",
        "representation": "tflite",
        "input": "uint8",
        "calibration": {"split": "train", "share": 0.5},
    }
    return {
        "schema": "pipeline/1",
        "name": "halves",
        "chain": ["train", "quantize", "evaluate"],
        "training": training,
        "quantization": quantization,
        "evaluation": evaluation,
    }


def steps(result: Result) -> list[tuple[str, str]]:
    return [(step["kind"], step["verdict"]) for step in result.json()["steps"]]


def test_a_chain_does_only_what_is_not_done_and_a_gate_stops_it(zoo: Zoo) -> None:
    runs.images(zoo.work)
    zoo.environment["ZOO_CARDS"] = "builtin"
    more = {
        "chain": ["train", "quantize", "evaluate", "benchmark", "deploy"],
        "benchmark": {"target": "linux"},
        "deployment": {"target": "linux"},
    }
    config = written(zoo, "pipeline.yaml", pipeline(protocol="voc") | more)
    first = zoo("run", config, "-o", "run", "--threads", "2", "--format", "json")
    assert first.code == 0, first
    assert steps(first) == [(kind, "passed") for kind in more["chain"]]
    trained, quantized, evaluated = first.json()["steps"][:3]
    assert quantized["taken"]["model"] == trained["made"]["model"]["sha256"]
    assert evaluated["taken"]["model"] == quantized["made"]["model"]["sha256"]
    made_of = json.loads((zoo.work / "run" / "2-quantize" / "quantization.json").read_text())["made_of"]
    assert made_of["calibration"]["images"] == 2
    assert json.loads((zoo.work / "run" / "pipeline.json").read_text())["steps"] == first.json()["steps"]
    evaluation = json.loads((zoo.work / "run" / "3-evaluate" / "evaluation.json").read_text())
    assert (evaluation["artifact"], list(evaluation["protocols"])) == (evaluated["taken"]["model"], ["voc"])
    _measured_and_deployed(zoo, quantized["made"]["model"]["sha256"])

    again = zoo("run", config, "-o", "run", "--threads", "2", "--format", "json")
    assert again.code == 0, again
    assert steps(again) == [(kind, "reused") for kind in more["chain"]]

    written(zoo, "pipeline.yaml", pipeline(protocol="voc", least_mean_iou=1.0) | more)
    stopped = zoo("run", config, "-o", "run", "--threads", "2")
    assert stopped.code == 1, stopped
    assert_says(stopped, "step 3, evaluate: expected a mean IoU of at least 100.00%")
    assert "reused" in stopped.out
    assert "failed" in stopped.out


def _measured_and_deployed(zoo: Zoo, model: str) -> None:
    """The last two steps are of this model, and the package runs."""
    measured = json.loads((zoo.work / "run" / "4-benchmark" / "benchmark.json").read_text())
    assert (measured["sha256"], measured["runs"] >= 50) == (model, True)
    package = zoo.work / "run" / "5-deploy"
    assert json.loads((package / "deployment.json").read_text())["model"]["sha256"] == model
    picture = next((zoo.work / "halves" / "JPEGImages").iterdir())
    program = [sys.executable, str(package / "segment.py"), str(picture), "-o", str(zoo.work / "mask.png")]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (zoo.work / "mask.png").is_file()


def test_nothing_is_run_when_a_step_cannot_be(zoo: Zoo) -> None:
    runs.images(zoo.work)
    chain = ["train", "quantize", "evaluate", "benchmark"]
    document = pipeline() | {"chain": chain, "benchmark": {"target": "stm32n6"}}
    refused = zoo("run", written(zoo, "pipeline.yaml", document), "-o", "run")
    assert refused.code == 2, refused
    assert_says(refused, "nothing is run", "benchmark: stm32n6 is measured on a board at hand")
    assert not (zoo.work / "run").exists()


def test_a_model_with_other_bytes_than_the_pipeline_states(zoo: Zoo) -> None:
    (zoo.work / "net.tflite").write_bytes(b"bytes")
    model = {"name": "./net.tflite", "sha256": "0" * 64}
    document = {"schema": "pipeline/1", "name": "net", "chain": ["evaluate"], "model": model}
    config = written(zoo, "pipeline.yaml", document | {"evaluation": {"data": "halves"}})
    result = zoo("run", config, "-o", "run")
    assert result.code == 1, result
    assert_says(result, "model ./net.tflite: expected sha256:0000", "has changed since the pipeline was written")


@pytest.mark.parametrize("case", ["chain-tqe", "evaluation"])
def test_a_plan_shows_what_a_configuration_of_st_becomes(zoo: Zoo, case: str) -> None:
    folder = cases.FOLDER / "accepted" / case
    shutil.copy(folder / "user_config.yaml", zoo.work)
    told = zoo("run", "--from", "st", "user_config.yaml", "--dry-run", "--format", "json", "--cards", "builtin")
    expected = yaml.safe_load((folder / "pipeline.yaml").read_text(encoding="utf-8"))
    calibration = expected.get("quantization", {}).get("calibration", {})
    calibration.pop("count", None)  # a share of a list that is not here
    found = told.json()
    assert found["pipeline"] == expected
    assert [step["kind"] for step in found["steps"]] == expected["chain"]
    assert {
        "key": "mlflow.uri",
        "message": "the record of the run is a file, pipeline.json; --track logs it in MLflow",
    }.items() <= next(note for note in found["notes"] if note["key"] == "mlflow.uri").items()
    text = zoo("run", "--from", "st", "user_config.yaml", "--dry-run", "--cards", "builtin")
    assert text.code == told.code
    assert "Taken over as" in text.out
    assert "mlflow.uri (line " in text.out
    assert list(zoo.work.iterdir()) == [zoo.work / "user_config.yaml"]


def test_all_that_is_refused_of_st_is_named_at_once(zoo: Zoo) -> None:
    shutil.copy(cases.FOLDER / "rejected" / "unsupported-keys" / "user_config.yaml", zoo.work)
    refused = zoo("run", "--from", "st", "user_config.yaml", "--dry-run", "--cards", "builtin")
    assert refused.code == 2, refused
    for place in ("10:11", "13:48", "17:22", "21:13", "23:25"):
        assert_says(refused, f"user_config.yaml:{place}: error:")


def st_training(zoo: Zoo, cards: Cards) -> dict[str, Any]:
    """A training of ST's form on small images."""
    root = runs.images(zoo.work)
    (root / "dataset.yaml").unlink()
    cards.write(runs.DATASET)
    paths = {
        f"{purpose}_{kind}": f"./halves/{place}"
        for purpose, split in (("training", "train"), ("validation", "val"))
        for kind, place in (
            ("path", "JPEGImages"),
            ("masks_path", "SegmentationClass"),
            ("files_path", f"ImageSets/Segmentation/{split}.txt"),
        )
    }
    model = {
        "name": "mobilenet", "version": "v2", "alpha": 0.35, "aspp": "v2", "output_stride": 8,
        "input_shape": "(32, 32, 3)", "pretrained_weights": None,
    }  # fmt: skip
    return {
        "general": {"project_name": "halves", "model_type": "deeplab_v3", "display_figures": False},
        "operation_mode": "training",
        "dataset": {"name": "halves", "class_names": runs.DATASET["classes"]["names"], **paths},
        "preprocessing": {
            "rescaling": {"scale": "1/127.5", "offset": -1},
            "resizing": {"aspect_ratio": "fit", "interpolation": "bilinear"},
            "color_mode": "rgb",
        },
        "data_augmentation": {"random_flip": {"mode": "horizontal"}},
        "training": {"model": model, "batch_size": 2, "epochs": 1, "optimizer": "Adam"},
        "mlflow": {"uri": "mlruns"},
        "hydra": {"run": {"dir": "./${now:%Y}"}},
    }


def test_a_training_of_st_is_run_as_it_is(zoo: Zoo) -> None:
    cards = Cards(zoo.folder / "own")
    config = written(zoo, "user_config.yaml", st_training(zoo, cards))
    options = ("--from", "st", "--cards", cards.folder, "--threads", "2", "--format", "json")
    result = zoo("run", config, *options)
    assert result.code == 0, result
    assert_says(result, "note: nothing is shown in windows: general.display_figures (line 4)")
    assert steps(result) == [("train", "passed")]
    record = json.loads((zoo.work / "runs" / "halves" / "1-train" / "training.json").read_text())
    assert record["configuration"]["model"]["backbone"] == "mobilenet-v2"
    assert record["configuration"]["seed"] == 123
    assert record["made_of"]["data"]["dataset"] == "halves"


def test_masks_of_another_folder_than_the_one_that_st_names_are_refused(zoo: Zoo) -> None:
    cards = Cards(zoo.folder / "own")
    document = st_training(zoo, cards)
    document["dataset"]["validation_masks_path"] = "./halves/SegmentationClassAug"
    shutil.copytree(zoo.work / "halves" / "SegmentationClass", zoo.work / "halves" / "SegmentationClassAug")
    result = zoo("run", written(zoo, "user_config.yaml", document), "--from", "st", "--cards", cards.folder)
    assert result.code == 2, result
    assert_says(
        result,
        "'dataset.validation_files_path' is a list whose masks are looked for in SegmentationClass",
        "expected masks in SegmentationClassAug",
    )
    assert not (zoo.work / "runs").exists()
