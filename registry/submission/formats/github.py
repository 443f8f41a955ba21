"""Annotations of a job on GitHub: workflow commands, one a line, which the runner shows beside the card's lines.

Source of the commands and of their escaping: "Workflow commands for GitHub Actions" and the runner's own parser.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from registry.problem import Problem
from registry.submission.formats.paths import from_root, repository_root
from registry.submission.formats.words import clean, details, findings, summary
from registry.submission.report import Entry, Report

SHOWN = 10
"""Annotations of one kind that GitHub shows for a step; the others stand in its log alone."""

_COMMANDS = {"error": "error", "unknown": "warning", "warning": "warning"}
_DATA = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_PROPERTY = (*_DATA, (":", "%3A"), (",", "%2C"))


def render(report: Report) -> str:
    """One command for each problem, the gravest first, and a notice with the sum."""
    root = repository_root()
    found = findings(report)
    lines = [_annotation(entry, problem, root) for entry, problem in found]
    return "\n".join([*lines, _command("notice", _sum(report, found), title="zoo check")]) + "\n"


def _annotation(entry: Entry, problem: Problem, root: Path) -> str:
    place = {"file": from_root(problem.file, root)}
    if problem.line:
        place["line"] = str(problem.line)
        place["col"] = str(max(problem.column, 1))
    doubt = "could not tell: " if problem.severity == "unknown" else ""
    text = [problem.message, *(f"{name}: {piece}" for name, piece in details(problem))]
    title = f"{doubt}{entry.name} [{problem.rule}]"
    return _command(_COMMANDS[problem.severity], "\n".join(text), **place, title=title)


def _sum(report: Report, found: list[tuple[Entry, Problem]]) -> str:
    kinds = Counter(_COMMANDS[problem.severity] for _, problem in found)
    hidden = [f"{number - SHOWN} more {kind}s" for kind, number in kinds.items() if number > SHOWN]
    text = f"{report.verdict}: {summary(report)}"
    return f"{text} ({' and '.join(hidden)} in the log of this step)" if hidden else text


def _command(name: str, message: str, **properties: str) -> str:
    stated = ",".join(f"{key}={_escaped(value, _PROPERTY)}" for key, value in properties.items() if value)
    return f"::{name} {stated}::{_escaped(message, _DATA)}"


def _escaped(text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    text = clean(text)
    for character, code in pairs:
        text = text.replace(character, code)
    return text
