"""The configuration of a training run: `schemas/training.json` as frozen dataclasses with its defaults."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from registry.digest import Digest

Range = tuple[float, float]
Section = TypeVar("Section")


@dataclass(frozen=True)
class Network:
    """The network.

    Attributes:
        backbone: `mobilenet-v2` or `resnet50`.
        height, width: Of the input in pixels.
        multiplier: Share of MobileNetV2's channels.
        output_stride: Pixels of the input for one feature, in each direction.
        aspp: `v1`, `v2` or `none`.
        aspp_filters: Channels of every branch of the head.
        classes: As the document states them; None where it leaves that to the dataset.
        dropout: Share of the features left out before the last layer.
        batch_norm_momentum: How much of the moving statistics stays at each step.
    """

    backbone: str
    height: int
    width: int
    multiplier: float = 1.0
    output_stride: int = 16
    aspp: str = "v2"
    aspp_filters: int = 256
    classes: int | None = None
    dropout: float = 0.1
    batch_norm_momentum: float = 0.99


@dataclass(frozen=True)
class Parent:
    """The model file that a run begins with, and the digest that it must have."""

    file: str
    sha256: str | None = None


@dataclass(frozen=True)
class Shapes:
    """Generated images, as `registry.samples.shapes.make` takes them."""

    seed: int
    count: int
    size: int
    clutter: float = 1.0
    colour: float = 0.0


@dataclass(frozen=True)
class Data:
    """Images and masks; either `folder` or `shapes` is there. `cache_mib` bounds what decoded images may take."""

    folder: str | None = None
    shapes: Shapes | None = None
    dataset: str | None = None
    train: str = "train"
    validation: str = "val"
    cache_mib: int = 2048


@dataclass(frozen=True)
class Crop:
    """A window: ranges of its centre and sides as shares of the image."""

    width: Range
    height: Range
    centre_x: Range = (0.5, 0.5)
    centre_y: Range = (0.5, 0.5)
    rate: float = 1.0


@dataclass(frozen=True)
class Change:
    """A change by an amount out of a range, to a share `rate` of the images."""

    low: float
    high: float
    rate: float = 1.0


@dataclass(frozen=True)
class Augmentation:
    """Random changes; None leaves one out. `contrast`, `brightness` and `rotation` go to both sides of none."""

    flip: str | None = None
    crop: Crop | None = None
    scale: Change | None = None
    rotation: Change | None = None
    contrast: Change | None = None
    brightness: Change | None = None
    noise: Change | None = None
    blur: Change | None = None
    jpeg: Change | None = None
    posterize: Change | None = None


@dataclass(frozen=True)
class Optimiser:
    """What moves the weights; see the schema for each number."""

    name: str
    learning_rate: float
    momentum: float = 0.9
    weight_decay: float = 0.004
    clip_norm: float | None = None


@dataclass(frozen=True)
class Schedule:
    """How the learning rate goes; see the schema for each number."""

    name: str = "constant"
    warmup_epochs: float = 0
    hold_epochs: float = 0
    end: float = 0
    power: float = 0.9
    factor: float = 1.0


@dataclass(frozen=True)
class Watch:
    """A figure that is watched: `patience` in evaluations; `factor` and `end` of the learning rate."""

    monitor: str = "val_mean_iou"
    mode: str | None = None
    patience: int = 1
    factor: float = 1.0
    end: float = 0

    @property
    def grows(self) -> bool:
        """Whether more is better."""
        return self.mode == "max" if self.mode else not self.monitor.endswith("loss")


@dataclass(frozen=True)
class Evaluation:
    """How a run is measured between epochs."""

    protocol: str = "voc"
    every: int = 1
    limit: int | None = None


@dataclass(frozen=True)
class Configuration:
    """A training run.

    Attributes:
        plain: The document, overrides included, as plain data.
        keep: `best` or `last`: whose weights become the model; `best_by` says by what.
    """

    name: str
    network: Network
    technique: str
    parent: Parent | None
    data: Data
    augmentation: Augmentation
    optimiser: Optimiser
    schedule: Schedule
    class_weights: tuple[float, ...] | None
    epochs: int
    batch: int
    seed: int
    plateau: Watch | None
    early_stopping: Watch | None
    keep: str
    best_by: Watch
    folder: str
    evaluation: Evaluation
    plain: Mapping[str, Any]

    @property
    def digest(self) -> Digest:
        """Of all that decides the result: where it goes and what it is called do not."""
        deciding = {key: value for key, value in self.plain.items() if key not in ("name", "summary", "output")}
        return Digest.of(json.dumps(deciding, sort_keys=True).encode())


def from_plain(plain: Mapping[str, Any]) -> Configuration:
    """Read a valid document."""
    callbacks = plain.get("callbacks", {})
    kept = callbacks.get("checkpoint", {})
    return Configuration(
        name=plain["name"],
        network=_network(plain["model"]),
        technique=plain["technique"],
        parent=_optional(Parent, plain.get("parent")),
        data=_data(plain["data"]),
        augmentation=_augmentation(plain.get("augmentation", {})),
        optimiser=_section(Optimiser, plain["optimiser"]),
        schedule=_section(Schedule, plain.get("schedule", {})),
        class_weights=_numbers(plain.get("loss", {}).get("class_weights")),
        epochs=plain["epochs"],
        batch=plain["batch"],
        seed=plain["seed"],
        plateau=_optional(Watch, callbacks.get("reduce_on_plateau")),
        early_stopping=_optional(Watch, callbacks.get("early_stopping")),
        keep=kept.get("keep", "best"),
        best_by=_section(Watch, {key: kept[key] for key in ("monitor", "mode") if key in kept}),
        folder=plain.get("output", {}).get("folder", str(Path("runs", plain["name"]))),
        evaluation=_section(Evaluation, plain.get("evaluation", {})),
        plain=plain,
    )


def _network(plain: Mapping[str, Any]) -> Network:
    height, width = plain["input"]
    rest = {key: value for key, value in plain.items() if key not in ("input", "width")}
    return Network(height=height, width=width, multiplier=float(plain.get("width", 1.0)), **rest)


def _data(plain: Mapping[str, Any]) -> Data:
    return _section(Data, {**plain, "shapes": _optional(Shapes, plain.get("shapes"))})


def _augmentation(plain: Mapping[str, Any]) -> Augmentation:
    changes = {key: _change(key, value) for key, value in plain.items() if key not in ("flip", "crop")}
    return Augmentation(flip=plain.get("flip"), crop=_optional(Crop, plain.get("crop")), **changes)


def _change(name: str, plain: Mapping[str, Any]) -> Change:
    """A change whose only number is the most, to both sides, or whose range is stated."""
    amount = next(value for key, value in plain.items() if key != "rate")
    if name == "contrast":
        amount = [1 - amount, 1 + amount]
    low, high = amount if isinstance(amount, list) else (-amount, amount)
    return Change(float(low), float(high), float(plain.get("rate", 1.0)))


def _section(kind: type[Section], plain: Mapping[str, Any]) -> Section:
    known = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return kind(**{key: _tupled(value) for key, value in plain.items() if key in known})


def _optional(kind: type[Section], plain: Mapping[str, Any] | None) -> Section | None:
    return None if plain is None else _section(kind, plain)


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _numbers(value: list[float] | None) -> tuple[float, ...] | None:
    return None if value is None else tuple(float(one) for one in value)
