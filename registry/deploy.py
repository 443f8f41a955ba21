"""The verb behind `zoo deploy`: a folder that runs a model on a target, whole or not there at all."""

from __future__ import annotations

import dataclasses
import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from registry.card import Variant
from registry.deployment import document, guide, manifest
from registry.deployment.base import CARD, GUIDE, LABELS, LICENCE, Adapter, File, Package, Subject, Toolbox
from registry.deployment.manifest import Manifest, PackagedFile
from registry.digest import CHUNK, Digest
from registry.errors import MismatchError, RejectedError, UnavailableError, ZooError
from registry.files import require_replaceable, whole_folder
from registry.fit import Fit


@dataclass(frozen=True)
class Deployed:
    """What was written.

    Attributes:
        folder: Where it is.
        manifest: What it holds.
    """

    folder: Path
    manifest: Manifest


def refusal(name: str, fit: Fit, other: Variant | None) -> RejectedError:
    """Why a model is not deployed to a target that it does not fit.

    Args:
        name: The model, as the user knows it.
        fit: The verdict, which is no.
        other: What would fit best of the same family, or None.
    """
    pinned = "" if other is None or other.pinned else " (unpinned)"
    hint = f"next best for {fit.target}: {other.full_name}{pinned}" if other else "`zoo fit` tells every target"
    return RejectedError(f"{name} does not fit {fit.target}: {'; '.join(fit.reasons)}", hint=hint)


def deploy(subject: Subject, adapter: Adapter, toolbox: Toolbox, folder: Path) -> Deployed:
    """Make the package of a model and write it.

    Args:
        subject: What is deployed, proven.
        adapter: What makes the package of its target.
        toolbox: Tools of this machine.
        folder: Where to write; an earlier deployment there is replaced as a whole.

    Raises:
        RequestError: Something else than an earlier deployment is there.
        RejectedError: The model cannot be deployed there, or its file changed meanwhile.
        UnavailableError: A tool is missing or failed, or the folder cannot be written.
    """
    earlier = _earlier_files(folder)
    require_replaceable(folder, earlier)
    try:
        return _deploy(subject, adapter, toolbox, folder, earlier)
    except OSError as error:  # of the folder for temporary files; `whole_folder` tells of its own
        raise UnavailableError(
            f"the package of {subject.name} cannot be made: {error.strerror or error}", hint="see to free space"
        ) from None


def _deploy(
    subject: Subject, adapter: Adapter, toolbox: Toolbox, folder: Path, earlier: frozenset[str]
) -> Deployed:
    """The same, of a folder that may be replaced."""
    with tempfile.TemporaryDirectory(prefix="zoo-deploy-") as work:
        package = _with_doubts(adapter.package(subject, toolbox, Path(work)), subject.fit)
        files = (*package.files, *_common_files(subject, package))
        readme = File(guide.FILE_NAME, guide.guide(subject, package, files), GUIDE)
        with whole_folder(folder, earlier) as place:
            written = tuple(_write(place, one, subject) for one in (readme, *files))
            found = document.manifest_of(subject, package, written, subject.path.stat().st_size)
            (place / manifest.FILE_NAME).write_bytes(found.data)
    return Deployed(folder, found)


def _earlier_files(folder: Path) -> frozenset[str]:
    """Files of an earlier deployment in a folder; none where there is no valid one, so that nothing is replaced."""
    try:
        found = manifest.read(folder)
    except ZooError:
        return frozenset()
    return frozenset({manifest.FILE_NAME, *(one.path for one in found.files)})


def _with_doubts(package: Package, fit: Fit) -> Package:
    if fit.verdict == "yes":
        return package
    doubts = tuple(f"Whether it fits is not known: {reason}." for reason in fit.reasons)
    return dataclasses.replace(package, warnings=(*doubts, *package.warnings))


def _common_files(subject: Subject, package: Package) -> Iterator[File]:
    """Card, licence note and labels, unless the package has its own."""
    present = {one.role for one in package.files}
    notes = {CARD: "What its publisher says of the model.", LICENCE: "Licences of code, weights and data."}
    for role, note in notes.items():
        if role in subject.texts and role not in present:
            name, content = subject.texts[role]
            yield File(name, content, role, note)
    if subject.labels and LABELS not in present:
        yield File(
            f"{subject.name}.labels.txt", _labels_text(subject), LABELS, "Names of the classes, by number from 0."
        )


def _labels_text(subject: Subject) -> bytes:
    """Class names, one a line whatever stands in them."""
    return "".join(" ".join(label.split()) + "\n" for label in subject.labels).encode("utf-8", "replace")


def _write(place: Path, file: File, subject: Subject) -> PackagedFile:
    """Write one file, hashing what is written.

    Raises:
        MismatchError: It is the model, and no longer what was inspected.
    """
    destination = place / file.path
    if not destination.resolve().is_relative_to(place.resolve()):
        raise ValueError(f"the path leads out of the package: {file.path!r}")
    destination.parent.mkdir(parents=True, exist_ok=True)
    hasher, size = hashlib.sha256(), 0
    with destination.open("xb") as target:
        for piece in _pieces(file.content):
            target.write(piece)
            hasher.update(piece)
            size += len(piece)
    destination.chmod(0o755 if file.executable else 0o644)
    digest = Digest(hasher.hexdigest())
    if file.content == subject.path and digest != subject.digest:
        raise MismatchError(
            str(subject.path),
            expected=str(subject.digest),
            found=str(digest),
            hint="it changed meanwhile; try again",
        )
    return PackagedFile(file.path, digest, size, file.role, file.executable, file.note)


def _pieces(content: bytes | Path) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as source:
        while piece := source.read(CHUNK):
            yield piece
