"""Findings while a file is read: each once, and of one rule no more than a reader of them can use."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from registry.inspect.graph import Finding

MOST_OF_A_RULE = 20


class Findings:
    """What was found so far."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Finding] = {}
        self._dropped: Counter[str] = Counter()
        self._count: Counter[str] = Counter()

    def add(self, severity: Literal["danger", "unsupported", "note"], rule: str, where: str, message: str) -> None:
        """Keep a finding unless its rule already has one at this place, or has very many."""
        if (rule, where) in self._kept:
            return
        if self._count[rule] == MOST_OF_A_RULE:
            self._dropped[rule] += 1
            return
        self._count[rule] += 1
        self._kept[rule, where] = Finding(severity, rule, where, message)

    def all(self) -> tuple[Finding, ...]:
        """All of them, and for each rule how many more there are."""
        rest = (Finding("note", rule, "", f"{count} more of this rule") for rule, count in self._dropped.items())
        return (*self._kept.values(), *rest)
