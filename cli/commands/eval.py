"""`zoo eval`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import against, complete, evaluation_text, output
from cli.evaluation_run import EvaluationRun
from cli.model_file import model_options
from cli.tracking import Tracking, tracking_options
from registry.errors import RequestError, UnavailableError

if TYPE_CHECKING:
    from registry.evaluation import Evaluation
    from registry.judgement import Judgement


@click.command(
    "eval",
    epilog="""\b
Examples:
  zoo dataset make shapes shapes
  zoo eval model.tflite --data shapes --split val
  zoo eval google/deeplabv3 --data VOCdevkit/VOC2012 --limit 100 --threads 2
  zoo eval google/deeplabv3 --data VOCdevkit/VOC2012 --check
  zoo eval net-int8.tflite --data shapes --against net-float32.tflite
  zoo eval google/deeplabv3 --data VOCdevkit/VOC2012 --report report --track
  zoo eval acme/net/small --data VOCdevkit/VOC2012 --record --cards cards

TFLite, ONNX and Keras files are run; the last need the extra train. All four protocols come from one pass; figures
of two protocols are never compared. The result names the digests of the file, of the list of images and of the
pre-processing, so that a figure belongs to bytes. A run that was stopped goes on. Latency is of this host, of the
inference alone.

--record writes the figures into the card, bound to the digests of file and images, in place of those that were
recorded before. --against says what a second model gains or loses on the same images, for each class, and where the
two differ. --report writes DIR/index.html, one page for a browser, and DIR/evaluation.json, what --format json
prints. With --track the result goes to MLflow too: where --tracking, ZOO_TRACKING, zoo.toml or MLFLOW_TRACKING_URI
say, else into a database of your own. Exit code 1 when --check contradicts the card.""",
)
@click.argument("what", metavar="NAME|FILE", shell_complete=complete.models)
@click.option(
    "--data", required=True, metavar="DIR", type=click.Path(path_type=Path), help="Folder in the PASCAL VOC layout."
)
@click.option("--split", default="val", show_default=True, metavar="NAME", help="List of images.")
@click.option(
    "--dataset",
    "dataset_name",
    metavar="NAME",
    shell_complete=complete.datasets,
    help="Dataset card of the images.",
)
@click.option(
    "--protocol", "protocols", multiple=True, metavar="NAME", help="Only this protocol; repeat for several."
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N images of the list.")
@click.option("--threads", type=click.IntRange(1, 1024), default=1, show_default=True, help="CPU threads.")
@click.option("--delegate", metavar="NAME", help="Run on this delegate or execution provider, not on the CPU.")
@click.option("--as", "card", metavar="NAME", help="The variant whose card says how pictures go in.")
@click.option("--against", metavar="NAME|FILE", help="A second model on the same images: what is lost or gained.")
@click.option("--check", is_flag=True, help="Hold the card's accuracies against what is measured.")
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 1),
    default=0.005,
    show_default=True,
    help="Largest difference to the card's figure that --check takes for the same.",
)
@click.option(
    "--max-bad",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="How many images that cannot be read are left out.",
)
@click.option(
    "--report",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write a page with charts and images.",
)
@click.option("--record", is_flag=True, help="Write the figures into the card.")
@click.option("--restart", is_flag=True, help="Begin anew, whatever an interrupted run has left.")
@output.format_option("text", "json")
@tracking_options
@model_options
def command(what: str, form: str, **options: Any) -> int:
    """Measure the accuracy of a model on images, bound to the bytes that were measured."""
    if options["folder"] is not None:
        _require_report(options["folder"])
    run = EvaluationRun(what, options)
    card = run.card() if options["record"] else None
    tracking = Tracking(run.settings, run.voice) if options["track"] or options["tracking"] else None
    outcome = run.evaluate()
    evaluation = outcome.evaluations[0]
    judged = _judged(run, evaluation, options["tolerance"]) if options["check"] else None
    document = {
        **evaluation.to_json(),
        "check": None if judged is None else [asdict(one) for one in judged],
        "against": against.to_json(outcome),
    }
    if options["folder"] is not None:
        run.report(options["folder"], evaluation, document)
    if form == "json":
        output.print_json(document)
    else:
        evaluation_text.show(evaluation, run.dataset.class_names)
        against.show(outcome, run.dataset.class_names)
        if judged is not None:
            evaluation_text.show_judgements(judged)
    if card is not None:
        run.enter(evaluation, card)
    contradicted = any(one.state == "contradicted" for one in judged or ())
    if tracking:
        _track(tracking, run, document, options["folder"], contradicted=contradicted)
    return 1 if contradicted else 0


def _require_report(folder: Path) -> None:
    from registry import report

    report.require_place(folder)
    report.require_template_engine()


def _judged(run: EvaluationRun, evaluation: Evaluation, tolerance: float) -> list[Judgement]:
    from registry import judgement

    variant, subject = run.variants[0], evaluation.subject
    if variant is None:
        raise RequestError("--check needs a card", hint="name the variant, or give --as NAME")
    return judgement.judge(variant, subject.dataset, subject.split, evaluation.scores, tolerance)


def _track(
    tracking: Tracking, run: EvaluationRun, document: dict[str, Any], report: Path | None, *, contradicted: bool
) -> None:
    """Log what has been said already, so that it is not lost whatever becomes of its record."""
    sys.stdout.flush()
    files = {"evaluation.json": json.dumps(document).encode()}
    try:
        tracking.log(run.record(document, tracking.started), files, [report] if report else [])
    except UnavailableError as error:
        if not contradicted:
            raise
        run.voice.note(f"not logged: {error.message}")  # the verdict says more than this does
