"""Image lists: identifiers, one a line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from registry.digest import Digest
from registry.errors import RejectedError
from registry.files import open_regular, unreadable

IMAGE_TYPES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
MAX_LIST_BYTES = 64 << 20


@dataclass(frozen=True)
class Line:
    """A line of an image list.

    Attributes:
        number: From 1.
        name: Identifier, without blanks around it and without an image's extension.
        safe: Whether it stays below the folder; one that is not is never opened.
    """

    number: int
    name: str
    safe: bool


def read_lines(path: Path) -> list[Line]:
    """Lines of a list that are not blank, in its order.

    Raises:
        RejectedError: It is no text, or larger than a list can be.
        UnavailableError: It cannot be read.
    """
    texts = _read(path).splitlines()
    return [parse(number, text.strip()) for number, text in enumerate(texts, 1) if text.strip()]


def list_digest(names: list[str]) -> Digest:
    """SHA-256 of identifiers, one a line."""
    return Digest.of("".join(f"{name}\n" for name in names).encode())


def parse(number: int, text: str) -> Line:
    """A line of a list; a name is safe if it can only lead to somewhere below the folder it is looked for in."""
    name = text.replace("\\", "/").removeprefix("./")
    if PurePosixPath(name).suffix.lower() in IMAGE_TYPES:
        name = str(PurePosixPath(name).with_suffix(""))
    parts = name.split("/")
    safe = name.isprintable() and not {"", ".", ".."} & set(parts) and ":" not in parts[0]
    return Line(number, name, safe)


def _read(path: Path) -> str:
    try:
        with open_regular(path) as file:
            data = file.read(MAX_LIST_BYTES + 1)
    except OSError as error:
        raise unreadable(path, error) from None
    if len(data) > MAX_LIST_BYTES:
        raise RejectedError(
            f"{path}: expected an image list of at most {MAX_LIST_BYTES} bytes, found a larger file"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RejectedError(f"{path}: expected an image list, one name a line, found no text") from None
