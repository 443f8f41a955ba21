"""Images of a held-out list that the training list has too, by name or by bytes. No picture is opened."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from registry.digest import Digest
from registry.errors import RequestError
from registry.samples.voc import VocFolder


def leaked(folder: VocFolder, held: str, training: str) -> dict[str, str]:
    """Names of a held-out split's images that the training split has, each with its name there.

    Only files of the same size are read, since others cannot have the same bytes.

    Raises:
        RequestError: There is no such held-out list; a missing training list leaks nothing.
        RejectedError: A list is no text.
        UnavailableError: A list cannot be read.
    """
    if held == training or training not in folder.splits():
        return {}
    trained = {sample.name: sample.image for sample in folder.samples(training)}
    by_size: dict[int, list[tuple[str, Path]]] = defaultdict(list)
    for name, path in trained.items():
        by_size[_size(path)].append((name, path))
    found: dict[str, str] = {}
    digests: dict[Path, Digest] = {}
    for sample in folder.samples(held):
        if sample.name in trained:
            found[sample.name] = sample.name
            continue
        for name, path in by_size.get(_size(sample.image), ()):
            own = _digest(sample.image, digests)
            if own is not None and own == _digest(path, digests):
                found[sample.name] = name
                break
    return found


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # a missing picture is found where it is opened
        return -1


def _digest(path: Path, known: dict[Path, Digest]) -> Digest | None:
    if path not in known:
        try:
            known[path] = Digest.of_file(path)
        except (OSError, RequestError):
            return None
    return known[path]
