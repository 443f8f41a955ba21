"""The verb behind `zoo eval`: accuracy of a file on images, bound to the digests of all that it depends on."""

from __future__ import annotations

import heapq
import json
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from registry import pictures
from registry.digest import Digest
from registry.errors import RejectedError, RequestError, UnavailableError, ZooError
from registry.files import write_atomically
from registry.metrics import Pair, Run, Scores, confusion_matrix, nearest
from registry.metrics.figures import figures_of
from registry.progress import Progress
from registry.samples import Sample
from registry.samples.pictures import read_mask
from registry.segmenter import Segmenter

STATE = "evaluation-state/1"
_SAVE_SECONDS = 20.0
"""How often the state is written: what an interruption costs at most."""
_WORST = 12
"""Images that are remembered as the worst."""


@dataclass(frozen=True)
class Subject:
    """What a figure belongs to.

    Attributes:
        variant: Full name; empty for a file without a card.
        artifact: Digest of the model file.
        dataset: Name of the dataset's card, or of the folder.
        split: Part of it.
        images: Digest of the list of identifiers that were evaluated.
        preprocessing: Digest of how pictures go in.
        engine, version: What ran it.
        threads: CPU threads of the engine.
    """

    variant: str
    artifact: Digest
    dataset: str
    split: str
    images: Digest
    preprocessing: Digest
    engine: str
    version: str
    threads: int

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "variant": self.variant or None,
            "artifact": self.artifact.hex,
            "dataset": self.dataset,
            "split": self.split,
            "images": self.images.hex,
            "preprocessing": self.preprocessing.hex,
            "runtime": {"name": self.engine, "version": self.version, "threads": self.threads},
            "host": {"machine": platform.machine(), "system": platform.system()},
        }


@dataclass(frozen=True)
class Bad:
    """An image that could not be evaluated: its identifier, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Sight:
    """How an image was judged by itself, at its mask's size and without void.

    Attributes:
        name: Its identifier.
        mean_iou: Of the classes in its mask or prediction.
        pixel_accuracy: Share of its pixels that are right.
    """

    name: str
    mean_iou: float
    pixel_accuracy: float


@dataclass(frozen=True)
class Evaluation:
    """What came of it.

    Attributes:
        subject: What the figures belong to.
        scores: Figures by protocol.
        samples: Images that count.
        bad: Images that do not.
        milliseconds: Of each inference here, without opening and preparing the picture; of this run only.
        worst: Images with the lowest mean IoU, the worst first; at most 12.
    """

    subject: Subject
    scores: Mapping[str, Scores]
    samples: int
    bad: tuple[Bad, ...]
    milliseconds: tuple[float, ...]
    worst: tuple[Sight, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            **self.subject.to_json(),
            "samples": self.samples,
            "bad": [{"image": one.name, "reason": one.reason} for one in self.bad],
            "latency_ms": percentiles(self.milliseconds),
            "protocols": {name: scores.to_json() for name, scores in self.scores.items()},
        }


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Median, 90th and 99th percentile and greatest (nearest rank); empty without values."""
    ordered = sorted(values)
    if not ordered:
        return {}
    ranks = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {
        name: ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)] for name, share in ranks.items()
    }


def evaluate(
    segmenter: Segmenter,
    samples: Sequence[Sample],
    subject: Subject,
    run: Run,
    progress: Progress,
    *,
    state: Path | None = None,
    most_bad: int = 0,
) -> Evaluation:
    """Run a model over samples, and go on where an earlier run of the same stopped.

    Args:
        segmenter: The model.
        samples: Images and masks.
        subject: What the figures will belong to.
        run: Empty accumulators of the protocols asked for.
        progress: Hears of each image.
        state: File that keeps the state of a run that is not finished; None keeps none.
        most_bad: Images that may be unreadable or wrong before the run stops.

    Raises:
        RejectedError: More images than that are bad.
        UnavailableError: The state cannot be written.
    """
    work = _Work(segmenter, subject, run, state)
    try:
        with progress.task("evaluate", len(samples), unit="images", done=len(work.done)) as advance:
            for sample in samples:
                if sample.name not in work.done:
                    work.take(sample)
                    work.require_few_bad(most_bad)
                    advance(1)
    except BaseException:
        work.save()  # also of Ctrl-C: the next run goes on from here
        raise
    work.finish()
    samples_done = len(work.done) - len(work.bad)
    return Evaluation(
        subject, work.run.scores(), samples_done, tuple(work.bad), tuple(work.times), tuple(work.worst)
    )


