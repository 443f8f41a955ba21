"""Bytes from an untrusted place into the cache: hashed while they stream, admitted only when right."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO

from registry.digest import Digest
from registry.errors import MismatchError, UnavailableError
from registry.progress import Advance, Progress
from registry.store.base import Opened
from registry.store.cache import Cache
from registry.units import format_bytes

MAX_UNSTATED_BYTES = 4 << 30
"""Bound for a file whose size nobody has stated."""

_HEAD = 512
_MAGIC: dict[str, tuple[int, tuple[bytes, ...]]] = {
    "tflite": (4, (b"TFL3",)),  # FlatBuffers file identifier of the TensorFlow Lite schema
    "keras-h5": (0, (b"\x89HDF\r\n\x1a\n",)),  # HDF5 superblock signature
    "keras": (0, (b"PK\x03\x04",)),  # zip local file header
    "onnx": (0, (b"\x08", b"\x12", b"\x1a", b"\x22", b"\x3a", b"\x42")),  # tags of ModelProto's fields
}


def receive(
    opened: Opened,
    cache: Cache,
    *,
    file: str,
    digest: Digest | None,
    size: int | None,
    format_: str | None,
    progress: Progress,
) -> tuple[Digest, Path, int]:
    """Stream bytes into the cache.

    Args:
        opened: The bytes.
        cache: Where they go.
        file: Name for messages.
        digest: What they must hash to, or None for an unpinned file.
        size: Bytes that the card states, or None.
        format_: Format of a model file, whose first bytes are then looked at; None for any other file.
        progress: Hears the bytes.

    Returns:
        The digest, the path in the cache and the size in bytes.

    Raises:
        MismatchError: Other bytes than promised; nothing is kept.
        UnavailableError: The bytes stopped early, or the cache cannot be written; nothing is kept.
    """
    subject = f"{file} from {opened.address}"
    if size is not None and opened.size is not None and opened.size > size:
        raise _wrong_size(subject, size, opened.size)

    def look(head: bytes) -> None:
        # any other file may look like anything, as long as a digest vouches for it
        if format_ is not None or digest is None:
            _require_content(subject, head, format_)

    try:
        _require_space(cache, opened.size or size)
        with cache.incoming() as (writer, path), progress.task(file, opened.size or size) as advance:
            found, count = _copy(opened, writer, subject, size, look, advance)
            if size is not None and count != size:
                raise _wrong_size(subject, size, count)
            if digest is not None and found != digest:
                raise MismatchError(subject, expected=str(digest), found=str(found), hint=_REPORT)
            return found, cache.admit(writer, path, found), count
    except OSError as error:
        raise UnavailableError(
            f"the cache {cache.folder} cannot be written: {error.strerror or error}",
            hint="free space or fix the permissions there, or choose another folder with --cache or ZOO_CACHE",
        ) from error


def _copy(
    opened: Opened,
    writer: IO[bytes],
    subject: str,
    size: int | None,
    look: Callable[[bytes], None],
    advance: Advance,
) -> tuple[Digest, int]:
    """Write the bytes, hashed as they pass; stop at the first byte too many or at first bytes that are wrong."""
    hasher, count, head, looked = hashlib.sha256(), 0, b"", False
    for chunk in opened.chunks:
        count += len(chunk)
        if count > (size or MAX_UNSTATED_BYTES):
            raise _wrong_size(subject, size, count, more=True)
        if not looked:
            head = (head + chunk)[:_HEAD]
            looked = len(head) == _HEAD
            if looked:
                look(head)
        hasher.update(chunk)
        writer.write(chunk)
        advance(len(chunk))
    if not looked:
        look(head)
    return Digest(hasher.hexdigest()), count


_REPORT = "the bytes are not what the card promises; try another --mirror, or report it to the card's publisher"


def _require_space(cache: Cache, size: int | None) -> None:
    folder = cache.folder
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if size is not None and size > free:
        raise UnavailableError(
            f"not enough space in the cache {cache.folder}: "
            f"expected {format_bytes(size)} free, found {format_bytes(free)}",
            hint="free space, or choose another folder with --cache or ZOO_CACHE",
        )


def _wrong_size(subject: str, size: int | None, found: int, *, more: bool = False) -> MismatchError:
    limit = f"{size} bytes" if size is not None else f"at most {MAX_UNSTATED_BYTES} bytes"
    return MismatchError(subject, expected=limit, found=f"{'at least ' if more else ''}{found} bytes", hint=_REPORT)


def _require_content(subject: str, head: bytes, format_: str | None) -> None:
    """Refuse what is plainly not what was asked for.

    Raises:
        MismatchError: Nothing, a Git LFS pointer, a web page, or other first bytes than a model format's.
    """
    expected = {None: "the file itself", "unknown": "a model file"}.get(format_, f"a {format_} file")
    if not head and format_ is not None:
        raise MismatchError(subject, expected=expected, found="nothing: the body is empty", hint=_REPORT)
    start = head.lstrip()[:64].lower()
    if head.startswith(b"version https://git-lfs.github.com/spec/"):
        raise MismatchError(
            subject,
            expected=expected,
            found="a Git LFS pointer",
            hint="the address gives Git's placeholder; use one of the file itself, or a --mirror that holds it",
        )
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml")):
        raise MismatchError(
            subject,
            expected=expected,
            found="a web page",
            hint="the address leads to a page, perhaps a login or an error; use a --mirror that holds the file",
        )
    if format_ is not None and format_ in _MAGIC:
        offset, identifiers = _MAGIC[format_]
        if not head[offset:].startswith(identifiers):
            raise MismatchError(
                subject, expected=expected, found=f"first bytes {head[:12].hex(' ') or 'none'}", hint=_REPORT
            )
