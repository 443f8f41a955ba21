"""The verb behind `zoo pull`: a resolved variant's files, verified, in the cache and in an output folder."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import files
from registry.card import Artifact, Variant
from registry.digest import Digest
from registry.errors import RejectedError, UnavailableError
from registry.lock import Entry, Lock, LockedFile, LockedRelease, Request
from registry.obtain import FROM_CACHE, Obtained, Obtainer
from registry.resolve import Resolution


@dataclass(frozen=True)
class Delivery:
    """What a pull brought.

    Attributes:
        variant: The variant.
        obtained: Its files as they came.
        paths: Where they lie in the output folder, in the same order.
        beside: Card, licence note and labels beside them.
        entry: What the lock file should record.
    """

    variant: Variant
    obtained: tuple[Obtained, ...]
    paths: tuple[Path, ...]
    beside: tuple[Path, ...]
    entry: Entry


def choose(resolution: Resolution, entry: Entry) -> Variant:
    """The variant that a lock file's entry holds.

    Raises:
        RejectedError: The catalogue no longer has it, or it no longer fits.
    """
    for candidate in resolution.candidates:
        if candidate.variant.full_name == entry.variant:
            if candidate.eligible:
                return candidate.variant
            raise RejectedError(f"the lock file holds {entry.variant}: {candidate.reason}", hint=_UPDATE)
    raise RejectedError(f"the lock file holds {entry.variant}: the catalogue no longer has it", hint=_UPDATE)


_UPDATE = "choose anew with --update"


def fetch(
    variant: Variant,
    request: Request,
    lock: Lock,
    obtainer: Obtainer,
    beside: Mapping[str, bytes],
    folder: Path,
    *,
    recorded_folder: str = "",
    release: LockedRelease | None = None,
    update: bool = False,
    link: bool = True,
    replace: bool = False,
    companions: Sequence[Artifact] = (),
) -> Delivery:
    """Bring a variant's files into a folder, each proven by its digest.

    Args:
        variant: What was chosen.
        request: What was asked, for the lock file.
        lock: What earlier pulls recorded; an unpinned file is held to it.
        obtainer: Gets one artifact.
        beside: Further files by name, such as the card; always brought up to date.
        folder: The output folder; made when missing.
        recorded_folder: The same as the lock file names it.
        release: The published version that the variant is, for the lock file.
        update: Whether the lock file's digests may be replaced.
        link: Whether hard links to the cache may be used.
        replace: Whether a file of the same name with other bytes may be replaced.
        companions: Those of the variant's companions that come along, such as golden vectors.

    Raises:
        RejectedError: Other bytes than the card or the lock file promises, or a file of the same name in the way.
        UnavailableError: No place gave the bytes, or a folder cannot be written.
    """
    wanted = (*variant.files, *companions)
    pairs = [(artifact, expected_digest(variant, artifact, lock, update=update)) for artifact in wanted]
    obtained = obtainer.obtain_all(variant, pairs)
    try:
        paths = tuple(_place(item, folder, link=link, replace=replace) for item in obtained)
        extras = tuple(_write(folder / name, content) for name, content in beside.items())
    except OSError as error:
        raise UnavailableError(
            f"{folder}: {variant.full_name} cannot be written there: {error.strerror or error}",
            hint="choose another folder with -o, or free space",
        ) from error
    files_ = _locked_files(request, lock, obtained)
    return Delivery(
        variant, obtained, paths, extras, Entry(request, variant.full_name, files_, recorded_folder, release)
    )


def expected_digest(variant: Variant, artifact: Artifact, lock: Lock, *, update: bool) -> Digest | None:
    """Digest by the card and by the lock file, which must agree; None for a file that nobody has pinned.

    Raises:
        RejectedError: The card's digest is no longer the one that the lock file recorded.
    """
    recorded = None if update else lock.digest_of(variant.full_name, artifact.file)
    if recorded and artifact.digest and recorded != artifact.digest:
        raise RejectedError(
            f"{artifact.file} of {variant.full_name}: the lock file holds it to {recorded},"
            f" the card now says {artifact.digest}",
            hint="find out why its publisher changed it, then --update takes the card's",
        )
    return artifact.digest or recorded


def _place(item: Obtained, folder: Path, *, link: bool, replace: bool) -> Path:
    destination = folder / item.artifact.file
    linked = files.same_file(destination, item.path)
    if linked and link:
        return destination
    if destination.is_file() and not replace and not linked:
        present = Digest.of_file(destination)
        if present == item.digest:
            return destination
        raise RejectedError(
            f"{destination} is there with other bytes: expected {item.digest}, found {present}",
            hint="--force replaces it; -o chooses another folder",
        )
    files.place(item.path, destination, link=link)
    return destination


def _write(path: Path, content: bytes) -> Path:
    with contextlib.suppress(OSError):
        if path.read_bytes() == content:
            return path
    files.write_atomically(path, content)
    return path


def _locked_files(request: Request, lock: Lock, obtained: Sequence[Obtained]) -> tuple[LockedFile, ...]:
    """What to record; a file from the cache keeps the address that an earlier pull recorded."""
    before = lock.find(request)
    addresses = {item.digest: item.source for item in before.files} if before else {}
    return tuple(
        LockedFile(
            file=item.artifact.file,
            size=item.size,
            digest=item.digest,
            pinned_by="card" if item.artifact.digest else "first-pull",
            source=addresses.get(item.digest, "") if item.origin == FROM_CACHE else item.origin,
        )
        for item in obtained
    )


def sidecars(
    variant: Variant, card: Mapping[str, Any], card_bytes: bytes, labels: Sequence[str]
) -> dict[str, bytes]:
    """What lies beside a pulled model: its card, its labels where known, and a licence note.

    Names start with the model file's, so that several models can share a folder.
    """
    stem = Path(variant.files[0].file).stem
    found = {f"{stem}.card.yaml": card_bytes, f"{stem}.licence.txt": licence_note(variant, card).encode()}
    if labels:
        found[f"{stem}.labels.txt"] = "".join(f"{label}\n" for label in labels).encode()
    pulled = {file.file for file in variant.files}  # the publisher's own labels go before ours
    return {name: content for name, content in found.items() if name not in pulled}


def licence_note(variant: Variant, card: Mapping[str, Any]) -> str:
    """Licences of code, weights and training data, and where they are stated."""
    licences = {**card["licence"], **variant.document.get("licence", {})}
    lines = [f"{variant.full_name}", f"{card['title']}, published by {variant.publisher}", ""]
    lines += [f"{part + ':':9}{licences[part]}" for part in ("code", "weights", "dataset")]
    if note := licences.get("note"):
        lines += ["", note]
    lines += ["", "Public addresses of the file:"] if any(file.sources for file in variant.files) else []
    lines += [f"  {source.url}" for file in variant.files for source in file.sources]
    return "\n".join(lines) + "\n"
