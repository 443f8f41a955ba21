"""Reading a training configuration: every problem with file, line and column, overrides included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import configuration, schema
from registry.dataset import Dataset
from registry.document import Document, Step
from registry.problem import Problem
from registry.training.configuration import Configuration, from_plain

KIND = "training"

_USED_BY = {
    ("optimiser", "momentum"): ("sgd", "rmsprop"),
    ("optimiser", "weight_decay"): ("adamw",),
    ("schedule", "power"): ("polynomial",),
    ("schedule", "factor"): ("exponential",),
    ("schedule", "end"): ("polynomial", "cosine", "exponential"),
    ("schedule", "hold_epochs"): ("polynomial", "cosine", "exponential"),
}
"""Numbers that only some kinds of a section have: one that nothing would use is a mistake."""


@dataclass(frozen=True)
class Source(configuration.Read):
    """A valid configuration, and the document that it stands in.

    Attributes:
        configuration: What it says.
    """

    configuration: Configuration

    def require_dataset(self, dataset: Dataset) -> int:
        """Number of classes, if the document and the dataset agree on it.

        Raises:
            RequestError: They do not, or the dataset does not say.
        """
        stated, known = self.configuration.network.classes, dataset.class_count
        if known is None:
            raise self.error(("data", "dataset"), "class-count", f"the card of {dataset.name} names no classes")
        if stated not in (None, known):
            raise self.error(
                ("model", "classes"),
                "class-count",
                "not the number of the dataset's classes",
                expected=f"{known} classes of {dataset.name}",
                found=str(stated),
            )
        weights = self.configuration.class_weights
        if weights is not None and len(weights) != known:
            raise self.error(
                ("loss", "class_weights"),
                "class-count",
                "not one weight for each class",
                expected=f"{known} weights, as {dataset.name} has classes",
                found=str(len(weights)),
            )
        return known


def read(path: Path, overrides: Mapping[str, str] | None = None) -> Source:
    """Read and judge a configuration (see `registry.configuration.read`).

    Raises:
        RequestError: It is not valid; the message has every problem with its place.
    """
    found = configuration.read(path, KIND, _rules, overrides)
    return Source(found.kind, found.document, found.overrides, from_plain(found.document.value))


def check(found: Document) -> list[Problem]:
    """Every breach of the schema, or, where there is none, of the rules that it cannot say."""
    return schema.check(found, KIND) or list(_rules(found))


def valid(found: Document) -> Source:
    """The configuration of a document in which `check` finds nothing."""
    return Source(KIND, found, (), from_plain(found.value))


def _rules(found: Document) -> Iterator[Problem]:
    """What the schema cannot say."""
    plain = found.value
    if (plain["technique"] == "tfs") == ("parent" in plain):
        message = "tfs begins with random weights" if "parent" in plain else "this technique begins with a parent"
        expected = "no parent" if "parent" in plain else "a section 'parent' with the model's file"
        yield found.problem(("technique",), "parent", message, expected=expected, found=plain["technique"])
    if len({"folder", "shapes"} & plain["data"].keys()) != 1:
        yield found.problem(("data",), "data", "one source of images is needed", expected="'folder' or 'shapes'")
    yield from _model_rules(found, plain["model"])
    for (section, key), kinds in _USED_BY.items():
        stated = plain.get(section, {})
        if key in stated and stated["name"] not in kinds:
            yield found.problem(
                (section, key),
                "unused",
                f"{stated['name']} has no {key!r}",
                expected=f"only with {', '.join(kinds)}",
            )
    for path, (low, high) in _ranges(plain.get("augmentation", {})):
        if low > high:
            message = "the range ends before it begins"
            yield found.problem(path, "range", message, expected=f"[{high}, {low}]", found=f"[{low}, {high}]")


def _model_rules(found: Document, model: Mapping[str, Any]) -> Iterator[Problem]:
    stride = model.get("output_stride", 16)
    for number, side in enumerate(model["input"]):
        if side % stride:
            near = max(stride, round(side / stride) * stride)
            yield found.problem(
                ("model", "input", number),
                "input",
                "not a multiple of the output stride",
                expected=f"a multiple of {stride}, such as {near}",
                found=str(side),
            )
    if model["backbone"] == "resnet50" and "width" in model:
        yield found.problem(("model", "width"), "unused", "resnet50 has no width", expected="no 'width'")
    if model.get("aspp") == "none" and "aspp_filters" in model:
        yield found.problem(("model", "aspp_filters"), "unused", "there is no ASPP", expected="no 'aspp_filters'")


def _ranges(augmentation: Mapping[str, Any]) -> Iterator[tuple[tuple[Step, ...], list[float]]]:
    for name, change in augmentation.items():
        for key, value in change.items() if isinstance(change, dict) else ():
            if isinstance(value, list):
                yield ("augmentation", name, key), value
