"""Targets: boards and systems on chip, and the rules of what they take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rule:
    """What a toolchain takes. An empty tuple matches anything.

    Attributes:
        engine: Engine that a matching variant runs on.
        formats, schemes, granularities, representations: Allowed values.
    """

    engine: str
    formats: tuple[str, ...]
    schemes: tuple[str, ...]
    granularities: tuple[str, ...]
    representations: tuple[str, ...]

    def takes(self, format_: str, scheme: str, granularity: str, representation: str) -> bool:
        """Whether a file of these properties matches."""
        pairs = (
            (self.formats, format_),
            (self.schemes, scheme),
            (self.granularities, granularity),
            (self.representations, representation),
        )
        return all(not allowed or value in allowed for allowed, value in pairs)


@dataclass(frozen=True)
class Target:
    """A board or system on chip.

    Attributes:
        name: Name on the command line.
        title: Name for people.
        engines: Names of the engines, the fastest first.
        rules: What its toolchain takes.
        document: The target card as plain data.
    """

    name: str
    title: str
    engines: tuple[str, ...]
    rules: tuple[Rule, ...]
    document: Mapping[str, Any]

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Target:
        """Read a valid target card."""
        rules = tuple(
            Rule(
                item["engine"],
                tuple(item["formats"]),
                tuple(item["schemes"]),
                tuple(item.get("granularities", ())),
                tuple(item.get("representations", ())),
            )
            for item in document["accepts"]
        )
        engines = tuple(item["name"] for item in document["engines"])
        return cls(document["name"], document["title"], engines, rules, document)

    @property
    def segments(self) -> bool:
        """Whether its vendor lets it do semantic segmentation; True where nothing is said."""
        return self.document.get("segmentation") != "unsupported"

    def engine_for(self, format_: str, scheme: str, granularity: str, representation: str) -> str | None:
        """Fastest engine that takes such a file, or None when the toolchain refuses it."""
        matching = {rule.engine for rule in self.rules if rule.takes(format_, scheme, granularity, representation)}
        ordered = [engine for engine in (*self.engines, "npu", "gpu", "cpu") if engine in matching]
        return ordered[0] if ordered else None
