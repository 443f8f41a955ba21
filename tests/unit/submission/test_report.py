"""What problems come to: verdicts, counts and exit codes."""

from __future__ import annotations

import json

import pytest

from registry import schema
from registry.document import Document, parse
from registry.problem import Problem, Severity
from registry.submission.report import Check, Entry, Report, Verdict, gravest

VERDICTS: dict[Severity, Verdict] = {
    "error": "rejected",
    "unknown": "could not tell",
    "warning": "accepted with warnings",
}


def problem(severity: Severity) -> Problem:
    return Problem("cards/acme/net.yaml", 3, 1, "/variants/0", "claim", "it is not so", severity=severity)


def variant(*severities: Severity, document: Verdict = "accepted") -> Entry:
    problems = tuple(map(problem, severities))
    return Entry("acme/net/small", "variant", "cards/acme/net.yaml", 3, problems, document=document)


def report(*entries: Entry) -> Report:
    return Report(entries, 0, None, "1.0", 0.1)


@pytest.mark.parametrize(
    ("severities", "verdict", "code"),
    [
        ((), "accepted", 0),
        (("warning",), "accepted with warnings", 0),
        (("unknown", "warning"), "could not tell", 3),
        (("warning", "unknown", "error"), "rejected", 1),
    ],
)
def test_the_gravest_problem_decides(severities: tuple[Severity, ...], verdict: Verdict, code: int) -> None:
    assert variant(*severities).verdict == verdict
    found = report(variant(), variant(*severities))
    assert (found.verdict, found.exit_code) == (verdict, code)


def test_of_nothing_everything_is_accepted() -> None:
    assert (report().verdict, report().exit_code, gravest([])) == ("accepted", 0, "accepted")


@pytest.mark.parametrize("document", VERDICTS.values())
def test_what_is_wrong_with_the_document_is_wrong_with_its_variants(document: Verdict) -> None:
    assert variant(document=document).verdict == document


def test_variants_are_counted_and_documents_only_where_they_have_none() -> None:
    document = Entry("cards/acme/net.yaml", "document", "cards/acme/net.yaml", 1, document="rejected")
    target = Entry("cards/targets/board.yaml", "document", "cards/targets/board.yaml", 1)
    counts = report(document, variant(document="rejected"), variant(), target).counts()
    assert counts == {"rejected": 1, "could not tell": 0, "accepted with warnings": 0, "accepted": 2}


def test_strictly_warnings_are_errors_everywhere() -> None:
    warned = Entry(
        "acme/net/small", "variant", "net.yaml", 1, (problem("warning"),), (Check("card", "warned", "1 problem"),)
    )
    found = report(warned, variant("unknown"), variant(document="accepted with warnings")).strict()
    assert [entry.verdict for entry in found.entries] == ["rejected", "could not tell", "rejected"]
    assert found.entries[0].checks[0].outcome == "failed"
    assert found.exit_code == 1


def test_it_is_a_document_of_its_schema() -> None:
    text = json.dumps(report(variant("error"), variant()).to_json())
    read = parse(text.encode(), "report.json")
    assert isinstance(read, Document)
    assert schema.check(read, "check") == []
