"""A run of `zoo eval`: from words on the command line to models, data and state."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.data_folder import dataset_of
from cli.model_file import graph_of, located, settings_of, variant_of
from cli.output import counted
from cli.own_card import own_card, require_variant
from cli.session import open_catalog
from cli.tracking import now
from registry.errors import RequestError

if TYPE_CHECKING:
    from registry.card import Variant
    from registry.dataset import Dataset
    from registry.digest import Digest
    from registry.evaluation import Evaluation, Outcome, Subject
    from registry.lineage import Record
    from registry.segmenter import Segmenter


class EvaluationRun:
    """What a run needs, found by the words of the command.

    Attributes:
        settings, voice: Of the command.
        variants: Of the model and of the one it is held against; None where no card is of a file.
        dataset: The card of the data.
        segmenters: The models, loaded by `evaluate`.
    """

    dataset: Dataset
    segmenters: list[Segmenter]

    def __init__(self, what: str, options: dict[str, Any]) -> None:
        self.settings, self.voice = settings_of(options)
        self._options = options
        self._paths: list[Path] = []
        self.variants: list[Variant | None] = []
        for words, card in ((what, options["card"]), (options["against"], None)):
            if words is not None:
                path, named = located(words, self.settings, self.voice)
                self._paths.append(path)
                known = named is not None and card is None
                self.variants.append(named if known else variant_of(path, card, self.settings, self.voice))

    def evaluate(self) -> Outcome:
        """Run it."""
        from registry.evaluate import Entrant, evaluate, limited
        from registry.metrics import PROTOCOLS, Run
        from registry.samples import VocFolder
        from registry.samples.lists import list_digest

        options = self._options
        folder = VocFolder(options["data"])
        self.dataset = dataset = dataset_of(options["data"], options["dataset_name"], self.settings, self.voice)
        self._samples = samples = limited(folder.samples(options["split"]), options["limit"])
        listed = list_digest([sample.name for sample in samples])
        self.segmenters = [self._segmenter(number) for number in range(len(self._paths))]
        entrants = [
            Entrant(segmenter, self._subject(number, segmenter, dataset.name, listed))
            for number, segmenter in enumerate(self.segmenters)
        ]
        classes, protocols = _classes(dataset), options["protocols"] or PROTOCOLS
        return evaluate(
            entrants,
            samples,
            lambda: Run(classes, protocols),
            self.voice,
            state=self._state([entrant.subject for entrant in entrants]),
            most_bad=options["max_bad"],
        )

    def card(self) -> Path:
        """The card that --record means, seen to before anything is measured.

        Raises:
            RejectedError: It is not the user's own.
            RequestError: There is none, or not the whole split is looked at.
        """
        if self._options["limit"]:
            raise RequestError("a card's figure is of the whole split", hint="leave --limit out, or --record")
        variant = require_variant(self.variants[0], self._paths[0])
        return own_card(variant, self.settings, open_catalog(self.settings, self.voice))

    def enter(self, evaluation: Evaluation, card: Path) -> None:
        """Write the figures of the first model into its card."""
        from registry.accuracy import ACCURACIES, accuracies
        from registry.entry import enter

        variant = require_variant(self.variants[0], self._paths[0])
        items = accuracies(evaluation, variant.scheme, datetime.now(UTC).date().isoformat())
        old = enter(card, variant.name, items, ACCURACIES)
        self.voice.note(
            f"recorded in {card}: {counted(len(items), 'figure')} of {variant.full_name}"
            + (f", {old} in place of earlier ones" if old else "")
        )

    def report(self, folder: Path, evaluation: Evaluation, document: dict[str, Any]) -> None:
        """Write the report of the first model."""
        from registry import report

        samples = {sample.name: sample for sample in self._samples}
        exhibits = [
            report.exhibit(self.segmenters[0], samples[one.name], one.mean_iou, one.pixel_accuracy)
            for one in evaluation.worst
        ]
        report.write(folder, report.render(document, self.dataset.class_names, exhibits), document)
        self.voice.note(f"report: {folder / report.PAGE}")

    def record(self, document: dict[str, Any], started: int) -> Record:
        """What --track logs of the first model."""
        from registry import __version__
        from registry.lineage.commit import commit_of
        from registry.lineage.evaluated import evaluation_record

        params = {name: str(self._options[name] or "none") for name in ("limit", "delegate")}
        preparation = asdict(self.segmenters[0].preparation)
        params |= {f"preprocessing/{name}": str(value) for name, value in preparation.items() if value}
        tags = {"version": __version__, **commit_of(Path())}
        return evaluation_record(document, self.dataset.class_names, params, tags, (started, now()))

    def _segmenter(self, number: int) -> Segmenter:
        from registry.segmenter import open_segmenter

        path, options = self._paths[number], self._options
        graph = graph_of(path, self.variants[number])
        with self.voice.hush():
            segmenter = open_segmenter(
                path,
                graph,
                self.variants[number],
                threads=options["threads"],
                delegate=options["delegate"],
                preprocessing=options.get("preprocessing"),
            )
        for assumption in segmenter.preparation.assumed:
            self.voice.detail(f"nobody states it, so it is taken to be: {assumption}")
        return segmenter

    def _subject(self, number: int, segmenter: Segmenter, dataset: str, images: Digest) -> Subject:
        from registry.digest import Digest
        from registry.evaluation import Subject

        variant = self.variants[number]
        return Subject(
            variant=variant.full_name if variant else "",
            artifact=Digest.of_file(self._paths[number]),
            dataset=dataset,
            split=self._options["split"],
            images=images,
            preprocessing=segmenter.preparation.digest,
            engine=segmenter.model.name,
            version=segmenter.model.version,
            threads=self._options["threads"],
            delegate=self._options["delegate"],
        )

    def _state(self, subjects: list[Subject]) -> Path:
        from registry.digest import Digest

        named = [*(subject.to_json() for subject in subjects), sorted(self._options["protocols"])]
        key = json.dumps(named, sort_keys=True)
        path = Path(self.settings.cache, "evaluations", f"{Digest.of(key.encode()).hex[:24]}.json")
        if self._options["restart"]:
            path.unlink(missing_ok=True)
        elif path.exists():
            self.voice.note("going on where an earlier run stopped; --restart begins anew")
        return path


def _classes(dataset: Dataset) -> int:
    names = dataset.class_names
    if not names:
        raise RequestError(
            f"the card of {dataset.name} does not name its classes", hint="name another card with --dataset"
        )
    return len(names)
