"""Workflow commands, read back by the rules of GitHub's runner."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from hypothesis import given

from registry.submission.formats import FORMATS
from registry.submission.formats.words import clean
from registry.submission.report import Report
from tests.unit.strategies import PROPERTY
from tests.unit.submission.formats import reports
from tests.unit.submission.formats.reports import CARD


class Command(NamedTuple):
    name: str
    properties: dict[str, str]
    message: str


def commands(text: str) -> list[Command | None]:
    """What the runner makes of each line: None for one that it only logs."""
    return [_command(line) for line in re.split(r"\r\n|\r|\n", text.removesuffix("\n"))]


def _command(line: str) -> Command | None:
    line = line.lstrip()
    head, separator, message = line.removeprefix("::").partition("::")
    if not line.startswith("::") or not separator:
        return None
    name, _, stated = head.partition(" ")
    pairs = [pair.partition("=") for pair in stated.split(",") if pair]
    properties = {key.strip(): _unescaped(value, property_=True) for key, _, value in pairs}
    return Command(name, properties, _unescaped(message, property_=False))


def _unescaped(text: str, *, property_: bool) -> str:
    more = [("%3A", ":"), ("%2C", ",")] if property_ else []
    for code, character in [("%0D", "\r"), ("%0A", "\n"), *more, ("%25", "%")]:
        text = text.replace(code, character)
    return text


def test_problems_become_annotations_and_the_sum_a_notice() -> None:
    found = commands(FORMATS["github"](reports.sample()))
    assert [one and one.name for one in found] == ["error", "warning", "warning", "notice"]
    error, unknown, _, notice = found
    assert error is not None
    assert error.properties == {"file": CARD, "line": "46", "col": "20", "title": "acme/net/int8 [claim]"}
    first, *others = error.message.splitlines()
    assert first == "the card says one granularity, the file another"
    assert others[:3] == [
        "at: /variants/1/quantization/granularity",
        "expected: per-tensor",
        "found: per-channel",
    ]
    assert others[3].startswith("what to do: ")
    assert unknown is not None
    assert unknown.properties["title"] == "could not tell: acme/net/far [unobtainable]"
    assert notice is not None
    assert notice.message == (
        "rejected: 4 judged (1 rejected, 1 could not tell, 1 accepted with warnings, 1 accepted), "
        "documents unchanged since origin/main: 12"
    )


def test_a_document_that_could_not_be_read_is_annotated_without_a_line() -> None:
    (unread,) = [
        one for one in commands(FORMATS["github"](reports.broken_document())) if one and "board" in str(one)
    ]
    assert set(unread.properties) == {"file", "title"}


def test_what_github_hides_is_counted() -> None:
    entry = reports.sample().entries[1]
    report = Report((replace(entry, problems=entry.problems * 12),), 0, None, "1", 0)
    *_, notice = commands(FORMATS["github"](report))
    assert notice is not None
    assert notice.message.endswith("(2 more errors in the log of this step)")


@PROPERTY
@given(reports.reports)
def test_no_text_becomes_a_command_of_its_own(report: Report) -> None:
    found = commands(FORMATS["github"](report))
    assert len(found) == len(report.problems) + 1
    assert {one.name if one else None for one in found} <= {"error", "warning", "notice"}
    expected = sorted(clean(problem.message) for problem in report.problems)
    read = [one for one in found[:-1] if one is not None]
    assert {frozenset(one.properties) - {"file", "line", "col", "title"} for one in read} <= {frozenset()}
    assert all(any(one.message.startswith(text) for one in read) for text in expected)
