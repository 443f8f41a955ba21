"""A card, or more variants of one, on the way from files and a person's statements to a text."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from registry import amend, blanks, document, rules, splice
from registry.blanks import Blank
from registry.card import BLANK, merged
from registry.card_text import dumped
from registry.dataset import Dataset
from registry.document import Document, Step
from registry.errors import RejectedError, RequestError
from registry.problem import Problem
from registry.scaffold.answer import taken, with_value
from registry.scaffold.description import SOURCE, Plain, described, task_of
from registry.scaffold.model_file import ModelFile
from registry.scaffold.naming import variant_name
from registry.scaffold.statements import Statements, new_card, stated
from registry.scaffold.tensors import Task

_GROUPS = (
    ("schema", "publisher", "model", "family", "title", "task", "summary"),
    *(("licence",), ("sources",), ("notes",), ("variants",)),
)
"""Properties of a card in order; an empty line is between two groups."""

_ORDER = (
    *("name", "summary", "known_as", "availability", "format", "quantization", "resolution", "architecture"),
    *("tensors", "preprocessing", "postprocessing", "classes", "training", "parent", "artifacts", "targets"),
    "compute",
)

_STATED = {"kind": "text", "note": "What the publisher states on this card itself."}


@dataclass(frozen=True)
class Draft:
    """A card that is not written yet.

    Attributes:
        path: Where it will stand.
        card: What it will say.
        files: Model files of its new variants, in order.
        before: The card that is there already, with its text; None for a new one.
    """

    path: Path
    card: Plain
    files: tuple[ModelFile, ...]
    before: tuple[Document, str] | None = None

    @property
    def variants(self) -> list[Plain]:
        """The new variants."""
        return cast("list[Plain]", self.card["variants"][-len(self.files) :])

    @property
    def _new(self) -> list[tuple[Step, ...]]:
        count = len(self.card["variants"])
        return [("variants", number) for number in range(count - len(self.files), count)]

    def blanks(self) -> list[Blank]:
        """What a person still has to say of what is new."""
        found = blanks.of(Document(str(self.path), self.card))
        return [one for one in found if self.before is None or one.path[:2] in self._new]

    def answered(self, path: tuple[Step, ...], value: Any) -> Draft:
        """The draft with a value at a place."""
        return replace(self, card=with_value(self.card, path, value))

    def text(self) -> str:
        """The card as YAML; of a card that is there already, every letter stays.

        Raises:
            RejectedError: The card that is there is written in a way that it cannot be added to.
        """
        if self.before is None:
            groups = ({key: self.card[key] for key in group if key in self.card} for group in _GROUPS)
            text = "\n".join(dumped(group) for group in groups if group)
        else:
            before, text = self.before
            wanted = copy.deepcopy(before.value)
            for key, source in self.card.get("sources", {}).items():
                if key not in wanted.get("sources", {}):
                    text, _key = amend.with_source(text, wanted, source, key)
            for variant in self.variants:
                text = splice.append(text, ("variants",), variant)
        amend.require_meaning(text, str(self.path), self.card, "begin a card of another name with --model")
        return text


def begin(files: Sequence[ModelFile], said: Statements, datasets: Sequence[Dataset], folder: Path) -> Draft:
    """Begin a card, or add to the one that is there.

    Args:
        files: Model files, one for each variant.
        said: What a person said.
        datasets: Those of the catalogue.
        folder: Folder of cards.

    Raises:
        RequestError: A statement is not what a card may say, or a name is taken.
        RejectedError: The card that is there is not valid, blanks aside.
        UnavailableError: It cannot be read.
    """
    _require_place(said, len(files))
    path = folder / said.publisher / f"{said.model}.yaml"
    before = _existing(path, said) if path.exists() else None
    card = copy.deepcopy(before[0].value) if before else new_card(said, files, datasets)
    if before is None and card["task"] == BLANK:
        found = {task_of(file.facts) for file in files}
        card["task"] = (found.pop() if len(found) == 1 else None) or BLANK
    _add(card, files, said, datasets)
    draft = Draft(path, card, tuple(files), before)
    _require_names(draft)
    _require_parent(draft, said.parent)
    _require_sound(draft)
    return draft


def _add(card: Plain, files: Sequence[ModelFile], said: Statements, datasets: Sequence[Dataset]) -> None:
    """Put a variant for each file into a card, and the sources that they name."""
    sources = dict(card.get("sources", {}))
    statement = {"document": f"{said.model}.yaml", **_STATED}
    keys = [
        amend.source_key(sources, source["document"], name)
        for source, name in ((SOURCE, "inspection"), (statement, "card"))
    ]
    task = cast("Task", card["task"]) if card["task"] != BLANK else None
    for number, file in enumerate(files):
        variant = described(file, task, datasets, keys[0])
        variant |= stated(variant, said, number, keys[1])
        variant["name"] = said.variants[number] if said.variants else variant_name(variant)
        card["variants"].append({key: variant[key] for key in _ORDER if key in variant})
    named = set(_named(card["variants"]))
    for key, source in zip(keys, (SOURCE, statement), strict=True):
        if key in named:
            sources.setdefault(key, dict(source))
    card |= {"sources": sources} if sources else {}


def _require_place(said: Statements, count: int) -> None:
    """The card has a place, and there are as many names and addresses as files."""
    for key in ("publisher", "model"):
        taken({}, (key,), getattr(said, key))
    for name, listed in (("name", said.variants), ("address", said.urls)):
        if listed and len(listed) != count:
            raise RequestError(f"{count} files, {len(listed)} of a {name}", hint="give one for each FILE, in order")


def _existing(path: Path, said: Statements) -> tuple[Document, str]:
    """The card that is there, which may have blanks and no other fault."""
    if said.properties:
        stated = ", ".join(said.properties)
        raise RequestError(f"{path}: exists already, and says {stated} itself", hint="leave these options out")
    found, text = amend.read(path)
    faults = [one for one in rules.check(found, "model-card") if one.rule != "blank"]
    if faults:
        raise RejectedError(f"{path}: not a valid card, so nothing is added to it: {faults[0]}")
    return found, text


def _named(value: Any) -> Iterator[str]:
    """Keys of the sources that figures and statements name."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if key == "provenance":
            yield item["source"]
        elif isinstance(item, dict | list):
            yield from _named(item)


