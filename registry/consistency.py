"""One document by itself: its schema, its own rules, and the names that it refers to.

What other documents need to know of it comes back with its problems, so that it need not stay in memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import plausible, rules, schema
from registry.card import merged
from registry.document import Document, Position, Step, pointer, read
from registry.errors import RequestError
from registry.parents import ParentReference, facts_of
from registry.problem import Problem

SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class Context:
    """Names that cards may refer to: datasets with their class counts, and targets."""

    datasets: Mapping[str, int | None]
    targets: frozenset[str]


@dataclass(frozen=True)
class Verdict:
    """What one document came to.

    Attributes:
        file: Its path.
        problems: What is wrong with it by itself.
        name: `publisher/model` of a card, else empty.
        name_position: Where its model is named.
        parents: References to parents in other cards.
    """

    file: str
    problems: tuple[Problem, ...] = ()
    name: str = ""
    name_position: Position = (1, 1)
    parents: tuple[ParentReference, ...] = ()


def find_documents(paths: Iterable[Path]) -> list[Path]:
    """The documents that paths mean: files as they are, folders with every YAML file below.

    Links to folders are not followed, so that a loop cannot trap the search.

    Raises:
        RequestError: A path does not exist.
    """
    found: list[Path] = []
    for path in paths:
        if not os.path.lexists(path):
            raise RequestError(f"no such file or folder: {path}", hint="name a card, or a folder of cards")
        if not path.is_dir():
            found.append(path)
            continue
        for folder, below, names in os.walk(path):
            below[:] = sorted(name for name in below if not name.startswith("."))
            found += [
                Path(folder, name) for name in sorted(names) if name.endswith(SUFFIXES) and not name.startswith(".")
            ]
    return list(dict.fromkeys(found))


def find_links(paths: Iterable[Path]) -> list[Path]:
    """Folders below paths that are links, and so were not searched."""
    return [
        Path(folder, name)
        for path in paths
        for folder, below, _ in os.walk(path)
        for name in sorted(below)
        if Path(folder, name).is_symlink()
    ]


def gather_context(roots: Iterable[Path], documents: Iterable[Path]) -> Context:
    """Datasets and targets of the catalogue and of the documents under judgement."""
    datasets: dict[str, int | None] = {}
    targets: set[str] = set()
    catalogue = [
        path for root in roots for kind in ("datasets", "targets") for path in sorted((root / kind).glob("*.yaml"))
    ]
    here = [path for path in documents if path.parent.name in ("datasets", "targets")]
    for path in (*catalogue, *here):
        document = read(path)
        if isinstance(document, Problem) or not isinstance(document.value, dict):
            continue
        name, classes = document.value.get("name"), document.value.get("classes")
        if isinstance(name, str) and path.parent.name == "datasets":
            datasets[name] = classes.get("count") if isinstance(classes, dict) else None
        elif isinstance(name, str):
            targets.add(name)
    return Context(datasets, frozenset(targets))


def judge(path: Path, context: Context) -> Verdict:
    """Judge one document by itself. Never raises for bad input."""
    return judge_document(read(path), str(path), context)


def judge_document(document: Document | Problem, file: str, context: Context) -> Verdict:
    """The same of what reading a file came to."""
    if isinstance(document, Problem):
        return Verdict(file, (document,))
    try:
        kind = schema.kind_of(document)
    except RequestError:
        stated = document.value.get("schema") if isinstance(document.value, dict) else None
        problem = document.problem(
            ("schema",),
            "kind",
            "the document does not say what it is",
            expected="a 'schema' property: " + ", ".join(f"{kind}/1" for kind in schema.KINDS),
            found=repr(stated)[:100],
        )
        return Verdict(file, (problem,))
    problems = rules.check(document, kind)
    if not problems and kind == "dataset":
        problems = list(_dataset(document, context))
    if problems or kind != "model-card":
        return Verdict(file, tuple(problems))
    problems += plausible.check(document)
    problems += _references(document, context)
    return _card_verdict(document, problems)


def duplicate(verdict: Verdict, other: str) -> Problem:
    """The problem of a card whose name another document has."""
    return Problem(
        verdict.file,
        *verdict.name_position,
        "/model",
        "duplicate-name",
        f"{verdict.name} is already defined by {other}",
        expected="one card for each publisher and model, whatever the case of the letters",
        found=verdict.name,
    )


def _dataset(document: Document, context: Context) -> Iterator[Problem]:
    yield from plausible.licence_problems(document, ("licence",), document.value["licence"])
    for number, name in enumerate(document.value.get("parents", ())):
        if name not in context.datasets or name == document.value["name"]:
            yield _unknown(document, ("parents", number), "dataset", name, context.datasets)


def _references(document: Document, context: Context) -> Iterator[Problem]:
    card = document.value
    for place, variant in [
        (("common",), card.get("common", {})),
        *((("variants", i), v) for i, v in enumerate(card["variants"])),
    ]:
        for path, name in _dataset_references(place, variant):
            if name not in context.datasets:
                yield _unknown(document, path, "dataset", name, context.datasets)
        for path, name in _target_references(place, variant):
            if name not in context.targets:
                yield _unknown(document, path, "target", name, context.targets)
        classes = variant.get("classes", {})
        expected = context.datasets.get(classes.get("dataset", ""))
        if "names" not in classes and expected is not None and expected != classes["count"]:
            yield document.problem(
                (*place, "classes", "count"),
                "class-count",
                "not the number of the dataset's classes",
                expected=f"{expected} classes of {classes['dataset']}",
                found=str(classes["count"]),
            )


def _dataset_references(place: tuple[Step, ...], variant: dict[str, Any]) -> Iterator[tuple[tuple[Step, ...], str]]:
    for path in (("classes",), ("training",), ("quantization", "calibration")):
        value: Any = variant
        for step in path:
            value = value.get(step, {})
        if "dataset" in value:
            yield (*place, *path, "dataset"), value["dataset"]
    for number, metric in enumerate(variant.get("metrics", ())):
        yield (*place, "metrics", number, "dataset"), metric["dataset"]


def _target_references(place: tuple[Step, ...], variant: dict[str, Any]) -> Iterator[tuple[tuple[Step, ...], str]]:
    for kind in ("targets", "footprints", "latencies"):
        for number, item in enumerate(variant.get(kind, ())):
            if "target" in item:
                yield (*place, kind, number, "target"), item["target"]


def _unknown(document: Document, path: tuple[Step, ...], kind: str, name: str, known: Iterable[str]) -> Problem:
    import difflib

    near = difflib.get_close_matches(name, list(known), n=1)
    expected = f"{near[0]!r}?" if near else f"a document in {kind}s/"
    return document.problem(path, f"unknown-{kind}", f"no {kind} {name!r}", expected=expected, found=name)


def _card_verdict(document: Document, problems: list[Problem]) -> Verdict:
    card = document.value
    name = f"{card['publisher']}/{card['model']}"
    known = facts_of(card)
    elsewhere = []
    for number, item in enumerate(merged(card)):
        scheme, parent = item["quantization"]["scheme"], item.get("parent")
        quantized = scheme not in (*plausible.FLOAT_SCHEMES, "unknown")
        path: tuple[Step, ...] = ("variants", number, "parent" if parent else "name")
        if parent is None:
            if quantized:
                message = f"the quantized variant {name}/{item['name']} names no float parent"
                expected = "'parent', so that the loss by quantization can be told"
                problems.append(
                    document.problem(path, "float-parent", message, expected=expected, severity="warning")
                )
            continue
        full = parent if "/" in parent else f"{name}/{parent}"
        reference = ParentReference(
            f"{name}/{item['name']}", full, quantized, document.position(path), pointer(path)
        )
        if full not in known:
            elsewhere.append(reference)
        elif problem := reference.judge(document.file, known[full]):
            problems.append(problem)
    return Verdict(document.file, tuple(problems), name, document.position(("model",)), tuple(elsewhere))
