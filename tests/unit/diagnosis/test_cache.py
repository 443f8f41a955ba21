from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from registry.diagnosis import cache
from registry.diagnosis.cache import examine
from registry.diagnosis.finding import Finding
from registry.digest import Digest
from registry.store.cache import ABANDONED_SECONDS

DATA = b"a model"
VERIFY = "`zoo verify --all` tells whether their bytes are right"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A cache with one blob."""
    made = tmp_path / "the cache"
    blob = made / Digest.of(DATA).blob_path
    blob.parent.mkdir(parents=True)
    blob.write_bytes(DATA)
    return made


def examined(folder: Path) -> dict[str, Finding]:
    found = list(examine(folder))
    assert found[0].subject == f"folder {folder}"
    return {"folder": found[0]} | {one.subject: one for one in found[1:]}


def test_a_cache_as_it_should_be(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LEAST_FREE_BYTES", 0)
    found = examined(folder)
    assert list(found) == ["folder", "disk", "size"]
    assert {one.state for one in found.values()} == {"ok"}
    assert found["size"].found == f"{len(DATA)} B; files: 1, blobs: 1; {VERIFY}"


def test_one_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    found = examined(tmp_path / "a" / "b")
    assert list(found) == ["folder", "disk"]
    assert found["folder"].state == "ok"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["taken", "taken/below"])
def test_a_file_in_its_place_or_above(tmp_path: Path, place: str) -> None:
    (tmp_path / "taken").write_bytes(b"mine")
    found = examined(tmp_path / place)
    assert list(found) == ["folder"]
    assert found["folder"].state == "fault"
    assert str(tmp_path / "taken") in found["folder"].command


def test_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "cache").symlink_to(tmp_path / "unmounted")
    assert examined(tmp_path / "cache")["folder"].state == "fault"


def test_one_that_everybody_can_write(folder: Path) -> None:
    folder.chmod(0o777)
    found = examined(folder)["folder"]
    assert (found.state, found.command) == ("warning", f"chmod o-w '{folder}'")
    folder.chmod(0o1777)
    assert examined(folder)["folder"].state == "ok"


def test_little_room(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LEAST_FREE_BYTES", 1 << 70)
    found = examined(folder)["disk"]
    assert found.state == "warning"
    assert "less than" in found.found


def test_more_files_than_are_looked_at(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_FILES", 2)
    for number in range(3):
        (folder / f"file-{number}").write_bytes(b"12")
    assert examined(folder)["size"].found == f"at least 4 B; files: 2, blobs: 0; {VERIFY}"


def test_what_is_no_blob_among_the_blobs(folder: Path) -> None:
    blobs = folder / "blobs" / "sha256"
    (blobs / "README").write_bytes(b"mine")
    (blobs / ("0" * 64)).symlink_to("nowhere")
    found = examined(folder)["strangers among the blobs"]
    assert found.state == "note"
    assert "blobs/sha256/README" in found.found


def test_blobs_without_a_byte(folder: Path) -> None:
    blobs = folder / "blobs" / "sha256"
    for number in range(5):
        (blobs / f"{number:064x}").touch()
    (folder / Digest.of(b"").blob_path).touch()  # the one that is right so
    found = examined(folder)["damaged blobs"]
    assert (found.state, found.command) == ("fault", "zoo verify --all; zoo repair --all")
    assert found.found.endswith("and 2 more")


def test_unfinished_files(folder: Path) -> None:
    (folder / "incoming").mkdir()
    for name, age in (("new.part", 0.0), ("old.part", ABANDONED_SECONDS + 60)):
        path = folder / "incoming" / name
        path.write_bytes(b"12345")
        os.utime(path, (time.time() - age,) * 2)
    found = examined(folder)["unfinished files"]
    assert found.state == "note"
    assert "2 with 10 B in incoming/, 1 of them older than 14 days" in found.found


HOLD = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def guard(folder: Path) -> Iterator[Path]:
    """A guard that another process holds until the test ends."""
    path = folder / "guards" / f"{'1' * 64}.blob"
    path.parent.mkdir()
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield path
        process.communicate()


def test_a_lock_that_a_process_holds(folder: Path, guard: Path) -> None:
    (guard.parent / f"{'2' * 64}.blob").touch()  # of a process that has ended
    found = examined(folder)["locks"]
    assert (found.state, found.command) == ("note", f"fuser -v '{guard}'")


def test_guards_of_processes_that_ended_hold_nothing(folder: Path) -> None:
    (folder / "guards").mkdir()
    (folder / "guards" / f"{'2' * 64}.blob").touch()
    assert "locks" not in examined(folder)


@pytest.fixture
def read_only(folder: Path) -> Iterator[Path]:
    """The cache on a file system that cannot be written."""
    bind = ["mount", "--bind", str(folder), str(folder)]
    if subprocess.run(bind, capture_output=True, check=False).returncode != 0:
        pytest.skip("only the superuser can make a file system read-only")
    subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_cannot_be_written_still_serves(read_only: Path) -> None:
    found = examined(read_only)["folder"]
    assert found.state == "warning"
    assert "serves what it holds" in found.found


NOBODY = 65534


def examined_by_somebody_else(folder: Path) -> dict[str, Finding]:
    """What another user finds; the superuser, who may do everything, becomes one in a process of its own."""
    if os.geteuid() != 0:
        return examined(folder)
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(1, context, initializer=os.setuid, initargs=(NOBODY,)) as process:
        return process.submit(examined, folder).result()


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may enter, which pytest's are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_cache_that_cannot_be_written(place: Path) -> None:
    (place / "cache").mkdir(0o555)
    found = examined_by_somebody_else(place / "cache")
    assert list(found) == ["folder"]
    assert found["folder"].state == "fault"
    assert "mode 0555" in found["folder"].found
    mending = 'sudo chown -R "$(id -u)"' if os.geteuid() == 0 else "chmod -R u+rwX"
    assert found["folder"].command == f"{mending} {place}/cache"


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can give files away")
def test_a_cache_of_somebody_else(folder: Path) -> None:
    os.chown(folder, NOBODY, -1)
    assert examined(folder)["folder"].state == "warning"
    folder.chmod(0o2775)  # shared by a group
    assert examined(folder)["folder"].state == "ok"


def test_a_cache_that_cannot_be_made(place: Path) -> None:
    place.chmod(0o555)
    found = examined_by_somebody_else(place / "cache" / "below")
    assert list(found) == ["folder"]
    assert (found["folder"].state, found["folder"].command) == ("fault", f"ls -ld {place}")


def test_files_that_cannot_be_read(place: Path) -> None:
    cache_ = place / "cache"
    closed = cache_ / "closed"
    closed.mkdir(parents=True)
    (cache_ / "secret").touch()
    cache_.chmod(0o1777)
    for path in (closed, cache_ / "secret"):
        path.chmod(0)
    found = examined_by_somebody_else(cache_)["unreadable files"]
    closed.chmod(0o700)
    assert found.state == "fault"
    assert "closed" in found.found
    assert "secret" in found.found
    assert found.command == f'sudo chown -R "$(id -u)" {cache_}'
