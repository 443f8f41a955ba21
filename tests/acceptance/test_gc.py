"""Collecting garbage: only what nothing reaches and what is old; the installed command."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from registry.digest import Digest
from registry.manifest import canonical, descriptor
from registry.store.layout import LayoutStore
from registry.store.writable import change_index
from tests.acceptance.test_publish import snapshot
from tests.acceptance.test_replicate import index_of, publish, sign
from tests.acceptance.world import Cards, Zoo, assert_says, files_below, model_bytes, pinned

SMALL, GARBAGE = model_bytes(5000, 1), b"nothing reaches it"
DAY = 86400


@pytest.fixture
def store(zoo: Zoo, cards: Cards) -> Path:
    """One signed version, yanked; two blobs of garbage, ten days and no time old; unfinished files."""
    publish(zoo, cards, "store", small=SMALL)
    sign(zoo.work / "store")
    assert zoo("yank", "small", "--store", "store", "--reason", "old").code == 0
    store = LayoutStore(zoo.work / "store")
    for data in (GARBAGE, b"young"):
        store.put(Digest.of(data), [data], "it")
    for name in (".index.json.x.part", "blobs/sha256/.abc.y.part", "blobs/sha256/.abc.young.part"):
        (store.folder / name).write_bytes(b"unfinished")
    for path in files_below(store.folder):
        if path.read_bytes() != b"young" and "young" not in path.name:
            age(path, 10)
    return store.folder


def age(path: Path, days: float) -> None:
    """Make a file that many days old."""
    moment = path.stat().st_mtime - days * DAY
    os.utime(path, (moment, moment))


def names(store: Path) -> set[str]:
    return {path.relative_to(store).as_posix() for path in files_below(store)}


def test_only_what_is_old_and_what_nothing_reaches_goes(zoo: Zoo, store: Path) -> None:
    before = names(store)
    result = zoo("gc", "--store", "store", "--format", "json")
    assert result.code == 0, result
    gone = {Digest.of(GARBAGE).blob_path, ".index.json.x.part", "blobs/sha256/.abc.y.part"}
    assert before - names(store) == gone
    assert result.json()["removed"] == [{"digest": str(Digest.of(GARBAGE)), "size": len(GARBAGE)}]
    assert result.json()["young"] == 1
    assert result.json()["freed"] == len(GARBAGE) + 20
    assert index_of(store)["annotations"] == {"org.edge-model-zoo.generation": "1"}
    again = zoo("gc", "--store", "store")
    assert again.out.splitlines()[0] == "removed 0 blobs, 0 B"
    assert index_of(store)["annotations"] == {"org.edge-model-zoo.generation": "1"}


def test_a_dry_run_tells_what_the_run_then_does(zoo: Zoo, store: Path) -> None:
    before = snapshot(store)
    planned = zoo("gc", "--store", "store", "--dry-run", "--format", "json", "-v")
    assert planned.code == 0, planned
    assert_says(planned, f"would remove {Digest.of(GARBAGE)}")
    assert snapshot(store) == before
    assert {**zoo("gc", "--store", "store", "--format", "json").json(), "dry_run": True} == planned.json()


def test_without_grace_the_young_go_too_but_not_what_is_being_written(zoo: Zoo, store: Path) -> None:
    result = zoo("gc", "--store", "store", "--grace", "0")
    assert result.code == 0, result
    assert not (store / Digest.of(b"young").blob_path).exists()
    assert (store / "blobs" / "sha256" / ".abc.young.part").exists()
    assert zoo("yank", "small", "--store", "store", "--undo").code == 0
    assert zoo("copy", "store", "other").code == 0


def foreign(store: Path, media_type: str, document: object) -> None:
    data = canonical(document)
    layout = LayoutStore(store)
    layout.put(Digest.of(data), [data], "it")
    entry = descriptor(media_type, Digest.of(data), len(data))
    change_index(layout, lambda index: type(index)((*index.entries, entry), index.extra))


def test_entries_of_other_tools_reach_too(zoo: Zoo, store: Path) -> None:
    layers = [descriptor("a/b", Digest.of(GARBAGE), len(GARBAGE))]
    foreign(store, "application/vnd.docker.distribution.manifest.v2+json", {"schemaVersion": 2, "layers": layers})
    assert zoo("gc", "--store", "store", "--grace", "0").code == 0
    assert (store / Digest.of(GARBAGE).blob_path).exists()


@pytest.mark.parametrize("damage", ["unknown", "missing", "flipped", "no-list"])
def test_a_manifest_that_is_not_understood_stops_the_collection(zoo: Zoo, store: Path, damage: str) -> None:
    known = "application/vnd.oci.image.manifest.v1+json"
    if damage == "unknown":
        foreign(store, "application/x-future", {})
    elif damage == "no-list":
        foreign(store, known, {"layers": 7})
    else:
        path = store / "blobs" / "sha256" / index_of(store)["manifests"][0]["digest"].removeprefix("sha256:")
        path.chmod(0o644)
        path.unlink() if damage == "missing" else path.write_bytes(b"?" * path.stat().st_size)
    before = snapshot(store)
    result = zoo("gc", "--store", "store", "--grace", "0")
    assert result.code == 1, result
    assert_says(
        result, "the collection stopped: what sha256:", "is not known", "expected" if damage != "missing" else ""
    )
    assert snapshot(store) == before


def marked(store: Path, when: str) -> None:
    document = index_of(store)
    document["annotations"] = {"org.edge-model-zoo.collecting": f"{when} someone"}
    (store / "index.json").write_text(json.dumps(document))


def test_what_a_killed_collection_left_is_told_to_publishers_and_taken_over(
    zoo: Zoo, cards: Cards, store: Path
) -> None:
    marked(store, "2020-01-01T00:00:00Z")
    before = snapshot(store)
    newer = model_bytes(5000, 7)
    (zoo.work / "files" / "small.tflite").write_bytes(newer)
    card = cards.card(pinned("small", newer))
    result = zoo("publish", card, "--to", "store", "--from", "files")
    assert result.code == 3, result
    assert_says(
        result, "its garbage is being collected, since 2020-01-01T00:00:00Z", "zoo gc --store store --take-over"
    )
    assert before.items() <= snapshot(store).items()
    assert zoo("gc", "--store", "store").code == 0
    assert index_of(store)["annotations"] == {"org.edge-model-zoo.generation": "1"}
    assert zoo("publish", card, "--to", "store", "--from", "files").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--store", "oci://host/models"], "a registry collects its own garbage"),
        (["--store", "https://host/models"], "can only be read"),
        (["--store", "nowhere"], "expected an OCI Image Layout"),
        (["--store", "store", "--grace", "7"], "unknown unit of time"),
        (["--store", "store", "--grace", "soon"], "write a time such as 7d or 12h"),
    ],
)
def test_a_mistake_is_told_with_the_way_on(zoo: Zoo, store: Path, arguments: list[str], said: str) -> None:
    result = zoo("gc", *arguments)
    assert result.code == 2, result
    assert_says(result, said, "next:")
