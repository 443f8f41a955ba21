"""`zoo eval --against`: two models on the same images, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from cli import output
from cli.output import Column

if TYPE_CHECKING:
    from registry.evaluation import Evaluation, Outcome
    from registry.metrics import Agreement

_VERDICTS = {
    "both-right": "both right",
    "only-first-right": "only the first right",
    "only-second-right": "only the second right",
    "both-wrong-alike": "both wrong in the same way",
    "both-wrong-apart": "both wrong, each in its way",
}


def to_json(outcome: Outcome) -> dict[str, Any] | None:
    """As plain data: the second model, first less second for each protocol, and where they agree; None for one."""
    if outcome.agreement is None:
        return None
    first, second = outcome.evaluations
    return {
        "evaluation": second.to_json(),
        "difference": {name: _difference(first, second, name) for name in first.scores},
        "agreement": outcome.agreement.to_json(),
    }


def show(outcome: Outcome, names: Sequence[str]) -> None:
    """Print it, if there are two.

    Args:
        outcome: Of the run.
        names: Of the classes, by id.
    """
    if outcome.agreement is None:
        return
    first, second = outcome.evaluations
    subject = second.subject
    click.echo()
    click.echo("against " + click.style(output.visible(subject.variant or subject.artifact.hex), bold=True))
    output.print_fields(
        ("file", str(subject.artifact)),
        ("prepared as", str(subject.preprocessing)),
        ("run by", f"{subject.engine} {subject.version}, {output.counted(subject.threads, 'thread')}"),
    )
    click.echo()
    protocol = next(iter(first.scores))
    _show_classes(first, second, names, protocol)
    _show_agreement(outcome.agreement, names)


def _difference(first: Evaluation, second: Evaluation, protocol: str) -> dict[str, Any]:
    ours, theirs = first.scores[protocol].to_json(), second.scores[protocol].to_json()
    figures = ("mean-iou", "pixel-accuracy", "mean-accuracy", "frequency-weighted-iou")
    return {
        **{name: _less(ours[name], theirs[name]) for name in figures},
        "class-iou": [_less(*pair) for pair in zip(ours["class-iou"], theirs["class-iou"], strict=True)],
    }


def _less(ours: float | None, theirs: float | None) -> float | None:
    return None if ours is None or theirs is None else ours - theirs


def _show_classes(first: Evaluation, second: Evaluation, names: Sequence[str], protocol: str) -> None:
    ours, theirs = first.scores[protocol], second.scores[protocol]
    rows = [
        [name, _share(one), _share(other), _points(_less(one, other))]
        for name, one, other in zip(names, ours.class_iou, theirs.class_iou, strict=True)
        if one is not None or other is not None
    ]
    total = _points(_less(ours.mean_iou, theirs.mean_iou))
    rows.append(["all (mean)", _share(ours.mean_iou), _share(theirs.mean_iou), total])
    titles = ("IOU", "AGAINST", "DIFFERENCE")
    output.print_table(
        [Column(f"CLASS ({protocol})"), *(Column(title, right=True) for title in titles)],
        rows,
        output.terminal_width(),
    )


def _show_agreement(agreement: Agreement, names: Sequence[str]) -> None:
    pixels = agreement.to_json()["pixels"]
    known = sum(pixels.values()) or 1
    changes = (
        f"{names[one]} against {names[other]}: {_share(count / agreement.matrix.sum())}"
        for one, other, count in agreement.changes(5)
    )
    apart = (
        f"{sight.name}: {_share(sight.pixel_accuracy)} of its pixels alike,"
        f" mean IoU of the two {_share(sight.mean_iou)}"
        for sight in agreement.apart[:5]
        if sight.pixel_accuracy < 1
    )
    click.echo()
    click.echo(f"The two give the same class to {_share(agreement.share)} of the pixels.")
    output.print_section(
        "Pixels that the masks know",
        (f"{_VERDICTS[key]}: {_share(count / known)}" for key, count in pixels.items()),
    )
    output.print_section("Most frequent differences", changes, empty="none")
    output.print_section("Images in which they differ most", apart, empty="none")


def _share(value: float | None) -> str:
    return "?" if value is None else f"{value:.2%}"


def _points(value: float | None) -> str:
    """A difference in percentage points."""
    return "?" if value is None else f"{100 * value:+.2f}"
