"""Judgements to be shown: one of each verdict, and random ones whose texts would like to do harm."""

from __future__ import annotations

from hypothesis import strategies as st

from registry.problem import Problem
from registry.submission.report import VERDICTS, Check, Entry, Report

CARD = "cards/acme/net.yaml"

CLAIM = Problem(
    CARD, 46, 20, "/variants/1/quantization/granularity", "claim",
    "the card says one granularity, the file another", "per-tensor", "per-channel",
)  # fmt: skip
NO_PARENT = Problem(
    CARD, 60, 5, "/variants/2/name", "float-parent", "the quantized variant acme/net/alone names no float parent",
    expected="'parent', so that the loss by quantization can be told", severity="warning",
)  # fmt: skip
FAR = Problem(
    CARD, 71, 17, "/variants/3/artifacts/0", "unobtainable", "no place gave net_far.tflite",
    found="no route to the store", severity="unknown",
)  # fmt: skip


FILES = Check("files", "passed", "1 file has the digest of the card")
METRICS = Check("metrics", "skipped", "not asked for")


def sample() -> Report:
    """A card with one variant of each verdict."""
    claims = Check("claims", "passed", "12 confirmed")
    contradicted = Check("claims", "failed", "1 contradicted, 11 confirmed")
    gone = (
        Check("files", "unknown", "no place gave net_far.tflite"),
        Check("claims", "unknown", "without the file"),
    )
    entries = (
        Entry("acme/net/float", "variant", CARD, 12, (), (FILES, claims, METRICS), 0.21),
        Entry("acme/net/int8", "variant", CARD, 40, (CLAIM,), (FILES, contradicted, METRICS), 0.19),
        Entry("acme/net/alone", "variant", CARD, 58, (NO_PARENT,), (FILES, claims, METRICS), 0.2),
        Entry("acme/net/far", "variant", CARD, 69, (FAR,), gone, 1.25),
    )
    return Report(entries, unchanged=12, against="origin/main", version="0.1.0", seconds=1.9)


def broken_document() -> Report:
    """A card whose own error rejects its only variant, and a target that could not be read."""
    target = "cards/targets/board.yaml"
    problems = (
        Problem(
            CARD, 2, 1, "/publisher", "file-name", "the publisher is not the name of the folder", "acme", "acm"
        ),
    )
    unread = Problem(target, 0, 0, "", "encoding", "the document is not UTF-8")
    entries = (
        Entry(CARD, "document", CARD, 1, problems),
        Entry("acm/net/float", "variant", CARD, 12, (), (FILES,), 0.1, document="rejected"),
        Entry(target, "document", target, 0, (unread,)),
    )
    return Report(entries, unchanged=0, against=None, version="0.1.0", seconds=0.3)


HOSTILE = (
    "\n::set-output name=token::1", "%0A::error::x", "##[error]x", "\x1b[31m", "\x00", "\udcff", "\ud800",
    "\u202e", "\ufffe", "</failure>", "]]>", "<!--", "<script>alert(1)</script>", "&amp;", "a | b", "\\|", "`",
    "``", "\n\n# title", "* x", "_x_", "[x](https://example.org)", "![x](y)", "<https://example.org>",
    "www.example.org", "@everyone", "acme/net#1", "GH-12", "$x$", "~~x~~", "{0}", "}", "{{", "\r\n", "\u2028",
    "a,b:c=d", "%", "é", "模",
)  # fmt: skip
"""Pieces of text that mean something to a reader of one of the formats."""

texts = st.lists(st.sampled_from(HOSTILE), max_size=3).map("".join) | st.text(max_size=6)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    return Problem(
        file=draw(texts),
        line=draw(st.integers(0, 3)),
        column=draw(st.integers(0, 3)),
        pointer=draw(texts),
        rule=draw(st.sampled_from(("digest", "no-such-rule")) | texts),
        message=draw(texts),
        expected=draw(texts),
        found=draw(texts),
        severity=draw(st.sampled_from(("error", "warning", "unknown"))),
    )


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    outcomes = st.sampled_from(("passed", "warned", "failed", "unknown", "skipped"))
    return Entry(
        name=draw(texts),
        kind=draw(st.sampled_from(("variant", "document"))),
        file=draw(texts),
        line=draw(st.integers(0, 3)),
        problems=tuple(draw(st.lists(problems(), max_size=2))),
        checks=tuple(draw(st.lists(st.builds(Check, texts, outcomes, texts), max_size=2))),
        seconds=draw(st.floats(0, 100)),
        document=draw(st.sampled_from(VERDICTS)),
    )


reports = st.builds(
    Report,
    entries=st.lists(entries(), max_size=3).map(tuple),
    unchanged=st.integers(0, 5),
    against=st.none() | texts,
    version=st.just("0.1.0"),
    seconds=st.floats(0, 100),
)
