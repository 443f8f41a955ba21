"""An OCI Image Layout 1.1 in a folder: a store for publishers, and so a mirror for everybody who reads."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from registry.digest import Digest
from registry.errors import MismatchError, RequestError, UnavailableError
from registry.files import atomic_file, open_regular, write_atomically
from registry.store import index
from registry.store.folder import FolderMirror
from registry.store.indexed import IndexedStore
from registry.store.writable import HeldBlob, HeldIndex, Leftover

LAYOUT_FILE, INDEX_FILE, GUARD_FILE = "oci-layout", "index.json", ".zoo-guard"
LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
"""What the specification, in its version 1.1 too, has every layout say of itself."""

MAX_LAYOUT_BYTES = 4096
GUARD_SECONDS = 60.0

WRONG_BYTES = "nothing was published; give the file that the card describes, or correct the card"


class LayoutStore(FolderMirror, IndexedStore):
    """A folder with `oci-layout`, `index.json` and `blobs/sha256/<hex>`."""

    def prepare(self) -> None:
        """Make the folder a layout; see `Store.prepare`. One that is cut short is completed the next time."""
        with _writing(self.folder):
            if self.folder.exists() and not self.folder.is_dir():
                raise RequestError(f"store {self.folder}: expected a folder, found a file", hint=_OTHER)
            if self.folder.is_dir() and not (self.folder / LAYOUT_FILE).exists():
                # what a publisher that was killed leaves, and what a fresh disk has; a home folder is no store
                mine = (path.name for path in self.folder.iterdir() if path.suffix != ".part")
                if others := sorted(set(mine) - {LAYOUT_FILE, INDEX_FILE, GUARD_FILE, "blobs", "lost+found"}):
                    raise RequestError(
                        f"store {self.folder}: expected an OCI Image Layout or an empty folder, found {others[0]}",
                        hint=_OTHER,
                    )
            (self.folder / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
            with self._guard():
                if not (self.folder / LAYOUT_FILE).exists():
                    if not (self.folder / INDEX_FILE).exists():
                        write_atomically(self.folder / INDEX_FILE, index.EMPTY)
                    # last: where it stands and the index does not, the index was lost and must not start anew
                    write_atomically(self.folder / LAYOUT_FILE, LAYOUT)
        self.read_index()

    def holding(self, digest: Digest) -> int | None:
        """Size of a whole blob; see `Store.holding`. The blob is hashed: only then is it known to be right."""
        path = self.folder / digest.blob_path
        try:
            with open_regular(path) as file:
                found = hashlib.file_digest(file, "sha256")
                return file.tell() if found.hexdigest() == digest.hex else None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UnavailableError(f"store {self.folder}: {path} cannot be read: {error.strerror}") from None

    def put(self, digest: Digest, chunks: Iterable[bytes], what: str) -> int:
        """Store a blob; see `Store.put`. It takes the place of a damaged one."""
        path, hasher, size = self.folder / digest.blob_path, hashlib.sha256(), 0
        with _writing(self.folder):
            with atomic_file(path, mode=0o444) as file:
                for chunk in chunks:
                    hasher.update(chunk)
                    file.write(chunk)
                    size += len(chunk)
                if hasher.hexdigest() != digest.hex:
                    found = f"sha256:{hasher.hexdigest()}"
                    raise MismatchError(what, expected=str(digest), found=found, hint=WRONG_BYTES)
            _sync(path.parent)
        return size

    def read_index(self) -> HeldIndex:
        """The index of now; see `Store.read_index`."""
        if not (self.folder / INDEX_FILE).exists() and not (self.folder / LAYOUT_FILE).exists():
            raise RequestError(
                f"store {self.folder}: expected an OCI Image Layout (oci-layout, index.json), found none",
                hint="`zoo publish CARD --to DIR` makes one",
            )
        require_layout(self._read(LAYOUT_FILE, MAX_LAYOUT_BYTES), str(self.folder / LAYOUT_FILE))
        data = self._read(INDEX_FILE, index.MAX_BYTES)
        return HeldIndex(data, str(Digest.of(data)))

    def swap_index(self, token: str | None, data: bytes) -> bool:
        """Swap the index; see `Store.swap_index`. The guard in the folder keeps writers apart, not readers."""
        with _writing(self.folder), self._guard():
            if self.read_index().token != token:
                return False
            write_atomically(self.folder / INDEX_FILE, data)
            _sync(self.folder)
            return True

    def blobs(self) -> Iterator[HeldBlob]:
        """Every blob; see `CollectableStore.blobs`. Files that are not named after a digest are left out."""
        now = time.time()
        try:
            with os.scandir(self.folder / "blobs" / "sha256") as found:
                for item in found:
                    with contextlib.suppress(RequestError, FileNotFoundError):
                        digest, status = Digest(item.name), item.stat(follow_symlinks=False)
                        yield HeldBlob(digest, status.st_size, max(0.0, now - status.st_mtime))
        except OSError as error:
            raise UnavailableError(
                f"store {self.folder}: its blobs cannot be listed: {error.strerror or error}"
            ) from None

    def remove(self, digest: Digest) -> None:
        """Remove a blob; see `CollectableStore.remove`."""
        with _writing(self.folder):
            (self.folder / digest.blob_path).unlink(missing_ok=True)

    def leftovers(self) -> Iterator[Leftover]:
        """What writers that were killed left; see `Sweepable.leftovers`."""
        now = time.time()
        for folder in (self.folder, self.folder / "blobs" / "sha256"):
            for path in folder.glob(".*.part"):
                with contextlib.suppress(FileNotFoundError):
                    status = path.lstat()
                    name = path.relative_to(self.folder).as_posix()
                    yield Leftover(name, status.st_size, max(0.0, now - status.st_mtime))

    def remove_leftover(self, leftover: Leftover) -> None:
        """Remove one; see `Sweepable.remove_leftover`."""
        with _writing(self.folder):
            (self.folder / leftover.name).unlink(missing_ok=True)

    @contextlib.contextmanager
    def _guard(self) -> Iterator[None]:
        from filelock import FileLock, Timeout

        try:
            # a team shares the folder through its group
            with FileLock(self.folder / GUARD_FILE, timeout=GUARD_SECONDS, mode=0o664):
                yield
        except Timeout:
            raise UnavailableError(
                f"store {self.folder}: another publisher has held {GUARD_FILE} for {GUARD_SECONDS:.0f} s",
                hint="see which process it is, and publish again",
            ) from None

    def _read(self, name: str, most: int) -> bytes:
        path = self.folder / name
        try:
            with open_regular(path) as file:
                size = os.fstat(file.fileno()).st_size
                if size > most:
                    raise MismatchError(str(path), expected=f"at most {most} bytes", found=f"{size} bytes")
                return file.read(most)
        except OSError as error:
            raise UnavailableError(
                f"store {self.folder}: {name} cannot be read: {error.strerror}",
                hint="see what lies there in its place, and its permissions; restore a lost index from a copy",
            ) from None


def require_layout(data: bytes, subject: str) -> None:
    """Make sure that an `oci-layout` is of the version that this module knows.

    Raises:
        MismatchError: It is of another one, or no such file.
    """
    try:
        version = json.loads(data)["imageLayoutVersion"]
    except (ValueError, KeyError, TypeError, RecursionError):
        version = ascii(data[:60])
    if version != "1.0.0":
        raise MismatchError(f"{subject}: imageLayoutVersion", expected="1.0.0", found=str(version)[:80])


_OTHER = "choose another folder with --to"


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnavailableError(
            f"store {folder} cannot be written: {error.strerror or error}",
            hint="free space or fix the permissions there; then publish again: what was uploaded is kept",
        ) from error


def _sync(folder: Path) -> None:
    """Make renames in a folder last, where the system can: an index must not outlive its blobs."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
