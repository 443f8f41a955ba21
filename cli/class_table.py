"""The IoU of each class on the terminal, under every protocol that was run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from cli import output
from cli.output import Column


def print_class_table(protocols: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> None:
    """Print a row for each class that occurs; the others in one line.

    Args:
        protocols: Plain data of the scores, by protocol.
        names: Names of the classes by id.
    """
    from registry.report.charts import class_name, class_value

    classes = max((len(scores["class-iou"]) for scores in protocols.values()), default=0)
    rows = []
    for one in range(classes):
        values = [class_value(scores, one) for scores in protocols.values()]
        if any(value is not None for value in values):
            rows.append([str(one), class_name(names, one), *("-" if v is None else f"{v:.2%}" for v in values)])
    if rows:
        click.echo()
        # where the terminal is narrow the last protocols go first
        columns = [Column(name.upper(), right=True, keep=8 - number) for number, name in enumerate(protocols)]
        columns[0] = columns[0]._replace(keep=9)
        output.print_table([Column("ID", right=True), Column("CLASS IOU"), *columns], rows, output.terminal_width())
    if absent := classes - len(rows):
        noun = "class never occurs" if absent == 1 else "classes never occur"
        click.echo(output.wrapped(f"{absent} {'further ' if rows else ''}{noun}", indent=""))
