"""Measuring figures again for `zoo check`: folders of pictures by dataset, and a sample of their images."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cli.model_file import graph_of
from registry.errors import RequestError

if TYPE_CHECKING:
    from cli.session import Voice
    from registry.digest import Digest
    from registry.samples import Sample, VocFolder
    from registry.submission.again import Measured
    from registry.submission.again import Pictures as Split
    from registry.submission.flaw import Subject
    from registry.submission.shelf import Shelf


class Pictures:
    """Runs models over the pictures at hand.

    Args:
        folders: Of datasets, by name, in the PASCAL VOC layout.
        sample: Images of a split that are looked at; None for all.
        shelf: Where the datasets' cards are.
        voice: Hears of each image.
    """

    def __init__(self, folders: Mapping[str, Path], sample: int | None, shelf: Shelf, voice: Voice) -> None:
        self._folders, self._sample, self._shelf, self._voice = folders, sample, shelf, voice
        self._leaks: dict[tuple[str, str, str], Mapping[str, str]] = {}

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
        from registry.digest import Digest
        from registry.evaluate import Entrant, evaluate
        from registry.evaluation import Subject as Measurand
        from registry.metrics.spread import Recorded
        from registry.samples import VocFolder
        from registry.samples.lists import list_digest
        from registry.segmenter import open_segmenter
        from registry.submission.again import Measured

        samples = list(VocFolder(self._folders[dataset]).samples(split))
        artifact = Digest.of_file(model)
        chosen = _chosen(samples, self._sample, artifact)
        with self._voice.hush():
            segmenter = open_segmenter(model, graph_of(model, subject.variant), subject.variant)
        measurand = Measurand(
            subject.variant.full_name,
            artifact,
            dataset,
            split,
            list_digest([sample.name for sample in chosen]),
            segmenter.preparation.digest,
            segmenter.model.name,
            segmenter.model.version,
            threads=1,
        )
        run = Recorded(self._classes(dataset), protocols)
        evaluate([Entrant(segmenter, measurand)], chosen, lambda: run, self._voice)
        return Measured(len(chosen), run.scores(), run.errors(len(samples)))

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


def _chosen(samples: list[Sample], count: int | None, seed: Digest) -> list[Sample]:
    if count is None or count >= len(samples):
        return samples
    numbers = random.Random(seed.hex).sample(range(len(samples)), count)  # noqa: S311 - no secret is made of it
    return [samples[number] for number in sorted(numbers)]