def _require_names(draft: Draft) -> None:
    """Each new variant has a name and bytes of its own."""
    names = [variant["name"] for variant in draft.card["variants"]]
    for file, variant in zip(draft.files, draft.variants, strict=True):
        if names.count(variant["name"]) > 1:
            raise RequestError(
                f"{draft.path}: two variants would be called {variant['name']!r}, one of them {file.path}",
                hint="nothing is overwritten; give each FILE a name with --variant, in order",
            )
    # of several with the same bytes, the first counts
    whole = reversed(merged(draft.card))
    bytes_of = {item["sha256"]: one["name"] for one in whole for item in one.get("artifacts", ())}
    for file, variant in zip(draft.files, draft.variants, strict=True):
        if (other := bytes_of[file.digest.hex]) != variant["name"]:
            raise RequestError(
                f"{file.path}: has the very bytes of {other!r} on the same card", hint="give each file once"
            )


def _require_parent(draft: Draft, parent: str | None) -> None:
    """A parent is one of the card's variants, unless it is named in full, and something was made from it."""
    names = [variant["name"] for variant in draft.card["variants"]]
    if parent and "/" not in parent and parent not in names:
        raise RequestError(f"no variant {parent!r} on {draft.path}", hint=f"it has {', '.join(names[:8])}")
    if parent and not any("parent" in variant for variant in draft.variants):
        raise RequestError(f"{parent}: no file is quantized, so none was made from it", hint="leave --parent out")


def _require_sound(draft: Draft) -> None:
    """What is wrong beside the blanks can only come from a statement."""
    found = document.parse(draft.text().encode(), str(draft.path))
    faults = [found] if isinstance(found, Problem) else rules.check(found, "model-card")
    for fault in faults:
        if fault.rule != "blank":
            raise RequestError(f"{draft.path}: would not be valid: {fault}", hint="see to the options given")
