"""The manifest of a deployment package, `deployment.json`, read strictly: it says what is sent to a device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import document, schema
from registry.digest import Digest
from registry.document import Document
from registry.errors import RejectedError, RequestError, UnavailableError
from registry.files import open_regular, unreadable
from registry.problem import Problem

FILE_NAME = "deployment.json"
SCHEMA = "deployment/1"


@dataclass(frozen=True)
class PackagedFile:
    """A file of a package.

    Attributes:
        path: Relative to the folder, with `/`; never leads out of it.
        digest: Of its bytes.
        size: Bytes.
        role: One of the roles of `registry.deployment.base`.
        executable: Whether it is run.
        note: What it is; empty where the role says all.
    """

    path: str
    digest: Digest
    size: int
    role: str
    executable: bool
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """As the manifest writes it."""
        said: dict[str, Any] = {
            "path": self.path,
            "sha256": self.digest.hex,
            "size": self.size,
            "role": self.role,
            "executable": self.executable,
        }
        return {**said, "note": self.note} if self.note else said


@dataclass(frozen=True)
class Manifest:
    """A valid manifest.

    Attributes:
        name: Of the package, which serves as a folder's name.
        target: Where it goes.
        variant: Full name of the variant; None for a file that no card has.
        model: Digest of the model file that was deployed.
        files: Every file but the manifest itself.
        data: The manifest's own bytes.
        document: The same as plain data.
    """

    name: str
    target: str
    variant: str | None
    model: Digest
    files: tuple[PackagedFile, ...]
    data: bytes
    document: Mapping[str, Any]

    @property
    def digest(self) -> Digest:
        """What identifies the whole package: the manifest names the digest of every other file."""
        return Digest.of(self.data)


def read(folder: Path) -> Manifest:
    """Read the manifest of a package's folder; the files themselves are not looked at.

    Raises:
        RequestError: The folder has no manifest.
        RejectedError: It is not valid; says each problem with line and column.
        UnavailableError: It cannot be read.
    """
    path = folder / FILE_NAME
    try:
        with open_regular(path) as file:
            data = file.read(document.MAX_BYTES + 1)
    except FileNotFoundError:
        raise RequestError(
            f"{folder} is no deployment package: expected {FILE_NAME} in it, found none",
            hint="`zoo deploy NAME --target T -o DIR` writes one",
        ) from None
    except OSError as error:
        raise unreadable(path, error) from None
    return parse(data, str(path))


def parse(data: bytes, place: str) -> Manifest:
    """The manifest of a document's bytes.

    Args:
        data: The document.
        place: What problems call it.

    Raises:
        RejectedError: It is not valid; says each problem with line and column.
    """
    found = document.parse(data, place) if len(data) <= document.MAX_BYTES else _too_large(place)
    problems = [found] if isinstance(found, Problem) else schema.check(found, "deployment")
    if isinstance(found, Document) and not problems:
        problems = list(_path_problems(found))
    if isinstance(found, Problem) or problems:
        raise RejectedError(
            "\n".join([f"{place} is no valid deployment manifest:", *map(str, problems)]),
            hint="deploy again into a new folder with `zoo deploy`",
        )
    said = found.value
    return Manifest(
        said["name"],
        said["target"],
        said["variant"],
        Digest(said["model"]["sha256"]),
        tuple(_file(item) for item in said["files"]),
        data,
        said,
    )


def require_whole(folder: Path, manifest: Manifest) -> None:
    """See that every file of a package is there with its bytes.

    Raises:
        RejectedError: One is missing or has other bytes; names the first.
        UnavailableError: One cannot be read.
    """
    for one in manifest.files:
        path = folder / one.path
        if path.is_symlink() or not path.is_file():
            raise RejectedError(f"{path}: expected a file of {one.size} bytes, found none", hint=_AGAIN)
        try:
            found = Digest.of_file(path)
        except OSError as error:
            raise UnavailableError(f"{path}: cannot be read: {error.strerror or error}") from None
        if found != one.digest:
            raise RejectedError(f"{path}: expected {one.digest}, found {found}", hint=_AGAIN)


_AGAIN = "somebody changed the package; deploy again"


def _file(item: Mapping[str, Any]) -> PackagedFile:
    return PackagedFile(
        item["path"], Digest(item["sha256"]), item["size"], item["role"], item["executable"], item.get("note", "")
    )


def _path_problems(found: Document) -> Iterator[Problem]:
    """Paths that could not lie beside each other, on a device whose file system ignores case either."""
    taken = {FILE_NAME: FILE_NAME}
    folders: dict[str, str] = {}
    for number, item in enumerate(found.value["files"]):
        path = item["path"]
        folded = path.casefold()
        above = ["/".join(folded.split("/")[:count]) for count in range(1, path.count("/") + 1)]
        other = (
            taken.get(folded) or folders.get(folded) or next((taken[one] for one in above if one in taken), None)
        )
        if other is not None:
            message = f"{path!r} cannot lie beside {other!r}"
            expected = "a place of its own for each file, whatever the case of the letters"
            yield found.problem(("files", number, "path"), "path-taken", message, expected=expected, found=path)
        taken[folded] = path
        folders.update(dict.fromkeys(above, path))


def _too_large(place: str) -> Problem:
    expected = f"at most {document.MAX_BYTES} bytes"
    return Problem(place, 0, 0, "", "size", "the document is too large", expected, "more")
