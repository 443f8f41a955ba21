"""Data on stdout: tables that fit the terminal, JSON and CSV.

The table is our own thirty lines because importing a table library costs more than the whole of `zoo list`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import click

GAP = "  "
_ALWAYS = 9
_NARROWEST = 24


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        title: Heading.
        right: Whether numbers line up on the right.
        keep: Columns with the lowest number are dropped first where the terminal is narrow; 9 always stays.
        wrap: Whether its text may take several lines; only for the last column.
    """

    title: str
    right: bool = False
    keep: int = _ALWAYS
    wrap: bool = False


def format_option(*choices: str) -> Callable[[Any], Any]:
    """`--format`, with `text` as the default."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(choices),
        default="text",
        show_default=True,
        help="Form of the output.",
    )


def terminal_width() -> int | None:
    """Columns of the terminal on stdout; None when stdout is no terminal, which gets every column."""
    if not sys.stdout.isatty():
        return None
    stated = os.environ.get("COLUMNS", "")
    if stated.isdigit() and int(stated):
        return int(stated)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except OSError:
        return 80


def print_table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None = None, *, err: bool = False
) -> None:
    """Print a table that fits into `width`: a wrapping column is narrowed first, then columns are left out."""
    widths = [max([len(column.title), *(len(row[index]) for row in rows)]) for index, column in enumerate(columns)]
    kept = _fitting(columns, widths, width)
    for number, row in enumerate([[column.title for column in columns], *rows]):
        cells = [
            row[index].rjust(widths[index]) if columns[index].right else row[index].ljust(widths[index])
            for index in kept
        ]
        for text in _lines(cells, row[kept[-1]], widths[kept[-1]]):
            click.echo(click.style(text, bold=True) if number == 0 else text, err=err)


def _fitting(columns: Sequence[Column], widths: list[int], width: int | None) -> list[int]:
    """Indexes of the columns that fit; narrows the width of a wrapping one."""
    kept = list(range(len(columns)))
    if width is None:
        return kept
    while True:
        excess = sum(widths[index] for index in kept) + len(GAP) * (len(kept) - 1) - width
        last = kept[-1]
        if columns[last].wrap and excess > 0:
            narrowed = max(_NARROWEST, widths[last] - excess)
            excess -= widths[last] - narrowed
            if excess <= 0:
                widths[last] = narrowed
        optional = [index for index in kept if columns[index].keep < _ALWAYS]
        if excess <= 0 or not optional:
            return kept
        kept.remove(min(optional, key=lambda index: (columns[index].keep, -index)))


def _lines(cells: list[str], last: str, width: int) -> list[str]:
    """A row as lines: more than one only where its last cell is longer than its column."""
    if len(last) <= width:
        return [GAP.join(cells).rstrip()]
    import textwrap

    pieces = textwrap.wrap(last, width, break_long_words=False, break_on_hyphens=False)
    before = GAP.join(cells[:-1])
    indent = " " * (len(before) + len(GAP))
    return [before + GAP + pieces[0], *(indent + piece for piece in pieces[1:])]


def print_json(value: Any) -> None:
    """Print one JSON value, indented."""
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_json_list(values: Iterable[Any]) -> None:
    """Print a JSON array item by item, so that a long one needs no memory."""
    import json

    click.echo("[", nl=False)
    separator = "\n"
    for value in values:
        click.echo(separator + json.dumps(value, ensure_ascii=False), nl=False)
        separator = ",\n"
    click.echo("\n]")


def print_csv(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print CSV (RFC 4180) with a header line."""
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(titles)
    writer.writerows(["" if cell is None else cell for cell in row] for row in rows)


def print_fields(*fields: tuple[str, str]) -> None:
    """Print `name: value` lines, wrapped; empty values are left out."""
    shown = [(f"  {name}", value) for name, value in fields if value]
    formatter = click.HelpFormatter(width=_text_width())
    if shown:
        formatter.write_dl(shown)
        click.echo(formatter.getvalue().rstrip())


def print_section(title: str, lines: Iterable[str], *, empty: str = "") -> None:
    """Print a headed list, wrapped; nothing at all when there are no lines and no word for that."""
    shown = list(lines) or ([empty] if empty else [])
    if not shown:
        return
    click.echo("\n" + click.style(title, bold=True))
    for line in shown:
        click.echo(wrapped(line))


def wrapped(text: str, indent: str = "  ") -> str:
    """A paragraph for people; addresses and file names are never broken."""
    import textwrap

    inner = indent + " " * (len(text) - len(text.lstrip()))
    return textwrap.fill(
        text.strip(),
        _text_width(),
        initial_indent=inner,
        subsequent_indent=inner + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _text_width() -> int:
    return max(40, min(terminal_width() or 110, 110))
