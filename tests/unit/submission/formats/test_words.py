"""Text that cannot mislead, and the words that formats share."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from registry.submission.formats import words
from registry.submission.report import Check, Report
from tests.unit.strategies import PROPERTY
from tests.unit.submission.formats import reports


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain é 模", "plain é 模"),
        ("one\r\ntwo\rthree\n\tfour", "one\ntwo\nthree\n\tfour"),
        ("\x1b[31mred", "\N{REPLACEMENT CHARACTER}[31mred"),
        ("abc\u202edcba", "abc\N{REPLACEMENT CHARACTER}dcba"),
        ("\udcff", "\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_what_does_not_show_is_replaced(text: str, cleaned: str) -> None:
    assert words.clean(text) == cleaned


@PROPERTY
@given(reports.texts)
def test_clean_text_is_printable_and_stays_as_it_is(text: str) -> None:
    cleaned = words.clean(text)
    assert cleaned.replace("\n", "").replace("\t", "").isprintable()
    assert words.clean(cleaned) == cleaned
    assert "\n" not in words.one_line(text)


def test_a_long_text_is_shortened() -> None:
    assert words.one_line("word " * 10, 9) == "word wor\N{HORIZONTAL ELLIPSIS}"


def test_only_what_passed_is_proven() -> None:
    entry = reports.sample().entries[0]
    assert words.proven(entry) == "files, claims"
    assert words.proven(replace(entry, checks=(Check("fit", "skipped"),))) == "nothing"


def test_an_entry_owes_its_verdict_to_its_document_only_where_it_is_graver() -> None:
    own = reports.sample().entries[1]
    assert words.because_of_document(own) == ""
    assert words.because_of_document(replace(own, document="could not tell")) == ""
    warned = replace(reports.sample().entries[2], document="rejected")
    assert words.because_of_document(warned) == f"its document {reports.CARD}: rejected"


def test_the_summary_counts_variants() -> None:
    assert words.summary(Report((), 3, "main", "1", 0.0)) == "0 judged, documents unchanged since main: 3"
    assert words.summary(reports.broken_document()) == "2 judged (2 rejected)"


def test_an_unknown_rule_is_explained_as_such() -> None:
    explained = words.explanation_of("no-such-rule")
    assert explained.title == "no-such-rule"
    assert explained.remedy
