"""`zoo list`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from cli import complete, constraints, output
from cli.output import Column
from cli.registries import registry_option
from cli.session import Voice, common_options, load_settings, open_catalog
from registry.catalog.query import SORTS, Filter, Row
from registry.units import format_bytes

if TYPE_CHECKING:
    from registry.catalog import Catalog

CSV_TITLES = (
    "name",
    "format",
    "quantization",
    "granularity",
    "height",
    "width",
    "classes",
    "availability",
    "licence",
    "pinned",
    "size_bytes",
    "mean_iou",
    "mean_iou_conditions",
    "support",
    "latency_ms",
    "ram_bytes",
    "flash_bytes",
)


@click.command(
    "list",
    epilog="""\b
Examples:
  zoo list
  zoo list deeplabv3 --target stm32n6 --sort latency
  zoo list --quantization int8 --min-metric mean-iou=70% --sort accuracy
  zoo list --publisher ti --availability available --format csv
  zoo list --format json | jq length

Figures of two datasets, splits or protocols are not compared: `--sort accuracy` orders within each.
With --target, latency and memory are those on that target; else the best over all targets.""",
)
@click.argument("name", required=False, shell_complete=complete.models)
@click.option(
    "--target", metavar="NAME", shell_complete=complete.targets, help="Only variants that this target supports."
)
@click.option("--task", metavar="TASK", help="semantic-segmentation, ...")
@constraints.constraint_options
@click.option(
    "--availability",
    type=click.Choice(["available", "unavailable", "reference-only"]),
    help="Only variants that their publisher marks so.",
)
@click.option("--pinned/--unpinned", default=None, help="Only variants with (or without) digests of their files.")
@click.option(
    "--sort",
    type=click.Choice(SORTS),
    default="name",
    show_default=True,
    help="Order; unknown figures come last.",
)
@click.option("--reverse", is_flag=True, help="The other way round.")
@click.option("--limit", type=click.IntRange(min=1), help="Show no more rows than this.")
@output.format_option("text", "json", "csv")
@registry_option
@common_options
def command(
    name: str | None,
    registries: tuple[str, ...],
    cards: tuple[str, ...],
    cache: str | None,
    quiet: bool,
    verbose: bool,
    form: str,
    **options: Any,
) -> None:
    """List variants of all publishers, or those that NAME means."""
    typed = constraints.take(options)
    voice = Voice(quiet=quiet, verbose=verbose)
    catalog = open_catalog(load_settings(registries=registries, cards=cards, cache=cache), voice)
    filter_ = Filter(constraints.parse(typed), name=name, **options)
    rows = _checked(catalog, filter_, catalog.select(filter_, documents=form == "json"))
    if form == "json":
        output.print_json_list(_plain(row) for row in rows)
    elif form == "csv":
        output.print_csv(CSV_TITLES, (row[:-1] for row in rows))
    else:
        _print(list(rows), filter_, voice)


def _checked(catalog: Catalog, filter_: Filter, rows: Iterator[Row]) -> Iterator[Row]:
    """The rows; where there are none, an error for a word that is not only rare but unknown."""
    first = next(rows, None)
    if first is not None:
        return itertools.chain((first,), rows)
    wanted = filter_.constraints
    catalog.require_known(wanted.publisher, wanted.dataset)
    constraints.require_words(
        {
            "file-format": wanted.format,
            "quantization": wanted.scheme,
            "granularity": wanted.granularity,
            "task": filter_.task,
        }
    )
    return rows


def _print(rows: list[Row], filter_: Filter, voice: Voice) -> None:
    columns = [
        Column("NAME"),
        Column("FORMAT", keep=8),
        Column("QUANTIZATION", keep=7),
        Column("INPUT", right=True, keep=6),
        Column("MIOU", keep=5),
        Column("LATENCY", right=True, keep=5),
        Column("RAM", right=True, keep=4),
        Column("FLASH", right=True, keep=3),
        Column("SIZE", right=True, keep=1),
        Column("PINNED", keep=4),
    ]
    # what it is sorted by always stays
    sorted_by = {"accuracy": "MIOU", "resolution": "INPUT"}.get(filter_.sort, filter_.sort.upper())
    columns = [column._replace(keep=9) if column.title == sorted_by else column for column in columns]
    if filter_.target:
        columns.insert(1, Column("SUPPORT", keep=8))
    cells = [_cells(row, bool(filter_.target)) for row in rows]
    if cells:
        output.print_table(columns, cells, output.terminal_width())
    voice.note(output.counted(len(rows), "variant"))


def _cells(row: Row, with_support: bool) -> list[str]:
    quantization = " ".join(word for word in (row.scheme, row.granularity) if word not in ("none", "unknown"))
    dataset = row.conditions.split(" on ")[1].split(",")[0].removesuffix(" unknown") if row.conditions else ""
    marks = {
        "available": "yes" if row.pinned else "no",
        "unavailable": "unavailable",
        "reference-only": "reference only",
    }
    cells = [
        row.full_name,
        row.format if row.format != "unknown" else "?",
        quantization or "?",
        f"{row.width or '?'}x{row.height or '?'}",
        f"{row.accuracy:.2%} {dataset}" if row.accuracy is not None else "?",
        f"{row.latency:g} ms" if row.latency is not None else "?",
        format_bytes(row.ram),
        format_bytes(row.flash),
        format_bytes(row.size),
        marks[row.availability],
    ]
    return [cells[0], row.level or "", *cells[1:]] if with_support else cells


def _plain(row: Row) -> dict[str, Any]:
    """A row as JSON: the whole variant, with its names and what the catalogue derived."""
    import json

    publisher, model, variant = row.full_name.split("/")
    document = json.loads(row.document)
    figures: dict[str, list[Any]] = {"metrics": [], "footprints": [], "latencies": [], "compute": []}
    derived = {
        "pinned": row.pinned,
        "weights_licence": row.licence,
        "support": row.level,
        "mean_iou": row.accuracy,
        "mean_iou_conditions": row.conditions,
        "latency_ms": row.latency,
        "ram_bytes": row.ram,
        "flash_bytes": row.flash,
        "size_bytes": row.size,
    }
    return {
        **document,
        "name": row.full_name,
        "publisher": publisher,
        "model": model,
        "variant": variant,
        **{key: document.get(key, empty) for key, empty in figures.items()},
        "derived": derived,
    }
