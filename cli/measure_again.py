"""Measuring figures again for `zoo check`: folders of pictures by dataset, and a sample of their images."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cli.model_file import graph_of
from registry.apart import Apart, Tell
from registry.errors import RequestError
from registry.progress import Advance, Silent

if TYPE_CHECKING:
    from cli.session import Voice
    from registry.card import Variant
    from registry.digest import Digest
    from registry.samples import Sample, VocFolder
    from registry.submission.again import Measured
    from registry.submission.again import Pictures as Split
    from registry.submission.flaw import Subject
    from registry.submission.shelf import Shelf


_SECONDS, _SECONDS_AN_IMAGE = 120.0, 30.0
"""What a run may take: engines load for some time, and the slowest of models needs seconds for a picture."""


@dataclass(frozen=True)
class Asked:
    """What is measured.

    Attributes:
        variant: The variant.
        model: Its file.
        digest: Of the file.
        dataset, split, protocols: What its figures are of.
        classes: Of the dataset.
        whole: Images of the split.
    """

    variant: Variant
    model: Path
    digest: Digest
    dataset: str
    split: str
    protocols: tuple[str, ...]
    classes: int
    whole: int


class Pictures:
    """Runs models over the pictures at hand, in a process of its own: one that breaks down is no loss but its own.

    Args:
        folders: Of datasets, by name, in the PASCAL VOC layout.
        sample: Images of a split that are looked at; None for all.
        shelf: Where the datasets' cards are.
        voice: Hears of each image.
    """

    def __init__(self, folders: Mapping[str, Path], sample: int | None, shelf: Shelf, voice: Voice) -> None:
        self._folders, self._sample, self._shelf, self._voice = folders, sample, shelf, voice
        self._apart = Apart()
        self._leaks: dict[tuple[str, str, str], Mapping[str, str]] = {}

    def close(self) -> None:
        """End the process in which models run."""
        self._apart.close()

    def pictures(self, subject: Subject, dataset: str, split: str) -> Split | None:
        """The pictures of a split; None where there is no folder of the dataset.

        Raises:
            RequestError: The folder is no such dataset, or has no such split.
            RejectedError: Its lists are damaged.
            UnavailableError: They cannot be read.
        """
        from registry.samples import VocFolder
        from registry.samples.lists import list_digest
        from registry.submission.again import Pictures as Split

        if dataset not in self._folders:
            return None
        folder = VocFolder(self._folders[dataset])
        samples = list(folder.samples(split))
        leaked = self._leaked(folder, dataset, split, subject)
        return Split(list_digest([sample.name for sample in samples]), len(samples), leaked)

    def run(self, subject: Subject, model: Path, dataset: str, split: str, protocols: Sequence[str]) -> Measured:
        """Run a model over a sample that its own bytes choose: nobody can tune a file to it.

        Raises:
            RequestError: The dataset's card names no classes.
            RejectedError: The model cannot be run, or pictures are damaged.
            UnavailableError: What runs it is not installed.
        """
        from registry.samples import VocFolder

        samples = list(VocFolder(self._folders[dataset]).samples(split))
        digest = _proven(subject)
        chosen = _chosen(samples, self._sample, digest)
        classes = self._classes(dataset)
        asked = Asked(subject.variant, model, digest, dataset, split, tuple(protocols), classes, len(samples))
        seconds = _SECONDS + _SECONDS_AN_IMAGE * len(chosen)
        with self._voice.task(f"measuring {subject.variant.name}", len(chosen), unit="images") as advance:
            found: Measured = self._apart.run(measure, asked, chosen, seconds=seconds, heard=advance)
        return found

    def _classes(self, dataset: str) -> int:
        card = self._shelf.dataset(dataset)
        if card is None or not card.class_names:
            raise RequestError(
                f"no card of {dataset} that names its classes", hint=f"add datasets/{dataset}.yaml to the cards"
            )
        return len(card.class_names)

    def _leaked(self, folder: VocFolder, dataset: str, split: str, subject: Subject) -> Mapping[str, str]:
        """Images of the split that the network was trained on; each pair of lists is compared once."""
        from registry.samples.leak import leaked

        training = subject.variant.document.get("training", {})
        if training.get("dataset") != dataset:
            return {}
        trained = training.get("split", "train")
        key = (dataset, split, trained)
        if key not in self._leaks:
            self._leaks[key] = leaked(folder, split, trained)
        return self._leaks[key]


def measure(asked: Asked, samples: Sequence[Sample], tell: Tell) -> Measured:
    """Run a model over images.

    Raises:
        RejectedError: The model cannot be run, or pictures are damaged.
        UnavailableError: What runs it is not installed.
    """
    from registry.evaluate import Entrant, evaluate
    from registry.evaluation import Subject as Measurand
    from registry.metrics.spread import Recorded
    from registry.samples.lists import list_digest
    from registry.segmenter import open_segmenter
    from registry.submission.again import Measured

    segmenter = open_segmenter(asked.model, graph_of(asked.model, asked.variant), asked.variant)
    measurand = Measurand(
        asked.variant.full_name,
        asked.digest,
        asked.dataset,
        asked.split,
        list_digest([sample.name for sample in samples]),
        segmenter.preparation.digest,
        segmenter.model.name,
        segmenter.model.version,
        threads=1,
    )
    run = Recorded(asked.classes, asked.protocols)
    evaluate([Entrant(segmenter, measurand)], samples, lambda: run, _Teller(tell))
    return Measured(len(samples), run.scores(), run.errors(asked.whole))


class _Teller(Silent):
    """Tells the other process of each image."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def task(
        self, title: str, total: int | None, *, unit: str = "B", done: int = 0
    ) -> AbstractContextManager[Advance]:
        """Images are the only task of an evaluation."""
        return nullcontext(self._tell)


def _proven(subject: Subject) -> Digest:
    """The digest of a variant's model, which its delivery has proven: the file is not hashed again."""
    model = subject.variant.model_file
    assert model is not None, "what is measured has a model file"  # noqa: S101
    assert model.digest is not None, "what was delivered has a digest"  # noqa: S101
    return model.digest


def _chosen(samples: list[Sample], count: int | None, seed: Digest) -> list[Sample]:
    if count is None or count >= len(samples):
        return samples
    numbers = random.Random(seed.hex).sample(range(len(samples)), count)  # noqa: S311 - no secret is made of it
    return [samples[number] for number in sorted(numbers)]