class _Work:
    """A run so far, on disk every now and then."""

    def __init__(self, segmenter: Segmenter, subject: Subject, run: Run, state: Path | None) -> None:
        self._segmenter, self._subject, self._state = segmenter, subject, state
        self.run = run
        self.done: set[str] = set()
        self.bad: list[Bad] = []
        self.times: list[float] = []
        self.worst: list[Sight] = []
        self._saved = time.monotonic()
        self._resume()

    def take(self, sample: Sample) -> None:
        """Evaluate one image; one that is bad is remembered."""
        try:
            self._take(sample)
        except ZooError as error:
            self.bad.append(Bad(sample.name, error.message))
        self.done.add(sample.name)
        if time.monotonic() - self._saved > _SAVE_SECONDS:
            self.save()

    def require_few_bad(self, most: int) -> None:
        """Stop when too many images are bad.

        Raises:
            RejectedError: More than `most` are.
        """
        if len(self.bad) > most:
            raise RejectedError(
                f"{len(self.bad)} of {len(self.done)} images cannot be evaluated, expected at most {most}: "
                + "; ".join(f"{one.name}: {one.reason}" for one in self.bad[-3:]),
                hint="`zoo dataset check` lists all problems; --max-bad N lets N images be left out",
            )

    def _take(self, sample: Sample) -> None:
        picture, mask = pictures.read(sample.image), read_mask(sample.mask)
        if picture.shape[:2] != mask.shape:
            raise RejectedError(
                f"{sample.mask}: expected the image's size {picture.shape[1]}x{picture.shape[0]},"
                f" found {mask.shape[1]}x{mask.shape[0]}"
            )
        stored, view = self._segmenter.prepare(picture)
        started = time.perf_counter()
        outputs = self._segmenter.model.invoke(stored)
        self.times.append(1000 * (time.perf_counter() - started))
        at_mask = Pair(self._segmenter.picture_map(outputs, view), mask)
        at_network = None
        if self.run.needs_network_size:
            found = self._segmenter.network_map(outputs)
            at_network = Pair(found, nearest(mask, *found.shape))
        matrix = confusion_matrix(at_mask, self.run.classes, sample.name)
        self.run.add(sample.name, at_mask, at_network)
        if matrix.any():
            figures = figures_of(matrix)
            iou = [value for value in figures.class_iou.tolist() if value == value]  # noqa: PLR0124 - no NaN
            sight = Sight(sample.name, sum(iou) / len(iou), figures.pixel_accuracy)
            self.worst = heapq.nsmallest(_WORST, [*self.worst, sight], key=lambda one: (one.mean_iou, one.name))

    def _resume(self) -> None:
        if self._state is None or not self._state.exists():
            return
        try:
            kept = json.loads(self._state.read_bytes())
            if kept["schema"] != STATE or kept["subject"] != self._subject.to_json():
                return  # of another file, list or preparation: nothing of it counts here
            run = Run.from_json(kept["run"])
            if set(run.protocols) == set(self.run.protocols):
                self.run, self.done = run, set(kept["done"])
                self.bad = [Bad(one["name"], one["reason"]) for one in kept["bad"]]
                self.worst = [Sight(**one) for one in kept["worst"]]
        except (OSError, ValueError, KeyError, TypeError, RejectedError, RequestError):
            return  # damaged: begin anew

    def save(self) -> None:
        """Write the state.

        Raises:
            UnavailableError: It cannot be written.
        """
        self._saved = time.monotonic()
        if self._state is None:
            return
        document = {
            "schema": STATE,
            "subject": self._subject.to_json(),
            "run": self.run.to_json(),
            "done": sorted(self.done),
            "bad": [{"name": one.name, "reason": one.reason} for one in self.bad],
            "worst": [asdict(one) for one in self.worst],
        }
        try:
            write_atomically(self._state, json.dumps(document).encode())
        except OSError as error:
            raise UnavailableError(
                f"{self._state}: the state cannot be kept: {error.strerror or error}",
                hint="free space, or choose another folder with --cache",
            ) from None

    def finish(self) -> None:
        """Remove the state of a run that is complete."""
        if self._state is not None:
            self._state.unlink(missing_ok=True)


def limited(samples: Iterator[Sample], limit: int | None) -> list[Sample]:
    """The first samples of a list, or all."""
    return [sample for number, sample in enumerate(samples) if limit is None or number < limit]
