"""Rules that a card breaks or keeps by itself, beyond its schema: no other document is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from registry import blanks, golden_rules, lineage_rules, schema
from registry.card import REQUIRED
from registry.document import Document, Step
from registry.problem import Problem

Place = tuple[Step, ...]


def check(document: Document, kind: str) -> list[Problem]:
    """Every breach of the schema and every blank, or, where there is none, of the rules for a single document."""
    problems = blanks.explain(document, schema.check(document, kind))
    if problems:
        return problems
    rules = {"model-card": _card, "target": _target, "dataset": _dataset, "lineage": lineage_rules.check}
    return list(rules[kind](document)) if kind in rules else []


def _named(document: Document) -> Iterator[Problem]:
    stem = PurePath(document.file).stem
    if document.value["name"] != stem:
        yield document.problem(
            ("name",), "file-name", "the name is not the file's", expected=stem, found=document.value["name"]
        )


def _target(document: Document) -> Iterator[Problem]:
    yield from _named(document)
    boards = document.value.get("boards", ())
    for number, memory in enumerate(document.value.get("memories", ())):
        if "board" in memory and memory["board"] not in boards:
            yield document.problem(
                ("memories", number, "board"),
                "unknown-board",
                f"the memory {memory['name']!r} is of a board that the target does not name",
                expected=", ".join(boards) or "the board under 'boards'",
                found=memory["board"],
            )


def _dataset(document: Document) -> Iterator[Problem]:
    yield from _named(document)
    classes = document.value.get("classes", {})
    names = classes.get("names")
    if names and len(names) != classes["count"]:
        yield document.problem(
            ("classes", "count"),
            "class-count",
            "the count is not the number of names",
            expected=str(len(names)),
            found=str(classes["count"]),
        )


def _card(document: Document) -> Iterator[Problem]:
    card, path = document.value, PurePath(document.file)
    for key, holder, value in (("publisher", "folder", path.parent.name), ("model", "file", path.stem)):
        if card[key] != value:
            yield document.problem(
                (key,),
                "file-name",
                f"the {key} is not the name of the card's {holder}",
                expected=value,
                found=card[key],
            )
    names = [variant["name"] for variant in card["variants"]]
    for number, variant in enumerate(card["variants"]):
        place: Place = ("variants", number)
        if names.index(variant["name"]) < number:
            yield document.problem(
                (*place, "name"),
                "duplicate-name",
                "two variants have the same name",
                expected="a name of its own",
                found=variant["name"],
            )
        whole = {**card.get("common", {}), **variant}
        for key in REQUIRED:
            if key not in whole:
                yield document.problem(
                    place,
                    "required",
                    f"the variant {variant['name']!r} has no {key!r}",
                    expected=f"{key!r} here or under 'common'",
                )
        yield from _shapes(document, place, whole)
        yield from golden_rules.check(document, place, whole)
        yield from lineage_rules.check_artifacts(document, place, whole)
    yield from _parents(document)
    yield from _source_keys(document, card, (), set(card.get("sources", {})))
    for number, dispute in enumerate(card.get("contradictions", ())):
        for index, name in enumerate(dispute["variants"]):
            if name not in names:
                yield document.problem(
                    ("contradictions", number, "variants", index),
                    "unknown-variant",
                    f"no variant {name!r} in this card",
                    found=name,
                )


def _parents(document: Document) -> Iterator[Problem]:
    """Parents within the card exist, and no variant descends from itself."""
    card = document.value
    own = f"{card['publisher']}/{card['model']}/"
    local = {
        variant["name"]: variant["parent"].removeprefix(own) for variant in card["variants"] if "parent" in variant
    }
    names = {variant["name"] for variant in card["variants"]}
    told: set[str] = set()
    for number, variant in enumerate(card["variants"]):
        parent = variant.get("parent", "/").removeprefix(own)
        place: Place = ("variants", number, "parent")
        if "/" not in parent and parent not in names:
            yield document.problem(
                place,
                "unknown-variant",
                f"no variant {parent!r} in this card",
                expected="a variant of this card, or publisher/model/variant",
                found=variant["parent"],
            )
        line = _descent(variant["name"], local)
        if variant["name"] in line and variant["name"] not in told:
            told |= set(line)
            stated = variant.get("parent", line[0])
            message = "a variant cannot descend from itself: " + " <- ".join([variant["name"], *line])
            yield document.problem(place, "parent", message, expected="another variant", found=stated)


def _descent(name: str, parents: dict[str, str]) -> list[str]:
    """Ancestors of a variant within the card, up to the first that comes again."""
    line: list[str] = []
    while (name := parents.get(name, "")) and name not in line:
        line.append(name)
    return line


def _shapes(document: Document, place: Place, whole: dict[str, Any]) -> Iterator[Problem]:
    """Class count against the class axis of the scores; input size against the resolution."""
    classes = whole.get("classes", {})
    count = classes.get("count")
    if "names" in classes and len(classes["names"]) != count:
        yield document.problem(
            (*place, "classes", "count"),
            "class-count",
            "the count is not the number of names",
            expected=str(len(classes["names"])),
            found=str(count),
        )
    tensors = whole.get("tensors", {})
    for number, tensor in enumerate(tensors.get("outputs", ())):
        size = _axis(tensor, "C")
        if tensor.get("meaning") == "class-scores" and count and size and size != count:
            yield document.problem(
                (*place, "tensors", "outputs", number, "shape"),
                "class-count",
                "the class axis of the output is not the class count",
                expected=f"{count} classes",
                found=f"shape {tensor['shape']}",
            )
    resolution = whole.get("resolution", {})
    for number, tensor in enumerate(tensors.get("inputs", ())):
        for axis, key in (("H", "height"), ("W", "width")):
            size, stated = _axis(tensor, axis), resolution.get(key)
            if tensor.get("meaning") == "image" and size and stated and size != stated:
                yield document.problem(
                    (*place, "tensors", "inputs", number, "shape"),
                    "resolution",
                    f"the input's {key} is not the resolution's",
                    expected=f"{key} {stated}",
                    found=f"shape {tensor['shape']}",
                )


def _axis(tensor: dict[str, Any], axis: str) -> int | None:
    layout, shape = tensor.get("layout", "unknown"), tensor["shape"]
    return shape[layout.index(axis)] if axis in layout and len(layout) == len(shape) else None


def _source_keys(document: Document, value: Any, path: tuple[Step, ...], known: set[str]) -> Iterator[Problem]:
    """Every `provenance` names a key of `sources`."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "provenance" and item["source"] not in known:
                yield document.problem(
                    (*path, key, "source"),
                    "unknown-source",
                    f"no source {item['source']!r} in this card",
                    expected="one of " + (", ".join(sorted(known)) or "none are given"),
                    found=item["source"],
                )
            elif isinstance(item, dict | list):
                yield from _source_keys(document, item, (*path, key), known)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            if isinstance(item, dict | list):
                yield from _source_keys(document, item, (*path, number), known)
