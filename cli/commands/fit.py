"""`zoo fit`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import complete, output
from cli.model_file import graph_of, located, model_options, next_best, of_digest, settings_of
from cli.output import Column
from cli.session import Voice, open_catalog
from registry.units import format_bytes

if TYPE_CHECKING:
    from registry.card import Variant
    from registry.fit import Fit
    from registry.footprint import Footprint

_COLOURS = {"yes": "green", "no": "red", "unknown": "yellow"}
EXIT_CODES = {"yes": 0, "no": 1, "unknown": 3}


@click.command(
    "fit",
    epilog="""\b
Examples:
  zoo fit model.tflite --target stm32n6
  zoo fit google/deeplabv3 --target imx8mp
  zoo fit model.onnx                         all targets of the catalogue
  zoo fit model.tflite --plot memory.png     live bytes over the layers

RAM is estimated from the graph, between a lower and an upper bound, unless the card has a figure of this very
target. Exit codes with --target: 0 it fits, 1 it does not, 3 the target's card does not say enough.""",
)
@click.argument("what", metavar="FILE|NAME")
@click.option("--target", metavar="NAME", shell_complete=complete.targets, help="What it has to run on.")
@click.option(
    "--plot",
    metavar="FILE.png",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also draw the live bytes over the layers.",
)
@output.format_option("text", "json")
@model_options
def command(what: str, target: str | None, plot: Path | None, form: str, **options: Any) -> int:
    """Tell whether a model fits a board: engine, operators, memory by pool, and why not."""
    from registry.facts import Facts
    from registry.fit import fit
    from registry.footprint import plan

    settings, voice = settings_of(options)
    path, variant = located(what, settings, voice)
    catalog = open_catalog(settings, voice)
    variant = variant or of_digest(path, catalog)
    wanted = target or settings.target
    facts = Facts(graph_of(path, variant))
    footprint = plan(facts.graph)
    if plot is not None:
        from registry.footprint.chart import chart

        chart(footprint, plot)
        voice.note(f"drawn: {plot}")
    targets = [catalog.target(wanted)] if wanted else catalog.targets()
    verdicts = [fit(facts, footprint, one, variant) for one in targets]
    other = next_best(catalog, variant, targets[0]) if wanted and verdicts[0].verdict == "no" else None
    if form == "json":
        output.print_json(_plain(path, variant, footprint, verdicts, other))
    elif wanted:
        _print(path, variant, footprint, verdicts[0], other, voice)
    else:
        _print_all(path, variant, footprint, verdicts)
    return EXIT_CODES[verdicts[0].verdict] if wanted else 0


def _print(
    path: Path, variant: Variant | None, footprint: Footprint, found: Fit, other: Variant | None, voice: Voice
) -> None:
    name = variant.full_name if variant else str(path)
    word = {"yes": "fits", "no": "does not fit", "unknown": "cannot be told to fit"}[found.verdict]
    click.echo(
        click.style(name, bold=True) + " " + click.style(f"{word} {found.target}", fg=_COLOURS[found.verdict])
    )
    memory = found.memory
    bounds = (
        f", between {format_bytes(memory.least)} and {format_bytes(memory.most)}"
        if memory.source == "estimated"
        else ""
    )
    output.print_fields(
        ("engine", found.engine or "none"),
        ("activations", f"{format_bytes(memory.ram)} {memory.source}{bounds}"),
        ("weights", format_bytes(memory.flash)),
        ("peak", _peak(footprint)),
        (
            "memory",
            ", ".join(
                f"{pool.name} {format_bytes(size)} of {format_bytes(pool.size)}"
                for pool, size in found.placement.used
            ),
        ),
    )
    output.print_section("Why not" if found.verdict == "no" else "Not known", found.reasons)
    output.print_section("Notes", (*found.notes, *footprint.notes))
    if other is not None:
        pinned = "" if other.pinned else " (unpinned)"
        click.echo(f"\nnext best for {found.target}: {other.full_name}{pinned}")


def _peak(footprint: Footprint) -> str:
    peak = footprint.peak
    return f"{peak.name} ({peak.type}): {format_bytes(peak.bytes)}" if peak else ""


def _print_all(path: Path, variant: Variant | None, footprint: Footprint, found: list[Fit]) -> None:
    click.echo(click.style(variant.full_name if variant else str(path), bold=True))
    low, high = format_bytes(footprint.lower_bytes), format_bytes(footprint.upper_bytes)
    click.echo(
        f"  activations {format_bytes(footprint.estimate_bytes)} estimated, between {low} and {high};"
        f" weights {format_bytes(footprint.weights_bytes)}"
    )
    click.echo()
    rows = [
        [
            one.target,
            one.verdict,
            one.engine or "-",
            format_bytes(one.placement.spill) if one.placement.spill else "",
            "; ".join((*one.reasons, *one.notes)),
        ]
        for one in found
    ]
    columns = [
        Column("TARGET"),
        Column("FITS"),
        Column("ENGINE"),
        Column("SPILL", keep=5),
        Column("WHY", wrap=True),
    ]
    output.print_table(columns, rows, output.terminal_width())


def _plain(
    path: Path, variant: Variant | None, footprint: Footprint, found: list[Fit], other: Variant | None
) -> dict[str, Any]:
    peak = footprint.peak
    return {
        "file": str(path),
        "variant": variant.full_name if variant else None,
        "weights_bytes": footprint.weights_bytes,
        "activation_bytes": {
            "lower": footprint.lower_bytes,
            "estimate": footprint.estimate_bytes,
            "upper": footprint.upper_bytes,
            "estimate_without_buffers": footprint.estimate_without_buffers_bytes,
        },
        "peak": {**asdict(peak), "bytes": peak.bytes} if peak else None,
        "targets": [
            {
                "target": one.target,
                "verdict": one.verdict,
                "engine": one.engine,
                "reasons": list(one.reasons),
                "notes": list(one.notes),
                "memory": asdict(one.memory),
                "pools": [
                    {"pool": pool.name, "kind": pool.kind, "size": pool.size, "used": used}
                    for pool, used in one.placement.used
                ],
                "spill": one.placement.spill,
            }
            for one in found
        ],
        "next_best": other.full_name if other else None,
    }
