"""Figures that were measured once and are measured again: do they belong to these bytes? Pure but for `Measure`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from registry.card import Metric
from registry.digest import Digest
from registry.errors import RejectedError, RequestError, UnavailableError, ZooError
from registry.figures import describes
from registry.judgement import TOLERANCE
from registry.metrics import PROTOCOLS, Scores
from registry.problem import Severity
from registry.submission.flaw import Flaw, Subject
from registry.submission.report import Check, outcome_of

SIGMAS = 3.0
"""Standard errors by which a sample's figure may miss the whole's: one in 370 honest figures misses by more."""


@dataclass(frozen=True)
class Pictures:
    """The pictures of a split that are at hand.

    Attributes:
        images: Digest of their identifiers, one a line.
        count: How many there are.
        leaked: Those that the split of the training has too, each with its name there.
    """

    images: Digest
    count: int
    leaked: Mapping[str, str]


@dataclass(frozen=True)
class Measured:
    """What a model gave on them.

    Attributes:
        sample: Pictures that were looked at.
        scores: Figures by protocol.
        errors: Standard errors of the sample's figures, by protocol and metric; none where all were looked at.
    """

    sample: int
    scores: Mapping[str, Scores]
    errors: Mapping[tuple[str, str], float]


class Measure(Protocol):
    """Measures models on the pictures that are at hand."""

    def pictures(self, subject: Subject, dataset: str, split: str) -> Pictures | None:
        """The pictures of a split; None where there are none of the dataset.

        Raises:
            RequestError: The folder is no such dataset, or has no such split.
            RejectedError: Its lists are damaged.
        """

    def run(self, subject: Subject, model: Path, dataset: str, split: str, protocols: Sequence[str]) -> Measured:
        """Run a model over a split, or a sample of it.

        Raises:
            RequestError: The dataset's card names no classes.
            RejectedError: The model cannot be run, or pictures are damaged.
            UnavailableError: What runs it is not installed.
        """

    def close(self) -> None:
        """Let go of what runs models."""


def again(subject: Subject, model: Path, measure: Measure, *, required: bool) -> Iterator[Flaw | Check]:
    """Measure a variant's figures again, each dataset and split once.

    Args:
        subject: The variant.
        model: Its file.
        measure: What measures.
        required: Whether a figure that cannot be measured again leaves the verdict open.
    """
    for (dataset, split), numbers in _groups(subject).items():
        name = f"measured again: {dataset} {split}"
        path = subject.at("metrics", numbers[0])
        severity: Severity = "unknown" if required else "warning"
        try:
            pictures = measure.pictures(subject, dataset, split)
            if pictures is None:
                yield from _absent(path, name, dataset, required=required)
                continue
            flaws = [*_leaks(path, pictures), *_others(subject, numbers, pictures, severity)]
            same = [number for number in numbers if _is_of(subject, number, pictures)]
            told = "of other pictures"
            if same:
                found = measure.run(subject, model, dataset, split, _protocols(subject, same))
                flaws += [flaw for number in same for flaw in _compared(subject, number, found, pictures)]
                told = _told([subject.variant.metrics[number] for number in same], found, pictures)
        except (RejectedError, RequestError, UnavailableError) as error:
            flaws, told = [_failed(path, error, severity)], "it could not be run"
        yield from flaws
        yield Check(name, outcome_of(flaws), told)


def _absent(path: tuple[str | int, ...], name: str, dataset: str, *, required: bool) -> Iterator[Flaw | Check]:
    if required:
        message = f"no pictures of {dataset} are here, so nothing was measured again"
        yield Flaw(path, "not-measured-again", message, f"--data {dataset}=FOLDER", "no folder", "unknown")
    yield Check(name, "unknown" if required else "skipped", f"no pictures of {dataset} here")


def _failed(path: tuple[str | int, ...], error: ZooError, severity: Severity) -> Flaw:
    if isinstance(error, RejectedError):
        return Flaw(path, "not-runnable", f"it cannot be run: {error.message}", error.hint or "a model that runs")
    return Flaw(path, "not-measured-again", error.message, error.hint or "", "", severity)


def _groups(subject: Subject) -> dict[tuple[str, str], list[int]]:
    """Figures of this very file that can be measured again, by dataset and split."""
    groups: dict[tuple[str, str], list[int]] = {}
    for number, metric in enumerate(subject.variant.metrics):
        open_ = metric.value is None or metric.status == "contradicted"
        if (
            not open_
            and describes(subject.variant, metric)
            and metric.protocol in PROTOCOLS
            and metric.split != "unknown"
        ):
            groups.setdefault((metric.dataset, metric.split), []).append(number)
    return groups


def _protocols(subject: Subject, numbers: Sequence[int]) -> list[str]:
    stated = {subject.variant.metrics[number].protocol for number in numbers}
    return [one for one in PROTOCOLS if one in stated]


def _leaks(path: tuple[str | int, ...], pictures: Pictures) -> Iterator[Flaw]:
    if pictures.leaked:
        held, trained = next(iter(pictures.leaked.items()))
        message = f"of its {pictures.count} pictures {len(pictures.leaked)} are among those of the training"
        found = f"{held}, there {trained}" if held != trained else held
        expected = "pictures that the training did not see"
        yield Flaw((*path, "split"), "leaked-images", message, expected, f"such as {found}")


def _is_of(subject: Subject, number: int, pictures: Pictures) -> bool:
    """Whether a figure is of these pictures, as far as it says which they are."""
    measurement = subject.variant.document["metrics"][number].get("measurement", {})
    return bool(measurement.get("images", pictures.images.hex) == pictures.images.hex)


def _others(subject: Subject, numbers: Sequence[int], pictures: Pictures, severity: Severity) -> Iterator[Flaw]:
    other = next((number for number in numbers if not _is_of(subject, number, pictures)), None)
    if other is not None:
        yield Flaw(
            subject.at("metrics", other, "measurement", "images"),
            "other-images",
            "the pictures here are not those that the figure names, so nothing is compared",
            subject.variant.document["metrics"][other]["measurement"]["images"],
            pictures.images.hex,
            severity,
        )


def _compared(subject: Subject, number: int, found: Measured, pictures: Pictures) -> Iterator[Flaw]:
    metric = subject.variant.metrics[number]
    measured = found.scores[metric.protocol].to_json().get(metric.name)
    if measured is None or metric.value is None:
        return
    allowed = _allowed(metric, found)
    if abs(measured - metric.value) > allowed:
        on = f"{found.sample} of {pictures.count} images"
        yield Flaw(
            subject.at("metrics", number, "value"),
            "not-reproduced",
            f"{metric.name} ({metric.protocol}) is another one when it is measured again",
            f"{measured:.4f} on {on}, give or take {allowed:.4f}",
            f"{metric.value:g}",
        )


def _allowed(metric: Metric, found: Measured) -> float:
    return TOLERANCE + SIGMAS * found.errors.get((metric.protocol, metric.name), 0.0)


def _told(metrics: Sequence[Metric], found: Measured, pictures: Pictures) -> str:
    first = metrics[0]
    measured = found.scores[first.protocol].to_json().get(first.name)
    shown = "nothing" if measured is None else f"{measured:.4f} give or take {_allowed(first, found):.4f}"
    more = f", {len(metrics) - 1} more" if len(metrics) > 1 else ""
    return f"{first.name} {first.value:g}, found {shown} on {found.sample} of {pictures.count} images{more}"
