"""What `zoo train` and `zoo quantize` leave, as a lineage that leads from the file back to the data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from registry.digest import Digest
from registry.lineage import recorded
from registry.lineage.step import Lineage

LISTS = {name: Digest.of(name.encode()).hex for name in ("train", "val", "calibration", "keras", "tflite", "how")}


def training(**changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "name": "net",
        "technique": "tfs",
        "made_of": {
            "configuration": LISTS["how"],
            "data": {
                "dataset": "shapes",
                "train": {"split": "train", "images": 8, "sha256": LISTS["train"]},
                "validation": {"split": "val", "images": 2, "sha256": LISTS["val"]},
            },
            "parent": None,
        },
        "configuration": {
            "data": {"shapes": {"seed": 3, "count": 10, "size": 64}},
            "epochs": 2,
            "batch": 4,
            "seed": 5,
        },
        "model": {"file": "model.keras", "sha256": LISTS["keras"], "epoch": 2},
        "protocol": "voc",
        "epochs": [{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0, "val_mean_iou": 0.5}],
        "seconds": 3.5,
        "environment": {"keras": "3", "machine": "x86_64", "system": "Linux", "threads": 2},
        "started": "2026-01-31T12:00:00Z",
        "git": {},
    }
    return {**whole, **changes}


def quantization(**changes: Any) -> dict[str, Any]:
    subject = {
        "dataset": "shapes",
        "split": "val",
        "images": LISTS["val"],
        "runtime": {"name": "litert", "version": "2"},
    }
    whole: dict[str, Any] = {
        "name": "net-int8",
        "made_of": {
            "configuration": LISTS["how"],
            "parent": {"sha256": LISTS["keras"], "variant": None, "format": "keras"},
            "calibration": {"split": "train", "images": 4, "sha256": LISTS["calibration"]},
        },
        "model": {
            "file": "model.tflite",
            "sha256": LISTS["tflite"],
            "scheme": "int8",
            "granularity": "per-channel",
            "representation": "tflite",
        },
        "mixed": None,
        "gate": {"protocol": "voc", "result": 0.49, "subject": subject},
        "seconds": 1.5,
        "environment": {"tensorflow": "2", "machine": "x86_64", "system": "Linux", "threads": 2},
        "started": "2026-01-31T12:30:00Z",
        "git": {"commit": "c0ffee0", "changed": "true"},
    }
    return {**whole, **changes}


def test_the_way_leads_from_the_quantized_file_to_the_data(tmp_path: Path) -> None:
    trained = recorded.of_training(training())
    recorded.write(tmp_path / "model.keras", recorded.extended(Lineage(()), trained))
    along = recorded.brought_along(tmp_path / "model.keras")
    whole = recorded.extended(along, recorded.of_quantization(quantization()))
    recorded.write(tmp_path / "model.tflite", whole)
    again = recorded.brought_along(tmp_path / "model.tflite")
    assert again == whole
    quantized = again.maker(Digest(LISTS["tflite"]))
    assert quantized is not None
    assert (quantized.kind, quantized.commit) == ("quantization", "c0ffee0")
    for item in quantized.inputs:
        assert again.maker(item.digest) is not None
    (gate,) = again.evaluations(Digest(LISTS["tflite"]))
    assert gate.figures[0].value == 0.49
    made = again.maker(Digest(LISTS["keras"]))
    assert made is not None
    assert [(one.name, one.step) for one in made.figures] == [("loss", 1), ("loss", 2), ("mean-iou", 2)]
    data = again.maker(Digest(LISTS["train"]))
    assert data is not None
    assert (data.kind, data.seed, data.inputs) == ("dataset", 3, ())


def test_a_parent_without_a_record_brings_nothing_along(tmp_path: Path) -> None:
    assert recorded.brought_along(tmp_path / "model.keras").steps == ()


def test_a_second_training_on_the_same_images_keeps_what_is_known_of_them() -> None:
    first = recorded.extended(Lineage(()), recorded.of_training(training()))
    folder = {**training()["configuration"], "data": {"folder": "data"}}
    made_of = {**training()["made_of"], "parent": LISTS["keras"]}
    model = {**training()["model"], "sha256": LISTS["tflite"]}
    second = recorded.of_training(training(configuration=folder, made_of=made_of, model=model))
    whole = recorded.extended(first, second)
    data = whole.maker(Digest(LISTS["train"]))
    assert data is not None
    assert data.seed == 3
    assert [one.kind for one in whole.steps] == ["dataset", "dataset", "training", "training"]


def test_a_float_file_is_an_export_and_a_trained_parent_goes_in() -> None:
    model = {**quantization()["model"], "scheme": "float32"}
    (export,) = recorded.of_quantization(
        quantization(model=model, gate=None, made_of={**quantization()["made_of"], "calibration": None})
    )
    assert export.kind == "export"
    parent = {**training()["made_of"], "parent": LISTS["tflite"]}
    *_lists, tuned = recorded.of_training(training(made_of=parent))
    assert [item.role for item in tuned.inputs] == ["images", "model"]
