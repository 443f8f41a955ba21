"""A finding about a document: where, what was expected, what was found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "unknown"]


@dataclass(frozen=True)
class Problem:
    """One finding.

    Attributes:
        file: Path of the document as the user named it.
        line: Line from 1; 0 when the file could not be read at all.
        column: Column from 1; 0 when the file could not be read at all.
        pointer: JSON pointer (RFC 6901) into the document; empty for the whole.
        rule: Short stable name of the rule, for searching and filtering.
        message: What is wrong, in one sentence.
        expected: What would be right.
        found: What stands there.
        severity: `error` makes the document invalid, `warning` does not; `unknown`: it could not be told.
    """

    file: str
    line: int
    column: int
    pointer: str
    rule: str
    message: str
    expected: str = ""
    found: str = ""
    severity: Severity = "error"

    def to_json(self) -> dict[str, Any]:
        """The problem as plain data."""
        return asdict(self)

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}:{self.column}: {self.severity}: {self.message} [{self.rule}]"
        details = [
            f"{word} {value}" for word, value in (("expected", self.expected), ("found", self.found)) if value
        ]
        place = f"\n    at {self.pointer}" if self.pointer else ""
        return text + place + "".join(f"\n    {detail}" for detail in details)
