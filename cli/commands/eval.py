"""`zoo eval`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import complete, output
from cli.data_folder import dataset_of
from cli.model_file import located, model_options, settings_of, variant_of
from cli.output import Column
from cli.tracking import Tracking, now, tracking_options
from registry.errors import RequestError, UnavailableError

if TYPE_CHECKING:
    from registry.card import Variant
    from registry.dataset import Dataset
    from registry.evaluate import Evaluation
    from registry.judgement import Judgement
    from registry.lineage import Record
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
  zoo eval google/deeplabv3 --data VOCdevkit/VOC2012 --track

All four protocols come from one pass; figures of two protocols are never compared. The result names the digests of
the file, of the list of images and of the pre-processing, so that a figure belongs to bytes. A run that was stopped
goes on. Latency is of this host, of the inference alone. With --track the result goes to MLflow too, where
--tracking, ZOO_TRACKING, zoo.toml or MLFLOW_TRACKING_URI say, else into a database of your own. Exit code 1 when
--check contradicts the card.""",
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
@click.option("--check", is_flag=True, help="Hold the card's accuracies against what is measured.")
@click.option("--tolerance", type=click.FloatRange(0, 1), default=0.005, show_default=True, help="Of --check.")
@click.option("--max-bad", type=click.IntRange(min=0), default=0, show_default=True, help="Images that may be bad.")
@click.option("--restart", is_flag=True, help="Begin anew, whatever an interrupted run has left.")
@output.format_option("text", "json")
@tracking_options
@model_options
def command(what: str, form: str, **options: Any) -> int:
    """Measure the accuracy of a model on images, bound to the bytes that were measured."""
    from registry import judgement

    run = _Run(what, options)
    tracking = Tracking(run.settings, run.voice) if options["track"] or options["tracking"] else None
    evaluation, variant = run.evaluate()
    judged: list[Judgement] | None = None
    if options["check"]:
        if variant is None:
            raise RequestError("--check needs a card", hint="name the variant, or give --as NAME")
        subject = evaluation.subject
        judged = judgement.judge(variant, subject.dataset, subject.split, evaluation.scores, options["tolerance"])
    document = {**evaluation.to_json(), "check": None if judged is None else [asdict(one) for one in judged]}
    if form == "json":
        output.print_json(document)
    else:
        _print(evaluation, judged)
    contradicted = any(one.state == "contradicted" for one in judged or ())
    if tracking:
        sys.stdout.flush()  # whatever becomes of the record, the result has been said
        try:
            tracking.log(run.record(document, tracking.started), {"evaluation.json": json.dumps(document).encode()})
        except UnavailableError as error:
            if not contradicted:
                raise
            run.voice.note(f"not logged: {error.message}")  # the verdict says more than this does
    return 1 if contradicted else 0


class _Run:
    """What a run needs, found by the words of the command."""

    def __init__(self, what: str, options: dict[str, Any]) -> None:
        self.settings, self.voice = settings_of(options)
        self.options = options
        self.path, variant = located(what, self.settings, self.voice)
        card = options["card"]
        named = variant is not None and card is None
        self.variant = variant if named else variant_of(self.path, card, self.settings, self.voice)

    def evaluate(self) -> tuple[Evaluation, Variant | None]:
        """Run it."""
        from registry import evaluate
        from registry.digest import Digest
        from registry.metrics import PROTOCOLS, Run
        from registry.samples import VocFolder

        options = self.options
        folder = VocFolder(options["data"])
        dataset = dataset_of(options["data"], options["dataset_name"], self.settings, self.voice)
        self.classes = dataset.class_names
        samples = evaluate.limited(folder.samples(options["split"]), options["limit"])
        segmenter = self._segmenter()
        self.preparation = asdict(segmenter.preparation)
        listed = "".join(f"{sample.name}\n" for sample in samples).encode()
        subject = evaluate.Subject(
            variant=self.variant.full_name if self.variant else "",
            artifact=Digest.of_file(self.path),
            dataset=dataset.name,
            split=options["split"],
            images=Digest.of(listed),
            preprocessing=Digest.of(json.dumps(asdict(segmenter.preparation), sort_keys=True).encode()),
            engine=segmenter.model.name,
            version=segmenter.model.version,
            threads=options["threads"],
        )
        run = Run(_classes(dataset), options["protocols"] or PROTOCOLS)
        state = self._state(subject)
        bad = options["max_bad"]
        found = evaluate.evaluate(segmenter, samples, subject, run, self.voice, state=state, most_bad=bad)
        return found, self.variant

    def record(self, document: dict[str, Any], started: int) -> Record:
        """What --track logs of the run that was evaluated."""
        from registry import __version__
        from registry.lineage.commit import commit_of
        from registry.lineage.evaluated import evaluation_record

        params = {name: str(self.options[name] or "none") for name in ("limit", "delegate")}
        params |= {f"preprocessing/{name}": str(value) for name, value in self.preparation.items() if value}
        tags = {"version": __version__, **commit_of(Path())}
        return evaluation_record(document, self.classes, params, tags, (started, now()))

    def _segmenter(self) -> Segmenter:
        from registry.inspect import read
        from registry.segmenter import open_segmenter

        graph = read(self.path)
        with self.voice.hush():
            segmenter = open_segmenter(
                self.path, graph, self.variant, threads=self.options["threads"], delegate=self.options["delegate"]
            )
        for assumption in segmenter.preparation.assumed:
            self.voice.detail(f"nobody states it, so it is taken to be: {assumption}")
        return segmenter

    def _state(self, subject: Any) -> Path:
        from registry.digest import Digest

        key = json.dumps([subject.to_json(), sorted(self.options["protocols"])], sort_keys=True)
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
    columns = [Column("PROTOCOL"), *(Column(title, right=True) for title in ("MEAN IOU", "PIXEL ACC", "MEAN ACC"))]
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
