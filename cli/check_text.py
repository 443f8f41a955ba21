"""What `zoo check` tells people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from cli import output

if TYPE_CHECKING:
    from registry.problem import Problem
    from registry.submission.report import Entry, Report

_COLOURS = {"rejected": "red", "could not tell": "yellow", "accepted with warnings": "yellow", "accepted": "green"}
_SEVERITIES = {"error": "red", "unknown": "yellow", "warning": "yellow"}


def show(report: Report, verbose: bool) -> None:
    """Print a line for each variant with what is wrong with it below, and last the counts.

    Args:
        report: What came of the judgement.
        verbose: Whether every check is told, of accepted variants as well.
    """
    from registry.submission.formats.words import summary

    width = max((len(entry.verdict) for entry in report.entries), default=0)
    for entry in report.entries:
        click.echo(_headline(entry, width))
        for line in (*_checks(entry, verbose), *_reasons(entry)):
            click.echo(line)
    counts = click.style(report.verdict, fg=_COLOURS[report.verdict], bold=True)
    click.echo(f"{counts}: {output.visible(summary(report))} ({report.seconds:.1f} s)")


def _headline(entry: Entry, width: int) -> str:
    from registry.submission.formats.words import proven

    verdict = click.style(entry.verdict.ljust(width), fg=_COLOURS[entry.verdict])
    passed = f"  proven: {proven(entry, 80)}" if entry.checks else ""
    return f"{verdict}  {output.visible(entry.name)}{passed}"


def _checks(entry: Entry, verbose: bool) -> Iterator[str]:
    for check in entry.checks if verbose else ():
        told = f": {check.told}" if check.told else ""
        yield output.wrapped(f"{check.outcome.ljust(8)}{check.name}{told}", "    ")


def _reasons(entry: Entry) -> Iterator[str]:
    """The problems of an entry, the gravest first, or that its verdict is its document's."""
    from registry.submission.formats.words import because_of_document, gravest_first

    if reason := because_of_document(entry):
        yield output.wrapped(f"because of {reason}", "    ")
    for problem in gravest_first(entry):
        yield from _problem(problem)


def _problem(problem: Problem) -> Iterator[str]:
    severity = click.style(problem.severity, fg=_SEVERITIES[problem.severity])
    place = f"{problem.file}:{problem.line}:{problem.column}"
    yield output.wrapped(f"{place}: {severity}: {problem.message} [{problem.rule}]", "    ")
    for word, value in (("at", problem.pointer), ("expected", problem.expected), ("found", problem.found)):
        if value:
            yield output.wrapped(f"{word} {value}", "        ")
