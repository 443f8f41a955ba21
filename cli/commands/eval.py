"""`zoo eval`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import against, complete, output
from cli.data_folder import dataset_of
from cli.model_file import graph_of, located, model_options, settings_of, variant_of
from cli.output import Column
from registry.errors import RequestError

if TYPE_CHECKING:
    from registry.dataset import Dataset
    from registry.digest import Digest
    from registry.evaluation import Evaluation, Outcome, Subject
    from registry.judgement import Judgement
    from registry.segmenter import Segmenter

_COLOURS = {"reproduced": "green", "contradicted": "red", "not comparable": "yellow"}


@click.command(
    "eval",
    epilog="""\b
Examples:
  zoo dataset make shapes shapes
  zoo eval model.tflite --data shapes --split val
  zoo eval google/deeplabv3 --data VOCdevkit/VOC2012 --limit 100 --threads 2
  zoo eval google/deeplabv3 --data VOCdevkit/VOC2012 --check
  zoo eval net-int8.tflite --data shapes --against net-float32.tflite

TFLite, ONNX and Keras files are run; the last need the extra train. All four protocols come from one pass; figures
of two protocols are never compared. The result names the digests of the file, of the list of images and of the
pre-processing, so that a figure belongs to bytes. A run that was stopped goes on. --against says what a second
model gains or loses on the same images, for each class, and where the two differ. Latency is of this host, of the
inference alone. Exit code 1 when --check contradicts the card.""",
)
@click.argument("what", metavar="NAME|FILE", shell_complete=complete.models)
@click.option(
    "--data", required=True, metavar="DIR", type=click.Path(path_type=Path), help="Folder in the PASCAL VOC layout."
)
@click.option("--split", default="val", show_default=True, metavar="NAME", help="List of images.")
@click.option("--dataset", "dataset_name", metavar="NAME", shell_complete=complete.datasets, help="Its card.")
@click.option(
    "--protocol", "protocols", multiple=True, metavar="NAME", help="Only this protocol; repeat for several."
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N images of the list.")
@click.option("--threads", type=click.IntRange(1, 1024), default=1, show_default=True, help="CPU threads.")
@click.option("--delegate", metavar="NAME", help="Run on this delegate or execution provider, not on the CPU.")
@click.option("--as", "card", metavar="NAME", help="The variant whose card says how pictures go in.")
@click.option("--against", metavar="NAME|FILE", help="A second model on the same images: what is lost or gained.")
@click.option("--check", is_flag=True, help="Hold the card's accuracies against what is measured.")
@click.option("--tolerance", type=click.FloatRange(0, 1), default=0.005, show_default=True, help="Of --check.")
@click.option("--max-bad", type=click.IntRange(min=0), default=0, show_default=True, help="Images that may be bad.")
@click.option("--restart", is_flag=True, help="Begin anew, whatever an interrupted run has left.")
@output.format_option("text", "json")
@model_options
def command(what: str, form: str, **options: Any) -> int:
    """Measure the accuracy of a model on images, bound to the bytes that were measured."""
    from registry import judgement

    run = _Run(what, options)
    outcome = run.evaluate()
    evaluation, variant = outcome.evaluations[0], run.variants[0]
    judged: list[Judgement] | None = None
    if options["check"]:
        if variant is None:
            raise RequestError("--check needs a card", hint="name the variant, or give --as NAME")
        subject = evaluation.subject
        judged = judgement.judge(variant, subject.dataset, subject.split, evaluation.scores, options["tolerance"])
    if form == "json":
        output.print_json(
            {
                **evaluation.to_json(),
                "check": None if judged is None else [asdict(one) for one in judged],
                "against": against.to_json(outcome),
            }
        )
    else:
        _print(evaluation, judged)
        against.show(outcome, run.class_names)
    return 1 if any(one.state == "contradicted" for one in judged or ()) else 0


class _Run:
    """What a run needs, found by the words of the command."""

    def __init__(self, what: str, options: dict[str, Any]) -> None:
        self.settings, self.voice = settings_of(options)
        self.options = options
        self.paths, self.variants = [], []
        for words, card in ((what, options["card"]), (options["against"], None)):
            if words is not None:
                path, named = located(words, self.settings, self.voice)
                self.paths.append(path)
                known = named is not None and card is None
                self.variants.append(named if known else variant_of(path, card, self.settings, self.voice))

    def evaluate(self) -> Outcome:
        """Run it."""
        from registry.evaluate import Entrant, evaluate, limited
        from registry.metrics import PROTOCOLS, Run
        from registry.samples import VocFolder
        from registry.samples.lists import list_digest

        options = self.options
        folder = VocFolder(options["data"])
        dataset = dataset_of(options["data"], options["dataset_name"], self.settings, self.voice)
        samples = limited(folder.samples(options["split"]), options["limit"])
        listed = list_digest([sample.name for sample in samples])
        segmenters = [self._segmenter(number) for number in range(len(self.paths))]
        entrants = [
            Entrant(segmenter, self._subject(number, segmenter, dataset.name, listed))
            for number, segmenter in enumerate(segmenters)
        ]
        self.class_names = dataset.class_names
        classes, protocols = _classes(dataset), options["protocols"] or PROTOCOLS
        return evaluate(
            entrants,
            samples,
            lambda: Run(classes, protocols),
            self.voice,
            state=self._state([entrant.subject for entrant in entrants]),
            most_bad=options["max_bad"],
        )

    def _segmenter(self, number: int) -> Segmenter:
        from registry.segmenter import open_segmenter

        path, options = self.paths[number], self.options
        graph = graph_of(path, self.variants[number])
        with self.voice.hush():
            segmenter = open_segmenter(
                path, graph, self.variants[number], threads=options["threads"], delegate=options["delegate"]
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
            artifact=Digest.of_file(self.paths[number]),
            dataset=dataset,
            split=self.options["split"],
            images=images,
            preprocessing=Digest.of(json.dumps(asdict(segmenter.preparation), sort_keys=True).encode()),
            engine=segmenter.model.name,
            version=segmenter.model.version,
            threads=self.options["threads"],
        )

    def _state(self, subjects: list[Subject]) -> Path:
        from registry.digest import Digest

        named = [*(subject.to_json() for subject in subjects), sorted(self.options["protocols"])]
        key = json.dumps(named, sort_keys=True)
        path = Path(self.settings.cache, "evaluations", f"{Digest.of(key.encode()).hex[:24]}.json")
        if self.options["restart"]:
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


def _print(evaluation: Evaluation, judged: list[Judgement] | None) -> None:
    subject = evaluation.subject
    times = evaluation.to_json()["latency_ms"]
    click.echo(click.style(output.visible(subject.variant or subject.artifact.hex), bold=True))
    output.print_fields(
        ("file", str(subject.artifact)),
        ("data", f"{subject.dataset} {subject.split}, {evaluation.samples} images, list {subject.images}"),
        ("prepared as", str(subject.preprocessing)),
        ("run by", f"{subject.engine} {subject.version}, {output.counted(subject.threads, 'thread')}"),
        ("latency here", ", ".join(f"{name} {value:.1f} ms" for name, value in times.items())),
    )
    click.echo()
    rows = [
        [name, *(_share(scores.to_json()[key]) for key in ("mean-iou", "pixel-accuracy", "mean-accuracy"))]
        for name, scores in evaluation.scores.items()
    ]
    titles = ["MEAN IOU", "PIXEL ACC", "MEAN ACC"]
    if any(scores.unseen for scores in evaluation.scores.values()):
        titles.append("UNSEEN")
        rows = [[*row, _share(scores.unseen)] for row, scores in zip(rows, evaluation.scores.values(), strict=True)]
    columns = [Column("PROTOCOL"), *(Column(title, right=True) for title in titles)]
    output.print_table(columns, rows, output.terminal_width())
    for bad in evaluation.bad:
        click.echo(output.visible(f"left out: {bad.name}: {bad.reason}"), err=True)
    if judged is not None:
        output.print_section("Card", (_judged(one) for one in judged), empty="states no accuracy")


def _judged(one: Judgement) -> str:
    metric = one.metric
    stated = f"{metric.name} {_share(metric.value)} on {metric.dataset} {metric.split}, protocol {metric.protocol}"
    found = f", measured {_share(one.measured)}" if one.measured is not None else ""
    return f"{click.style(one.state, fg=_COLOURS[one.state])}: {stated}{found}: {one.reason}"


def _share(value: float | None) -> str:
    return "?" if value is None else f"{value:.2%}"
