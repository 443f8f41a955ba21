"""`zoo train`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from cli import output, training_run
from cli.overrides import overrides_option, pairs
from cli.session import Voice, common_options, load_settings
from cli.step_tracking import step_tracking
from cli.tracking import tracking_options


@click.command(
    "train",
    epilog="""\b
Examples:
  zoo train recipes/deeplabv3-shapes.yaml
  zoo train config.yaml -o runs/second --set epochs=60 --set optimiser.learning_rate=0.001
  zoo train config.yaml --restart
  zoo train config.yaml --track

schemas/training.json describes the configuration. The folder gets model.keras, training.json with every digest,
and history.jsonl with the figures of each epoch. A run that was stopped goes on after its last whole epoch, and
ends with the weights that it would have had anyway.

With --track the images, the training with its learning curves, samples and signature become runs in MLflow: where
--tracking, ZOO_TRACKING, zoo.toml or MLFLOW_TRACKING_URI say, else in a database of your own. A finished run is
logged by the same command with --track.""",
)
@click.argument("config", type=click.Path(path_type=Path), metavar="CONFIG")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the run; what CONFIG states, else runs/NAME, when not given.",
)
@click.option(
    "--resume/--restart", default=None, help="Only go on with a run, or begin anew; by itself it does what it can."
)
@overrides_option
@click.option("--threads", type=click.IntRange(1, 1024), help="CPU threads; all processors where it is not stated.")
@output.format_option("text", "json")
@tracking_options
@common_options
def command(
    config: Path,
    folder: Path | None,
    resume: bool | None,
    overrides: tuple[str, ...],
    threads: int | None,
    track: bool,
    tracking: str | None,
    cards: tuple[str, ...],
    cache: str | None,
    quiet: bool,
    verbose: bool,
    form: str,
) -> int:
    """Train a segmentation network by a configuration; interrupted runs go on."""
    settings = load_settings(cards=cards, cache=cache, tracking=tracking)
    voice = Voice(quiet=quiet, verbose=verbose)
    source = training_run.read(config, pairs(overrides))
    place = folder or Path(source.configuration.folder)
    steps = step_tracking({"track": track, "tracking": tracking}, settings, voice)
    record = training_run.train(source, place, settings, voice, resume=resume, threads=threads)
    if form == "json":
        output.print_json({**record, "folder": str(place)})
    else:
        _print(record, place)
    if steps:
        sys.stdout.flush()
        steps.training(record, place)
        steps.flush()
    return 0


def _print(record: dict[str, Any], place: Path) -> None:
    model = record["model"]
    chosen = record["epochs"][model["epoch"] - 1]
    click.echo(click.style(output.visible(record["name"]), bold=True))
    accuracy = chosen.get("val_mean_iou")
    output.print_fields(
        ("model", f"{place / model['file']}, {model['size']} bytes"),
        ("file", f"sha256:{model['sha256']}"),
        ("weights", f"sha256:{model['weights_sha256']}, {model['parameters']} parameters"),
        ("epoch", f"{model['epoch']} of {len(record['epochs'])}"),
        ("mean IoU", "" if accuracy is None else f"{accuracy:.2%}, protocol {record['protocol']}"),
        ("time", f"{record['seconds'] / 60:.1f} min"),
    )
