"""Data on stdout: tables that fit the terminal, JSON and CSV.

The table is our own thirty lines because importing a table library costs more than the whole of `zoo list`.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import click

from registry.units import counted as counted  # noqa: PLC0414 - commands say it as `output.counted`

GAP = "  "
_ALWAYS = 9
_NARROWEST = 24
_WIDEST = 110


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


def visible(text: str) -> str:
    """Text without what could drive the terminal: names and notes may come from somebody else's file.

    The few sequences that our own colours are made of stay.
    """
    if text.isprintable():
        return text
    import re

    pieces = re.split(r"(\x1b\[(?:0|1|3[0-7])m)", text)
    cleaned = ("".join(letter if letter.isprintable() else "?" for letter in piece) for piece in pieces[::2])
    return "".join(itertools.chain.from_iterable(itertools.zip_longest(cleaned, pieces[1::2], fillvalue="")))


def print_table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None = None, *, err: bool = False
) -> None:
    """Print a table that fits into `width`.

    A wrapping column is narrowed first, then columns are left out, then the wrapping one goes below its row.
    """
    rows = [[visible(cell) for cell in row] for row in rows]
    widths = [max([len(column.title), *(len(row[index]) for row in rows)]) for index, column in enumerate(columns)]
    kept, wrapping = _fitting(columns, widths, width)
    for number, row in enumerate([[column.title for column in columns], *rows]):
        cells = [
            row[index].rjust(widths[index]) if columns[index].right else row[index].ljust(widths[index])
            for index in kept
        ]
        text = GAP.join(cells)
        lines = [text.rstrip()]
        if wrapping is not None:
            lines = _with_wrapped(text, row[-1], wrapping, width)
        for line in lines:
            click.echo(click.style(line, bold=True) if number == 0 else line, err=err)


def _fitting(columns: Sequence[Column], widths: list[int], width: int | None) -> tuple[list[int], int | None]:
    """Indexes of the columns of a row, and the width of the wrapping one: None without one, 0 for below the row."""
    kept = list(range(len(columns)))
    wrapping = kept.pop() if columns[-1].wrap and width is not None else None
    if width is None:
        return kept, None

    def left() -> int:
        return width - sum(widths[index] + len(GAP) for index in kept) + (len(GAP) if wrapping is None else 0)

    least = 0 if wrapping is None else min(_NARROWEST, widths[wrapping])
    while left() < least:
        optional = [index for index in kept if columns[index].keep < _ALWAYS]
        if not optional:
            break
        kept.remove(min(optional, key=lambda index: (columns[index].keep, -index)))
    if wrapping is None:
        return kept, None
    return kept, left() if left() >= least else 0


def _with_wrapped(before: str, text: str, room: int, width: int | None) -> list[str]:
    """A row whose last cell is wrapped: beside the others, or indented below them when there is no room."""
    import textwrap

    room_below = (width or _WIDEST) - 4
    pieces = textwrap.wrap(text, room or room_below, break_long_words=False, break_on_hyphens=False) or [""]
    if not room:
        return [before.rstrip(), *("    " + piece for piece in pieces if piece)]
    indent = " " * (len(before) + len(GAP))
    return [(before + GAP + pieces[0]).rstrip(), *(indent + piece for piece in pieces[1:])]


def print_listing(
    form: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], documents: Sequence[Any]
) -> None:
    """Print items as a table that fits the terminal, as CSV with the same columns, or as their whole documents."""
    if form == "json":
        print_json_list(documents)
    elif form == "csv":
        print_csv([column.title.lower() for column in columns], rows)
    else:
        print_table(columns, rows, terminal_width())


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
    shown = [(f"  {name}", visible(value)) for name, value in fields if value]
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

    text = visible(text)
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
    return max(40, min(terminal_width() or _WIDEST, _WIDEST))
