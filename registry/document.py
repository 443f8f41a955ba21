"""Read a YAML document so that every value knows its line and column.

The reader takes the subset of YAML that has one meaning everywhere: mappings with unique string keys,
sequences, and scalars by the YAML 1.2 core schema (so `no` is a word and `010` is ten). Anchors, aliases,
tags and several documents in a file are refused, which leaves no room for expansion bombs or code.
Works on parser events without recursion, so nesting cannot exhaust the stack.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from registry.files import open_regular
from registry.problem import Problem

MAX_BYTES = 8 << 20
MAX_DEPTH = 40

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
# what could drive a terminal or make text read other than it is: C0 but tab and newline, DEL, C1, and
# the bidirectional overrides
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")  # half a letter, which UTF-8 cannot say
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}

Position = tuple[int, int]
Step = str | int


@dataclass(frozen=True)
class Document:
    """A parsed document.

    Attributes:
        file: Path as the user named it.
        value: The content as dicts, lists and scalars.

    Where each value of a container stands is kept by the container's `id`; so a document that is made from another
    can say where in the other its values come from.
    """

    file: str
    value: Any
    _places: dict[int, dict[Step, Position]] = field(repr=False, default_factory=dict)
    _within: tuple[Step, ...] = ()
    _start: Position = (1, 1)

    def position(self, path: tuple[Step, ...]) -> Position:
        """Line and column, from 1, of the value at a path; of its nearest parent where it is absent."""
        place, value = self._start, self.value
        for step in path:
            places = self._places.get(id(value), {})
            if step not in places:
                break
            place, value = places[step], value[step]
        return place

    def problem(self, path: tuple[Step, ...], rule: str, message: str, **details: Any) -> Problem:
        """A problem at a path of this document."""
        line, column = self.position(path)
        return Problem(self.file, line, column, pointer(self._within + path), rule, message, **details)

    def section(self, key: str, **envelope: Any) -> Document:
        """A mapping of this document as a document of its own, which still knows where it stands.

        Args:
            key: Where the mapping is.
            envelope: Properties that the whole document has and a section leaves out.
        """
        value = {**envelope, **self.value[key]}
        places = {**self._places, id(value): self._places.get(id(self.value[key]), {})}
        return Document(self.file, value, places, (*self._within, key), self.position((key,)))


def pointer(path: tuple[Step, ...]) -> str:
    """JSON pointer (RFC 6901) of a path."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def read(path: Path) -> Document | Problem:
    """Read a file of at most 8 MiB. Never raises for bad input: the answer is then a problem."""
    name = str(path)
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            data = file.read(MAX_BYTES + 1) if size <= MAX_BYTES else b""
    except OSError as error:
        told = f"cannot be read: {error.strerror or error}"
        return Problem(name, 0, 0, "", "unreadable", told, expected="a readable file")
    if max(size, len(data)) > MAX_BYTES:
        found = f"{max(size, len(data))} bytes"
        return Problem(name, 0, 0, "", "size", "the document is too large", f"at most {MAX_BYTES} bytes", found)
    return parse(data, name)


def parse(data: bytes, file: str) -> Document | Problem:
    """Parse bytes. Never raises for bad input: the answer is then a problem."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        found = f"byte 0x{data[error.start]:02x} at offset {error.start}"
        return Problem(file, line, column, "", "encoding", "not valid UTF-8", expected="UTF-8 text", found=found)
    if not text.strip():
        return Problem(file, 1, 1, "", "empty", "the document is empty", expected="a mapping", found="nothing")
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except _RefusedError as refusal:
        return refusal.problem
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message = " ".join(part for part in (error.context, error.problem) if part)
        return Problem(file, line, column, "", "syntax", f"not valid YAML: {message}")
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        column = error.position - text.rfind("\n", 0, error.position)
        return Problem(file, line, column, "", "syntax", f"not valid YAML: {error.reason}")
    return Document(file, builder.root, builder.places)


def plain(text: str) -> Any:
    """What a scalar without quotes means: null, a boolean, a number, else its own text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "0123456789+-.":
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
    return text


def speakable(text: str) -> bool:
    """Whether a document can hold a text as it is: some text in Unicode without what could drive a terminal."""
    return bool(text) and (text.isprintable() or not (_HIDDEN.search(text) or _SURROGATE.search(text)))


class _RefusedError(Exception):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem


class _Builder:
    """Builds values from parser events and notes where each stands."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Any = None
        self.places: dict[int, dict[Step, Position]] = {}
        # one frame per open container: container, its places, the key that waits for a value
        self.stack: list[tuple[Any, dict[Step, Position]]] = []
        self.keys: list[str | None] = []
        self.documents = 0

    def take(self, event: Any) -> None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._scalar(event)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            self._open(event, {} if kind is yaml.MappingStartEvent else [])
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self.stack.pop()
            self.keys.pop()
        elif kind is yaml.AliasEvent:
            self._refuse(event, "alias", "YAML aliases are not taken", "the value itself", f"*{event.anchor}")
        elif kind is yaml.DocumentStartEvent:
            self.documents += 1
            if self.documents > 1:
                self._refuse(event, "documents", "more than one YAML document", "one document", "a second one")

    def _open(self, event: Any, container: Any) -> None:
        self._check(event)
        if len(self.stack) >= MAX_DEPTH:
            self._refuse(event, "depth", "nested too deeply", f"at most {MAX_DEPTH} levels", "more")
        self._put(event, container)
        places: dict[Step, Position] = {}
        self.places[id(container)] = places
        self.stack.append((container, places))
        self.keys.append(None)

    def _scalar(self, event: Any) -> None:
        self._check(event)
        text = event.value
        if self.stack and self.keys[-1] is None and type(self.stack[-1][0]) is dict:
            if text in self.stack[-1][0]:
                self._refuse(event, "duplicate-key", f"the key {text!r} stands twice", "each key once", repr(text))
            self.keys[-1] = text
            return
        self._put(event, text if not event.implicit[0] else self._plain(event, text))

    def _plain(self, event: Any, text: str) -> Any:
        value = plain(text)
        if value in (float("inf"), float("-inf")):
            self._refuse(event, "number", "the number is too large", "a finite number", text[:40])
        return value

    def _put(self, event: Any, value: Any) -> None:
        if not self.stack:
            self.root = value
            return
        container, places = self.stack[-1]
        mark = event.start_mark
        if type(container) is list:
            places[len(container)] = (mark.line + 1, mark.column + 1)
            container.append(value)
            return
        key = self.keys[-1]
        if key is None:
            self._refuse(event, "key", "a key must be a word", "a string", "a mapping or a list")
        else:
            places[key] = (mark.line + 1, mark.column + 1)
            container[key] = value
            self.keys[-1] = None

    def _check(self, event: Any) -> None:
        text = getattr(event, "value", "")
        if not text.isprintable() and (hidden := _HIDDEN.search(text)):
            code = f"U+{ord(hidden[0]):04X}"
            self._refuse(event, "control-character", "a control or direction character", "visible text", code)
        if event.anchor:
            self._refuse(event, "alias", "YAML anchors are not taken", "the value itself", f"&{event.anchor}")
        if event.tag:
            self._refuse(event, "tag", "YAML tags are not taken", "plain values", event.tag)

    def _refuse(self, event: Any, rule: str, message: str, expected: str, found: str) -> None:
        mark = event.start_mark
        problem = Problem(self.file, mark.line + 1, mark.column + 1, "", rule, message, expected, found[:100])
        raise _RefusedError(problem)
