from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from registry.dataset import Dataset
from registry.errors import RequestError
from registry.quantization import configuration as quantization
from registry.samples.own_card import read_card
from registry.training.configuration import Change, Crop
from registry.training.document import read
from tests.unit.training import runs

RECIPES = Path(__file__).resolve().parents[3] / "recipes"

TEXT = """\
schema: training/1
name: net
model:
  backbone: mobilenet-v2
  width: 0.5
  classes: 3
  input: [64, 96]
technique: tfs
data:
  folder: here
augmentation:
  flip: horizontal
  contrast: {factor: 0.4}
  rotation: {degrees: 10, rate: 0.5}
  noise: {deviation: [0.1, 0.2]}
  crop: {width: [0.5, 1], height: [0.6, 0.9]}
optimiser:
  name: adam
  learning_rate: 0.001
schedule:
  name: cosine
callbacks:
  reduce_on_plateau: {monitor: val_loss, factor: 0.5, patience: 3}
epochs: 4
batch: 2
seed: 0
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "net.yaml"
    path.write_text(TEXT)
    return path


def test_a_document_becomes_a_configuration_with_the_defaults_that_the_schema_states(path: Path) -> None:
    how = read(path).configuration
    assert (how.network.height, how.network.width, how.network.multiplier) == (64, 96, 0.5)
    assert (how.network.output_stride, how.network.aspp, how.network.aspp_filters) == (16, "v2", 256)
    assert (how.data.train, how.data.validation, how.data.cache_mib) == ("train", "val", 2048)
    assert how.augmentation.contrast == Change(0.6, 1.4)
    assert how.augmentation.rotation == Change(-10, 10, 0.5)
    assert how.augmentation.noise == Change(0.1, 0.2)
    assert how.augmentation.crop == Crop((0.5, 1), (0.6, 0.9))
    assert how.augmentation.blur is None
    assert how.plateau is not None
    assert (how.plateau.grows, how.best_by.monitor, how.best_by.grows, how.keep) == (
        False,
        "val_mean_iou",
        True,
        "best",
    )
    assert how.folder == str(Path("runs", "net"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seed: 0", "sead: 0", "net.yaml:26:7: error: unknown property 'sead'"),
        ("batch: 2", "batch: 0", "net.yaml:25:8: error: 'batch' is too small"),
        ("input: [64, 96]", "input: [64, 100]", "net.yaml:7:15: error: not a multiple of the output stride"),
        ("technique: tfs", "technique: tl", "net.yaml:8:12: error: this technique begins with a parent"),
        ("technique: tfs", "technique: tfs\nparent: {file: x}", "net.yaml:8:12: error: tfs begins with random"),
        ("  folder: here", "  dataset: here", "net.yaml:10:3: error: one source of images is needed"),
        ("name: cosine", "name: cosine\n  power: 2", "net.yaml:22:10: error: cosine has no 'power'"),
        ("learning_rate: 0.001", "learning_rate: 0.001\n  momentum: 0.5", "adam has no 'momentum'"),
        ("backbone: mobilenet-v2", "backbone: resnet50", "net.yaml:5:10: error: resnet50 has no width"),
        ("[0.1, 0.2]", "[0.2, 0.1]", "net.yaml:15:22: error: the range ends before it begins"),
        ("schema: training/1", "schema: training/2", "net.yaml:1:9: error: 'schema' is not the fixed value"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(path: Path, old: str, new: str, said: str) -> None:
    path.write_text(TEXT.replace(old, new, 1))
    with pytest.raises(RequestError) as caught:
        read(path)
    assert said in caught.value.message


def test_all_problems_are_told_at_once(path: Path) -> None:
    path.write_text(TEXT.replace("batch: 2", "batch: 0").replace("epochs: 4", "epochs: none"))
    with pytest.raises(RequestError) as caught:
        read(path)
    assert caught.value.message.count("error:") == 2


def test_overrides_are_yaml_values_and_make_sections(path: Path) -> None:
    how = read(path, {"epochs": "9", "model.input": "[32, 32]", "loss.class_weights": "[1, 2, 3]"}).configuration
    assert (how.epochs, how.network.height, how.class_weights) == (9, 32, (1.0, 2.0, 3.0))


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("epochs", "many", "--set epochs:1:1: error: 'epochs' is of the wrong type"),
        ("epoch", "3", "--set epoch:1:1: error: unknown property 'epoch'"),
        ("epochs.more", "3", "there is no such place"),
        ("epochs", "[", "--set epochs:"),
        ("epochs", "", "--set epochs:1:1"),
    ],
)
def test_a_wrong_override_is_told_as_one(path: Path, key: str, value: str, said: str) -> None:
    with pytest.raises(RequestError) as caught:
        read(path, {key: value})
    assert said in caught.value.message


def dataset(**changes: Any) -> Dataset:
    return Dataset.from_document({**runs.DATASET, **changes})


def test_classes_are_those_of_the_dataset(path: Path) -> None:
    source = read(path)
    assert source.require_dataset(dataset()) == 3
    with pytest.raises(RequestError) as caught:
        source.require_dataset(dataset(classes={"count": 21}))
    assert "net.yaml:6:12: error: not the number of the dataset's classes" in caught.value.message
    assert "expected 21 classes of halves" in caught.value.message
    with pytest.raises(RequestError, match="names no classes"):
        source.require_dataset(dataset(classes={}))
    with pytest.raises(RequestError, match="not one weight for each class"):
        read(path, {"loss.class_weights": "[1, 2]"}).require_dataset(dataset())


def test_the_digest_is_of_what_decides_the_result(path: Path) -> None:
    first = read(path).configuration.digest
    assert read(path, {"name": "other", "output.folder": "there"}).configuration.digest == first
    assert read(path, {"seed": "1"}).configuration.digest != first


@pytest.mark.parametrize("recipe", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_recipes_are_valid_and_of_the_generated_dataset(recipe: Path) -> None:
    if "schema: quantization/1" in recipe.read_text():
        assert quantization.read(recipe).name == recipe.stem
        return
    shapes = read_card(RECIPES.parent / "cards" / "datasets" / "shapes.yaml")
    source = read(recipe)
    assert (source.require_dataset(shapes), source.configuration.name) == (9, recipe.stem)
