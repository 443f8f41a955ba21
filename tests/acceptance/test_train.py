"""`zoo train`: the installed command on small runs, whole, interrupted, and on a full disk."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.world import INTERRUPTIBLE, Result, Zoo, assert_says
from tests.unit.training import runs


@pytest.fixture
def config(zoo: Zoo) -> Path:
    """A configuration with its images, in the working folder."""
    runs.images(zoo.work)
    path = zoo.work / "config.yaml"
    path.write_text(json.dumps(runs.plain()), encoding="utf-8")
    return path


def record_of(result: Result) -> dict[str, Any]:
    assert result.code == 0, result
    found: dict[str, Any] = result.json()
    return found


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_run_that_is_stopped_goes_on_and_a_finished_one_is_left_alone(zoo: Zoo, config: Path) -> None:
    process = zoo.start("train", config, "-o", "run", "--set", "epochs=400", starter=INTERRUPTIBLE)
    assert process.stderr is not None
    said = ""
    while "epoch 1/400" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    process.send_signal(signal.SIGINT)
    stopped = zoo.finish(process)
    assert stopped.code == 130, stopped
    assert_says(stopped, "the same command goes on")
    assert names(zoo.work / "run") == {"checkpoint.npz", "best.npz", "history.jsonl"}

    # a disk that takes a checkpoint of an optimiser without a state, and not the model, which is thrice as large
    limited = ("bash", "-c", 'ulimit -f 200; exec "$@"', "bash")
    words = ("train", config, "-o", "run", "--set", "optimiser.name=sgd", "--threads", "2", "--format", "json")
    refused = zoo(*words)
    assert refused.code == 2, refused
    assert_says(refused, "holds a run of another configuration")
    full = zoo.under(limited, *words, "--restart")
    assert full.code == 3, full
    assert_says(full, "model.keras: cannot be written", "free space")
    assert names(zoo.work / "run") == {"checkpoint.npz", "best.npz", "history.jsonl"}

    done = zoo(*words)
    record = record_of(done)
    assert_says(done, "going on after epoch 2")
    assert (record["folder"], len(record["epochs"])) == ("run", 2)
    assert record["model"]["epoch"] in (1, 2)
    again = zoo(*words[:-2])
    assert again.code == 0, again
    assert_says(again, "trained already")
    assert record["model"]["sha256"] in again.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--set", "model.classes=21"], "--set model.classes:1:1: error: not the number of the dataset's classes"),
        (["--set", "epochs=none"], "'epochs' is of the wrong type"),
        (["--set", "epochs"], "expected KEY=VALUE"),
        (["--set", "data.folder=nowhere"], "nowhere: no such folder"),
        (["--set", "data.train=other"], "no split 'other'"),
    ],
)
def test_a_wrong_question(zoo: Zoo, config: Path, options: list[str], said: str) -> None:
    result = zoo("train", config, *options)
    assert result.code == 2, result
    assert_says(result, said)


def test_the_class_count_is_an_error_at_its_line(zoo: Zoo, config: Path) -> None:
    model = {**runs.plain()["model"], "classes": 4}
    config.write_text(json.dumps(runs.plain(model=model), indent=1), encoding="utf-8")
    line = 1 + next(number for number, text in enumerate(config.read_text().splitlines()) if '"classes"' in text)
    result = zoo("train", config)
    assert result.code == 2, result
    assert_says(result, f"config.yaml:{line}:", "expected 3 classes of halves", "found 4")


def test_shapes_are_generated_for_the_run(zoo: Zoo, config: Path) -> None:
    data = {"shapes": {"seed": 1, "count": 10, "size": 64}}
    config.write_text(json.dumps(runs.plain(data=data, model=runs.HEAD, epochs=1)), encoding="utf-8")
    record = record_of(zoo("train", config, "-o", "run", "--format", "json", "--threads", "2"))
    assert record["made_of"]["data"]["dataset"] == "shapes"
    assert (zoo.work / "run" / "data" / "dataset.yaml").is_file()
    config.write_text(json.dumps(runs.plain(data={"shapes": {**data["shapes"], "seed": 2}})), encoding="utf-8")
    other = zoo("train", config, "-o", "run")
    assert other.code == 2, other
    assert_says(other, "--seed 1", "--seed 2")
