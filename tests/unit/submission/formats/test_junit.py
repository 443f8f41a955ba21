"""JUnit XML, read by expat and by junitparser."""

from __future__ import annotations

from xml.etree import ElementTree

import junitparser
from hypothesis import given

from registry.submission.formats import FORMATS
from registry.submission.formats.words import clean
from registry.submission.report import Report
from tests.unit.strategies import PROPERTY
from tests.unit.submission.formats import reports
from tests.unit.submission.formats.reports import CARD


def top_of(report: Report) -> ElementTree.Element:
    return ElementTree.fromstring(FORMATS["junit"](report))


def test_a_document_is_a_suite_and_a_variant_a_case() -> None:
    top = top_of(reports.sample())
    totals = {"tests": "4", "failures": "1", "errors": "1", "skipped": "0"}
    assert {name: top.get(name) for name in totals} == totals
    (suite,) = top
    assert (suite.get("name"), suite.get("tests")) == (CARD, "4")
    assert [(case.get("classname"), case.get("name"), case.get("time")) for case in suite] == [
        ("acme.net", "float", "0.210"),
        ("acme.net", "int8", "0.190"),
        ("acme.net", "alone", "0.200"),
        ("acme.net", "far", "1.250"),
    ]
    assert [[part.tag for part in case] for case in suite] == [
        ["properties"],
        ["properties", "failure"],
        ["properties", "system-out"],
        ["properties", "error"],
    ]


def test_a_failure_says_where_what_and_what_to_do() -> None:
    failure = top_of(reports.sample()).find(".//failure")
    assert failure is not None
    assert failure.get("message") == "the card says one granularity, the file another"
    assert failure.get("type") == "claim"
    lines = (failure.text or "").splitlines()
    assert lines[0] == f"error: {CARD}:46: the card says one granularity, the file another [claim]"
    assert lines[2:4] == ["expected: per-tensor", "found: per-channel"]


def test_checks_are_properties() -> None:
    properties = top_of(reports.sample()).findall(".//testcase[@name='float']/properties/property")
    assert {one.get("name"): one.get("value") for one in properties} == {
        "files": "passed: 1 file has the digest of the card",
        "claims": "passed: 12 confirmed",
        "metrics": "skipped: not asked for",
    }


def test_a_variant_of_a_rejected_document_fails_and_says_why() -> None:
    top = top_of(reports.broken_document())
    assert [suite.get("name") for suite in top] == [CARD, "cards/targets/board.yaml"]
    failure = top.find(".//testcase[@name='float']/failure")
    assert failure is not None
    assert failure.get("message") == f"its document {CARD}: rejected"
    document = top.find(f".//testcase[@name='{CARD}']")
    assert document is not None
    assert document.get("classname") == "document"


@PROPERTY
@given(reports.reports)
def test_every_text_comes_back(report: Report) -> None:
    cases = list(top_of(report).iter("testcase"))
    assert len(cases) == len(report.entries)
    for case, entry in zip(cases, report.entries, strict=True):
        assert case.get("file") == clean(entry.file)
        told = [
            (clean(check.name), clean(f"{check.outcome}: {check.told}" if check.told else check.outcome))
            for check in entry.checks
        ]
        assert [(one.get("name"), one.get("value")) for one in case.iter("property")] == told
        results = [*case.iter("failure"), *case.iter("error"), *case.iter("system-out")]
        text = "".join(result.text or "" for result in results)
        assert all(clean(problem.message) in text for problem in entry.problems)


def test_another_reader_counts_the_same() -> None:
    suites = junitparser.JUnitXml.fromstring(FORMATS["junit"](reports.sample()).encode())
    assert (suites.tests, suites.failures, suites.errors) == (4, 1, 1)
    cases = {case.name: case for suite in suites for case in suite}
    assert [type(one).__name__ for one in cases["int8"].result] == ["Failure"]
    assert [type(one).__name__ for one in cases["far"].result] == ["Error"]
    assert cases["float"].result == []
    assert cases["alone"].system_out.startswith("warning: ")
