"""The zip archive of a `.keras` file: its members are judged by the directory before any is read."""

from __future__ import annotations

import stat
import tempfile
import zipfile
import zlib
from mmap import ACCESS_READ, mmap
from struct import Struct
from typing import IO

from registry.inspect.bounds import MalformedError
from registry.inspect.findings import Findings

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_MOST_MEMBERS = 4096
_MOST_RATIO = 64
"""How many bytes one packed byte may become; Keras packs nothing, and weights shrink little."""

_LEAST_TEXT = 1 << 18
_END = Struct("<4s4H2IH")
_LOCAL = Struct("<26x2H")
_ASSETS = "assets/"
_CODE = (
    ".npz",
    ".npy",
    ".pkl",
    ".pickle",
    ".joblib",
    ".pt",
    ".pth",
    ".so",
    ".dll",
    ".dylib",
    ".py",
    ".pyc",
    ".exe",
)
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, ValueError, RuntimeError, EOFError, OverflowError)
_ERRORS = (*_BROKEN, NotImplementedError, KeyError, IndexError)


class Archive:
    """Members of a `.keras` file.

    Args:
        file: The file, open.
        size: Its bytes.
        name: What messages call it.
        findings: Where dangerous members are kept.

    Raises:
        MalformedError: It is no zip archive, or has too many members.
    """

    def __init__(self, file: IO[bytes], size: int, name: str, findings: Findings) -> None:
        self._file, self._size, self._name, self._findings = file, size, name, findings
        self._bound_directory()
        try:
            self._archive = zipfile.ZipFile(file)
            members = self._archive.infolist()
        except _ERRORS as error:
            raise self._malformed("directory", "a zip archive", str(error)[:200]) from None
        self._members = {info.filename: info for info in members if self._is_sound(info)}
        self._judge(members)

    def _malformed(self, where: str, expected: str, found: str) -> MalformedError:
        return MalformedError(self._name, where, expected, found)

    def _bound_directory(self) -> None:
        """Refuse a directory of too many members before each becomes an object."""
        tail = min(self._size, _END.size + (1 << 16))
        self._file.seek(self._size - tail)
        data = self._file.read(tail)
        place = data.rfind(b"PK\x05\x06")
        if place < 0 or place + _END.size > len(data):
            raise self._malformed("directory", "a zip archive", "no end record")
        directory = _END.unpack_from(data, place)[5]
        if directory > _MOST_MEMBERS * 128 and directory != 0xFFFFFFFF:
            raise self._malformed("directory", f"at most {_MOST_MEMBERS} members", f"{directory} bytes of names")
        if directory == 0xFFFFFFFF:
            raise self._malformed("directory", "a plain zip archive", "the form for directories above 4 GiB")

    def _judge(self, members: list[zipfile.ZipInfo]) -> None:
        if len(members) > _MOST_MEMBERS:
            raise self._malformed("directory", f"at most {_MOST_MEMBERS} members", f"{len(members)}")
        seen: set[str] = set()
        for info in members:
            if info.filename in seen:
                self._danger("keras-zip", info.filename, "its name stands twice; readers differ in which they take")
            seen.add(info.filename)
        for name in self._members:
            if name.startswith(_ASSETS):
                message = "a file that a layer reads by itself, such as a vocabulary; Keras unpacks it first"
                self._findings.add("note", "keras-asset", name, message)
            if name.lower().endswith(_CODE):
                self._danger("keras-payload", name, "a member that may hold code or pickled objects")

    def _danger(self, rule: str, where: str, message: str) -> None:
        shown = "".join(sign if sign.isprintable() else "?" for sign in where[:255])
        self._findings.add("danger", rule, shown, message)

    def _is_sound(self, info: zipfile.ZipInfo) -> bool:
        wrong = _wrong(info)
        if wrong:
            self._danger("keras-zip", info.filename, f"left out: {wrong}")
        return wrong is None

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def text(self, name: str) -> str:
        """A member as text.

        Raises:
            MalformedError: It is missing, too long, packed wrongly or no UTF-8.
        """
        most = _LEAST_TEXT + self._size
        info = self._members.get(name)
        if info is None:
            raise self._malformed(name, "a member of the archive", "none that can be read")
        if info.file_size > most:
            raise self._malformed(name, f"at most {most} bytes", f"{info.file_size}")
        try:
            with self._archive.open(info) as member:
                return member.read(most).decode("utf-8")
        except _ERRORS as error:
            raise self._malformed(name, "a member that unpacks to text", str(error)[:200]) from None

    def is_packed(self, name: str) -> bool:
        """Whether a member's bytes do not stand in the archive as they are."""
        return self._members[name].compress_type != zipfile.ZIP_STORED

    def mapped(self, name: str, whole: memoryview) -> memoryview:
        """A member's bytes, out of those of the whole file; a packed one is unpacked to disk.

        Raises:
            MalformedError: It is damaged.
        """
        info = self._members[name]
        if not self.is_packed(name):
            start = self._start(info, whole)
            return whole[start : start + info.file_size]
        if not info.file_size:
            return memoryview(b"")
        with tempfile.TemporaryFile() as file:
            self._unpack(info, file)
            return memoryview(mmap(file.fileno(), 0, access=ACCESS_READ))

    def _start(self, info: zipfile.ZipInfo, whole: memoryview) -> int:
        """Where a stored member's bytes begin, behind its local header."""
        head = info.header_offset
        if not 0 <= head <= len(whole) - 30 or bytes(whole[head : head + 4]) != b"PK\x03\x04":
            raise self._malformed(info.filename, "a local header", f"none at {head}")
        start: int = head + 30 + sum(_LOCAL.unpack_from(whole, head))
        if start + info.file_size > len(whole):
            raise self._malformed(info.filename, f"{info.file_size} bytes", f"{max(len(whole) - start, 0)}")
        return start

    def _unpack(self, info: zipfile.ZipInfo, file: IO[bytes]) -> None:
        left = info.file_size
        try:
            with self._archive.open(info) as member:
                while left > 0 and (piece := member.read(min(left, 1 << 20))):
                    file.write(piece)
                    left -= len(piece)
        except _ERRORS as error:
            raise self._malformed(info.filename, "a member that unpacks", str(error)[:200]) from None
        if left:
            raise self._malformed(info.filename, f"{info.file_size} bytes", f"{info.file_size - left}")
        file.flush()


def _wrong(info: zipfile.ZipInfo) -> str | None:
    """Why a member is not read, None when it is."""
    name = info.filename
    steps = name.removesuffix("/").split("/")
    if not name.isprintable() or "\\" in name or ":" in name or len(name) > 255 or {"", ".", ".."} & set(steps):
        return "its name leads out of a folder, or is none"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "it is a link"
    if info.flag_bits & 1:
        return "it is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"it is packed by method {info.compress_type}; stored (0) and deflated (8) are read"
    if info.file_size > _MOST_RATIO * max(info.compress_size, 1):
        return f"it unpacks from {info.compress_size} to {info.file_size} bytes"
    return None
