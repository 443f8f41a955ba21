"""The lock file `zoo.lock`: what was resolved and which bytes came, so that later pulls give the same."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.digest import Digest
from registry.errors import RequestError, UnavailableError
from registry.files import write_atomically

SCHEMA = "lock/1"


@dataclass(frozen=True)
class Request:
    """What was asked.

    Attributes:
        name: As typed.
        target: Target card's name, or None.
        prefer: Preference.
        constraints: Constraints by option name, as typed.
    """

    name: str
    target: str | None
    prefer: str
    constraints: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """As the lock file writes it."""
        return {
            "name": self.name,
            "target": self.target,
            "prefer": self.prefer,
            "constraints": dict(sorted(self.constraints.items())),
        }


@dataclass(frozen=True)
class LockedFile:
    """One file: its name, bytes, who vouches for the digest (`card` or `first-pull`), and where it came from."""

    file: str
    size: int
    digest: Digest
    pinned_by: str
    source: str


@dataclass(frozen=True)
class LockedRelease:
    """A published version: the registry's address without credentials, its number, and its manifest's digest."""

    registry: str
    version: int
    manifest: Digest

    def to_json(self) -> dict[str, Any]:
        """As the lock file writes it."""
        return {"registry": self.registry, "version": self.version, "manifest": self.manifest.hex}


@dataclass(frozen=True)
class Entry:
    """One resolved request.

    Attributes:
        request: What was asked.
        variant: Full name of what was chosen.
        files: Its files.
        folder: Output folder, relative to the lock file; empty when it lies elsewhere.
        release: The version that a registry published; None for a variant of a card in a folder.
    """

    request: Request
    variant: str
    files: tuple[LockedFile, ...]
    folder: str = ""
    release: LockedRelease | None = None

    def to_json(self) -> dict[str, Any]:
        """As the lock file writes it."""
        files = [
            {
                "file": item.file,
                "size": item.size,
                "sha256": item.digest.hex,
                "pinned_by": item.pinned_by,
                **({"source": item.source} if item.source else {}),
            }
            for item in self.files
        ]
        place = {"folder": self.folder} if self.folder else {}
        published = {"release": self.release.to_json()} if self.release else {}
        named = {"request": self.request.to_json(), "variant": self.variant}
        return {**named, **published, **place, "artifacts": files}


@dataclass(frozen=True)
class Lock:
    """All entries of a lock file."""

    entries: tuple[Entry, ...] = ()

    def find(self, request: Request) -> Entry | None:
        """The entry of a request, or None."""
        wanted = request.to_json()
        return next((entry for entry in self.entries if entry.request.to_json() == wanted), None)

    def digest_of(self, variant: str, file: str) -> Digest | None:
        """Digest that any entry recorded for a file of a variant, or None."""
        found = (
            item for entry in self.entries if entry.variant == variant for item in entry.files if item.file == file
        )
        return next((item.digest for item in found), None)

    def with_entry(self, entry: Entry) -> Lock:
        """The same with one entry added, or replaced."""
        others = [item for item in self.entries if item.request.to_json() != entry.request.to_json()]
        ordered = sorted([*others, entry], key=lambda item: json.dumps(item.request.to_json()))
        return Lock(tuple(ordered))


def read(path: Path) -> Lock:
    """Read a lock file; an absent one has no entries.

    Raises:
        RequestError: It is not a valid lock file; the message has the place.
        UnavailableError: It cannot be read.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return Lock()
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be read: {error.strerror}", hint=_ELSEWHERE) from None
    try:
        document = json.loads(text, object_pairs_hook=_unique)
        if document["schema"] != SCHEMA:
            raise ValueError(document["schema"])
        return Lock(tuple(_entry(item) for item in document["pulls"]))
    except (ValueError, KeyError, TypeError, RecursionError, RequestError):
        raise RequestError(f"{path} is not a valid lock file:\n{_explained(path, text)}", hint=_MEND) from None


_ELSEWHERE = "choose another lock file with --lock, or fix the permissions there"
_MEND = "restore it from version control, or delete it to resolve anew (digests of unpinned files are then lost)"


def write(path: Path, entry: Entry, guards: Path) -> bool:
    """Add or replace an entry. Returns whether the file changed.

    Several writers at once lose nothing: the file is read again under a guard before it is replaced.

    Args:
        path: The lock file.
        entry: What to record.
        guards: Folder for the guard file, so that none is left beside the user's files.

    Raises:
        RequestError: The present file is not a valid lock file.
        UnavailableError: It cannot be written.
    """
    if read(path).find(entry.request) == entry:
        return False
    from filelock import FileLock

    try:
        guards.mkdir(parents=True, exist_ok=True)
        with FileLock(guards / f"{Digest.of(bytes(path.resolve())).hex[:24]}.guard", timeout=60):
            document = {
                "schema": SCHEMA,
                "pulls": [item.to_json() for item in read(path).with_entry(entry).entries],
            }
            write_atomically(path, (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode())
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be written: {error.strerror or error}", hint=_ELSEWHERE) from None
    return True


def _entry(item: Mapping[str, Any]) -> Entry:
    """An entry; raises the errors that `read` expects where the document is not what the schema says."""
    asked = item["request"]
    target = asked["target"]
    request = Request(
        _text(asked["name"]),
        None if target is None else _text(target),
        _text(asked["prefer"]),
        dict(asked["constraints"]),
    )
    files = tuple(
        LockedFile(
            _text(one["file"], _FILE),
            _size(one["size"]),
            Digest(_text(one["sha256"])),
            _text(one["pinned_by"], _PINNED_BY),
            _text(one.get("source", "")),
        )
        for one in item["artifacts"]
    )
    folder = _folder(item.get("folder", ""))
    return Entry(request, _text(item["variant"], _VARIANT), files, folder, _release(item.get("release")))


# the schema's patterns; the schema itself is loaded only to explain a broken file, because that takes longer
# than all of a cached pull
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,199}")
_PINNED_BY = re.compile("card|first-pull")
_VARIANT = re.compile(r"[a-z0-9-]+/[a-z0-9.-]+/[a-z0-9.-]+")


def _text(value: object, pattern: re.Pattern[str] | None = None) -> str:
    if not isinstance(value, str) or (pattern and not pattern.fullmatch(value)):
        raise TypeError(value)
    return value


def portable_folder(folder: Path, lock_file: Path) -> str:
    """An output folder as a lock file names it: relative to that file; empty for one elsewhere."""
    try:
        return folder.resolve().relative_to(lock_file.resolve().parent).as_posix()
    except ValueError:
        return ""


def _folder(value: object) -> str:
    """A folder below the lock file's: a file from somebody else must not make us write elsewhere."""
    text = _text(value)
    if text.startswith("/") or "\\" in text or ":" in text or ".." in text.split("/"):
        raise TypeError(value)
    return text


def _release(value: object) -> LockedRelease | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise TypeError(value)
    return LockedRelease(_text(value["registry"]), _size(value["version"]), Digest(_text(value["manifest"])))


def _size(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise TypeError(value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose keys stand once each."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError(pairs)
    return dict(pairs)


def _explained(path: Path, text: bytes) -> str:
    """The first problems of a broken lock file, found by the schema."""
    from registry import schema
    from registry.document import parse
    from registry.problem import Problem

    document = parse(text, str(path))
    problems = [document] if isinstance(document, Problem) else schema.check(document, "lock")
    return "\n".join(str(problem) for problem in problems[:3]) or "not the JSON of a lock file"
