"""Figures that were measured once and are measured again: do they belong to these bytes? Pure but for `Measure`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from registry.card import Metric
from registry.digest import Digest
from registry.errors import RejectedError, RequestError, UnavailableError
from registry.figures import describes
from registry.judgement import TOLERANCE
from registry.metrics import PROTOCOLS, Scores
from registry.problem import Severity
from registry.submission.flaw import Flaw, Subject
from registry.submission.report import Check, Outcome

SIGMAS = 3.0
"""Standard errors by which a sample's figure may miss the whole's: one in 370 honest figures misses by more."""


@dataclass(frozen=True)
class Measured:
    """What was measured.

    Attributes:
        images: Digest of the identifiers of the whole split.
        sample, whole: Images that were looked at, and that the split has.
        scores: Figures by protocol.
        errors: Standard errors of the sample's figures, by protocol and metric; none where all were looked at.
        leaked: Images of the split that the training split has too, each with its name there.
    """

    images: Digest
    sample: int
    whole: int
    scores: Mapping[str, Scores]
    errors: Mapping[tuple[str, str], float]
    leaked: Mapping[str, str]


class Measure(Protocol):
    """Measures a model on the pictures that are at hand."""

    def has(self, dataset: str) -> bool:
        """Whether there are pictures of a dataset."""

    def __call__(
        self, subject: Subject, model: Path, dataset: str, split: str, protocols: Sequence[str]
    ) -> Measured:
        """Run a model over a split, or a sample of it.

        Raises:
            RequestError: The folder is no such dataset.
            RejectedError: The model cannot be run, or pictures are damaged.
            UnavailableError: What runs it is not installed.
        """


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
        if not measure.has(dataset):
            if required:
                message = f"no pictures of {dataset} are here, so nothing was measured again"
                expected = f"--data {dataset}=FOLDER"
                yield Flaw(path, "not-measured-again", message, expected, "no folder", severity)
            yield Check(name, "unknown" if required else "skipped", f"no pictures of {dataset} here")
            continue
        metrics = [subject.variant.metrics[number] for number in numbers]
        protocols = [one for one in PROTOCOLS if one in {metric.protocol for metric in metrics}]
        try:
            found = measure(subject, model, dataset, split, protocols)
        except (RejectedError, RequestError, UnavailableError) as error:
            rejected = isinstance(error, RejectedError)
            rule = "not-reproduced" if rejected else "not-measured-again"
            yield Flaw(path, rule, error.message, error.hint or "", "", "error" if rejected else severity)
            yield Check(name, "failed" if rejected else "unknown" if required else "skipped", "it could not be run")
            continue
        flaws = [*_leaks(path, dataset, split, found), *_held(subject, numbers, found, severity)]
        yield from flaws
        yield Check(name, _outcome(flaws), _told(metrics, found))


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


def _leaks(path: tuple[str | int, ...], dataset: str, split: str, found: Measured) -> Iterator[Flaw]:
    if found.leaked:
        held, trained = next(iter(found.leaked.items()))
        message = f"{len(found.leaked)} images of {dataset} {split} are among the training images"
        told = held if held == trained else f"{held}, there {trained}"
        yield Flaw(
            (*path, "split"), "leaked-images", message, "images that the training did not see", f"such as {told}"
        )


def _held(subject: Subject, numbers: Sequence[int], found: Measured, severity: Severity) -> Iterator[Flaw]:
    items = subject.variant.document["metrics"]
    others = [
        number
        for number in numbers
        if items[number].get("measurement", {}).get("images", found.images.hex) != found.images.hex
    ]
    if others:
        yield Flaw(
            subject.at("metrics", others[0], "measurement", "images"),
            "other-images",
            "the pictures here are not those that the figure names, so nothing is compared",
            items[others[0]]["measurement"]["images"],
            found.images.hex,
            severity,
        )
    for number in numbers:
        if number not in others:
            yield from _compared(subject, number, subject.variant.metrics[number], found)


def _compared(subject: Subject, number: int, metric: Metric, found: Measured) -> Iterator[Flaw]:
    measured = found.scores[metric.protocol].to_json().get(metric.name)
    if measured is None or metric.value is None:
        return
    allowed = _allowed(metric, found)
    if abs(measured - metric.value) > allowed:
        on = f"{found.sample} of {found.whole} images"
        yield Flaw(
            subject.at("metrics", number, "value"),
            "not-reproduced",
            f"{metric.name} ({metric.protocol}) is another one when it is measured again",
            f"{measured:.4f} on {on}, give or take {allowed:.4f}",
            f"{metric.value:g}",
        )


def _allowed(metric: Metric, found: Measured) -> float:
    return TOLERANCE + SIGMAS * found.errors.get((metric.protocol, metric.name), 0.0)


def _outcome(flaws: Sequence[Flaw]) -> Outcome:
    ranks: dict[Severity, Outcome] = {"error": "failed", "unknown": "unknown", "warning": "warned"}
    severities = {flaw.severity for flaw in flaws}
    return next((outcome for severity, outcome in ranks.items() if severity in severities), "passed")


def _told(metrics: Sequence[Metric], found: Measured) -> str:
    first = metrics[0]
    measured = found.scores[first.protocol].to_json().get(first.name)
    shown = "nothing" if measured is None else f"{measured:.4f} give or take {_allowed(first, found):.4f}"
    more = f", {len(metrics) - 1} more" if len(metrics) > 1 else ""
    return f"{first.name} {first.value:g}, found {shown} on {found.sample} of {found.whole} images{more}"
