"""`zoo compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import complete, output
from cli.output import Column
from cli.registries import registry_option
from cli.session import Voice, common_options, load_settings, open_catalog
from registry.errors import RequestError

if TYPE_CHECKING:
    from registry.benchmark.comparison import Comparison
    from registry.catalog import Catalog


@click.command(
    "compare",
    epilog="""\b
Examples:
  zoo compare st/deeplabv3 --target stm32n6
  zoo compare deeplabv3 --target stm32n6 --plot compare.png
  zoo compare acme/net/small acme/net/large --target imx8mp --dataset pascal-voc-2012

Accuracies are compared within one dataset, split and protocol only: where several are possible, the one that most
variants have. What is left out is listed with the reason. --plot needs the extra [plot].
Exit codes: 0 compared, 1 no variant has both figures, 2 asked wrongly, 3 matplotlib is missing.""",
)
@click.argument("names", nargs=-1, required=True, shell_complete=complete.models)
@click.option("--target", metavar="NAME", shell_complete=complete.targets, help="Whose latencies are compared.")
@click.option("--metric", default="mean-iou", show_default=True, help="Which accuracy.")
@click.option(
    "--dataset", metavar="NAME", shell_complete=complete.datasets, help="Only accuracies on this dataset."
)
@click.option("--protocol", metavar="NAME", help="Only accuracies by this protocol.")
@click.option(
    "--plot",
    metavar="FILE.png|FILE.svg",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also draw them, with the Pareto front.",
)
@output.format_option("text", "json")
@registry_option
@common_options
def command(
    names: tuple[str, ...],
    target: str | None,
    metric: str,
    dataset: str | None,
    protocol: str | None,
    plot: Path | None,
    form: str,
    registries: tuple[str, ...],
    cards: tuple[str, ...],
    cache: str | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Compare variants on a target: accuracy against latency, and which are best.

    NAMES are variants, models or families.
    """
    from registry.benchmark.comparison import Wanted, compare

    voice = Voice(quiet=quiet, verbose=verbose)
    settings = load_settings(registries=registries, cards=cards, cache=cache)
    catalog = open_catalog(settings, voice)
    place = target or settings.target
    if place is None:
        raise RequestError(
            "latencies are of one target, and none is named", hint="--target NAME; `zoo targets` lists"
        )
    wanted = Wanted(metric, catalog.require_dataset(dataset).name if dataset else None, protocol)
    found = compare(catalog.variants(_meant(names, catalog)), catalog.target(place).name, wanted)
    if plot is not None:
        from registry.benchmark.chart import chart

        chart(found, plot)
        voice.note(f"drawn: {plot}")
    if form == "json":
        output.print_json(_plain(found))
    else:
        _print(found)


def _meant(names: tuple[str, ...], catalog: Catalog) -> list[str]:
    """Full names of all variants that are meant, each once."""
    return list(dict.fromkeys(full for name in names for full in catalog.meant(name)))


def _plain(found: Comparison) -> dict[str, Any]:
    return {
        "target": found.target,
        "conditions": vars(found.conditions),
        "other-conditions": [{**vars(key), "variants": count} for key, count in found.others.items()],
        "variants": [
            {
                "name": row.variant.full_name,
                "accuracy": row.accuracy,
                "accuracy-by": row.accuracy_by,
                "milliseconds": row.milliseconds,
                "latency-by": row.latency_by,
                "engine": row.engine,
                "pareto": row.on_front,
            }
            for row in found.rows
        ],
        "left-out": dict(found.left_out),
    }


def _print(found: Comparison) -> None:
    click.echo(f"{found.conditions}; latency on {found.target}")
    columns = [
        Column("NAME"),
        Column("PARETO", keep=7),
        Column("ACCURACY", right=True),
        Column("LATENCY", right=True),
        Column("ENGINE", keep=4),
        Column("ACCURACY BY", keep=2),
        Column("LATENCY BY", keep=3),
    ]
    rows = [
        [
            row.variant.full_name,
            "yes" if row.on_front else "",
            f"{row.accuracy:.2%}",
            f"{row.milliseconds:.4g} ms",
            row.engine,
            row.accuracy_by,
            row.latency_by,
        ]
        for row in found.rows
    ]
    output.print_table(columns, rows, output.terminal_width())
    output.print_section("Left out", (f"{name}: {reason}" for name, reason in found.left_out.items()))
    others = [f"{key}: {output.counted(count, 'variant')}" for key, count in found.others.items()]
    output.print_section("Also possible, by --dataset and --protocol", others)
