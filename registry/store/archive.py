"""An OCI Image Layout in one uncompressed tar file: a store that can only be read, and how such a file is written.

Nothing is ever unpacked: headers are read one after the other, and only plain files with the names of a layout are
taken. Extensions of the format (long names, pax records, sparse files, links) have no place in such a file, and all
are ways to hide something; they are refused before they are followed.
Source: POSIX.1-2017, pax, "ustar Interchange Format".
"""

from __future__ import annotations

import contextlib
import os
import re
import tarfile
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from registry.digest import CHUNK, Digest
from registry.errors import MismatchError, RequestError, UnavailableError
from registry.files import open_regular
from registry.store import index
from registry.store.base import WHOLE, NotHeldError, Opened, Wanted
from registry.store.indexed import IndexedReader
from registry.store.layout import INDEX_FILE, LAYOUT_FILE, require_layout
from registry.store.writable import HeldIndex

MAX_MEMBERS = 200_000
BLOCK = tarfile.BLOCKSIZE
_MAX_LAYOUT = 4096
_MAX_TAIL = 1 << 20
"""Zeros after the end, which writers add to fill a record."""

_BLOB = re.compile(r"blobs/sha256/([0-9a-f]{64})")
_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"PK": "zip"}
_KINDS = {
    tarfile.LNKTYPE: "a hard link",
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.DIRTYPE: "a folder",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
    tarfile.GNUTYPE_LONGNAME: "a long name",
    tarfile.GNUTYPE_LONGLINK: "a long link",
    tarfile.XHDTYPE: "a pax record",
    tarfile.XGLTYPE: "a pax record",
}


@dataclass(frozen=True)
class Member:
    """A file inside of the archive.

    Attributes:
        offset: Of its first byte.
        size: Bytes.
    """

    offset: int
    size: int


class Writer(Protocol):
    """A file that counts what is written."""

    size: int

    def write(self, data: bytes, /) -> None:
        """Write all of it."""


class ArchiveStore(IndexedReader):
    """A tar file with `oci-layout`, `index.json` and `blobs/sha256/<hex>`; made by `open_archive`."""

    local = True

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path, self._file, self._lock = path, file, threading.Lock()
        self._members = dict(_members(file, path))

    @property
    def address(self) -> str:
        """The file's path as it was given."""
        return str(self._path)

    @property
    def held(self) -> dict[Digest, int]:
        """Sizes of the blobs that are there; nobody has hashed them yet."""
        found = ((_BLOB.fullmatch(name), member) for name, member in self._members.items())
        return {Digest(match[1]): member.size for match, member in found if match}

    def held_size(self, digest: Digest) -> int | None:
        """Size of a blob; None where it is not there."""
        member = self._members.get(digest.blob_path)
        return None if member is None else member.size

    @contextlib.contextmanager
    def open(self, digest: Digest, wanted: Wanted = WHOLE) -> Iterator[Opened]:
        """Open a blob; see `Mirror.open`."""
        member = self._members.get(digest.blob_path)
        if member is None:
            raise NotHeldError(f"bundle {self._path}: does not hold {digest}")
        start = wanted.start if wanted.start < member.size else 0
        yield Opened(f"{self._path}:{digest.blob_path}", member.size, self._chunks(member, start), start)

    def read_index(self) -> HeldIndex:
        """The index; see `ReadableStore.read_index`. There is no token: nobody can swap it."""
        require_layout(self._read(LAYOUT_FILE, _MAX_LAYOUT), f"{self._path}: {LAYOUT_FILE}")
        return HeldIndex(self._read(INDEX_FILE, index.MAX_BYTES), None)

    def _read(self, name: str, most: int) -> bytes:
        member = self._members.get(name)
        if member is None:
            raise MismatchError(f"bundle {self._path}", expected=f"the member {name}", found="none", hint=_HINT)
        if member.size > most:
            raise _wrong(self._path, name, f"at most {most} bytes", f"{member.size} bytes")
        return b"".join(self._chunks(member, 0))

    def _chunks(self, member: Member, start: int) -> Iterator[bytes]:
        position, end = member.offset + start, member.offset + member.size
        while position < end:
            try:
                with self._lock:  # several blobs may be read at once
                    self._file.seek(position)
                    chunk = self._file.read(min(CHUNK, end - position))
            except OSError as error:
                raise UnavailableError(f"{self._path}: cannot be read: {error.strerror or error}") from None
            if not chunk:
                raise UnavailableError(f"{self._path}: the file became shorter while it was read")
            position += len(chunk)
            yield chunk


