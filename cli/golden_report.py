"""What `zoo selftest` tells."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from cli import output

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cli.session import Voice
    from registry.record import Recording
    from registry.selftest import Outcome


class Verdict(NamedTuple):
    """What came of one variant: `pass`, `fail`, or `unknown` where it could not be told, with the reason."""

    variant: str
    state: str
    reason: str = ""
    hint: str | None = None
    sha256: str | None = None
    runtime: Mapping[str, Any] | None = None
    outcomes: Sequence[Outcome] = ()


_COLOURS = {"pass": "green", "fail": "red", "unknown": "yellow"}


def show(verdicts: Sequence[Verdict], form: str) -> None:
    """Each variant and each of its vectors."""
    if form == "json":
        output.print_json([_plain(one) for one in verdicts])
        return
    for one in verdicts:
        click.echo(f"{click.style(one.state, fg=_COLOURS[one.state])}  {one.variant}{_runtime(one)}")
        for outcome in one.outcomes:
            click.echo(f"  {'pass' if outcome.passed else 'fail'}  {outcome.vector.name}: {_figures(outcome)}")
            for failure in outcome.failures:
                click.echo(output.visible(f"        {failure}"))
        if one.reason:
            click.echo(output.visible(f"  {one.reason}"))
        if one.hint:
            click.echo(output.visible(f"  next: {one.hint}"))


def _plain(verdict: Verdict) -> dict[str, Any]:
    return {
        **verdict._asdict(),
        "outcomes": [
            {
                "vector": one.vector.name,
                "passed": one.passed,
                "figures": asdict(one.deviation) if one.deviation else None,
                "tolerance": one.vector.tolerance.to_document(),
                "failures": list(one.failures),
            }
            for one in verdict.outcomes
        ],
    }


def _runtime(verdict: Verdict) -> str:
    if verdict.runtime is None:
        return ""
    name, version, threads, delegate = verdict.runtime.values()
    return f"  {name} {version}, {output.counted(threads, 'thread')}" + (f", {delegate}" if delegate else "")


def _figures(outcome: Outcome) -> str:
    """The figures that the tolerance bounds, each with its bound."""
    found, most = outcome.deviation, outcome.vector.tolerance
    if found is None:
        return "nothing to compare"
    words = []
    if most.steps is not None and found.steps is not None:
        words.append(f"greatest difference {output.counted(found.steps, 'step')} (at most {most.steps})")
    if most.absolute is not None and found.absolute is not None:
        words.append(f"greatest difference {found.absolute:.3g} (at most {most.absolute:g})")
    if most.differing is not None:
        words.append(f"{found.differing:.3%} of {found.values} values differ (at most {most.differing:.3%})")
    if most.best_class is not None and found.best_class is not None:
        words.append(f"best class differs in {found.best_class:.3%} of places (at most {most.best_class:.3%})")
    return "; ".join(words)


def recorded(recording: Recording, text: bytes, folder: Path, voice: Voice, form: str) -> None:
    """What was written, and what the card must say."""
    if form == "json":
        output.print_json({"artifacts": list(recording.artifacts), "golden": list(recording.golden)})
    else:
        click.echo(text.decode(), nl=False)
    voice.note(f"wrote {output.counted(len(recording.golden), 'golden vector')} and golden.yaml to {folder}")
