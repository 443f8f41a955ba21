"""What `zoo check` tells people: `cli/check_text.py` alone, without a judgement."""

from __future__ import annotations

import click
import pytest
from hypothesis import given

from cli.check_text import show
from registry.submission.report import Report
from tests.unit.strategies import PROPERTY
from tests.unit.submission.formats import reports


def shown(report: Report, capsys: pytest.CaptureFixture[str], *, verbose: bool = False) -> list[str]:
    capsys.readouterr()
    show(report, verbose)
    return click.unstyle(capsys.readouterr().out).splitlines()


def test_a_line_for_each_variant_its_problems_below_and_last_the_counts(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(reports.sample(), capsys)
    assert lines[0] == "accepted                acme/net/float  proven: files, claims"
    assert lines[1:6] == [
        "rejected                acme/net/int8  proven: files",
        f"    {reports.CARD}:46:20: error: the card says one granularity, the file another [claim]",
        "        at /variants/1/quantization/granularity",
        "        expected per-tensor",
        "        found per-channel",
    ]
    assert lines[-1].startswith("rejected: 4 judged (1 rejected, 1 could not tell, ")


def test_verbose_tells_every_check(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(reports.sample(), capsys, verbose=True)
    assert lines[1:4] == [
        "    passed  files: 1 file has the digest of the card",
        "    passed  claims: 12 confirmed",
        "    skipped metrics: not asked for",
    ]


def test_a_variant_of_a_rejected_document_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert f"    because of its document {reports.CARD}: rejected" in shown(reports.broken_document(), capsys)


@PROPERTY
@given(report=reports.reports)
def test_no_text_drives_the_terminal(report: Report, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    show(report, True)
    printed = click.unstyle(capsys.readouterr().out)
    assert printed.replace("\n", "").isprintable()
    headlines = [line for line in printed.split("\n") if line and not line.startswith(" ")]
    assert len(headlines) == len(report.entries) + 1
