"""The summary of a job, parsed by another Markdown library: no text of a card is markup in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from markdown_it import MarkdownIt
from markdown_it.token import Token

from registry.submission.formats import FORMATS
from registry.submission.formats.markdown import MOST_BYTES, MOST_ROWS, code, prose
from registry.submission.formats.words import one_line
from registry.submission.report import Report
from tests.unit.strategies import PROPERTY
from tests.unit.submission.formats import reports
from tests.unit.submission.formats.reports import CARD, texts

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
LINKING = re.compile(r"@\w|://|www\.|#\d|GH-\d", re.IGNORECASE)
"""What GitHub makes a mention, a link or a reference of, where it stands in plain text."""


def tokens(text: str) -> list[Token]:
    return [inner for token in READER.parse(text) for inner in (token, *(token.children or ()))]


def plain(text: str) -> list[str]:
    """What a reader sees outside of code."""
    return [token.content for token in tokens(text) if token.type == "text"]


def rows(text: str) -> Iterator[list[str]]:
    """Cells of the table's body, as a reader sees them."""
    found = READER.parse(text)
    for start, token in enumerate(found):
        if token.type == "tr_open":
            cells: list[str] = []
            for inner in found[start:]:
                if inner.type == "tr_close":
                    break
                if inner.type == "inline":
                    cells.append("".join(piece.content for piece in inner.children or ()))
            yield cells


def test_the_summary_has_verdicts_problems_and_what_to_do() -> None:
    text = FORMATS["markdown"](reports.sample())
    assert text.startswith("## ❌ zoo check: rejected\n\n4 judged (1 rejected, ")
    assert list(rows(text))[1] == ["❌ rejected", "acme/net/int8", "files", "0.2 s"]
    assert [row[0] for row in rows(text)][1:] == [
        "❌ rejected", "❔ could not tell", "⚠️ accepted with warnings", "✅ accepted",
    ]  # fmt: skip
    section = text.partition("### ❌ acme/net/int8")[2].partition("###")[0]
    assert f"`{CARD}:46`" in section
    assert "- expected: `per-tensor`\n  - found: `per-channel`\n  - what to do: Correct the card" in section
    assert "<details><summary>✅ acme/net/float</summary>" in text


def test_a_variant_of_a_rejected_document_says_why() -> None:
    text = FORMATS["markdown"](reports.broken_document())
    assert f"### ❌ acm/net/float\n\n- its document {CARD}: rejected" in text


def test_a_summary_that_would_be_too_large_is_cut_and_says_so() -> None:
    entry = reports.sample().entries[1]
    long = replace(entry, problems=tuple(replace(one, message="m" * 900) for one in entry.problems * 8))
    text = FORMATS["markdown"](Report((long,) * 200, 0, None, "1", 1.0))
    assert MOST_BYTES - 20_000 < len(text.encode()) <= MOST_BYTES
    cut = re.search(r"\*\*Cut here:\*\* (\d+) of (\d+) parts", text)
    assert cut is not None
    shown = text.count("\n### ❌")
    assert int(cut[1]) == 200 - shown
    assert text.endswith("\n1.0 s, zoo 1\n")


def test_many_accepted_variants_leave_room_for_problems() -> None:
    rejected, accepted = reports.sample().entries[1], reports.sample().entries[0]
    text = FORMATS["markdown"](Report((*[accepted] * 2000, rejected), 0, None, "1", 1.0))
    assert "### ❌ acme/net/int8" in text
    assert f"| | and {2001 - MOST_ROWS} more, none of them graver | | |" in text
    assert text.count("<details>") == MOST_ROWS
    assert f"The checks of {2000 - MOST_ROWS} more accepted variants" in text


def test_a_name_cannot_end_the_tags_around_it() -> None:
    entry = replace(reports.sample().entries[0], name="acme/</summary><script>alert(1)</script>&amp;@all")
    text = FORMATS["markdown"](Report((entry,), 0, None, "1", 1.0))
    assert "<script" not in text.partition("<details>")[2]
    assert "acme/&lt;/summary&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;@\N{ZERO WIDTH SPACE}all" in text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a|b", "a|b"),
        ("<b>", "<b>"),
        ("*a* _b_ `c`", "*a* _b_ `c`"),
        ("[1, 3, 257, 257]", "[1, 3, 257, 257]"),
        ("one\n\n# two", "one # two"),
        ("back\\slash", "back\\slash"),
        ("@all", "@\N{ZERO WIDTH SPACE}all"),
        ("https://x.org", "https:\N{ZERO WIDTH SPACE}//x.org"),
    ],
)
def test_prose_is_seen_as_it_is(text: str, seen: str) -> None:
    assert "".join(plain(f"it says {prose(text)}")) == f"it says {seen}"
    assert list(rows(f"| a |\n|---|\n| {prose(text)} |\n"))[1] == [seen]


@PROPERTY
@given(texts.filter(str.strip))
def test_code_is_seen_as_it_is(text: str) -> None:
    spans = [token for token in tokens(f"it says {code(text, 10_000)}") if token.type == "code_inline"]
    assert [span.content for span in spans] == [one_line(text, 10_000)]


@PROPERTY
@given(reports.reports)
def test_no_text_is_markup(report: Report) -> None:
    text = FORMATS["markdown"](report)
    found = tokens(text)
    assert {token.type for token in found} & {"link_open", "image", "s_open", "html_inline", "fence"} == set()
    assert {
        re.sub(r"(?<=<summary>)[^<]*(?=</summary>)", "", token.content)
        for token in found
        if token.type == "html_block"
    } <= {"<details><summary></summary>\n", "</details>\n", "</details>"}
    assert [piece for piece in plain(text) if LINKING.search(piece)] == []
    assert [len(row) for row in rows(text)] == [4] * (len(report.entries) + 1 if report.entries else 0)
    headings = [token.tag for token in found if token.type == "heading_open"]
    assert headings == ["h2", *["h3"] * sum(entry.verdict != "accepted" for entry in report.entries)]
