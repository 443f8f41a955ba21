"""A figure that was measured here, entered into a card: bound to its bytes, beside everything that was there."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import amend, splice
from registry.card import merged
from registry.document import Document
from registry.errors import MismatchError, RejectedError, RequestError


@dataclass(frozen=True)
class Ledger:
    """Where figures of one kind stand on a card.

    Attributes:
        figures: The list of a variant that has them, such as `latencies`.
        tool: Command that measures them; the document of their source.
        key: Key of that source, where the card has none yet.
        conditions: Properties of a figure in which one has to agree with a new one to give way to it.
        circumstances: The same of its measurement.
    """

    figures: str
    tool: str
    key: str
    conditions: tuple[str, ...]
    circumstances: tuple[str, ...] = ()

    @property
    def source(self) -> dict[str, str]:
        """Item of the card's `sources`."""
        return {
            "document": self.tool,
            "kind": "tool",
            "note": "Measured on the bytes whose digest each figure names.",
        }

    def same(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        """Whether two figures were measured here under the same conditions."""
        if "measurement" not in one or one["provenance"]["source"] != other["provenance"]["source"]:
            return False
        mine, theirs = one["measurement"], other["measurement"]
        return all(one.get(key) == other.get(key) for key in self.conditions) and all(
            mine.get(key) == theirs.get(key) for key in self.circumstances
        )


def enter(path: Path, name: str, items: Sequence[Mapping[str, Any]], ledger: Ledger) -> int:
    """Write figures into a card, each in place of one that was measured under the same conditions.

    Everything else in the card stays as it is, to the letter.

    Args:
        path: The card.
        name: Of the variant within it.
        items: The figures without their provenance, all of the same bytes.
        ledger: Where they stand.

    Returns:
        How many took the place of another.

    Raises:
        RejectedError: The card is not valid, has another digest, or is written in a way that cannot be added to.
        RequestError: It has no such variant.
        UnavailableError: It cannot be read or written.
    """
    before, text = amend.read(path)
    if problems := amend.errors_of(before):
        raise RejectedError(f"{path}: not a valid card, so nothing is recorded in it: {problems[0]}")
    number = next((place for place, one in enumerate(before.value["variants"]) if one["name"] == name), None)
    if number is None:
        raise RequestError(f"{path}: it has no variant {name!r}", hint="name one that `zoo show` lists")
    card, replaced = before, 0
    for item in items:
        _require_digest(card, number, item["measurement"]["artifact"])
        text, card, old = _edited(text, card, number, item, ledger)
        replaced += old
    if problems := amend.errors_of(card):
        raise RejectedError(f"{path}: would not be valid with the figure: {problems[0]}")
    amend.write(path, text)
    return replaced


def _require_digest(card: Document, number: int, measured: str) -> None:
    artifacts = merged(card.value)[number]["artifacts"]
    stated = [artifact["sha256"] for artifact in artifacts if artifact["role"] == "model"]
    if measured not in stated:
        raise MismatchError(
            f"{card.file}, variant {card.value['variants'][number]['name']}",
            expected=" or ".join(f"sha256:{one}" for one in stated) or "a model file",
            found=f"sha256:{measured}, which was measured",
            hint="a figure belongs to bytes: measure the card's file, or give the card the digest of yours",
        )


def _edited(
    text: str, before: Document, number: int, item: Mapping[str, Any], ledger: Ledger
) -> tuple[str, Document, bool]:
    """The card's text with the figure and its source, what it means, and whether it took the place of another.

    Raises:
        RejectedError: The text did not come out as it should.
    """
    wanted = copy.deepcopy(before.value)
    text, source = amend.with_source(text, wanted, ledger.source, ledger.key)
    figure = {**item, "provenance": {"source": source}}
    variant = wanted["variants"][number]
    place, kind = ("variants", number), ledger.figures
    old = next((at for at, one in enumerate(variant.get(kind, ())) if ledger.same(one, figure)), None)
    if kind not in variant:
        # a variant's own list hides the one of `common`
        variant[kind] = [*wanted.get("common", {}).get(kind, ()), figure]
        text = splice.append(text, place, variant[kind], kind)
    elif old is None:
        variant[kind].append(figure)
        text = splice.append(text, (*place, kind), figure)
    else:
        variant[kind][old] = figure
        text = splice.replace(text, (*place, kind, old), figure)
    by_hand = f"add it by hand:\n{splice.described(figure)}"
    return text, amend.require_meaning(text, before.file, wanted, by_hand), old is not None
