"""The report as plain data: a document of its schema, whatever its texts are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given

from registry import schema
from registry.submission.formats import FORMATS
from registry.submission.report import Report
from registry.validate import validate
from tests.unit.strategies import PROPERTY
from tests.unit.submission.formats import reports


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("report", [reports.sample(), reports.broken_document(), Report((), 0, "main", "1", 0.0)])
def test_every_format_ends_with_a_newline(name: str, report: Report) -> None:
    assert FORMATS[name](report).endswith("\n")


def test_a_report_validates_as_a_document(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(FORMATS["json"](reports.sample()), encoding="utf-8")
    (verdict,) = validate([path], [])
    assert verdict.problems == ()


def test_a_report_with_another_verdict_does_not(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(FORMATS["json"](reports.sample()).replace('"rejected"', '"refused"', 1), encoding="utf-8")
    (verdict,) = validate([path], [])
    assert [problem.pointer for problem in verdict.problems] == ["/verdict"]


@PROPERTY
@given(reports.reports)
def test_every_report_is_of_the_schema_and_every_format_can_be_written(report: Report) -> None:
    document = json.loads(FORMATS["json"](report))
    assert [error.message for error in schema.validator("check").iter_errors(document)] == []
    for render in FORMATS.values():
        render(report).encode("utf-8")