@contextlib.contextmanager
def open_archive(path: Path) -> Iterator[ArchiveStore]:
    """Open an archive and read its headers; its content is as yet unproven.

    Raises:
        RequestError: There is no such file.
        MismatchError: It is no archive, or has members that do not belong into one.
        UnavailableError: It cannot be read.
    """
    try:
        file = open_regular(path)
    except FileNotFoundError:
        raise RequestError(
            f"no such file: {path}", hint="`zoo bundle NAME --store ADDRESS -o FILE` makes one"
        ) from None
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be read: {error.strerror or error}") from None
    with file:
        yield ArchiveStore(path, file)


def write_member(file: Writer, name: str, size: int, chunks: Iterable[bytes]) -> None:
    """Write a file into an archive: the same bytes always, whoever writes them, when and where.

    Raises:
        MismatchError: It has another size than was announced.
        OSError: The archive cannot be written.
    """
    header = tarfile.TarInfo(name)
    header.size = size  # owner, group and time are 0 unless set, the mode is 0644
    file.write(header.tobuf(tarfile.GNU_FORMAT))
    written = 0
    for chunk in chunks:
        file.write(chunk)
        written += len(chunk)
    if written != size:
        raise MismatchError(name, expected=f"{size} bytes", found=f"{written} bytes")
    file.write(bytes(-size % BLOCK))


def write_end(file: Writer) -> None:
    """End an archive: two empty blocks, and zeros up to a whole record.

    Raises:
        OSError: The archive cannot be written.
    """
    file.write(bytes(2 * BLOCK))
    file.write(bytes(-file.size % tarfile.RECORDSIZE))


def _members(file: IO[bytes], path: Path) -> Iterator[tuple[str, Member]]:
    """Every file of an archive by name, each once.

    Raises:
        MismatchError: There is anything else in it.
    """
    length, position = os.fstat(file.fileno()).st_size, 0
    seen: set[str] = set()
    while True:
        file.seek(position)
        block = file.read(BLOCK)
        if len(block) < BLOCK:
            found = f"the end of the file after {length} bytes"
            raise _wrong(path, f"byte {position}", "a header, or two empty blocks as the end", found)
        if block == bytes(BLOCK):
            _require_end(file, path, position, length)
            return
        header = _header(block, path, position)
        if header.name in seen:
            raise _wrong(path, header.name, "each member once", "it twice")
        if len(seen) == MAX_MEMBERS:
            raise _wrong(path, "members", f"at most {MAX_MEMBERS}", "more")
        seen.add(header.name)
        position += BLOCK
        if position + header.size > length:
            raise _wrong(
                path, header.name, f"{header.size} bytes", f"{length - position} bytes up to the file's end"
            )
        yield header.name, Member(position, header.size)
        position += header.size + -header.size % BLOCK


def _header(block: bytes, path: Path, position: int) -> tarfile.TarInfo:
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        kind = next((name for magic, name in _COMPRESSED.items() if block.startswith(magic)), None)
        found = f"a file compressed with {kind}" if kind and not position else "something else"
        raise _wrong(path, f"byte {position}", "the header of an uncompressed tar file", found) from None
    name = header.name
    if header.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
        kind = _KINDS.get(header.type, f"type {header.type!a}")
        raise _wrong(path, ascii(name)[:200], "a regular file", kind)
    if name not in (LAYOUT_FILE, INDEX_FILE) and not _BLOB.fullmatch(name):
        expected = f"{LAYOUT_FILE}, {INDEX_FILE} or blobs/sha256/ and 64 hexadecimal digits"
        raise _wrong(path, f"byte {position}", f"a member named {expected}", ascii(name)[:200])
    if header.size < 0:
        raise _wrong(path, name, "a size from 0", str(header.size))
    return header


def _require_end(file: IO[bytes], path: Path, position: int, length: int) -> None:
    """Nothing but zeros follows, two blocks of them at least."""
    if not 2 * BLOCK <= length - position <= _MAX_TAIL:
        found = f"{length - position} bytes"
        raise _wrong(path, f"the end at byte {position}", f"{2 * BLOCK} to {_MAX_TAIL} bytes of zeros", found)
    if file.read(_MAX_TAIL).strip(b"\0"):
        raise _wrong(path, f"the end at byte {position}", "zeros only", "further bytes")


def _wrong(path: Path, where: str, expected: str, found: str) -> MismatchError:
    return MismatchError(f"bundle {path}: {where}", expected=expected, found=found, hint=_HINT)


_HINT = "nothing of it was used; ask for the file again, as `zoo bundle` writes it"
