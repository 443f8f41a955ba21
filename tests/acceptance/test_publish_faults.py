"""Publishers that come at once, and publishers that are killed: nothing is lost, nothing is half there."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from registry.digest import Digest
from tests.acceptance.test_publish import assert_whole
from tests.acceptance.world import Cards, Zoo, assert_says, files_below, model_bytes, pinned

VARIANTS = {f"v{number}": model_bytes(3000, number) for number in range(8)}

KILLED = """
import itertools, os, signal, sys

limit, count = int(sys.argv[1]), itertools.count(1)


def hook(event, arguments):
    # every step that changes the disk below the store: new files, renames, modes, folders
    changing = event in ("os.rename", "os.chmod", "os.mkdir") or (
        event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
    )
    if changing and "store" in str(arguments[0]) and next(count) == limit:
        os.kill(os.getpid(), signal.SIGKILL)


from cli.main import main

sys.addaudithook(hook)
code = main(sys.argv[2:])
print("STEPS", next(count) - 1)
sys.exit(code)
"""


@pytest.fixture
def card(cards: Cards, zoo: Zoo) -> Path:
    """A card of eight variants; their files lie in `files`."""
    (zoo.work / "files").mkdir()
    for name, data in VARIANTS.items():
        (zoo.work / "files" / f"{name}.tflite").write_bytes(data)
    path = cards.card(*(pinned(name, data) for name, data in VARIANTS.items()))
    assert zoo("list").code == 0  # the catalogue is compiled once, before the race
    return path


def test_eight_publishers_of_different_variants_lose_nothing(zoo: Zoo, card: Path) -> None:
    started = [
        zoo.start("publish", card, "--to", "store", "--from", "files", "--variant", name) for name in VARIANTS
    ]
    results = [zoo.finish(process) for process in started]
    assert [result.code for result in results] == [0] * 8, results
    index = assert_whole(zoo.work / "store")
    names = sorted(entry["annotations"]["org.edge-model-zoo.name"] for entry in index["manifests"])
    assert names == [f"acme/net/{name}" for name in VARIANTS]
    for data in VARIANTS.values():
        assert (zoo.work / "store" / Digest.of(data).blob_path).read_bytes() == data
    assert [path for path in files_below(zoo.work / "store") if path.suffix == ".part"] == []


def test_eight_publishers_of_the_same_variant_make_one_version(zoo: Zoo, card: Path) -> None:
    started = [
        zoo.start("publish", card, "--to", "store", "--from", "files", "--variant", "v0") for _number in range(8)
    ]
    results = [zoo.finish(process) for process in started]
    assert [result.code for result in results] == [0] * 8, results
    assert sum("published acme/net/v0 version 1" in result.out for result in results) == 1
    assert sum("unchanged acme/net/v0" in result.out for result in results) == 7
    assert len(assert_whole(zoo.work / "store")["manifests"]) == 1


def killed(zoo: Zoo, card: Path, store: str, limit: int) -> subprocess.CompletedProcess[str]:
    """A publish that kills itself before its step number `limit`; 0 never does."""
    arguments = ["publish", str(card), "--to", store, "--from", "files", "--variant", "v0", "--variant", "v1"]
    return subprocess.run(
        [sys.executable, "-c", KILLED, str(limit), *arguments],
        cwd=zoo.work,
        env=zoo.environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_a_publish_that_is_killed_anywhere_leaves_a_store_that_the_next_one_completes(zoo: Zoo, card: Path) -> None:
    whole = killed(zoo, card, "store-whole", 0)
    assert whole.returncode == 0, whole.stderr
    steps = int(whole.stdout.rpartition("STEPS ")[2])
    assert steps > 20
    expected = (zoo.work / "store-whole" / "index.json").read_bytes()
    points = sorted({*range(1, steps + 1, max(1, steps // 11)), steps})
    for number, limit in enumerate(points):
        store = zoo.work / f"store-{number}"
        died = killed(zoo, card, store.name, limit)
        assert died.returncode == -signal.SIGKILL, died.stderr
        if (store / "oci-layout").exists():
            named = assert_whole(store)["manifests"]
            assert len(named) in (0, 2)
        again = zoo("publish", card, "--to", store.name, "--from", "files", "--variant", "v0", "--variant", "v1")
        assert again.code == 0, again
        assert_whole(store)
        assert (store / "index.json").read_bytes() == expected


def test_a_full_disk_is_told_and_leaves_the_index_as_it_was(zoo: Zoo, cards: Cards) -> None:
    large = model_bytes(300_000, 9)
    (zoo.work / "files").mkdir()
    (zoo.work / "files" / "large.tflite").write_bytes(large)
    card = cards.card(pinned("large", large))
    assert zoo("list").code == 0  # compiles the catalogue, which needs room of its own
    limited = ("bash", "-c", 'ulimit -f 100; exec "$@"', "bash")
    result = zoo.under(limited, "publish", card, "--to", "store", "--from", "files")
    assert result.code == 3, result
    assert_says(result, "store store cannot be written", "free space")
    assert assert_whole(zoo.work / "store")["manifests"] == []
    assert files_below(zoo.work / "store" / "blobs") == []
    assert zoo("publish", card, "--to", "store", "--from", "files").code == 0
    assert len(assert_whole(zoo.work / "store")["manifests"]) == 1
