"""What a judgement came to: one verdict for each variant, with what was looked at and what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Protocol

from registry.problem import Problem, Severity

Verdict = Literal["accepted", "accepted with warnings", "rejected", "could not tell"]
Outcome = Literal["passed", "warned", "failed", "unknown", "skipped"]

VERDICTS: tuple[Verdict, ...] = ("rejected", "could not tell", "accepted with warnings", "accepted")
"""The gravest first: the verdict of several is the first of these that one of them has."""

EXIT_CODES: dict[Verdict, int] = {
    "rejected": 1,
    "could not tell": 3,
    "accepted with warnings": 0,
    "accepted": 0,
}

_BY_SEVERITY: tuple[tuple[str, Verdict], ...] = (
    ("error", "rejected"),
    ("unknown", "could not tell"),
    ("warning", "accepted with warnings"),
)


_OUTCOMES: dict[Verdict, Outcome] = {
    "rejected": "failed",
    "could not tell": "unknown",
    "accepted with warnings": "warned",
    "accepted": "passed",
}


class Graded(Protocol):
    """What has a severity: a problem, or a flaw that has no line yet."""

    @property
    def severity(self) -> Severity:
        """How grave it is."""


@dataclass(frozen=True)
class Check:
    """One question that was asked of a variant.

    Attributes:
        name: The question, such as `claims` or `fit stm32n6`.
        outcome: `skipped` where it was not asked for; `unknown` where it could not be answered.
        told: What was found, in a few words.
    """

    name: str
    outcome: Outcome
    told: str = ""


@dataclass(frozen=True)
class Entry:
    """A variant, or a document with what is wrong outside its variants.

    Attributes:
        name: `publisher/model/variant`; of a document its path.
        kind: `variant` or `document`.
        file: The document.
        line: Where it stands there, from 1.
        problems: What is wrong; those of its document that concern every variant stand with the document alone.
        checks: What was looked at, in order.
        seconds: Time that its own checks took.
        document: The gravest verdict that the document's own problems give it.
    """

    name: str
    kind: Literal["variant", "document"]
    file: str
    line: int
    problems: tuple[Problem, ...] = ()
    checks: tuple[Check, ...] = ()
    seconds: float = 0.0
    document: Verdict = "accepted"

    @property
    def verdict(self) -> Verdict:
        """By its own problems and its document's."""
        return gravest([verdict_of(self.problems), self.document])

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "name": self.name,
            "kind": self.kind,
            "file": self.file,
            "line": self.line,
            "verdict": self.verdict,
            "seconds": round(self.seconds, 3),
            "checks": [asdict(one) for one in self.checks],
            "problems": [one.to_json() for one in self.problems],
        }


@dataclass(frozen=True)
class Report:
    """Everything that was judged.

    Attributes:
        entries: Documents with problems of their own, and variants, by file.
        unchanged: Documents that were left out, as they are the same at the revision `against`.
        against: The revision in the user's words; None where all were judged.
        version: Of zoo.
        seconds: Time that it took.
    """

    entries: tuple[Entry, ...]
    unchanged: int
    against: str | None
    version: str
    seconds: float

    @property
    def verdict(self) -> Verdict:
        """The gravest of all."""
        return gravest(entry.verdict for entry in self.entries)

    @property
    def exit_code(self) -> int:
        """0 accepted, 1 rejected, 3 could not tell."""
        return EXIT_CODES[self.verdict]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Of all entries, in order."""
        return tuple(problem for entry in self.entries for problem in entry.problems)

    def strict(self) -> Report:
        """The same where warnings count as errors."""
        return replace(self, entries=tuple(_strict(entry) for entry in self.entries))

    def counts(self) -> dict[Verdict, int]:
        """Variants by verdict, the gravest first; with the documents that have none that could be read."""
        with_variants = {entry.file for entry in self.entries if entry.kind == "variant"}
        seen = Counter(
            entry.verdict for entry in self.entries if entry.kind == "variant" or entry.file not in with_variants
        )
        return {verdict: seen[verdict] for verdict in VERDICTS}

    def to_json(self) -> dict[str, Any]:
        """As plain data: a document of `schemas/check.json`."""
        return {
            "schema": "check/1",
            "version": self.version,
            "verdict": self.verdict,
            "against": self.against,
            "unchanged": self.unchanged,
            "seconds": round(self.seconds, 3),
            "counts": self.counts(),
            "entries": [entry.to_json() for entry in self.entries],
        }


def _strict(entry: Entry) -> Entry:
    problems = tuple(replace(one, severity="error") if one.severity == "warning" else one for one in entry.problems)
    outcome: dict[Outcome, Outcome] = {"warned": "failed"}
    checks = tuple(replace(one, outcome=outcome.get(one.outcome, one.outcome)) for one in entry.checks)
    document: Verdict = "rejected" if entry.document == "accepted with warnings" else entry.document
    return replace(entry, problems=problems, checks=checks, document=document)


def gravest(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on several together; on none, accepted."""
    return min(verdicts, key=VERDICTS.index, default="accepted")


def verdict_of(found: Iterable[Graded]) -> Verdict:
    """What problems or flaws come to."""
    severities = {one.severity for one in found}
    return next((verdict for severity, verdict in _BY_SEVERITY if severity in severities), "accepted")


def outcome_of(found: Iterable[Graded]) -> Outcome:
    """What a check comes to that found these."""
    return _OUTCOMES[verdict_of(found)]
