"""Words that the formats share: what was found and proven, in text that cannot mislead its reader."""

from __future__ import annotations

from registry.problem import Problem
from registry.rulebook import RULES
from registry.rulebook.explanation import Explanation
from registry.submission.report import Entry, Report, verdict_of

GRAVITY = ("error", "unknown", "warning")
"""Severities, the gravest first."""

_OMITTED = "\N{HORIZONTAL ELLIPSIS}"


def clean(text: str) -> str:
    """Text in which every character shows: no control, no change of direction, no half of a surrogate pair.

    Newlines and tabs stay. What does not show becomes U+FFFD, so that nobody takes it for what it is not.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter in "\n\t" else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def one_line(text: str, most: int = 300) -> str:
    """Clean text on one line, of at most so many characters."""
    text = " ".join(clean(text).split())
    return text if len(text) <= most else text[: most - 1] + _OMITTED


def findings(report: Report) -> list[tuple[Entry, Problem]]:
    """All problems with the entries that have them, the gravest first."""
    found = [(entry, problem) for entry in report.entries for problem in entry.problems]
    return sorted(found, key=lambda one: GRAVITY.index(one[1].severity))


def gravest_first(entry: Entry) -> list[Problem]:
    """The problems of one entry."""
    return sorted(entry.problems, key=lambda problem: GRAVITY.index(problem.severity))


def place(problem: Problem) -> str:
    """Where it stands: `file:line`, or the file alone where it could not be read."""
    return f"{problem.file}:{problem.line}" if problem.line else problem.file


def details(problem: Problem) -> list[tuple[str, str]]:
    """What is known of a problem beyond its message, as named pieces; empty ones are left out."""
    explanation = RULES.get(problem.rule)
    pieces = [
        ("at", problem.pointer),
        ("expected", problem.expected),
        ("found", problem.found),
        ("what to do", explanation.remedy if explanation else ""),
    ]
    return [(name, text) for name, text in pieces if text]


def explanation_of(rule: str) -> Explanation:
    """What the rule book says of a rule, or that it says nothing."""
    return RULES.get(rule) or Explanation(
        title=rule or "unnamed rule",
        meaning="The rule book of this version of zoo does not explain this rule.",
        remedy="Read what the finding says was expected and what was found.",
    )


def proven(entry: Entry, most: int = 120) -> str:
    """Names of the checks that an entry passed, in few words."""
    passed = [check.name for check in entry.checks if check.outcome == "passed"]
    return one_line(", ".join(passed), most) or "nothing"


def because_of_document(entry: Entry) -> str:
    """Whether an entry owes its verdict to its document: said in words, else empty."""
    if entry.verdict == verdict_of(entry.problems):
        return ""
    return f"its document {entry.file}: {entry.document}"


def summary(report: Report) -> str:
    """What came of everything, in a few words."""
    counts = {verdict: number for verdict, number in report.counts().items() if number}
    text = f"{sum(counts.values())} judged"
    if counts:
        text += f" ({', '.join(f'{number} {verdict}' for verdict, number in counts.items())})"
    if report.against is not None:
        text += f", documents unchanged since {one_line(report.against)}: {report.unchanged}"
    return text
