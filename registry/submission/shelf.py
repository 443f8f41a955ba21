"""Documents that a submission refers to: of its own folder first, then of the catalogue. Only valid ones count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from registry import document, rules
from registry.card import Variant, merged
from registry.dataset import Dataset
from registry.document import Document
from registry.target import Target


class Shelf:
    """Folders of cards, in the order in which they are looked through.

    Args:
        roots: Each with `PUBLISHER/MODEL.yaml`, `datasets/NAME.yaml` and `targets/NAME.yaml`.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self.roots = tuple(roots)
        self._read: dict[tuple[str, str], Mapping[str, Any] | None] = {}

    def target(self, name: str) -> Target | None:
        """A target; None where there is no valid one of this name."""
        found = self._document("target", "targets", name)
        return Target.from_document(found) if found else None

    def dataset(self, name: str) -> Dataset | None:
        """A dataset; None where there is no valid one of this name."""
        found = self._document("dataset", "datasets", name)
        return Dataset.from_document(found) if found else None

    def variant(self, full_name: str) -> Variant | None:
        """A variant by `publisher/model/variant`; None where no valid card has it."""
        card, _, name = full_name.rpartition("/")
        publisher, _, model = card.partition("/")
        found = self._document("model-card", publisher, model)
        return named(found, name) if found else None

    def _document(self, kind: str, folder: str, name: str) -> Mapping[str, Any] | None:
        if (folder, name) not in self._read:
            self._read[folder, name] = self._find(kind, folder, name)
        return self._read[folder, name]

    def _find(self, kind: str, folder: str, name: str) -> Mapping[str, Any] | None:
        if {"", ".", ".."} & {folder, name} or "/" in name:  # a name leads nowhere but into its folder
            return None
        for root in self.roots:
            read = document.read(root / folder / f"{name}.yaml")
            if isinstance(read, Document) and _is(kind, read.value) and not rules.check(read, kind):
                value: Mapping[str, Any] = read.value
                return value
        return None


def named(card: Mapping[str, Any], name: str) -> Variant | None:
    """A variant of a valid card by its own name."""
    for whole in merged(dict(card)):
        if whole["name"] == name:
            return Variant.from_document(dict(card), whole)
    return None


def _is(kind: str, value: Any) -> bool:
    return isinstance(value, dict) and str(value.get("schema", "")).startswith(f"{kind}/")
