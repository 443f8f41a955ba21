"""Files that are either whole or absent: written beside their destination, synced, then renamed."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import IO

from registry.digest import CHUNK
from registry.errors import RequestError, UnavailableError


@contextlib.contextmanager
def atomic_file(destination: Path, *, mode: int = 0o644) -> Iterator[IO[bytes]]:
    """Open a temporary file beside `destination`; rename it there only if the block succeeds.

    Any exception, an interrupt included, removes the temporary file and leaves the destination as it was.

    Raises:
        OSError: The folder cannot be created or written, or the disk is full.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{destination.name[:80]}.", suffix=".part", dir=destination.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(destination)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def write_atomically(destination: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write bytes so that a reader sees the old content or the new, never a part.

    Raises:
        OSError: The folder cannot be written, or the disk is full.
    """
    with atomic_file(destination, mode=mode) as file:
        file.write(data)


def place(source: Path, destination: Path, *, link: bool = True) -> None:
    """Make `destination` hold the bytes of `source`, by a hard link where the file system allows it.

    Raises:
        OSError: The folder cannot be written, or the disk is full.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    if link and _link(source, destination):
        return
    with source.open("rb") as reader, atomic_file(destination) as writer:
        shutil.copyfileobj(reader, writer, 1 << 20)


def _link(source: Path, destination: Path) -> bool:
    temporary = destination.with_name(f".{destination.name[:80]}.{os.getpid()}.link")
    try:
        os.link(source, temporary)
    except OSError:  # another file system, or one without hard links
        return False
    try:
        temporary.replace(destination)
    finally:
        # POSIX rename does nothing when both names are already the same file
        temporary.unlink(missing_ok=True)
    return True


@contextlib.contextmanager
def whole_folder(destination: Path, replaces: frozenset[str] = frozenset()) -> Iterator[Path]:
    """A temporary folder beside `destination`, renamed to it only if the block succeeds.

    Args:
        destination: Need not exist; or is empty, or holds nothing but files of an earlier result.
        replaces: Names of those files.

    Raises:
        RequestError: Something else is there.
        UnavailableError: The disk is full or cannot be written.
    """
    if os.path.lexists(destination) and not _replaceable(destination, replaces):
        raise RequestError(f"{destination}: exists already", hint="nothing is overwritten; name a new folder")
    place = destination.absolute()
    temporary = None
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{place.name[:80]}.", suffix=".part", dir=place.parent))
        temporary.chmod(0o755)
        yield temporary
        if place.is_dir():
            for old in place.iterdir():
                old.unlink()
        temporary.replace(place)  # also of an empty folder
    except OSError as error:
        raise UnavailableError(
            f"{destination}: cannot be written: {error.strerror or error}",
            hint="see to free space and rights there",
        ) from None
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _replaceable(folder: Path, names: frozenset[str]) -> bool:
    return folder.is_dir() and all(path.name in names and path.is_file() for path in folder.iterdir())


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file for reading, without waiting for a pipe that somebody put there.

    Raises:
        OSError: It cannot be opened, or is a folder, a pipe or a device.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return os.fdopen(descriptor, "rb")


def pieces(file: IO[bytes], path: Path) -> Iterator[bytes]:
    """The rest of an open file, in pieces of 1 MiB.

    Raises:
        UnavailableError: It cannot be read.
    """
    try:
        while piece := file.read(CHUNK):
            yield piece
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: OSError) -> UnavailableError:
    """The error of a file that cannot be opened or read."""
    return UnavailableError(f"{path}: cannot be read: {error.strerror or error}")


def same_file(one: Path, other: Path) -> bool:
    """Whether both names lead to the same bytes on disk; False when either is missing."""
    try:
        return one.samefile(other)
    except OSError:
        return False
