"""The verb behind `zoo eval`: accuracy of a file on images, bound to the digests of all that it depends on.

The work on an image is a line of stations: one thread opens and prepares pictures, the caller's runs the model, a
third compares with the mask. Only the caller's thread takes results in, so that an interruption finds whole images.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

from registry import pictures
from registry.class_map import mask_at_network_size
from registry.errors import RejectedError, ZooError
from registry.evaluation import Bad, Evaluation, Outcome, Subject
from registry.evaluation_state import State
from registry.metrics import Look, Pair, Run
from registry.metrics.agreement import Difference
from registry.parallel import mapped_ahead
from registry.preparation import View
from registry.progress import Progress
from registry.runtime.base import Array
from registry.samples import Sample
from registry.samples.pictures import read_mask
from registry.segmenter import Segmenter

_SAVE_SECONDS = 20.0
"""How often the state is written: what an interruption costs at most."""


@dataclass(frozen=True)
class Entrant:
    """A model that is evaluated.

    Attributes:
        segmenter: The model.
        subject: What its figures will belong to.
    """

    segmenter: Segmenter
    subject: Subject


class _Prepared(NamedTuple):
    """An image on its way in: one stored input and its view for each model."""

    name: str
    mask: Array
    inputs: tuple[tuple[Array, View], ...]


class _Ran(NamedTuple):
    """What the models gave, and how long each took in milliseconds."""

    prepared: _Prepared
    outputs: tuple[list[Array], ...]
    milliseconds: tuple[float, ...]


class _Looked(NamedTuple):
    """What of an image is taken in: a look for each model, and their difference if there are two."""

    name: str
    looks: tuple[Look, ...]
    difference: Difference | None
    milliseconds: tuple[float, ...]


def evaluate(
    entrants: Sequence[Entrant],
    samples: Sequence[Sample],
    run: Callable[[], Run],
    progress: Progress,
    *,
    state: Path | None = None,
    most_bad: int = 0,
) -> Outcome:
    """Run one model, or two to compare, over samples, and go on where an earlier run of the same stopped.

    Args:
        entrants: One or two.
        samples: Images and masks.
        run: Gives empty accumulators of the protocols asked for.
        progress: Hears of each image.
        state: File that keeps the state of a run that is not finished; None keeps none.
        most_bad: Images that may be unreadable or wrong before the run stops.

    Raises:
        RejectedError: More images than that are bad.
        UnavailableError: The state cannot be written.
    """
    kept = State(state, [entrant.subject for entrant in entrants], run)
    work = _Work(entrants, kept)
    left = [sample for sample in samples if sample.name not in kept.done]
    try:
        with (
            progress.task("evaluate", len(samples), unit="images", done=len(kept.done)) as advance,
            closing(work.looked(left)) as images,
        ):
            for image in images:
                work.take(image)
                _require_few_bad(kept, most_bad)
                advance(1)
    except BaseException:
        kept.save()  # also of Ctrl-C: the next run goes on from here
        raise
    kept.remove()
    return work.outcome()


class _Work:
    """The stations, and what they have found in this run."""

    def __init__(self, entrants: Sequence[Entrant], state: State) -> None:
        self._entrants, self._state = entrants, state
        self._segmenters = tuple(entrant.segmenter for entrant in entrants)
        self._milliseconds: list[list[float]] = [[] for _ in entrants]
        self._saved = time.monotonic()

    def looked(self, samples: Iterable[Sample]) -> Generator[_Looked | Bad]:
        """Each image, looked at or bad, in order."""
        prepared = mapped_ahead(_or_bad(self._prepare, lambda sample: sample.name), samples)
        ran = map(_or_bad(self._run, lambda one: one.name), prepared)
        return mapped_ahead(_or_bad(self._look, lambda one: one.prepared.name), ran)

    def take(self, image: _Looked | Bad) -> None:
        """Take in an image; one that is bad is remembered."""
        self._state.done.add(image.name)
        if isinstance(image, Bad):
            self._state.bad.append(image)
        else:
            for number, (look, time_) in enumerate(zip(image.looks, image.milliseconds, strict=True)):
                self._state.take(number, image.name, look)
                self._milliseconds[number].append(time_)
            if image.difference:
                self._state.agreement.take(image.difference)
        if time.monotonic() - self._saved > _SAVE_SECONDS:
            self._state.save()
            self._saved = time.monotonic()

    def outcome(self) -> Outcome:
        """What came of it."""
        state = self._state
        samples = len(state.done) - len(state.bad)
        evaluations = tuple(
            Evaluation(entrant.subject, run.scores(), samples, tuple(state.bad), _warm(times), worst)
            for entrant, run, times, worst in zip(
                self._entrants, state.runs, self._milliseconds, state.worst, strict=True
            )
        )
        return Outcome(evaluations, state.agreement if len(evaluations) == 2 else None)

    def _prepare(self, sample: Sample) -> _Prepared:
        picture, mask = pictures.read(sample.image), read_mask(sample.mask)
        if picture.shape[:2] != mask.shape:
            raise RejectedError(
                f"{sample.mask}: expected the image's size {picture.shape[1]}x{picture.shape[0]},"
                f" found {mask.shape[1]}x{mask.shape[0]}"
            )
        return _Prepared(sample.name, mask, tuple(one.prepare(picture) for one in self._segmenters))

    def _run(self, prepared: _Prepared) -> _Ran:
        outputs, milliseconds = [], []
        for segmenter, (stored, _view) in zip(self._segmenters, prepared.inputs, strict=True):
            started = time.perf_counter()
            outputs.append(segmenter.model.invoke(stored))
            milliseconds.append(1000 * (time.perf_counter() - started))
        return _Ran(prepared, tuple(outputs), tuple(milliseconds))

    def _look(self, ran: _Ran) -> _Looked:
        name, mask, inputs = ran.prepared
        looks: list[Look] = []
        maps: list[Array] = []
        for segmenter, outputs, (_stored, view), run in zip(
            self._segmenters, ran.outputs, inputs, self._state.runs, strict=True
        ):
            found = segmenter.class_maps(outputs, view, network=run.needs_network_size)
            at_network = None
            if found.at_network is not None:
                shown = mask_at_network_size(mask, view, found.at_network.shape)
                at_network = Pair(found.at_network, shown)
            looks.append(run.look(name, Pair(found.at_picture, mask), at_network))
            maps.append(found.at_picture)
        difference = None
        if len(maps) == 2:
            difference = self._state.agreement.look(name, (maps[0], maps[1]), mask)
        return _Looked(name, tuple(looks), difference, ran.milliseconds)


Item = TypeVar("Item")
Result = TypeVar("Result")


def _or_bad(
    function: Callable[[Item], Result], name: Callable[[Item], str]
) -> Callable[[Item | Bad], Result | Bad]:
    """A station that lets bad images pass, and makes one of what it cannot work on."""

    def station(item: Item | Bad) -> Result | Bad:
        if isinstance(item, Bad):
            return item
        try:
            return function(item)
        except ZooError as error:
            return Bad(name(item), error.message)

    return station


def _warm(milliseconds: Sequence[float]) -> tuple[float, ...]:
    """All but the first, in which engines prepare themselves, unless there is no other."""
    return tuple(milliseconds[1:] or milliseconds)


def _require_few_bad(state: State, most: int) -> None:
    """Stop when too many images are bad.

    Raises:
        RejectedError: More than `most` are.
    """
    if len(state.bad) > most:
        raise RejectedError(
            f"{len(state.bad)} of {len(state.done)} images cannot be evaluated, expected at most {most}: "
            + "; ".join(f"{one.name}: {one.reason}" for one in state.bad[-3:]),
            hint="`zoo dataset check` lists all problems; --max-bad N lets N images be left out",
        )


def limited(samples: Iterator[Sample], limit: int | None) -> list[Sample]:
    """The first samples of a list, or all."""
    return [sample for number, sample in enumerate(samples) if limit is None or number < limit]
