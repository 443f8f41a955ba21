"""Files that are either whole or absent: written beside their destination, synced, then renamed."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Collection, Iterator
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
def whole_folder(destination: Path, replaces: Collection[str] = ()) -> Iterator[Path]:
    """A temporary folder beside `destination`, renamed to it only if the block succeeds.

    Args:
        destination: Need not exist; or is empty, or holds nothing but files of an earlier result.
        replaces: Those files, relative, with `/`.

    Raises:
        RequestError: Something else is there.
        UnavailableError: The disk is full or cannot be written.
    """
    require_replaceable(destination, replaces)
    place = Path(os.path.realpath(destination))  # of a link to a folder, the folder is replaced
    temporary = None
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{place.name[:80]}.", suffix=".part", dir=place.parent))
        whole = temporary / "new"
        whole.mkdir(mode=0o755)
        yield whole
        _exchange(place, whole, temporary / "old")
    except OSError as error:
        raise UnavailableError(
            f"{destination}: cannot be written: {error.strerror or error}",
            hint="see to free space and rights there",
        ) from None
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def require_replaceable(destination: Path, replaces: Collection[str] = ()) -> None:
    """See that a folder is not there, is empty, or holds nothing but these files; see `whole_folder`.

    Raises:
        RequestError: Something else is there.
    """
    if os.path.lexists(destination) and (other := _not_of(destination, replaces)):
        raise RequestError(
            f"{destination}: exists already, with {other}", hint="nothing is overwritten; name a new folder"
        )


def _exchange(place: Path, new: Path, old: Path) -> None:
    """Put a folder into the place of another, which is kept aside until then and comes back if that fails."""
    if not place.exists():
        new.rename(place)
        return
    place.rename(old)
    try:
        new.rename(place)
    except BaseException:
        old.rename(place)
        raise


def _not_of(folder: Path, names: Collection[str]) -> str:
    """Something in a folder that is none of these files nor a folder above one; empty when there is nothing."""
    if not folder.is_dir():
        return "something that is no folder"
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        wanted = path.is_dir() and any(one.startswith(f"{name}/") for one in names)
        if path.is_symlink() or not (wanted or (path.is_file() and name in names)):
            return name
    return ""


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
