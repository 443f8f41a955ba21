"""A configuration of ST's that notices which of its keys were asked for, so that none can be forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from registry.document import Document
from registry.problem import Problem
from registry.vendors.st import keys
from registry.vendors.st.values import empty, interpolated, number, numbers

Path = tuple[str, ...]


@dataclass(frozen=True)
class Note:
    """What a user should know of a key that did not become part of the result as it stands.

    Attributes:
        key: Dotted; empty for the whole.
        line: From 1.
        message: What.
    """

    key: str
    line: int
    message: str


class Config:
    """A document of ST's.

    Attributes:
        document: As it was read.
        problems, notes: Found so far.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.notes: list[Note] = []
        self._asked: set[Path] = set()

    def has(self, *path: str) -> bool:
        """Whether a key says anything."""
        return not empty(self._find(path))

    def any(self, *path: str) -> Any:
        """The value of a key, which counts as asked for; None where it says nothing, or is filled in by Hydra."""
        self._asked.add(path)
        value = self._find(path)
        if empty(value):
            return None
        if interpolated(value):
            expected = "a value: what Hydra fills in is not known here"
            self.refuse(path, "interpolation", "is filled in when ST's services start", expected, value)
            return None
        return value

    def word(self, *path: str, one_of: Sequence[str] = ()) -> str | None:
        """A text, in lower case and one of a few where these are named."""
        value = self.any(*path)
        if value is None:
            return None
        if one_of and isinstance(value, str) and value.lower() in one_of:
            return value.lower()
        if one_of or not isinstance(value, str):
            self.refuse(path, "unsupported", "is not supported", " or ".join(one_of) or "a text", value)
            return None
        return value

    def number(self, *path: str) -> int | float | None:
        """A number or fraction."""
        value = self.any(*path)
        found = number(value)
        if found is None and value is not None:
            self.refuse(path, "type", "is no number", "a number, or a fraction such as 1/127.5", value)
        return found

    def whole(self, *path: str) -> int | None:
        """A whole number."""
        found = self.number(*path)
        if isinstance(found, float):
            self.refuse(path, "type", "is not whole", "a whole number", found)
            return None
        return found

    def pair(self, *path: str) -> list[float] | None:
        """Two numbers."""
        return self._numbers(path, 2, "two numbers, such as (0.1, 0.5)")

    def shape(self, *path: str) -> list[int] | None:
        """Height and width of an input with three channels."""
        found = self._numbers(path, 3, "(height, width, 3)")
        if found is not None and (found[2] != 3 or not all(isinstance(one, int) for one in found)):
            self.refuse(path, "unsupported", "is not supported", "(height, width, 3)", self._find(path))
            return None
        return None if found is None else [int(found[0]), int(found[1])]

    def flag(self, *path: str) -> bool | None:
        """True or false."""
        value = self.any(*path)
        if value is not None and not isinstance(value, bool):
            self.refuse(path, "type", "is neither true nor false", "True or False", value)
            return None
        return value

    def only(self, *path: str, accepted: Sequence[Any], why: str) -> None:
        """Refuse a key that says anything but what is done anyway; what is, is told as having no effect."""
        value = self.any(*path)
        if value is None:
            return
        same = [one for one in accepted if one == value and isinstance(one, bool) == isinstance(value, bool)]
        if same:
            self.note(path, why)
        else:
            expected = " or ".join(map(str, accepted)) or "no value"
            self.refuse(path, "unsupported", f"is not supported: {why}", expected, value)

    def names_below(self, *path: str) -> list[str]:
        """Keys of a mapping, in order; none where there is none."""
        value = self._find(path)
        return list(value) if isinstance(value, dict) else []

    def refuse(self, path: Path, rule: str, message: str, expected: str = "", found: Any = "") -> None:
        """Note that a key asks for what is not done here."""
        self._asked.add(path)
        text = f"{'.'.join(path)!r} {message}"
        said = str(found)
        self.problems.append(
            self.document.problem(
                path, rule, text, expected=expected, found=f"{said[:97]}..." if len(said) > 100 else said
            )
        )

    def note(self, path: Path, message: str) -> None:
        """Tell of a key."""
        self._asked.add(path)
        self.notes.append(Note(".".join(path), self.document.position(path)[0], message))

    def settle(self, chain: Sequence[str], mode: str) -> None:
        """Name every key that was not asked for: without effect, not used by the chain, or refused."""
        for path, value in self._leaves((), self.document.value):
            if path in self._asked:
                if empty(value):
                    self.note(path, "empty")
                continue
            dotted = ".".join(path)
            if reason := keys.listed(dotted, keys.NO_EFFECT):
                self.note(path, keys.NO_EFFECT[reason])
            elif not keys.known(path):
                self.refuse(path, "unknown-key", "is no key that ST's services document", "no such key")
            elif empty(value):
                self.note(path, "empty")
            elif path[0] in keys.USED_BY and set(keys.USED_BY[path[0]]) & set(chain):
                self.refuse(path, "unsupported", "is not supported", "no such key", value)
            else:
                self.note(path, f"nothing in {mode} uses it")

    def _numbers(self, path: Path, count: int, expected: str) -> list[int | float] | None:
        value = self.any(*path)
        found = numbers(value)
        if value is not None and (found is None or len(found) != count):
            self.refuse(path, "type", "has the wrong form", expected, value)
            return None
        return found

    def _find(self, path: Path) -> Any:
        value = self.document.value
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        return value

    def _leaves(self, path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
        if isinstance(value, dict) and value:
            for key, inner in value.items():
                yield from self._leaves((*path, key), inner)
        elif path:
            yield path, value
