"""`zoo verify` and `zoo repair`: what is on disk against what was pulled, without the network."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import simulator as web
from tests.acceptance.world import Cards, Result, Zoo, assert_says, files_below, model_bytes, pinned, unpinned
from tests.simulator import Simulator

DATA = model_bytes()
OTHER = DATA[:-1] + b"x"
OUTPUT = Path("models/acme/net/small")


def states(result: Result) -> dict[str, str]:
    """State of each file of a verification, by its name."""
    return {Path(item["path"]).name: item["state"] for item in json.loads(result.out)["files"]}


@pytest.fixture
def pulled(zoo: Zoo, cards: Cards, simulator: Simulator) -> Zoo:
    """One model, pulled into the default folder as a copy, so that damage to one leaves the other."""
    cards.card(pinned("small", DATA, simulator.route("/small", web.whole(DATA))))
    assert zoo("pull", "net", "--copy").code == 0
    return zoo


def model(zoo: Zoo) -> Path:
    return next(path for path in files_below(zoo.work / OUTPUT) if path.suffix == ".tflite")


def damage(path: Path, data: bytes = OTHER) -> None:
    """Other bytes in the same file, and the same size and time as before."""
    status = path.stat()
    path.chmod(0o644)
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_all_is_well_after_a_pull(pulled: Zoo) -> None:
    for words in ((), ("--all",), ("net",), (str(OUTPUT),), ("models",), (str(OUTPUT / model(pulled).name),)):
        result = pulled("verify", *words, "--format", "json")
        assert result.code == 0, result
        assert set(states(result).values()) == {"ok"}, result


def test_nothing_is_asked_of_the_network(pulled: Zoo, simulator: Simulator) -> None:
    before = simulator.count()
    assert pulled("verify", "--all").code == 0
    assert simulator.count() == before


@pytest.mark.parametrize("words", [(), ("--all",), ("net",), ("models",)])
def test_a_changed_file_is_told_with_both_digests(pulled: Zoo, words: tuple[str, ...]) -> None:
    damage(model(pulled))
    result = pulled("verify", *words)
    assert result.code == 1
    assert_says(result, "1 changed", "zoo repair")
    for said in ("changed", model(pulled).name, "expected sha256:", "found    sha256:"):
        assert said in result.out


def test_a_missing_file_and_one_that_nobody_promised(pulled: Zoo) -> None:
    name = model(pulled).name
    model(pulled).unlink()
    (pulled.work / OUTPUT / "mine.txt").write_text("mine")
    result = pulled("verify", "--format", "json")
    assert result.code == 1
    assert states(result) == {name: "missing", Path(blob(pulled)).name: "ok", "mine.txt": "extra"}


def blob(zoo: Zoo) -> Path:
    (found,) = zoo.blobs()
    return found


def test_an_extra_file_alone_is_no_fault_unless_asked(pulled: Zoo) -> None:
    (pulled.work / OUTPUT / "mine.txt").write_text("mine")
    assert pulled("verify").code == 0
    assert pulled("verify", "--strict").code == 1


def test_damage_that_keeps_size_and_time_is_found_although_a_pull_trusts_the_stamp(pulled: Zoo) -> None:
    damage(blob(pulled))
    assert pulled("pull", "net", "-o", "again", "--copy").code == 0
    result = pulled("verify", "--all", "--format", "json")
    assert result.code == 1
    assert states(result)[blob(pulled).name] == "changed"


def test_damage_that_shows_is_found_by_the_next_pull(pulled: Zoo, simulator: Simulator) -> None:
    before = simulator.count()
    blob(pulled).chmod(0o644)
    blob(pulled).write_bytes(OTHER)
    os.utime(blob(pulled), (1, 1))
    assert pulled("pull", "net", "-o", "again", "--copy").code == 0
    assert simulator.count() == before + 1
    assert next(p for p in files_below(pulled.work / "again") if p.suffix == ".tflite").read_bytes() == DATA


def test_repair_fetches_only_what_is_broken(pulled: Zoo, simulator: Simulator) -> None:
    before = simulator.count()
    damage(model(pulled))
    result = pulled("repair")
    assert result.code == 0, result
    assert "mended" in result.out
    assert f"{model(pulled).name}  from cache" in result.out
    assert simulator.count() == before, "the blob of the cache was whole"
    assert model(pulled).read_bytes() == DATA

    damage(blob(pulled))
    assert pulled("repair", "--all").code == 0
    assert simulator.count() == before + 1
    assert blob(pulled).read_bytes() == DATA
    assert pulled("verify", "--all").code == 0
    assert "0 mended" in pulled("repair", "--all").err


def test_a_link_and_its_blob_are_the_same_file_and_are_mended_together(
    zoo: Zoo, cards: Cards, simulator: Simulator
) -> None:
    cards.card(pinned("small", DATA, simulator.route("/small", web.whole(DATA))))
    assert zoo("pull", "net").code == 0
    damage(model(zoo))
    before = simulator.count()
    assert states(zoo("verify", "--format", "json")) == {model(zoo).name: "changed", blob(zoo).name: "changed"}
    assert zoo("repair").code == 0
    assert simulator.count() == before + 1
    assert (model(zoo).read_bytes(), blob(zoo).read_bytes()) == (DATA, DATA)


def test_what_cannot_be_mended_is_told_and_never_left_as_it_was(pulled: Zoo) -> None:
    damage(blob(pulled))
    damage(model(pulled))
    result = pulled("repair", "--offline")
    assert result.code == 3
    assert_says(result, "broken", model(pulled).name, "--offline", "2 still broken")
    assert pulled.blobs() == []


def test_an_unpinned_file_is_held_to_what_its_first_pull_recorded(
    zoo: Zoo, cards: Cards, simulator: Simulator
) -> None:
    url = simulator.route("/small", web.at_first(1, web.whole(DATA), web.whole(OTHER)))
    cards.card(unpinned("small", url))
    assert zoo("pull", "net", "--allow-unpinned", "--copy").code == 0
    blob(zoo).unlink()
    damage(model(zoo))
    result = zoo("repair")
    assert result.code == 3, "the address gives other bytes by now"
    assert_says(result, "expected sha256:", "found sha256:")
    assert zoo("verify").code == 1


def test_a_lock_file_remembers_the_folder_and_the_next_pull_uses_it(pulled: Zoo) -> None:
    assert json.loads((pulled.work / "zoo.lock").read_text())["pulls"][0]["folder"] == str(OUTPUT)
    (pulled.work / "zoo.lock").unlink()
    assert pulled("pull", "net", "-o", "build/here").code == 0
    assert pulled("pull", "net").code == 0
    assert json.loads((pulled.work / "zoo.lock").read_text())["pulls"][0]["folder"] == "build/here"
    outside = pulled.folder / "elsewhere"
    assert pulled("pull", "net", "-o", str(outside), "--lock", "other.lock").code == 0
    text = (pulled.work / "other.lock").read_text()
    assert "folder" not in json.loads(text)["pulls"][0], "an absolute path is nothing for others"
    assert pulled("verify", "--lock", "other.lock").code == 0


@pytest.mark.parametrize("folder", ["../out", "/tmp", "a/../../b", "C:\\out"])
def test_a_lock_file_cannot_make_repair_write_elsewhere(pulled: Zoo, folder: str) -> None:
    lock = pulled.work / "zoo.lock"
    document = json.loads(lock.read_text())
    document["pulls"][0]["folder"] = folder
    lock.write_text(json.dumps(document))
    for verb in ("verify", "repair", "pull"):
        result = pulled(verb, *(["net"] if verb == "pull" else []))
        assert result.code == 2, result
        assert_says(result, "zoo.lock", "folder")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "no lock file"),
        (("--all", "net"), "--all"),
        (("nothing-such",), "unknown model"),
        (("net",), "nothing of 'net' is here"),
        (("empty",), "nothing is known"),
    ],
)
def test_asked_wrongly(zoo: Zoo, cards: Cards, words: tuple[str, ...], said: str) -> None:
    cards.card(pinned("small", DATA, "https://example.org/small"))
    (zoo.work / "empty").mkdir()
    for verb in ("verify", "repair"):
        result = zoo(verb, *words)
        assert result.code == 2, result
        assert_says(result, said, "next: ")


def test_an_empty_cache_has_nothing_wrong(zoo: Zoo, cards: Cards) -> None:
    cards.card(pinned("small", DATA))
    result = zoo("verify", "--all")
    assert result.code == 0
    assert "0 files" in result.err


def test_strangers_in_the_cache_are_extra(pulled: Zoo) -> None:
    (blob(pulled).parent / "README").write_text("not a blob")
    result = pulled("verify", "--all", "--format", "json")
    assert result.code == 0
    assert states(result)["README"] == "extra"


@pytest.fixture
def read_only(pulled: Zoo) -> Iterator[Zoo]:
    """The same, with the cache on a file system that cannot be written."""
    bind = ["mount", "--bind", str(pulled.cache), str(pulled.cache)]
    if subprocess.run(bind, capture_output=True, check=False).returncode != 0:
        pytest.skip("only the superuser can make a file system read-only")
    subprocess.run(["mount", "-o", "remount,bind,ro", str(pulled.cache)], check=True)
    yield pulled
    subprocess.run(["umount", "--lazy", str(pulled.cache)], check=True)


def test_a_read_only_cache_serves_pulls_and_verification(read_only: Zoo) -> None:
    result = read_only("pull", "net", "-o", "again", "--offline")
    assert result.code == 0, result
    assert read_only("verify", "--all").code == 0
    assert read_only("list").code == 0
    damage(model(read_only))
    assert read_only("repair").code == 0
    assert read_only("verify").code == 0
