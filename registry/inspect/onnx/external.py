"""Data of an ONNX file that lies in files beside it: named, never opened.

A loader that follows any location reads any file of the machine into a tensor. So a location must be relative, stay
in the model's folder, and pass no link. Keys: https://onnx.ai/onnx/repo-docs/ExternalData.html.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath

from registry.inspect.bounds import MAX_DEPTH
from registry.inspect.findings import Findings
from registry.inspect.graph import Extent

MAX_FILES = 1000
"""Files beside a model that are looked at."""

_MAX_DIGITS = 20


class External:
    """The files beside one model file.

    Args:
        folder: The model's folder.
        findings: Where what is wrong goes.
    """

    def __init__(self, folder: Path, findings: Findings) -> None:
        self._folder = folder
        self._findings = findings
        self._sizes: dict[str, int | None] = {}

    def extent(self, keys: Mapping[str, str], expected: int | None, name: str) -> Extent | None:
        """Where a constant's bytes lie; None where its keys do not say or must not be followed.

        Args:
            keys: `location`, `offset` and `length` (bytes, as text).
            expected: Bytes that its dimensions and type make, as far as known.
            name: The constant, for findings.
        """
        location = keys.get("location", "")
        if location not in self._sizes:
            self._sizes[location] = self._size(location)
        available, offset = self._sizes[location], _count(keys.get("offset", "0"))
        if available is None or offset is None:
            return None
        size = _count(keys["length"]) if keys.get("length") else expected
        size = available - offset if size is None else size
        if offset + size > available or size < 0:
            text = f"{location} has {available} bytes, the constant ends at {offset + size}"
            self._findings.add("unsupported", "onnx-external-short", name, text)
            return None
        if expected is not None and size != expected:
            text = f"its dimensions and type make {expected} bytes, its data in {location} has {size}"
            self._findings.add("danger", "onnx-data-size", name, text)
        return Extent(offset, size, location)

    def _size(self, location: str) -> int | None:
        """Bytes of a file that may be read; None, with a finding, for any other."""
        rule, text = self._refusal(location)
        if rule:
            missing = rule == "onnx-external-missing"
            self._findings.add("unsupported" if missing else "danger", rule, location, text)
            return None
        return (self._folder / location).lstat().st_size

    def _refusal(self, location: str) -> tuple[str, str]:
        """Why a location must not be followed, as a rule and a sentence; both empty where it may."""
        if len(self._sizes) >= MAX_FILES:
            return "onnx-external-many", f"more than {MAX_FILES} files of external data; others were not looked at"
        windows = PureWindowsPath(location)
        parts = windows.parts
        if not location or "\0" in location or len(parts) > MAX_DEPTH:
            return "onnx-external-location", "external data without a usable location"
        if windows.drive or windows.root or Path(location).is_absolute():
            return "onnx-external-absolute", "external data by an absolute path would read any file of the machine"
        if ".." in parts:
            return "onnx-external-outside", "external data outside the model's folder"
        place = str(self._folder)
        for part in Path(location).parts:
            place = os.path.join(place, part)  # noqa: PTH118 - a name of a Path would drop a trailing dot
            try:
                mode = os.lstat(place).st_mode
            except (OSError, ValueError):
                return "onnx-external-missing", "the file of external data is not beside the model"
            if stat.S_ISLNK(mode):
                return "onnx-external-link", "external data behind a link may lie anywhere"
        if not stat.S_ISREG(mode):
            return "onnx-external-location", "external data that is no regular file"
        return "", ""


def _count(text: str) -> int | None:
    """A number of bytes written as text."""
    plain = text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS
    return int(text) if plain else None
