"""`zoo datasets`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli import complete, output
from cli.output import Column
from cli.session import Voice, common_options, load_settings, open_catalog

if TYPE_CHECKING:
    from registry.dataset import Dataset


@click.command(
    "datasets",
    epilog="""\b
Examples:
  zoo datasets
  zoo datasets pascal-voc-2012
  zoo datasets --format json""",
)
@click.argument("name", required=False, shell_complete=complete.datasets)
@output.format_option("text", "json", "csv")
@common_options
def command(
    name: str | None, cards: tuple[str, ...], cache: str | None, quiet: bool, verbose: bool, form: str
) -> None:
    """List datasets, or tell everything of one: classes, splits, derivation."""
    catalog = open_catalog(load_settings(cards=cards, cache=cache), Voice(quiet=quiet, verbose=verbose))
    datasets = [catalog.require_dataset(name)] if name else catalog.datasets()
    if name and form == "text":
        _print_one(datasets[0])
    else:
        documents = [dataset.document for dataset in datasets]
        output.print_listing(form, _COLUMNS, [_row(dataset) for dataset in datasets], documents)


_COLUMNS = (
    Column("NAME"),
    Column("TITLE", keep=2),
    Column("CLASSES", right=True, keep=5),
    Column("IMAGES", keep=3),
    Column("LICENCE", keep=4),
)


def _row(dataset: Dataset) -> list[str]:
    splits = " ".join(
        f"{name}:{split['images'] or '?'}" for name, split in dataset.document.get("splits", {}).items()
    )
    return [dataset.name, dataset.title, str(dataset.class_count or "?"), splits, dataset.document["licence"]]


def _print_one(dataset: Dataset) -> None:
    document = dataset.document
    click.echo(click.style(f"{dataset.name}  {dataset.title}", bold=True))
    output.print_fields(
        ("what", document.get("summary", "")),
        ("also called", ", ".join(document.get("aliases", ()))),
        ("licence", document["licence"]),
        ("derived from", ", ".join(document.get("parents", ()))),
        ("how", document.get("derivation", "")),
        ("source", document["provenance"]["document"]),
    )
    splits = document.get("splits", {}).items()
    output.print_section(
        "Splits",
        (
            f"{name}: {split['images'] or 'unknown'} images {split.get('note', '')}".rstrip()
            for name, split in splits
        ),
    )
    names = dataset.class_names
    output.print_section(
        f"Classes ({dataset.class_count or 'unknown'})",
        [", ".join(f"{number} {name}" for number, name in enumerate(names))] if names else [],
    )
    output.print_section("Notes", document.get("notes", ()))
