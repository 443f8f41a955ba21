"""SARIF 2.1.0 (OASIS), as code scanning reads it: problems as results, and the rules they are of.

What GitHub takes of it stands in its "SARIF support for code scanning": it tells alerts apart by
`primaryLocationLineHash` alone, and refuses a run of more than 25 000 results.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from registry.problem import Problem, Severity
from registry.submission.formats.paths import from_root, repository_root
from registry.submission.formats.words import clean, explanation_of, findings
from registry.submission.report import Entry, Report

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 25_000
ROOT = "%SRCROOT%"

_RULE_LEVELS: dict[Severity, str] = {"error": "error", "unknown": "warning", "warning": "warning"}
_RESULTS: dict[Severity, dict[str, str]] = {
    "error": {"kind": "fail", "level": "error"},
    "warning": {"kind": "fail", "level": "warning"},
    # §3.27.9: too little information to decide; §3.27.10: such a result has no other level than `none`
    "unknown": {"kind": "open", "level": "none"},
}


def render(report: Report) -> str:
    """One run with a result for each problem, the gravest first.

    Accepted variants have no result: code scanning makes an alert of every result, whatever its kind.
    """
    found = findings(report)
    kept = found[:MOST_RESULTS]
    rules = _rules(kept)
    run = {
        "tool": {"driver": {"name": "zoo", "version": report.version, "rules": list(rules.values())}},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            ROOT: {"description": {"text": "The root of the repository, else the folder that zoo ran in."}}
        },
        "invocations": [_invocation(report, len(found) - len(kept))],
        "results": _results(kept, list(rules)),
        "properties": {"verdict": report.verdict, "counts": report.counts(), "unchanged": report.unchanged},
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _invocation(report: Report, left_out: int) -> dict[str, Any]:
    """How the judgement ended: a verdict of no is a success of the tool."""
    told: dict[str, Any] = {
        "executionSuccessful": True,
        "exitCode": report.exit_code,
        "exitCodeDescription": report.verdict,
    }
    if left_out:
        text = f"Left out: {left_out} results, as code scanning takes {MOST_RESULTS}; the JSON report has them all."
        told["toolExecutionNotifications"] = [{"level": "warning", "message": {"text": text}}]
    return told


def _rules(found: Iterable[tuple[Entry, Problem]]) -> dict[str, dict[str, Any]]:
    """Descriptors of the rules that results are of, by their names in order of first use, the gravest first."""
    rules: dict[str, dict[str, Any]] = {}
    for _, problem in found:
        if problem.rule not in rules:
            rules[problem.rule] = _descriptor(problem.rule, problem.severity)
    return rules


def _descriptor(rule: str, severity: Severity) -> dict[str, Any]:
    explanation = explanation_of(rule)
    return {
        "id": rule,
        # §3.49.7: an identifier for people, other than the stable one
        "name": "".join(word[:1].upper() + word[1:] for word in re.findall(r"\w+", explanation.title)),
        "shortDescription": _message(explanation.title),
        "fullDescription": _message(explanation.meaning),
        "help": {
            **_message(explanation.remedy),
            "markdown": f"{explanation.meaning}\n\n**What to do:** {explanation.remedy}\n",
        },
        "defaultConfiguration": {"level": _RULE_LEVELS[severity]},
    }


def _results(found: Sequence[tuple[Entry, Problem]], rules: Sequence[str]) -> list[dict[str, Any]]:
    root, seen = repository_root(), Counter[str]()
    index = {rule: number for number, rule in enumerate(rules)}
    results = []
    for entry, problem in found:
        fingerprint = _fingerprint(entry, problem)
        seen[fingerprint] += 1
        result = _result(entry, problem, index[problem.rule], root)
        identity = f"{fingerprint}:{seen[fingerprint]}"
        result["partialFingerprints"] = {"zooProblem/v1": identity, "primaryLocationLineHash": identity}
        results.append(result)
    return results


def _result(entry: Entry, problem: Problem, rule_index: int, root: Path) -> dict[str, Any]:
    subject = f"{entry.name}: " if entry.kind == "variant" and entry.name not in problem.message else ""
    sentences = [f"{subject}{problem.message}"]
    sentences += [
        f"{word} {text}" for word, text in (("Expected", problem.expected), ("Found", problem.found)) if text
    ]
    location = {"physicalLocation": _physical(problem, root)}
    if entry.kind == "variant":
        location["logicalLocations"] = [{"name": entry.name, "fullyQualifiedName": entry.name, "kind": "variant"}]
    return {
        "ruleId": problem.rule,
        "ruleIndex": rule_index,
        **_RESULTS[problem.severity],
        "message": _message(". ".join(sentences)),
        "locations": [location],
        "properties": {"pointer": problem.pointer, "expected": problem.expected, "found": problem.found},
    }


def _physical(problem: Problem, root: Path) -> Any:
    path = from_root(problem.file, root)
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(path, errors="replace"), "uriBaseId": ROOT}}
    if Path(path).is_absolute():
        place["artifactLocation"] = {"uri": "file://" + quote(path, errors="replace")}
    if problem.line >= 1:
        place["region"] = {"startLine": problem.line}
        if problem.column >= 1:
            place["region"]["startColumn"] = problem.column
    return place


def _fingerprint(entry: Entry, problem: Problem) -> str:
    """The same as long as the rule, the variant and the place within it are: lines and other variants may move."""
    within = re.sub(r"^/variants/\d+", "", problem.pointer)
    identity = "\0".join((problem.rule, entry.name, within))
    return hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()[:16]


def _message(text: str) -> dict[str, str]:
    """A plain text message: braces would be placeholders (§3.11.5), and a bracket before a parenthesis a link."""
    text = clean(text).replace("{", "{{").replace("}", "}}")
    return {"text": text.replace("](", "] (")}
