"""What `zoo eval` prints for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from cli import output
from cli.class_table import print_class_table
from cli.output import Column

if TYPE_CHECKING:
    from registry.evaluation import Evaluation
    from registry.judgement import Judgement

_FIGURES = {
    "mean-iou": ("MEAN IOU", 9),
    "pixel-accuracy": ("PIXEL ACC", 8),
    "mean-accuracy": ("MEAN ACC", 7),
    "frequency-weighted-iou": ("FW IOU", 6),
    "unseen": ("UNSEEN", 10),
}
"""Figures of the table, each with its heading and how long it is kept where the terminal is narrow."""
_COLOURS = {"reproduced": "green", "contradicted": "red", "not comparable": "yellow"}


def show(evaluation: Evaluation, names: Sequence[str]) -> None:
    """Print an evaluation.

    Args:
        evaluation: Of one model.
        names: Of the dataset's classes by id.
    """
    subject, document = evaluation.subject, evaluation.to_json()
    times, protocols = document["latency_ms"], document["protocols"]
    threads = output.counted(subject.threads, "thread")
    click.echo(click.style(output.visible(subject.variant or subject.artifact.hex), bold=True))
    output.print_fields(
        ("file", str(subject.artifact)),
        ("data", f"{subject.dataset} {subject.split}, {evaluation.samples} images, list {subject.images}"),
        ("prepared as", str(subject.preprocessing)),
        ("run by", f"{subject.engine} {subject.version}, {subject.delegate or threads}"),
        ("latency here", ", ".join(f"{name} {value:.1f} ms" for name, value in times.items())),
    )
    click.echo()
    seen_all = not any(scores["unseen"] for scores in protocols.values())
    figures = {key: column for key, column in _FIGURES.items() if not (seen_all and key == "unseen")}
    rows = [[name, *(_share(scores[key]) for key in figures)] for name, scores in protocols.items()]
    columns = [Column("PROTOCOL"), *(Column(title, True, keep) for title, keep in figures.values())]
    output.print_table(columns, rows, output.terminal_width())
    print_class_table(protocols, names)
    for bad in evaluation.bad:
        click.echo(output.visible(f"left out: {bad.name}: {bad.reason}"), err=True)


def show_judgements(judged: Sequence[Judgement]) -> None:
    """Print what became of the card's accuracies."""
    output.print_section("Card", (_judged(one) for one in judged), empty="states no accuracy")


def _judged(one: Judgement) -> str:
    metric = one.metric
    stated = f"{metric.name} {_share(metric.value)} on {metric.dataset} {metric.split}, protocol {metric.protocol}"
    found = f", measured {_share(one.measured)}" if one.measured is not None else ""
    return f"{click.style(one.state, fg=_COLOURS[one.state])}: {stated}{found}: {one.reason}"


def _share(value: float | None) -> str:
    return "?" if value is None else f"{value:.2%}"
