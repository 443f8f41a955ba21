"""`zoo quantize`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import complete, output
from cli.model_file import model_options
from cli.output import Column
from cli.overrides import overrides_option, pairs
from cli.quantization_run import QuantizationRun
from cli.tracking import tracking_options

if TYPE_CHECKING:
    from registry.quantization.gate import Verdict
    from registry.quantize import Quantized


@click.command(
    "quantize",
    epilog="""\b
Examples:
  zoo quantize google/deeplabv3 int8-qdq.yaml --data VOCdevkit/VOC2012
  zoo quantize runs/deeplabv3-shapes/model.keras int8.yaml -o int8 --set granularity=per-tensor
  zoo quantize model.tflite mixed.yaml --format json
  zoo quantize runs/deeplabv3-shapes/model.keras int8.yaml --track

schemas/quantization.json describes the configuration. The folder gets the model and quantization.json, which names
the digests of all that it is made of. The file is inspected before it is kept: it is what was asked for, or there
is none. Exit code 1 when the parent is not the pinned one, and when the gate says that too much is lost: then the
record alone is written, and the file beside it with --keep.

With --track the calibration set, the quantization with its losses and samples, and the gate become runs in MLflow,
beside those of the training that made the parent.""",
)
@click.argument("what", metavar="NAME|FILE", shell_complete=complete.models)
@click.argument("config", type=click.Path(path_type=Path), metavar="CONFIG")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the result; quantized/NAME when not given.",
)
@click.option(
    "--data", metavar="DIR", type=click.Path(path_type=Path), help="Folder of all images that CONFIG names."
)
@overrides_option
@click.option("--as", "card", metavar="NAME", help="The variant whose card says how pictures go in.")
@click.option("--keep", is_flag=True, help="Write the model even if the gate rejects it.")
@output.format_option("text", "json")
@tracking_options
@model_options
def command(what: str, config: Path, overrides: tuple[str, ...], form: str, **options: Any) -> int:
    """Make a quantized model from a float one, prove what it is, and hold it against its parent."""
    run = QuantizationRun(what, options)
    found = run.quantize(config, pairs(overrides))
    if form == "json":
        output.print_json({**found.record, "folder": str(found.folder)})
    else:
        _print(found)
    sys.stdout.flush()
    run.track(found)
    return 0 if found.verdict is None or found.verdict.passed else 1


def _print(found: Quantized) -> None:
    record = found.record
    model, made_of, mixed = record["model"], record["made_of"], record["mixed"]
    calibration = made_of["calibration"]
    click.echo(click.style(output.visible(record["name"]), bold=True))
    place = str(found.folder / model["file"]) if model["file"] else "not written"
    output.print_fields(
        ("model", f"{place}, {model['size']} bytes"),
        ("file", f"sha256:{model['sha256']}"),
        ("proven", _proven(model)),
        ("parent", f"{made_of['parent']['variant'] or ''} sha256:{made_of['parent']['sha256']}".strip()),
        (
            "calibrated",
            f"{calibration['images']} images, list sha256:{calibration['sha256']}" if calibration else "",
        ),
        ("float", _float_layers(mixed) if mixed else ""),
        ("time", f"{record['seconds']:.1f} s"),
    )
    if found.verdict:
        _print_verdict(found.verdict)


def _proven(model: dict[str, Any]) -> str:
    words = [model[name] for name in ("scheme", "granularity", "representation") if model[name] != "none"]
    return f"{' '.join(words)}, {output.counted(model['layers'], 'layer')}"


def _float_layers(mixed: dict[str, Any]) -> str:
    listed = ", ".join(mixed["float"]) or "none: the bound holds without"
    return f"{len(mixed['float'])} of {len(mixed['layers'])} layers: {listed}"


def _print_verdict(verdict: Verdict) -> None:
    rows = [
        [one.name, _share(one.parent), _share(one.result), _points(one.loss)]
        for one in verdict.classes
        if one.parent is not None or one.result is not None
    ]
    rows.append(["all (mean)", _share(verdict.parent), _share(verdict.result), _points(verdict.loss)])
    click.echo()
    columns = [Column(title, right=True) for title in ("PARENT", "RESULT", "LOSS")]
    output.print_table([Column(f"CLASS ({verdict.protocol})"), *columns], rows, output.terminal_width())
    state = click.style("passed", fg="green") if verdict.passed else click.style("rejected", fg="red")
    output.print_section(f"Gate: {state}", verdict.reasons, empty="every bound holds")


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"


def _points(value: float | None) -> str:
    """A loss in percentage points."""
    return "-" if value is None else f"{100 * value:+.2f}"
