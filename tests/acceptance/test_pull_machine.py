"""Machines that fail: full disks, caches that cannot be written, and people who press Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from registry.digest import Digest
from tests import simulator as web
from tests.acceptance.world import (
    INTERRUPTIBLE,
    Cards,
    Zoo,
    assert_says,
    files_below,
    mirror_of,
    model_bytes,
    pinned,
    unpinned,
)
from tests.simulator import Simulator

DATA = model_bytes(1 << 20)
DISK_BYTES = 1 << 18


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 256 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("only the superuser can mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def limited(file_bytes: int) -> tuple[str, ...]:
    """A command that lets no file grow beyond a size, as a quota does."""
    code = (
        "import os, resource, sys; "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({file_bytes}, {file_bytes})); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    return (sys.executable, "-c", code)


class TestFullDisk:
    """No space in the cache or in the output folder."""

    def test_a_cache_too_small_for_a_known_size_is_told_before_anything_is_fetched(
        self, zoo: Zoo, cards: Cards, simulator: Simulator, small_disk: Path
    ) -> None:
        cards.card(pinned("net", DATA, simulator.route("/net", web.whole(DATA))))
        result = zoo("pull", "net", "--cache", small_disk)
        assert result.code == 3, result
        assert_says(result, "net.tflite", str(small_disk), "expected 1 MiB free", "--cache")
        assert files_below(small_disk / "blobs") + files_below(small_disk / "incoming") == []
        assert zoo.leftovers() == []

    def test_a_cache_that_fills_up_in_the_middle(
        self, zoo: Zoo, cards: Cards, simulator: Simulator, small_disk: Path
    ) -> None:
        cards.card(unpinned("net", simulator.route("/net", web.chunked(DATA))))
        result = zoo("pull", "net", "--allow-unpinned", "--cache", small_disk)
        assert result.code == 3, result
        assert_says(result, "net.tflite", str(small_disk), "No space left on device", "--cache")
        assert files_below(small_disk / "blobs") + files_below(small_disk / "incoming") == []
        assert zoo.leftovers() == []

    def test_an_output_folder_on_a_full_disk(
        self, zoo: Zoo, cards: Cards, simulator: Simulator, small_disk: Path
    ) -> None:
        cards.card(pinned("net", DATA, simulator.route("/net", web.whole(DATA))))
        result = zoo("pull", "net", "-o", small_disk)
        assert result.code == 3, result
        assert_says(result, str(small_disk), "acme/net/net", "No space left on device", "-o")
        assert files_below(small_disk) == []
        assert files_below(zoo.work) == []
        assert [path.read_bytes() for path in zoo.blobs()] == [DATA]

    def test_a_file_that_may_not_grow(self, zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
        cards.card(pinned("net", DATA, simulator.route("/net", web.whole(DATA))))
        assert zoo("list").code == 0
        result = zoo.under(limited(DISK_BYTES), "pull", "net")
        assert result.code == 3, result
        assert_says(result, "net.tflite", str(zoo.cache), "File too large", "--cache")
        assert zoo.leftovers() == []
        assert zoo("pull", "net").code == 0

    def test_a_copy_that_may_not_grow(self, zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
        cards.card(pinned("net", DATA, simulator.route("/net", web.whole(DATA))))
        assert zoo("pull", "net").code == 0
        result = zoo.under(limited(DISK_BYTES), "pull", "net", "--copy", "-o", "out")
        assert result.code == 3, result
        assert_says(result, "out", "acme/net/net", "File too large", "-o")
        assert files_below(zoo.work / "out") == []


class TestCacheThatCannotBeWritten:
    """A cache, an output folder and a lock file where nothing can be written."""

    @pytest.mark.parametrize("below", ["", "deeper"])
    def test_a_file_where_the_cache_should_be(
        self, zoo: Zoo, cards: Cards, simulator: Simulator, below: str
    ) -> None:
        cards.card(pinned("net", DATA, simulator.route("/net", web.whole(DATA))))
        (zoo.folder / "taken").write_bytes(b"not a folder")
        result = zoo("pull", "net", "--cache", zoo.folder / "taken" / below)
        assert result.code == 3, result
        assert_says(result, str(zoo.folder / "taken"), "next: ", "--cache or ZOO_CACHE")
        assert zoo.leftovers() == []
        assert (zoo.folder / "taken").read_bytes() == b"not a folder"

    @pytest.mark.parametrize("part", ["incoming", "blobs", "blobs/sha256"])
    def test_a_file_where_a_folder_of_the_cache_should_be(
        self, zoo: Zoo, cards: Cards, simulator: Simulator, part: str
    ) -> None:
        cards.card(pinned("net", DATA, simulator.route("/net", web.whole(DATA))))
        (zoo.cache / part).parent.mkdir(parents=True)
        (zoo.cache / part).write_bytes(b"in the way")
        result = zoo("pull", "net")
        assert result.code == 3, result
        assert_says(result, str(zoo.cache), "next: ", "--cache or ZOO_CACHE")
        assert files_below(zoo.work) == []
        # what came is kept for the next pull, but under no name that looks verified
        assert {path.read_bytes() for path in parts(zoo)} <= {DATA}
        (zoo.cache / part).unlink()
        assert zoo("pull", "net").code == 0
        assert simulator.count() == 1
        assert parts(zoo) == []

    @pytest.mark.skipif(os.geteuid() == 0, reason="the superuser can write everywhere")
    def test_a_cache_without_permission(self, zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
        cards.card(pinned("net", DATA, simulator.route("/net", web.whole(DATA))))
        zoo.cache.mkdir()
        zoo.cache.chmod(0o500)
        result = zoo("pull", "net")
        zoo.cache.chmod(0o700)
        assert result.code == 3, result
        assert_says(result, str(zoo.cache), "ermission denied", "--cache or ZOO_CACHE")
        assert zoo.leftovers() == []

    def test_a_file_where_the_output_folder_should_be(self, zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
        cards.card(pinned("net", DATA, simulator.route("/net", web.whole(DATA))))
        (zoo.work / "taken").write_bytes(b"mine")
        result = zoo("pull", "net", "-o", "taken/below")
        assert result.code == 3, result
        assert_says(result, "taken/below", "acme/net/net", "-o")
        assert files_below(zoo.work) == [zoo.work / "taken"]

    def test_a_folder_where_the_output_file_should_be(self, zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
        cards.card(pinned("net", DATA, simulator.route("/net", web.whole(DATA))))
        (zoo.work / "out" / "net.tflite").mkdir(parents=True)
        result = zoo("pull", "net", "-o", "out")
        assert result.code == 3, result
        assert_says(result, "acme/net/net", "-o")
        assert files_below(zoo.work) == []

    def test_a_lock_file_that_cannot_be_written(self, zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
        cards.card(pinned("net", DATA, simulator.route("/net", web.whole(DATA))))
        (zoo.work / "taken").write_bytes(b"mine")
        result = zoo("pull", "net", "--lock", "taken/zoo.lock")
        assert result.code == 3, result
        assert_says(result, "taken/zoo.lock", "next: ")


class TestInterrupt:
    """Ctrl-C, which a terminal sends to the whole process group."""

    def interrupt(self, zoo: Zoo, gate: web.Gate, *arguments: str) -> None:
        process = zoo.start("pull", "net", *arguments, starter=INTERRUPTIBLE)
        gate.expect(lambda: process.poll() is None)
        until(lambda: any(path.stat().st_size for path in parts(zoo)), process)
        os.killpg(process.pid, signal.SIGINT)
        result = zoo.finish(process)
        assert result.code == 130, result
        assert_says(result, "interrupted", "nothing half-written is ever taken for a model")
        assert result.out == ""

    def test_in_the_middle_of_a_transfer(self, zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
        data, gate = model_bytes(4 << 20), simulator.gate()
        url = simulator.route("/net", web.held(data, 3 << 20, gate))
        cards.card(pinned("net", data, url))
        self.interrupt(zoo, gate)
        assert zoo.leftovers() == []
        gate.open()
        result = zoo("pull", "net", "-o", "out")
        assert result.code == 0, result
        assert (zoo.work / "out" / "net.tflite").read_bytes() == data

    def test_in_the_middle_of_an_unpinned_transfer(self, zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
        data, gate = model_bytes(4 << 20), simulator.gate()
        cards.card(unpinned("net", simulator.route("/net", web.held(data, 3 << 20, gate))))
        self.interrupt(zoo, gate, "--allow-unpinned")
        assert zoo.leftovers() == []

    def test_it_does_not_go_on_with_the_next_place(self, zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
        data, gate = model_bytes(4 << 20), simulator.gate()
        simulator.blob(data, web.held(data, 3 << 20, gate))
        second = simulator.route("/net", web.whole(data))
        cards.card(pinned("net", data, second))
        self.interrupt(zoo, gate, "--mirror", simulator.url)
        assert simulator.count(second) == 0
        assert zoo.leftovers() == []


def parts(zoo: Zoo) -> list[Path]:
    """Files of the cache that are not verified yet."""
    return [path for path in files_below(zoo.cache) if path.suffix == ".part"]


def until(true: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait for a condition as long as the process lives."""
    while not true():
        assert process.poll() is None, "the command ended first"


def test_a_blob_that_somebody_made_a_folder_is_no_verified_file(
    zoo: Zoo, cards: Cards, simulator: Simulator
) -> None:
    cards.card(pinned("net", DATA, simulator.route("/net", web.whole(DATA))))
    (zoo.cache / Digest.of(DATA).blob_path).mkdir(parents=True)
    result = zoo("pull", "net")
    assert result.code == 3, result
    assert_says(result, str(zoo.cache))
    assert files_below(zoo.work) == []


def test_a_pipe_in_a_mirror_is_not_waited_for(zoo: Zoo, cards: Cards) -> None:
    cards.card(pinned("net", DATA))
    mirror = mirror_of(zoo.folder / "mirror")
    os.mkfifo(mirror / Digest.of(DATA).blob_path)
    result = zoo("pull", "net", "--mirror", mirror)
    assert result.code == 3, result
    assert_says(result, "not a regular file")
    assert zoo.leftovers() == []
