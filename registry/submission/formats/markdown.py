"""Markdown for the summary of a job (`GITHUB_STEP_SUMMARY`) or a comment, in which no text of a card is markup.

GitHub refuses a summary of more than 1 MiB; this one ends before, and says what it lacks.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence

from registry.problem import Problem
from registry.submission.formats.words import (
    because_of_document,
    explanation_of,
    gravest_first,
    one_line,
    place,
    proven,
    summary,
)
from registry.submission.report import VERDICTS, Check, Entry, Report

MOST_BYTES = 1024 * 1024
MOST_ROWS = 1000
"""Of the table, and of accepted variants' checks: thousands would leave no room for what is wrong with others."""

_FOR_THE_NOTE = 400

_MARKS = {"accepted": "✅", "accepted with warnings": "⚠️", "rejected": "❌", "could not tell": "❔"}
_OUTCOMES = {"passed": "✅", "warned": "⚠️", "failed": "❌", "unknown": "❔", "skipped": "⏭️"}
_BROKEN = "\N{ZERO WIDTH SPACE}"


def render(report: Report) -> str:
    """The verdict, a table of all variants, what is wrong with each, and what the accepted ones passed."""
    entries = sorted(report.entries, key=lambda entry: VERDICTS.index(entry.verdict))
    head = f"## {_MARKS[report.verdict]} zoo check: {report.verdict}\n\n{prose(summary(report), 1000)}.\n"
    ending = f"\n{report.seconds:.1f} s, zoo {prose(report.version)}\n"
    sections = [_section(entry) for entry in entries if entry.verdict != "accepted"]
    return _fitting([head, *_table(entries), *sections, *_folded(entries)], ending)


def prose(text: str, most: int = 300) -> str:
    """Text as a part of a line: no markup, no cell's end, no link, and nobody is mentioned."""
    text = re.sub(r"([\\`*_\[\]<>~&$#])", r"\\\1", _unlinked(one_line(text, most)))
    # a backslash before it keeps a pipe in its cell for some readers and not for others
    return text.replace("|", "&#124;")


def code(text: str, most: int = 300) -> str:
    """Text as a code span, which no markup ends; not for a table."""
    text = one_line(text, most)
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    return f"{fence} {text} {fence}" if "`" in text or not text else f"{fence}{text}{fence}"


def _unlinked(text: str) -> str:
    """Text of which GitHub makes neither a link, a mention, nor a reference to an issue."""
    return re.sub(r"(@|:(?=//)|www(?=\.)|#(?=\d)|GH(?=-\d))", rf"\1{_BROKEN}", text, flags=re.IGNORECASE)


def _fitting(parts: Sequence[str], ending: str) -> str:
    """As many parts as fit, in order; each is whole Markdown by itself."""
    room = MOST_BYTES - len(ending.encode()) - _FOR_THE_NOTE
    kept: list[str] = []
    for part in parts:
        room -= len(part.encode("utf-8", "replace"))
        if room < 0:
            cut = len(parts) - len(kept)
            kept.append(
                f"\n**Cut here:** {cut} of {len(parts)} parts (a line of the table, the problems of a variant, or "
                "its checks) would make this longer than the 1 MiB that GitHub takes. "
                "The other formats of `zoo check` have them all.\n"
            )
            break
        kept.append(part)
    return "".join([*kept, ending])


def _table(entries: Sequence[Entry]) -> Iterator[str]:
    if entries:
        yield "\n| Verdict | Variant | Proven | Time |\n|---|---|---|--:|\n"
    for entry in entries[:MOST_ROWS]:
        cells = (
            f"{_MARKS[entry.verdict]} {entry.verdict}",
            prose(entry.name),
            prose(proven(entry)),
            f"{entry.seconds:.1f} s",
        )
        yield f"| {' | '.join(cells)} |\n"
    if len(entries) > MOST_ROWS:
        yield f"| | and {len(entries) - MOST_ROWS} more, none of them graver | | |\n"


def _section(entry: Entry) -> str:
    """What is wrong with one entry and what to do about it."""
    lines = [f"\n### {_MARKS[entry.verdict]} {prose(entry.name)}", ""]
    if reason := because_of_document(entry):
        lines.append(f"- {prose(reason)}")
    for problem in gravest_first(entry):
        lines += _problem(problem)
    return "\n".join(lines) + "\n"


def _problem(problem: Problem) -> Iterator[str]:
    yield f"- **{problem.severity}** {prose(problem.message, 1000)} ({code(problem.rule)})  "
    yield f"  {code(place(problem))}" + (f" at {code(problem.pointer)}" if problem.pointer else "")
    for name, text in (("expected", problem.expected), ("found", problem.found)):
        if text:
            yield f"  - {name}: {code(text)}"
    yield f"  - what to do: {explanation_of(problem.rule).remedy}"


def _folded(entries: Sequence[Entry]) -> Iterator[str]:
    """What accepted variants passed, folded away: one part each."""
    accepted = [entry for entry in entries if entry.verdict == "accepted" and entry.checks]
    for entry in accepted[:MOST_ROWS]:
        # the tags are the only HTML, and a name between them cannot end it
        name = html.escape(_unlinked(one_line(entry.name)))
        lines = ["", f"<details><summary>{_MARKS[entry.verdict]} {name}</summary>", ""]
        lines += [_check(check) for check in entry.checks]
        yield "\n".join([*lines, "", "</details>", ""])
    if len(accepted) > MOST_ROWS:
        yield f"\nThe checks of {len(accepted) - MOST_ROWS} more accepted variants are not listed here.\n"


def _check(check: Check) -> str:
    told = f": {prose(check.told)}" if check.told else ""
    return f"- {_OUTCOMES[check.outcome]} {prose(check.name)}{told}"
