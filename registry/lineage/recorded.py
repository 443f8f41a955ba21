"""The steps that the records of `zoo train` and `zoo quantize` tell of, added to what their parents bring along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from registry.digest import Digest
from registry.files import write_atomically
from registry.lineage.document import ENDING, read, to_bytes
from registry.lineage.step import MODEL, Environment, Figure, Item, Lineage, Step

Plain = Mapping[str, Any]


def beside(model: Path) -> Path:
    """Where the record of a model file lies."""
    return model.with_name(model.stem + ENDING)


def brought_along(model: Path) -> Lineage:
    """The record beside a model file; an empty one where there is none.

    Raises:
        RejectedError: It is not valid.
        UnavailableError: It cannot be read.
    """
    path = beside(model)
    return read(path) if path.is_file() else Lineage(())


def extended(lineage: Lineage, steps: Iterable[Step]) -> Lineage:
    """A record with further steps; of a dataset that it knows already it says no less than before."""
    known = lineage.maker
    new = (one for one in steps if one.kind != "dataset" or not any(known(item.digest) for item in one.outputs))
    return lineage.with_steps(new)


def write(model: Path, lineage: Lineage) -> Path:
    """Write the record beside a model file, and return its path.

    Raises:
        RejectedError: It would not be read back.
        OSError: It cannot be written.
    """
    path = beside(model)
    write_atomically(path, to_bytes(lineage, str(path)))
    return path


def of_training(record: Plain) -> tuple[Step, ...]:
    """The lists of images and the training that a `training.json` tells of."""
    made_of, model, asked = record["made_of"], record["model"], record["configuration"]
    data = made_of["data"]
    lists = [_images(f"{data['dataset']} {data[part]['split']}", data[part]["sha256"]) for part in _PARTS]
    inputs = [lists[0]]
    if made_of["parent"]:
        inputs.append(Item(MODEL, "model.keras", Digest(made_of["parent"])))
    training = Step(
        "training",
        tuple(inputs),
        (Item(MODEL, model["file"], Digest(model["sha256"])),),
        name=record["name"],
        parameters={
            "technique": record["technique"],
            "epochs": asked["epochs"],
            "batch": asked["batch"],
            "epoch": model["epoch"],
        },
        figures=tuple(_curve(record, data)),
        environment=_environment(record["environment"]),
        configuration=Digest(made_of["configuration"]),
        seed=asked["seed"],
        started=record["started"],
        seconds=record["seconds"],
        **_git(record),
    )
    generated = asked["data"].get("shapes") or {}
    told = {"name": data["dataset"], "parameters": generated, "seed": generated.get("seed")}
    return *(Step("dataset", (), (images,), **told) for images in lists), training


def of_quantization(record: Plain) -> tuple[Step, ...]:
    """The calibration set, the quantization and the gate that a `quantization.json` tells of."""
    made_of, model = record["made_of"], record["model"]
    parent, calibration = made_of["parent"], made_of["calibration"]
    inputs = [Item(MODEL, f"model.{parent['format']}", Digest(parent["sha256"]), parent["variant"])]
    steps = []
    if calibration:
        chosen = Item(
            "calibration", f"{calibration['images']} of {calibration['split']}", Digest(calibration["sha256"])
        )
        steps.append(
            Step("dataset", (), (chosen,), name="calibration", parameters={"images": calibration["images"]})
        )
        inputs.append(chosen)
    said = {name: model[name] for name in ("scheme", "granularity", "representation")}
    result = Item(MODEL, model["file"], Digest(model["sha256"]))
    quantized = Step(
        "export" if model["scheme"] == "float32" else "quantization",
        tuple(inputs),
        (result,),
        name=record["name"],
        parameters={**said, "float_layers": len(record["mixed"]["float"])} if record["mixed"] else said,
        environment=_environment(record["environment"]),
        configuration=Digest(made_of["configuration"]),
        started=record["started"],
        seconds=record["seconds"],
        **_git(record),
    )
    return (*steps, quantized, *_gate(record, result))


_PARTS = ("train", "validation")


def _images(name: str, digest: str) -> Item:
    return Item("images", name, Digest(digest))


def _curve(record: Plain, data: Plain) -> list[Figure]:
    """Loss of each epoch, and accuracy where it was measured."""
    found = [Figure("loss", one["loss"], step=one["epoch"]) for one in record["epochs"]]
    images, split = Digest(data["validation"]["sha256"]), data["validation"]["split"]
    for one in record["epochs"]:
        if (value := one.get("val_mean_iou")) is not None:
            told = {"protocol": record["protocol"], "dataset": data["dataset"], "split": split}
            found.append(Figure("mean-iou", value, images=images, step=one["epoch"], **told))
    return found


def _gate(record: Plain, model: Item) -> tuple[Step, ...]:
    gate = record["gate"]
    if not gate:
        return ()
    subject = gate["subject"]
    name, images = f"{subject['dataset']} {subject['split']}", Digest(subject["images"])
    figure = Figure(
        "mean-iou",
        gate["result"],
        protocol=gate["protocol"],
        dataset=subject["dataset"],
        split=subject["split"],
        images=images,
    )
    runtime = subject["runtime"]
    return (
        Step(
            "evaluation",
            (model, Item("images", name, images)),
            (),
            name="quantization gate",
            figures=(figure,),
            environment=Environment("", {runtime["name"]: runtime["version"]}),
        ),
    )


def _git(record: Plain) -> dict[str, Any]:
    """Commit of the configuration's folder, and whether tracked files differed from it."""
    said = record["git"]
    return {"commit": said.get("commit"), "changed": "changed" in said}


def _environment(said: Plain) -> Environment:
    host = f"{said['machine']} {said['system']}, {said['threads']} threads"
    versions = {
        name: str(version) for name, version in said.items() if name not in ("machine", "system", "threads")
    }
    return Environment(host, versions)
