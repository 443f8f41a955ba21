"""Variants and what they were made from: a quantized one wants to know its float parent's accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import rules
from registry.card import Variant, merged
from registry.document import Document, Position, read
from registry.figures import ACCURACY, own_metrics
from registry.problem import Problem, Severity


@dataclass(frozen=True)
class Facts:
    """What a descendant wants to know of a variant.

    Attributes:
        measured: Whether the accuracy of its very file is known.
        parent: Full name of its own parent, or None.
    """

    measured: bool
    parent: str | None


@dataclass(frozen=True)
class ParentReference:
    """A variant that names a parent.

    Attributes:
        variant: Full name of the variant.
        parent: Full name of the parent.
        quantized: Whether the variant is quantized, and so wants its parent's accuracy.
        position, pointer: Where to report.
    """

    variant: str
    parent: str
    quantized: bool
    position: Position
    pointer: str

    def problem(self, file: str, rule: str, message: str, expected: str, severity: Severity = "error") -> Problem:
        """A problem at the reference."""
        return Problem(file, *self.position, self.pointer, rule, message, expected, self.parent, severity)

    def judge(self, file: str, facts: Facts | None) -> Problem | None:
        """What is wrong with the reference, given the parent's facts; None for no such parent."""
        if facts is None:
            message = f"no variant {self.parent!r}"
            return self.problem(file, "unknown-variant", message, "publisher/model/variant")
        if self.quantized and not facts.measured:
            message = f"the parent of {self.variant} has no {ACCURACY} of its own file"
            return self.problem(file, "float-parent", message, _FOR_THE_LOSS, "warning")
        return None


_FOR_THE_LOSS = f"{ACCURACY} of the float file, so that the loss by quantization can be told"


def facts_of(card: dict[str, Any]) -> dict[str, Facts]:
    """Facts of each variant of a valid card, by full name."""
    own = f"{card['publisher']}/{card['model']}/"
    found = {}
    for item in merged(card):
        parent = item.get("parent")
        full = parent if parent is None or "/" in parent else own + parent
        metrics = own_metrics(Variant.from_document(card, item))
        found[own + item["name"]] = Facts(any(key.metric == ACCURACY for key in metrics), full)
    return found


class Ancestors:
    """Looks up parents among the judged cards, then in the catalogue; reads a card only when it is asked for."""

    def __init__(self, files: Mapping[str, str], roots: Sequence[Path]) -> None:
        self._files = files
        self._roots = roots
        self._read: dict[str, dict[str, Facts]] = {}

    def judge(self, file: str, reference: ParentReference) -> Problem | None:
        """What is wrong with a reference to another card, a descent from itself included."""
        line = [reference.variant, reference.parent]
        while (facts := self._facts(line[-1])) and facts.parent:
            if facts.parent == reference.variant:
                message = "a variant cannot descend from itself: " + " <- ".join([*line, facts.parent])
                return reference.problem(file, "parent", message, "another variant")
            if facts.parent in line:  # a circle further up, reported where it is
                break
            line.append(facts.parent)
        return reference.judge(file, self._facts(reference.parent))

    def _facts(self, name: str) -> Facts | None:
        card, _, _ = name.rpartition("/")
        if card not in self._read:
            self._read[card] = self._card_facts(card)
        return self._read[card].get(name)

    def _card_facts(self, card: str) -> dict[str, Facts]:
        publisher, _, model = card.partition("/")
        judged = [Path(self._files[card])] if card in self._files else []
        inside = ".." not in card and "/" not in model
        catalogue = [root / publisher / f"{model}.yaml" for root in self._roots] if inside else []
        for path in (*judged, *catalogue):
            document = read(path)
            if isinstance(document, Document) and not rules.check(document, "model-card"):
                return facts_of(document.value)
        return {}
