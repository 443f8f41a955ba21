"""What a person says of a card, one property at a time: taken only if the card may say it."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from registry import document, plausible, schema
from registry.blanks import Blank
from registry.dataset import Dataset
from registry.document import Document, Step, pointer, speakable
from registry.errors import RequestError
from registry.problem import Problem

Plain = dict[str, Any]


def taken(card: Mapping[str, Any], path: tuple[Step, ...], text: str, datasets: Sequence[Dataset] = ()) -> Any:
    """The value that a person's text means at a place of a card: the text itself, else a number or a list.

    Args:
        card: The card so far, which may lack much.
        path: The place.
        text: What the person wrote.
        datasets: Those that a card may name.

    Raises:
        RequestError: The card may not say it there; the hint tells what it may.
    """
    problems: list[Problem] = []
    for value in (text, _parsed(text)):
        problems = _problems(with_value(card, path, value), path)
        if not problems and speakable(text):
            _require_dataset(card, path, text, datasets)
            return value
    name = Blank(path, "").name
    told = problems[-1] if problems else Problem("", 0, 0, "", "", "", "visible text without control characters")
    raise RequestError(f"{name} cannot be {text!r}", hint=f"expected {told.expected or told.message}")


def with_value(card: Mapping[str, Any], path: tuple[Step, ...], value: Any) -> Plain:
    """A copy of a card with a value at a place; mappings on the way are made where they are missing."""
    whole: Plain = copy.deepcopy(dict(card))
    holder: Any = whole
    for step in path[:-1]:
        holder = holder.setdefault(step, {}) if isinstance(holder, dict) else holder[step]
    holder[path[-1]] = value
    return whole


def suggested(card: Mapping[str, Any], blank: Blank, datasets: Sequence[Dataset]) -> str:
    """What may well be the answer, for a person to confirm; empty where nothing stands out."""
    if blank.name == "family":
        return str(card["model"])
    if blank.name == "classes.dataset":
        count = _holder(card, blank.path)["count"]
        alike = [one.name for one in datasets if one.class_count == count]
        return alike[0] if len(alike) == 1 else ""
    return ""


def _parsed(text: str) -> Any:
    """A text as a card would read it; the text itself where that is nothing."""
    found = document.parse(f"value: {text}".encode("utf-8", "replace"), "")
    return text if isinstance(found, Problem) or not isinstance(found.value, dict) else found.value.get("value")


def _problems(card: Plain, path: tuple[Step, ...]) -> list[Problem]:
    """What is wrong at a place, and not elsewhere."""
    whole = Document("", card)
    place = pointer(path)
    problems = [one for one in schema.check(whole, "model-card") if (one.pointer + "/").startswith(place + "/")]
    if not problems and "licence" in path:
        problems = list(plausible.licence_problems(whole, path, _holder(card, path)[path[-1]]))
    return problems


def _require_dataset(
    card: Mapping[str, Any], path: tuple[Step, ...], name: str, datasets: Sequence[Dataset]
) -> None:
    """A dataset has a card, and a list of classes is as long as the model's."""
    if path[-1] != "dataset" or "licence" in path:
        return
    known = {one.name: one for one in datasets}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3)
        told = f"did you mean {' or '.join(near)}? " if near else ""
        raise RequestError(
            f"no dataset {name!r}", hint=f"{told}`zoo datasets` lists them; a new one gets its card first"
        )
    if path[-2] == "classes":
        require_classes(known[name], _holder(card, path).get("count"))


def require_classes(dataset: Dataset, count: int | None) -> None:
    """A dataset has as many classes as a model tells apart, as far as both are known.

    Raises:
        RequestError: It has not.
    """
    if count is not None and dataset.class_count not in (None, count):
        raise RequestError(
            f"{dataset.name} has {dataset.class_count} classes, the model tells {count} apart",
            hint="`zoo datasets` lists datasets with their classes",
        )


def _holder(card: Mapping[str, Any], path: tuple[Step, ...]) -> Any:
    """What the value of a place stands in."""
    holder: Any = card
    for step in path[:-1]:
        holder = holder[step]
    return holder
