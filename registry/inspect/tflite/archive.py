"""Files that stand behind a TFLite model as a zip archive, such as labels: few, small and checked first."""

from __future__ import annotations

from collections.abc import Mapping
from mmap import mmap
from struct import Struct
from typing import TYPE_CHECKING

from registry.inspect.findings import Findings

if TYPE_CHECKING:
    from io import RawIOBase
    from zipfile import ZipFile, ZipInfo

MOST_FILES = 64
MOST_DIRECTORY = 1 << 16
"""Bytes of the archive's directory; 64 names of usual length take a tenth."""

MOST_BYTES = 16 << 20
"""Bytes of all files together when unpacked."""

MOST_RATIO = 64
"""How many bytes one packed byte may become; lists of words reach about 5."""

_END = Struct("<4s4H2IH")
_MARK = b"PK\x05\x06"
_LONGEST_COMMENT = (1 << 16) - 1


def attachments(data: mmap | bytes, findings: Findings) -> Mapping[str, bytes]:
    """Files of the archive at the end of a model file, by name; empty where there is none.

    Nothing of it is needed to run the model, so that what is wrong with it is a finding, and the file is left out.
    """
    directory = _directory(data)
    if directory is None:
        return {}
    if directory > MOST_DIRECTORY:
        message = f"its directory has {directory} bytes, more than {MOST_DIRECTORY}"
        findings.add("danger", "tflite-archive", "archive", message)
        return {}
    import zipfile
    import zlib

    try:
        with zipfile.ZipFile(_file_over(data)) as archive:
            return _files(archive, findings)
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, RuntimeError, EOFError) as error:
        findings.add("danger", "tflite-archive", "archive", f"it cannot be read: {error}")
    return {}


def _directory(data: mmap | bytes) -> int | None:
    """Bytes of the archive's directory, as its end record says; None where the file does not end in an archive."""
    tail = bytes(data[-(_END.size + _LONGEST_COMMENT) :])
    place = tail.rfind(_MARK)
    if place < 0 or place + _END.size > len(tail):
        return None
    *_, size, _offset, comment = _END.unpack_from(tail, place)
    return int(size) if place + _END.size + comment == len(tail) else None


def _file_over(data: mmap | bytes) -> RawIOBase:
    """Bytes as a file to read, without a copy."""
    from io import SEEK_CUR, SEEK_END, RawIOBase

    class View(RawIOBase):
        place = 0

        def readable(self) -> bool:
            return True

        def seekable(self) -> bool:
            return True

        def seek(self, offset: int, whence: int = 0) -> int:
            self.place = max(0, offset + {SEEK_CUR: self.place, SEEK_END: len(data)}.get(whence, 0))
            return self.place

        def tell(self) -> int:
            return self.place

        def read(self, size: int = -1) -> bytes:
            found = bytes(data[self.place : None if size < 0 else self.place + size])
            self.place += len(found)
            return found

    return View()


def _files(archive: ZipFile, findings: Findings) -> dict[str, bytes]:
    """Files whose name, size and packing are harmless, in the archive's order."""
    kept: dict[str, bytes] = {}
    left = MOST_BYTES
    for info in archive.infolist()[:MOST_FILES]:
        wrong = _wrong(info, left)
        if wrong is None and info.filename in kept:
            wrong = "its name stands twice"
        if wrong:
            findings.add("danger", "tflite-archive", info.filename[:255], f"left out: {wrong}")
            continue
        with archive.open(info) as file:
            kept[info.filename] = file.read(info.file_size + 1)
        left -= len(kept[info.filename])
    if len(archive.infolist()) > MOST_FILES:
        findings.add("danger", "tflite-archive", "archive", f"more than {MOST_FILES} files; the rest is left out")
    return kept


def _wrong(info: ZipInfo, left: int) -> str | None:
    """Why a file is not unpacked, None when it is."""
    name = info.filename
    steps = name.split("/")
    if not name.isprintable() or "\\" in name or ":" in name or len(name) > 255 or {"", ".", ".."} & set(steps):
        return "its name leads out of a folder, or is none"
    if info.flag_bits & 1:
        return "it is encrypted"
    if info.compress_type not in (0, 8):
        return f"it is packed by method {info.compress_type}; stored (0) and deflated (8) are read"
    if info.file_size > left or info.file_size > MOST_RATIO * max(info.compress_size, 1):
        return f"it unpacks from {info.compress_size} to {info.file_size} bytes"
    return None
