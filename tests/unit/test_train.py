from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from registry import train
from registry.digest import Digest
from registry.errors import MismatchError, RequestError
from registry.progress import Silent
from registry.samples import VocFolder
from registry.samples.own_card import read_card
from registry.training.images import Images
from tests.unit.training import runs

# what Keras 3.15 does with numpy 2 when it writes or reads a file
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

VARIED: dict[str, Any] = {
    "model": {**runs.MODEL, "aspp": "none", "dropout": 0.3},
    "augmentation": {"flip": "horizontal", "noise": {"deviation": [0.0, 0.1]}},
    "callbacks": {"reduce_on_plateau": {"monitor": "loss", "factor": 0.5, "patience": 1}},
    "schedule": {"name": "cosine", "warmup_epochs": 0.5},
    "epochs": 3,
}


class Stop(Silent):
    """Interrupts a run at a step, as Ctrl-C does."""

    def __init__(self, at: int) -> None:
        self.left = at

    @contextmanager
    def task(self, title: str, total: int | None, *, unit: str = "B", done: int = 0) -> Iterator[Any]:
        def advance(amount: int, /) -> None:
            self.left -= amount
            if self.left == 0:
                raise KeyboardInterrupt

        yield advance


def trained(folder: Path, output: str, progress: Any = None, *, resume: bool | None = None, **changes: Any) -> Any:
    if not (folder / "halves").exists():
        runs.images(folder)
    source = runs.source(folder, **changes)
    images = Images.of(VocFolder(folder / "halves"), read_card(folder / "halves" / "dataset.yaml"), source)
    return train.train(source, images, folder / output, progress or Silent(), threads=2, resume=resume)


def without_times(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [{key: value for key, value in epoch.items() if key != "seconds"} for epoch in record["epochs"]]


def test_an_interrupted_run_ends_as_one_that_was_not(tmp_path: Path) -> None:
    whole = trained(tmp_path, "whole", **VARIED)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path, "broken", Stop(at=4), **VARIED)  # at the end of the second epoch, before it is kept
    assert not (tmp_path / "broken" / "training.json").exists()
    resumed = trained(tmp_path, "broken", resume=True, **VARIED)
    assert resumed["model"]["weights_sha256"] == whole["model"]["weights_sha256"]
    assert without_times(resumed) == without_times(whole)
    assert len({epoch["learning_rate"] for epoch in whole["epochs"]}) == 3
    lines = (tmp_path / "broken" / "history.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == resumed["epochs"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with images and a finished run with the head of DeepLabV3, `run`, made once: tests take a copy."""
    folder = tmp_path_factory.mktemp("made")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        trained(folder, "run", model=runs.HEAD)
    return folder


@pytest.fixture
def finished(made: Path, tmp_path: Path) -> Path:
    """That folder, to write into."""
    return shutil.copytree(made, tmp_path / "made")


def test_the_record_names_all_that_the_model_is_made_of(finished: Path) -> None:
    record = json.loads((finished / "run" / "training.json").read_text())
    folder = VocFolder(finished / "halves")
    data = record["made_of"]["data"]
    assert data["train"] == {"split": "train", "images": 5, "sha256": folder.list_digest("train").hex}
    assert data["validation"]["sha256"] == folder.list_digest("val").hex
    assert record["made_of"]["configuration"] == runs.source(finished, model=runs.HEAD).configuration.digest.hex
    assert (record["technique"], record["made_of"]["parent"]) == ("tfs", None)
    assert record["model"]["size"] == (finished / "run" / "model.keras").stat().st_size
    assert {"tensorflow", "keras", "threads"} <= record["environment"].keys()
    best = max(record["epochs"], key=lambda epoch: epoch["val_mean_iou"])
    assert record["model"]["epoch"] == best["epoch"]
    assert {path.name for path in (finished / "run").iterdir()} == {"model.keras", "training.json", "history.jsonl"}
    again = trained(finished, "run", Stop(at=1), model=runs.HEAD)  # there is nothing left to do
    assert again == record


def test_a_folder_keeps_one_run_until_it_is_told_to_begin_anew(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no run to take up"):
        trained(tmp_path, "run", resume=True)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path, "run", Stop(at=3))
    with pytest.raises(RequestError, match="another configuration"):
        trained(tmp_path, "run", seed=2)
    (stopped,) = (tmp_path / "run" / "history.jsonl").read_text().splitlines()
    (anew,) = trained(tmp_path, "run", resume=False, seed=2, epochs=1)["epochs"]
    assert anew["epoch"] == 1
    assert anew["loss"] != json.loads(stopped)["loss"], "another seed gives another run"
    with pytest.raises(RequestError, match="another configuration"):
        trained(tmp_path, "run", seed=3)


def test_early_stopping_and_rare_evaluations(tmp_path: Path) -> None:
    early = {"monitor": "val_pixel_accuracy", "mode": "min", "patience": 1}
    record = trained(
        tmp_path,
        "run",
        epochs=9,
        optimiser={"name": "sgd", "learning_rate": 1e-9},
        callbacks={"early_stopping": {**early, "monitor": "val_mean_iou"}, "checkpoint": {"keep": "last"}},
        evaluation={"every": 2, "protocol": "st-present-classes", "limit": 1},
    )
    evaluated = [epoch["epoch"] for epoch in record["epochs"] if "val_mean_iou" in epoch]
    assert evaluated == [2, 4]
    assert record["model"]["epoch"] == 4
    assert record["made_of"]["data"]["validation"]["images"] == 1


def test_fine_tuning_binds_the_parent_by_its_digest(finished: Path) -> None:
    file = finished / "run" / "model.keras"
    parent = {"file": str(file), "sha256": Digest.of_file(file).hex}
    changes: dict[str, Any] = {"model": runs.HEAD, "technique": "fft", "epochs": 1}
    second = trained(finished, "second", parent=parent, **changes)
    assert second["made_of"]["parent"] == parent["sha256"]
    with pytest.raises(MismatchError, match="expected sha256:0000"):
        trained(finished, "third", parent={**parent, "sha256": "0" * 64}, **changes)
    with pytest.raises(RequestError, match="no such file"):
        trained(finished, "third", **{**changes, "technique": "tl"}, parent={"file": str(finished / "none.keras")})


def test_too_few_images_for_a_batch(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="too few images") as caught:
        trained(tmp_path, "run", batch=6)
    assert "expected at least 6" in caught.value.message
