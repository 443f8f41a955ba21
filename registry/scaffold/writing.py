"""A draft becomes a file, with its models' bytes beside it where they are handed over: all of it, or nothing."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

from registry import amend
from registry.errors import MismatchError, RequestError, UnavailableError
from registry.files import atomic_file, open_regular, pieces, unreadable
from registry.scaffold.draft import Draft
from registry.scaffold.model_file import ModelFile


def write(draft: Draft, folder: Path | None = None) -> list[Path]:
    """Write a card, the bytes of its new variants first.

    Args:
        draft: The card.
        folder: Folder of cards whose `blobs/sha256` gets the bytes; None to leave them where they are.

    Returns:
        The blobs that were not there before.

    Raises:
        RejectedError: A file is no longer the one that was read.
        RequestError: The card is no longer the one that was read.
        UnavailableError: Something cannot be read or written.
    """
    text = draft.text()
    _require_unchanged(draft)
    with _removed_on_failure() as kept:
        for file in draft.files if folder else ():
            blob = Path(folder or "", file.digest.blob_path)
            if not blob.exists():
                kept.append(blob)
                _keep(file, blob)
        amend.write(draft.path, text)
        return kept


def _require_unchanged(draft: Draft) -> None:
    """Nothing else was written there while a person was asked."""
    before = draft.before[1] if draft.before else None
    now = amend.read(draft.path)[1] if draft.path.exists() else None
    if now != before:
        raise RequestError(f"{draft.path}: was changed meanwhile; nothing is written", hint="run the command again")


@contextlib.contextmanager
def _removed_on_failure() -> Iterator[list[Path]]:
    """Files that go again when the block does not come to its end, an interrupt included."""
    made: list[Path] = []
    try:
        yield made
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
        raise


def _keep(file: ModelFile, blob: Path) -> None:
    hasher = hashlib.sha256()
    try:
        source = open_regular(file.path)
    except OSError as error:
        raise unreadable(file.path, error) from None
    try:
        with source, atomic_file(blob) as copy:
            for piece in pieces(source, file.path):
                hasher.update(piece)
                copy.write(piece)
            if hasher.hexdigest() != file.digest.hex:
                raise MismatchError(
                    str(file.path),
                    expected=str(file.digest),
                    found=f"sha256:{hasher.hexdigest()}",
                    hint="it changed while it was read; begin again when it is finished",
                )
    except OSError as error:
        raise UnavailableError(
            f"{blob}: cannot be written: {error.strerror or error}", hint="see to free space and rights there"
        ) from None
