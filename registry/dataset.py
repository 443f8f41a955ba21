"""Datasets: their class lists and splits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Dataset:
    """Images and masks that models are trained or measured on.

    Attributes:
        name: Name that cards use.
        title: Name for people.
        class_count: Number of classes, background included, or None when unknown.
        class_names: Names in order of their ids; empty when unknown.
        document: The dataset card as plain data.
    """

    name: str
    title: str
    class_count: int | None
    class_names: tuple[str, ...]
    document: Mapping[str, Any]

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Dataset:
        """Read a valid dataset card."""
        classes = document.get("classes", {})
        return cls(
            document["name"],
            document["title"],
            classes.get("count"),
            tuple(classes.get("names", ())),
            document,
        )
