"""A finding about the set-up, and what all findings together say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from registry.errors import UnavailableError, ZooError

State = Literal["ok", "note", "warning", "unknown", "fault"]
"""From good to bad. `note`: worth knowing; `warning`: works, but may not for long or for everybody; `unknown`: it
could not be told."""

STATES: tuple[State, ...] = get_args(State)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: What was looked at, in a few words.
        state: What is to be thought of it.
        found: What was found, in one sentence without secrets.
        command: What mends it, to be pasted into a shell; empty where no command does.
        advice: What mends it otherwise; empty where nothing has to be done.
    """

    subject: str
    state: State
    found: str
    command: str = ""
    advice: str = ""

    def to_json(self) -> dict[str, str]:
        """The finding as plain data."""
        return asdict(self)


def of_error(subject: str, error: ZooError, advice: str = "") -> Finding:
    """The finding for an error of this library: a fault, unless it only says that something gave no answer.

    Args:
        subject: What was looked at.
        error: What came of it.
        advice: What mends it; the error's own hint where none is given.
    """
    state: State = "unknown" if isinstance(error, UnavailableError) else "fault"
    text = told(error).removeprefix(f"{subject.partition(' ')[2]}: ")
    return Finding(subject, state, text, advice=advice or _without_logins(error.hint or ""))


def told(error: ZooError) -> str:
    """What went wrong: without the place before it, which the subject names, and without anybody's login."""
    return re.sub(r"^(?:(?:store|mirror) \S+|\S+://\S+): ", "", _without_logins(error.message))


def _without_logins(text: str) -> str:
    """A message without user and password of any address that it quotes."""
    return re.sub(r"//[^/\s]*@", "//", text)


@dataclass(frozen=True)
class Section:
    """Findings about one part of the set-up.

    Attributes:
        name: The part.
        findings: In the order in which they are to be read.
    """

    name: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Diagnosis:
    """All that was looked at."""

    sections: tuple[Section, ...]

    @property
    def counts(self) -> Mapping[State, int]:
        """Findings of each state, those of none included."""
        found = Counter(one.state for section in self.sections for one in section.findings)
        return {state: found[state] for state in STATES}

    @property
    def verdict(self) -> State:
        """The worst of all findings: a fault is worse than what could not be told."""
        return max((state for state, count in self.counts.items() if count), key=STATES.index, default="ok")

    def to_json(self) -> dict[str, Any]:
        """The diagnosis as plain data."""
        return {
            "verdict": self.verdict,
            "counts": dict(self.counts),
            "sections": [
                {"name": section.name, "findings": [one.to_json() for one in section.findings]}
                for section in self.sections
            ],
        }
