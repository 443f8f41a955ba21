"""A model file that a card is begun from: read without running it, and refused where it is dangerous."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from registry import inspect
from registry.content import HEAD, require_content
from registry.digest import Digest
from registry.errors import MismatchError, RejectedError, RequestError
from registry.facts import Facts
from registry.files import open_regular, pieces, unreadable


@dataclass(frozen=True)
class ModelFile:
    """A model file.

    Attributes:
        path: Where it is.
        digest: Of its bytes.
        size: Bytes.
        facts: What it says of itself.
    """

    path: Path
    digest: Digest
    size: int
    facts: Facts


def opened(path: Path) -> ModelFile:
    """Hash a model file and read what it says of itself.

    Raises:
        RequestError: There is no such file.
        RejectedError: It is no model file, breaks its format, or would endanger who loads it; or its weights lie in
            other files.
        UnavailableError: It cannot be read.
    """
    if path.is_dir():
        raise RequestError(f"{path}: a folder", hint="give the model files, one after the other")
    _require_no_placeholder(path)
    graph = inspect.read(path)
    if dangers := [one for one in graph.findings if one.severity == "danger"]:
        told = "; ".join(f"{one.rule}: {one.where}: {one.message}" for one in dangers[:5])
        raise RejectedError(
            f"{path}: dangerous to load, so no card is begun: {told}",
            hint="export the model without it; `zoo inspect` lists all findings",
        )
    members = {one.extent.member for one in graph.tensors if one.extent} - {""}
    if graph.format == "onnx" and members:
        raise RejectedError(
            f"{path}: its weights lie in other files: {', '.join(sorted(members)[:5])}",
            hint="save it as one file, since a variant has one model file",
        )
    digest, size = _measured(path)
    return ModelFile(path, digest, size, Facts(graph))


def _require_no_placeholder(path: Path) -> None:
    """Tell what stands in for a file, such as a Git LFS pointer, from a broken one."""
    format_ = inspect.format_of(path)
    try:
        with open_regular(path) as file:
            require_content(str(path), file.read(HEAD), format_)
    except MismatchError as error:
        raise RejectedError(error.message, hint="get the file itself first, such as with `git lfs pull`") from None
    except OSError as error:
        raise unreadable(path, error) from None


def _measured(path: Path) -> tuple[Digest, int]:
    """Digest and size of a file, of the same bytes."""
    hasher, size = hashlib.sha256(), 0
    try:
        with open_regular(path) as file:
            for piece in pieces(file, path):
                hasher.update(piece)
                size += len(piece)
    except OSError as error:
        raise unreadable(path, error) from None
    return Digest(hasher.hexdigest()), size
