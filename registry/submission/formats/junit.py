"""JUnit XML, which Jenkins, GitLab and others read as test results: a suite is a document, a case a variant."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from xml.etree import ElementTree

from registry.problem import Problem
from registry.submission.formats.words import (
    because_of_document,
    clean,
    details,
    gravest_first,
    place,
)
from registry.submission.report import Entry, Report

_ELEMENTS = {"rejected": "failure", "could not tell": "error"}


def render(report: Report) -> str:
    """A case fails where the variant is rejected, and is in error where it could not be told."""
    top = ElementTree.Element("testsuites", {"name": "zoo check", **_totals(report.entries, report.seconds)})
    for file, entries in itertools.groupby(report.entries, key=lambda entry: entry.file):
        _suite(top, file, list(entries))
    ElementTree.indent(top)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(top, encoding="unicode")}\n'


def _suite(top: ElementTree.Element, file: str, entries: list[Entry]) -> None:
    totals = _totals(entries, sum(entry.seconds for entry in entries))
    suite = ElementTree.SubElement(top, "testsuite", {"name": clean(file), **totals})
    for entry in entries:
        _case(suite, entry)


def _totals(entries: Iterable[Entry], seconds: float) -> dict[str, str]:
    kinds = [_ELEMENTS.get(entry.verdict, "") for entry in entries]
    return {
        "tests": str(len(kinds)),
        "failures": str(kinds.count("failure")),
        "errors": str(kinds.count("error")),
        "skipped": "0",
        "time": f"{seconds:.3f}",
    }


def _case(suite: ElementTree.Element, entry: Entry) -> None:
    holder, name = "document", entry.name
    if entry.kind == "variant":
        holder, _, name = entry.name.rpartition("/")
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=clean(holder.replace("/", ".")),
        name=clean(name),
        time=f"{entry.seconds:.3f}",
        file=clean(entry.file),
        line=str(entry.line),
    )
    if entry.checks:
        properties = ElementTree.SubElement(case, "properties")
        for check in entry.checks:
            value = f"{check.outcome}: {check.told}" if check.told else check.outcome
            ElementTree.SubElement(properties, "property", name=clean(check.name), value=clean(value))
    _result(case, entry)


def _result(case: ElementTree.Element, entry: Entry) -> None:
    """What came of a case: its problems, the gravest first, as readers show only the first of several results."""
    problems = gravest_first(entry)
    text = clean("\n\n".join(map(_paragraph, problems)))
    if kind := _ELEMENTS.get(entry.verdict):
        reason = because_of_document(entry) or problems[0].message
        rule = problems[0].rule if problems else "document"
        result = ElementTree.SubElement(case, kind, message=clean(reason), type=clean(rule))
        result.text = text
    elif text:
        ElementTree.SubElement(case, "system-out").text = text


def _paragraph(problem: Problem) -> str:
    head = f"{problem.severity}: {place(problem)}: {problem.message} [{problem.rule}]"
    return "\n".join([head, *(f"{name}: {piece}" for name, piece in details(problem))])
