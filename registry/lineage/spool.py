"""Records that wait for MLflow: kept on disk before anything is sent, removed when they have arrived.

`FOLDER/<key of the address>/address`, and beside it `<digest of the record>/record.json` and `.../files/<path>`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from registry.digest import Digest
from registry.errors import MismatchError, RejectedError, RequestError, UnavailableError
from registry.files import place, write_atomically
from registry.lineage.address import Address
from registry.lineage.record import File, Record, inner_path
from registry.lineage.tracker import Logged, Tracker

_LONGEST_WAIT_SECONDS = 300.0
"""For another process that delivers to the same address."""


@dataclass(frozen=True)
class Delivery:
    """What became of a record: the run, or why MLflow does not take it; then it stays in the spool."""

    record: str
    run: Logged | None
    refused: RejectedError | None = None


class Spool:
    """A folder of records by the address they are meant for. Addresses are kept without credentials."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, record: Record, files: Mapping[str, Path | bytes], address: Address) -> Record:
        """Keep a record and copies of its files until they are delivered.

        Args:
            record: The record, without files.
            files: Bytes, or the file that has them, by path inside the run.
            address: What it is meant for.

        Returns:
            The record with its files.

        Raises:
            UnavailableError: The folder cannot be written, or a file cannot be read.
        """
        folder = self._folder(address)
        try:
            write_atomically(folder / "address", f"{address.shown}\n".encode())
            staging = Path(tempfile.mkdtemp(prefix=".", dir=folder))
            try:
                copied = tuple(_copied(inner_path(path), files[path], staging / "files") for path in sorted(files))
                kept = replace(record, files=copied)
                text = json.dumps(kept.to_json(), indent=1, ensure_ascii=False)
                write_atomically(staging / "record.json", text.encode())
                _remove(folder / kept.digest.hex)  # the same, kept before, perhaps with other pictures
                staging.replace(folder / kept.digest.hex)
            except BaseException:
                shutil.rmtree(staging, ignore_errors=True)
                raise
        except OSError as error:
            raise UnavailableError(
                f"{folder}: the record cannot be kept, so it is not delivered: {error.strerror or error}",
                hint="free space, or set XDG_DATA_HOME to a folder that can be written",
            ) from None
        return kept

    def waiting(self, address: Address) -> list[str]:
        """Digests of the records that wait for an address."""
        found = (path.parent.name for path in self._folder(address).glob("*/record.json"))
        return sorted(name for name in found if not name.startswith("."))

    def deliver(self, tracker: Tracker) -> list[Delivery]:
        """Bring all records that wait for a tracker's address to it, in the order in which they were done.

        So a run can name those that made what it took. A record never becomes two runs.

        Returns:
            What became of each; refused ones stay.

        Raises:
            UnavailableError: The tracker does not answer; whatever has not arrived stays.
        """
        if not self.waiting(tracker.address):
            return []
        with self._alone(tracker.address):
            folder = self._folder(tracker.address)
            waiting = sorted(self.waiting(tracker.address), key=lambda digest: _times(folder / digest))
            return [self._deliver(digest, tracker) for digest in waiting]

    def _deliver(self, digest: str, tracker: Tracker) -> Delivery:
        item = self._folder(tracker.address) / digest
        try:
            record = _read(item)
            run = tracker.log(record, item / "files")
        except RejectedError as error:
            return Delivery(digest, None, error)
        _remove(item)
        return Delivery(digest, run)

    @contextlib.contextmanager
    def _alone(self, address: Address) -> Iterator[None]:
        """Be the only process that delivers to an address: between looking for a run and making it nobody may."""
        from filelock import FileLock, Timeout

        guard = self._folder(address) / "guard"
        try:
            with FileLock(guard, timeout=_LONGEST_WAIT_SECONDS):
                yield
        except Timeout:
            raise UnavailableError(
                f"{guard}: another process has been delivering for {_LONGEST_WAIT_SECONDS:.0f} s",
                hint="end it; what waits stays in the folder",
            ) from None

    def _folder(self, address: Address) -> Path:
        return self.folder / address.key


def tree(path: Path, name: str) -> dict[str, Path]:
    """A file, or all regular files below a folder, by their paths inside a run; `name` is the first part of them.

    Raises:
        RequestError: There is no such file or folder.
    """
    if path.is_file():
        return {name: path}
    if not path.is_dir():
        raise RequestError(f"{path}: expected a file or folder to log, found none")
    found = (Path(parent, file) for parent, _, files in os.walk(path) for file in files)
    return {f"{name}/{one.relative_to(path).as_posix()}": one for one in sorted(found) if one.is_file()}


def _copied(path: str, source: Path | bytes, folder: Path) -> File:
    target = folder / path
    if isinstance(source, bytes):
        write_atomically(target, source)
    else:
        place(source, target, link=False)  # a link would change with the user's file
    return File(path, Digest.of_file(target), target.stat().st_size)


def _times(item: Path) -> tuple[int, int]:
    """Sorts by begin, then what took longest, which the others may be a part of; a damaged record comes first."""
    try:
        record = json.loads((item / "record.json").read_bytes())
        return int(record["started"]), -int(record["ended"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, 0


def _read(item: Path) -> Record:
    """A kept record, with its files proven.

    Raises:
        RejectedError: Document or file is damaged.
        UnavailableError: They cannot be read.
    """
    path = item / "record.json"
    try:
        record = Record.from_json(json.loads(path.read_bytes()), str(path))
        for file in record.files:
            found = Digest.of_file(item / "files" / file.path)
            if found != file.digest:
                raise MismatchError(str(item / "files" / file.path), expected=str(file.digest), found=str(found))
    except FileNotFoundError as error:
        raise RejectedError(f"{error.filename}: the record's file is gone") from None
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise RejectedError(f"{path}: not JSON: {error}") from None
    return record


def _remove(item: Path) -> None:
    """Remove an item: at once by name, so that no other process finds half of it."""
    gone = item.with_name(f".{item.name}.{os.getpid()}")
    with contextlib.suppress(OSError):  # it would be found delivered the next time
        item.replace(gone)
        shutil.rmtree(gone)
