"""First bytes and sizes: what is plainly not the file that was asked for, told before any digest can be."""

from __future__ import annotations

from registry.errors import MismatchError

HEAD = 512
"""First bytes that are looked at."""

REPORT = "the bytes are not what the card promises; try another --mirror, or report it to the card's publisher"

_MAGIC: dict[str, tuple[int, tuple[bytes, ...]]] = {
    "tflite": (4, (b"TFL3",)),  # FlatBuffers file identifier of the TensorFlow Lite schema
    "keras-h5": (0, (b"\x89HDF\r\n\x1a\n",)),  # HDF5 superblock signature
    "keras": (0, (b"PK\x03\x04",)),  # zip local file header
    "onnx": (0, (b"\x08", b"\x12", b"\x1a", b"\x22", b"\x3a", b"\x42")),  # tags of ModelProto's fields
}


def require_content(subject: str, head: bytes, format_: str | None) -> None:
    """Refuse what is plainly not what was asked for.

    Raises:
        MismatchError: Nothing, a Git LFS pointer, a web page, or other first bytes than a model format's.
    """
    expected = {None: "the file itself", "unknown": "a model file"}.get(format_, f"a {format_} file")
    if not head and format_ is not None:
        raise MismatchError(
            subject, expected=expected, found="nothing: the body is empty", hint=REPORT, rule="not-a-model"
        )
    start = head.lstrip()[:64].lower()
    if head.startswith(b"version https://git-lfs.github.com/spec/"):
        raise MismatchError(
            subject,
            expected=expected,
            found="a Git LFS pointer",
            hint="the address gives Git's placeholder; use one of the file itself, or a --mirror that holds it",
            rule="lfs-pointer",
        )
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml")):
        raise MismatchError(
            subject,
            expected=expected,
            found="a web page",
            hint="the address leads to a page, perhaps a login or an error; use a --mirror that holds the file",
            rule="not-a-model",
        )
    if format_ is not None and format_ in _MAGIC:
        offset, identifiers = _MAGIC[format_]
        if not head[offset:].startswith(identifiers):
            raise MismatchError(
                subject,
                expected=expected,
                found=f"first bytes {head[:12].hex(' ') or 'none'}",
                hint=REPORT,
                rule="not-a-model",
            )
