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
from registry.problem import Problem


@dataclass(frozen=True)
class ParentReference:
    """A parent in another card, which the card by itself cannot judge.

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

    def judge(self, file: str, measured: bool | None) -> Problem | None:
        """What is wrong with the reference, given whether the parent's accuracy is known; None for no parent."""
        if measured is None:
            message, expected = f"no variant {self.parent!r}", "publisher/model/variant"
            return Problem(file, *self.position, self.pointer, "unknown-variant", message, expected, self.parent)
        if self.quantized and not measured:
            message = f"the parent of {self.variant} has no {ACCURACY} of its own file"
            return Problem(
                file, *self.position, self.pointer, "float-parent", message, _FOR_THE_LOSS, self.parent, "warning"
            )
        return None


_FOR_THE_LOSS = f"{ACCURACY} of the float file, so that the loss by quantization can be told"


def measured(card: dict[str, Any]) -> dict[str, bool]:
    """Whether the accuracy of its very file is known, for each variant of a card by full name."""
    variants = [Variant.from_document(card, item) for item in merged(card)]
    return {item.full_name: any(key.metric == ACCURACY for key in own_metrics(item)) for item in variants}


class Accuracies:
    """Looks up parents among the judged cards, then in the catalogue; reads a card only when it is asked for."""

    def __init__(self, files: Mapping[str, str], roots: Sequence[Path]) -> None:
        self._files = files
        self._roots = roots
        self._read: dict[str, dict[str, bool]] = {}

    def known(self, name: str) -> bool | None:
        """Whether a variant's accuracy is known; None when there is no such variant."""
        card, _, _ = name.rpartition("/")
        if card not in self._read:
            self._read[card] = self._measured(card)
        return self._read[card].get(name)

    def _measured(self, card: str) -> dict[str, bool]:
        publisher, _, model = card.partition("/")
        judged = [Path(self._files[card])] if card in self._files else []
        inside = ".." not in card and "/" not in model
        catalogue = [root / publisher / f"{model}.yaml" for root in self._roots] if inside else []
        for path in (*judged, *catalogue):
            document = read(path)
            if isinstance(document, Document) and not rules.check(document, "model-card"):
                return measured(document.value)
        return {}
