"""Deployment packages for tests: folders as `zoo deploy` writes them."""

from __future__ import annotations

from pathlib import Path

from tests.unit.deployment import manifests

LABELS, SCRIPT = b"cat\ndog\n", b"#!/bin/sh\n"


def package(folder: Path, model: bytes) -> Path:
    """A package whose name is the folder's; only the model differs from one to the other."""
    contents = {"net.tflite": model, "run": SCRIPT, "data/labels.txt": LABELS}
    files = [manifests.packaged(path, data, executable=path == "run") for path, data in contents.items()]
    manifests.write(folder, manifests.manifest() | {"name": folder.name, "files": files})
    for path, data in contents.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def same_files(one: Path, other: Path) -> bool:
    """Whether two folders have the same files with the same bytes."""
    return _contents(one) == _contents(other)


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
