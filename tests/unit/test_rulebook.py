"""The rule book has every rule that the code can name, and none that it cannot."""

from __future__ import annotations

import ast
import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import RequestError
from registry.rulebook import CHAPTERS, RULES, explain, submissions

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {
    path: path.read_text(encoding="utf-8")
    for part in ("registry", "cli")
    for path in (ROOT / part).rglob("*.py")
    if path.parent.name != "rulebook"
}

PLACES = {"problem": 1, "refuse": 1, "_refuse": 1, "error": 1, "Problem": 4}
"""At which argument a call takes the rule of a problem."""

OF_FILES = re.compile(r"(tflite|onnx|keras|hdf5)-[a-z-]+|metadata-cut")
"""Rules of model files, which pass through several functions on their way into a finding."""

NO_RULES = {"keras-h5", "onnx-qdq"}
"""A format and a representation, which look like rules of files."""

COMPOSED = {"unknown-dataset", "unknown-target"}
"""Rules that are put together of two words, in `registry/validate.py`."""

ANNOTATIONS = {"$id", "$schema", "title", "description", "examples", "default", "$comment"}
APPLICATORS = {"$ref", "items", "prefixItems", "allOf", "properties", "$defs", "additionalProperties"}
"""Keywords that no value breaks by themselves, `additionalProperties` excepted: that is told as `unknown-key`."""


def texts(node: ast.AST) -> Iterator[str]:
    """Text constants of an expression."""
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value


def rules_of_problems(source: str) -> Iterator[str]:
    if not any(f"{name}(" in source for name in PLACES):
        return
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute):
            continue
        place = PLACES.get(node.func.id if isinstance(node.func, ast.Name) else node.func.attr, -1)
        if 0 <= place < len(node.args) and isinstance(node.args[place], ast.Constant | ast.IfExp):
            yield from texts(node.args[place])


def rules_of_files() -> Iterator[str]:
    for path, source in SOURCES.items():
        if ROOT / "registry" / "inspect" in path.parents:
            yield from (text for text in re.findall(r'"([a-z0-9-]+)"', source) if OF_FILES.fullmatch(text))


def rules_of_folders() -> Iterator[str]:
    """First texts of what is found: `Finding(rule, ...)`, or `(rule, message)` on its way into one."""
    for node in ast.walk(ast.parse(SOURCES[ROOT / "registry" / "samples" / "check.py"])):
        parts: list[ast.expr] = []
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Finding":
            parts = node.args
        elif isinstance(node, ast.Tuple) and len(node.elts) == 2 and not isinstance(node.elts[1], ast.Constant):
            parts = node.elts
        if parts and isinstance(parts[0], ast.Constant) and isinstance(parts[0].value, str):
            yield parts[0].value


def keywords(schema: Any) -> Iterator[str]:
    """Keywords of a schema that a value can break."""
    if isinstance(schema, list):
        for one in schema:
            yield from keywords(one)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            if key in ANNOTATIONS:
                continue
            if key not in APPLICATORS:
                yield key
            yield from keywords(list(value.values()) if key in ("properties", "$defs") else value)


def rules_of_schemas() -> Iterator[str]:
    for path in (ROOT / "schemas").glob("*.json"):
        yield from keywords(json.loads(path.read_text(encoding="utf-8")))


@functools.cache
def named() -> frozenset[str]:
    """Every rule that the code can name."""
    problems = (rule for source in SOURCES.values() for rule in rules_of_problems(source))
    return frozenset({*problems, *rules_of_files(), *rules_of_folders(), *rules_of_schemas(), *COMPOSED}) - NO_RULES


def test_the_scan_finds_rules_of_every_kind() -> None:
    assert {"alias", "range", "unpinned", "operation-mode", "masks", "images"} <= named()
    assert {"keras-lambda", "onnx-external-outside", "tflite-flex", "hdf5-link", "metadata-cut"} <= named()
    assert {"bad-name", "missing-mask", "leak"} <= named()
    assert {"pattern", "oneOf", "minimum"} <= named()


def test_every_rule_is_explained() -> None:
    assert sorted(named() - set(RULES)) == []


def test_no_rule_is_explained_that_nothing_names() -> None:
    # the judgement of submissions brings its rules with a change of its own
    unnamed = set(RULES) - named() - set(submissions.CHAPTER.rules)
    assert sorted(rule for rule in unnamed if not any(f'"{rule}"' in source for source in SOURCES.values())) == []


def test_each_rule_stands_in_one_chapter() -> None:
    assert sum(len(chapter.rules) for chapter in CHAPTERS) == len(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_an_explanation_is_whole(rule: str) -> None:
    told = explain(rule)
    assert re.fullmatch(r"[a-z][a-z0-9]*([A-Z][a-z]+)?(-[a-z0-9]+)*", rule)
    assert told.title[0].isupper()
    assert len(told.title) <= 70
    assert not told.title.endswith(".")
    for text in (told.meaning, told.remedy):
        assert text.endswith(".")
        assert text[0].isupper() or text.startswith("`")
        assert "  " not in text


def test_an_unknown_rule_names_those_that_are_near() -> None:
    with pytest.raises(RequestError) as caught:
        explain("keras-lamda")
    assert caught.value.message == "no rule 'keras-lamda'"
    assert caught.value.hint is not None
    assert "keras-lambda" in caught.value.hint


@given(st.text().filter(lambda text: text not in RULES))
def test_whatever_else_is_asked_is_refused_with_a_hint(rule: str) -> None:
    with pytest.raises(RequestError) as caught:
        explain(rule)
    assert caught.value.hint
    assert caught.value.message.isprintable()


def test_a_rule_like_no_other_is_sent_to_the_catalogue() -> None:
    with pytest.raises(RequestError) as caught:
        explain("zzz" * 100)
    assert len(caught.value.message) < 100
    assert caught.value.hint == "docs/reference/errors.md lists every rule"
