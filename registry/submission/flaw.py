"""What is wrong with a variant, before it is known at which line that stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from registry.card import Variant
from registry.document import Document, Step
from registry.problem import Problem, Severity

Path = tuple[Step, ...]


@dataclass(frozen=True)
class Flaw:
    """A problem by its path in the card: it can be found in a process that has not read the card.

    Attributes:
        path: Steps to the value, from the card's root.
        rule, message, expected, found, severity: As of a `Problem`.
    """

    path: Path
    rule: str
    message: str
    expected: str = ""
    found: str = ""
    severity: Severity = "error"

    def located(self, document: Document) -> Problem:
        """The problem, with line and column."""
        details = {"expected": self.expected, "found": self.found, "severity": self.severity}
        return document.problem(self.path, self.rule, self.message, **details)


@dataclass(frozen=True)
class Subject:
    """A variant of a card under judgement.

    Attributes:
        variant: The variant, with the card's common properties.
        number: Its index among the card's variants.
        own: Properties that it states itself; the rest stand under `common`.
        line: Where it stands, from 1.
    """

    variant: Variant
    number: int
    own: frozenset[str]
    line: int

    def at(self, key: str, *steps: Step) -> Path:
        """Path of a property in the card, wherever it stands."""
        return ("variants", self.number, key, *steps) if key in self.own else ("common", key, *steps)

    @property
    def place(self) -> Path:
        """Path of the variant itself."""
        return ("variants", self.number)


def subjects(document: Document, merged: Iterable[Mapping[str, Any]]) -> list[Subject]:
    """The variants of a card that keeps its schema and rules.

    Args:
        document: The card.
        merged: Its variants with the common properties filled in, in order.
    """
    card = document.value
    return [
        Subject(
            Variant.from_document(card, dict(whole)),
            number,
            frozenset(card["variants"][number]),
            document.position(("variants", number))[0],
        )
        for number, whole in enumerate(merged)
    ]
