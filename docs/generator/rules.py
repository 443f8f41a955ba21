"""Which file of the code names which rule, found in its syntax: nothing is imported or run."""

from __future__ import annotations

import ast
import functools
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from registry.rulebook import submissions

ROOT = Path(__file__).resolve().parents[2]

PLACES = {"problem": 1, "refuse": 1, "_refuse": 1, "error": 1, "Problem": 4}
"""At which argument a call takes the rule of a problem."""

OF_FILES = re.compile(r"(tflite|onnx|keras|hdf5)-[a-z-]+|metadata-cut")
"""Rules of model files, which pass through several functions on their way into a finding."""

SUBMISSIONS = "registry/submission/"
"""Where submissions are judged."""

NO_RULES = frozenset({"keras-h5"})
"""A format, which looks like a rule of files."""

OTHERS = {"registry/consistency.py": ("unknown-dataset", "unknown-target"), "registry/schema.py": ("anyOf",)}
"""Rules that are put together of two words, and the keyword that no schema has today."""

_ANNOTATIONS = {"$id", "$schema", "$ref", "title", "description", "examples", "default", "$comment"}
_APPLICATORS = {"items", "prefixItems", "allOf", "properties", "$defs", "additionalProperties"}
"""Keywords that no value breaks by themselves, `additionalProperties` excepted: that is told as `unknown-key`."""


@functools.cache
def origins() -> Mapping[str, tuple[str, ...]]:
    """Files that can raise each rule, by path from the project's folder."""
    found: dict[str, set[str]] = defaultdict(set)
    for file, source in _sources().items():
        for rule in (*_of_problems(source), *OTHERS.get(file, ())):
            found[rule].add(file)
        for rule in _by_name(file, source):
            found[rule].add(file)
    for rule in _of_folders(_sources()["registry/samples/check.py"]):
        found[rule].add("registry/samples/check.py")
    for path in sorted((ROOT / "schemas").glob("*.json")):
        for rule in _keywords(json.loads(path.read_text(encoding="utf-8"))):
            found[rule].add("registry/schema.py")
    return {rule: tuple(sorted(files)) for rule, files in found.items()}


@functools.cache
def _sources() -> dict[str, str]:
    paths = [path for part in ("registry", "cli") for path in sorted((ROOT / part).rglob("*.py"))]
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in paths
        if path.parent.name != "rulebook"
    }


def _of_problems(source: str) -> Iterator[str]:
    if not any(f"{name}(" in source for name in PLACES):
        return
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute):
            continue
        place = PLACES.get(node.func.id if isinstance(node.func, ast.Name) else node.func.attr, -1)
        if 0 <= place < len(node.args) and isinstance(node.args[place], ast.Constant | ast.IfExp):
            yield from filter(None, _texts(node.args[place]))


def _by_name(file: str, source: str) -> Iterator[str]:
    """Rules that reach their problem by way of variables, told by their names."""
    for text in re.findall(r'"([a-z0-9-]+)"', source):
        if file.startswith("registry/inspect/") and OF_FILES.fullmatch(text) and text not in NO_RULES:
            yield text
        if file.startswith(SUBMISSIONS) and text in submissions.CHAPTER.rules:
            yield text
    yield from re.findall(r'\brule="([a-z-]+)"', source)


def _texts(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value


def _of_folders(source: str) -> Iterator[str]:
    """First texts of what is found: `Finding(rule, ...)`, or `(rule, message)` on its way into one."""
    for node in ast.walk(ast.parse(source)):
        parts: list[ast.expr] = []
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Finding":
            parts = node.args
        elif isinstance(node, ast.Tuple) and len(node.elts) == 2 and not isinstance(node.elts[1], ast.Constant):
            parts = node.elts
        if parts and isinstance(parts[0], ast.Constant) and isinstance(parts[0].value, str):
            yield parts[0].value


def _keywords(schema: Any) -> Iterator[str]:
    """Keywords of a schema that a value can break."""
    if isinstance(schema, list):
        for one in schema:
            yield from _keywords(one)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            if key in _ANNOTATIONS:
                continue
            if key not in _APPLICATORS:
                yield key
            yield from _keywords(list(value.values()) if key in ("properties", "$defs") else value)
