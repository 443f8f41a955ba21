"""Copies between stores: same numbers, same bytes, all or nothing; the installed command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from registry.digest import Digest
from registry.manifest import canonical, descriptor
from registry.store.layout import LayoutStore
from registry.store.writable import change_index, current_index
from tests.acceptance.test_publish import assert_whole, snapshot
from tests.acceptance.world import Cards, Zoo, assert_says, files_below, model_bytes, pinned
from tests.simulator import Simulator, dropped, one_after_another, ranged, whole

SMALL, SECOND, LARGE = model_bytes(5000, 1), model_bytes(6000, 3), model_bytes(300_000, 2)
SIGNATURE = b"a signature"


def publish(zoo: Zoo, cards: Cards, store: str, **contents: bytes) -> None:
    """Publish variants of the card `net`."""
    folder = zoo.work / "files"
    folder.mkdir(exist_ok=True)
    for name, data in contents.items():
        (folder / f"{name}.tflite").write_bytes(data)
    card = cards.card(*(pinned(name, data) for name, data in contents.items()))
    result = zoo("publish", card, "--to", store, "--from", folder)
    assert result.code == 0, result


def sign(store: Path) -> str:
    """Attach a signature to the first version of `small`; returns the digest of its manifest."""
    layout = LayoutStore(store)
    version = current_index(layout).versions("acme/net/small")[0]
    layout.put(Digest.of(SIGNATURE), [SIGNATURE], "signature")
    document = {
        "schemaVersion": 2,
        "layers": [descriptor("a/signature", Digest.of(SIGNATURE), len(SIGNATURE))],
        "subject": descriptor("application/vnd.oci.image.manifest.v1+json", version.digest, version.size),
    }
    return str(layout.attach(version.digest, canonical(document), "a/signature").digest)


@pytest.fixture
def store(zoo: Zoo, cards: Cards) -> Path:
    """Two versions of `small`, the first yanked and signed, and one of `large`."""
    publish(zoo, cards, "store", small=SMALL, large=LARGE)
    publish(zoo, cards, "store", small=SECOND, large=LARGE)
    sign(zoo.work / "store")
    assert zoo("yank", "small", "--store", "store", "--version", "1", "--reason", "old").code == 0
    return zoo.work / "store"


def versions(zoo: Zoo, store: str) -> list[tuple[str, int, str, str | None]]:
    listed = zoo("history", "net", "--store", store, "--format", "json").json()
    return [(one["variant"], one["version"], one["digest"], one["yanked"]) for one in listed]


def index_of(store: Path) -> Any:
    return json.loads((store / "index.json").read_bytes())


def entries(store: Path) -> list[str]:
    """Entries of an index, in an order of their own."""
    return sorted(json.dumps(entry, sort_keys=True) for entry in index_of(store)["manifests"])


def test_the_latest_published_version_of_a_name_is_copied_with_its_number(zoo: Zoo, store: Path) -> None:
    result = zoo("copy", "store", "other", "small", "--format", "json")
    assert result.code == 0, result
    assert [one for one in versions(zoo, "store") if one[:2] == ("acme/net/small", 2)] == versions(zoo, "other")
    assert_whole(zoo.work / "other")
    moved = result.json()["moved"]
    held = files_below(zoo.work / "other" / "blobs")
    assert moved == {"blobs": len(held), "bytes": sum(path.stat().st_size for path in held)}
    pulled = zoo("pull", "acme/net/small", "--mirror", "other", "--offline", "-o", "out")
    assert pulled.code == 0, pulled
    assert (zoo.work / "out" / "small.tflite").read_bytes() == SECOND


def test_without_a_name_everything_comes_with_yanks_and_signatures(zoo: Zoo, store: Path) -> None:
    result = zoo("copy", "store", "other")
    assert result.code == 0, result
    assert "with 1 manifest that refer to them" in result.out
    assert entries(zoo.work / "other") == entries(store)
    names = {path.name for path in files_below(store / "blobs")}
    assert {path.name for path in files_below(zoo.work / "other" / "blobs")} == names
    assert (zoo.work / "other" / Digest.of(SIGNATURE).blob_path).read_bytes() == SIGNATURE


def test_copying_again_moves_nothing_and_writes_nothing(zoo: Zoo, store: Path) -> None:
    zoo("copy", "store", "other")
    before = snapshot(zoo.work / "other")
    result = zoo("copy", "store", "other")
    assert result.code == 0, result
    assert result.out.splitlines() == [
        "unchanged: 3 versions",
        "with 1 manifest that refer to them, such as signatures",
        "moved 0 blobs, 0 B",
    ]
    assert snapshot(zoo.work / "other") == before


@pytest.mark.parametrize("command", ["copy", "mirror"])
def test_a_dry_run_tells_what_the_run_then_does_and_writes_nothing(zoo: Zoo, store: Path, command: str) -> None:
    planned = zoo(command, "store", "other", "--dry-run", "--format", "json")
    assert planned.code == 0, planned
    assert not (zoo.work / "other").exists()
    done = zoo(command, "store", "other", "--format", "json")
    assert {**done.json(), "dry_run": True} == planned.json()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["small", "--version", "1"], [("acme/net/small", 1)]),
        (["small", "--all-versions"], [("acme/net/small", 1), ("acme/net/small", 2)]),
        (["small", "large"], [("acme/net/large", 1), ("acme/net/small", 2)]),
        (["net"], [("acme/net/large", 1), ("acme/net/small", 2)]),
    ],
)
def test_a_selection_is_what_was_asked_for(
    zoo: Zoo, store: Path, options: list[str], expected: list[tuple[str, int]]
) -> None:
    result = zoo("copy", "store", "other", *options)
    assert result.code == 0, result
    assert [one[:2] for one in versions(zoo, "other")] == expected


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["copy", "store", "other", "smal"], "published there: acme/net/small"),
        (["copy", "store", "other", "small", "--version", "9"], "has no version 9"),
        (["copy", "store", "other", "--version", "1"], "--version does not go with no NAME"),
        (["copy", "store", "other", "net", "--version", "1", "--all-versions"], "does not go with --all-versions"),
        (["copy", "nowhere", "other"], "expected an OCI Image Layout"),
        (["copy", "store", "files"], "expected an OCI Image Layout or an empty folder"),
        (["copy", "store", "https://host/models"], "can only be read"),
        (["mirror", "nowhere", "other"], "expected an OCI Image Layout"),
    ],
)
def test_a_mistake_is_told_with_the_way_on(zoo: Zoo, store: Path, arguments: list[str], said: str) -> None:
    result = zoo(*arguments)
    assert result.code == 2, result
    assert_says(result, said, "next:")
    assert not (zoo.work / "other").exists()


def test_all_conflicts_are_told_and_nothing_is_written(zoo: Zoo, cards: Cards, store: Path) -> None:
    publish(zoo, cards, "other", small=LARGE, large=SMALL)
    before = snapshot(zoo.work / "other")
    for command in ("copy", "mirror"):
        result = zoo(command, "store", "other")
        assert result.code == 1, result
        theirs = {one[:2]: one[2] for one in versions(zoo, "store")}
        ours = {one[:2]: one[2] for one in versions(zoo, "other")}
        for key in (("acme/net/small", 1), ("acme/net/large", 1)):
            assert_says(result, f"{key[0]} version 1: expected {theirs[key]}, found {ours[key]}")
        assert snapshot(zoo.work / "other") == before


def test_a_yank_comes_along_and_only_a_mirror_takes_it_back(zoo: Zoo, store: Path) -> None:
    zoo("copy", "store", "other")
    zoo("yank", "large", "--store", "store", "--reason", "withdrawn")
    zoo("yank", "small", "--store", "store", "--version", "1", "--undo")
    assert zoo("copy", "store", "other").code == 0
    assert [one[3] for one in versions(zoo, "other")] == ["withdrawn", "old", None]
    result = zoo("mirror", "store", "other")
    assert result.code == 0, result
    assert "shown again: acme/net/small version 1" in result.out
    assert versions(zoo, "other") == versions(zoo, "store")


def test_a_mirror_keeps_what_is_its_own_until_it_is_pruned(zoo: Zoo, cards: Cards, store: Path) -> None:
    publish(zoo, cards, "other", own=model_bytes(4000, 8))
    assert zoo("mirror", "store", "other").code == 0
    assert len(versions(zoo, "other")) == 4
    planned = zoo("mirror", "store", "other", "--prune", "--dry-run")
    assert "would prune 1 entry" in planned.out
    assert len(versions(zoo, "other")) == 4
    result = zoo("mirror", "store", "other", "--prune")
    assert result.code == 0, result
    assert "pruned 1 entry; `zoo gc` frees their blobs" in result.out
    assert entries(zoo.work / "other") == entries(store)
    assert zoo("gc", "--store", "other", "--grace", "0").code == 0
    names = {path.name for path in files_below(store / "blobs")}
    assert {path.name for path in files_below(zoo.work / "other" / "blobs")} == names


def test_an_empty_source_never_prunes_a_mirror_bare(zoo: Zoo, store: Path) -> None:
    LayoutStore(zoo.work / "empty").prepare()
    result = zoo("mirror", "empty", "store", "--prune")
    assert result.code == 1, result
    assert_says(result, "expected at least one entry", "nothing is removed")
    assert len(versions(zoo, "store")) == 3


def test_entries_of_other_tools_are_mirrored_when_their_blobs_can_be(zoo: Zoo, store: Path) -> None:
    layout, layer = LayoutStore(store), b"a layer of another tool"
    inner = canonical(
        {"schemaVersion": 2, "config": descriptor("a/config", Digest.of(b"{}"), 2), "layers": []},
    )
    outer_type, inner_type = (f"application/vnd.oci.image.{kind}.v1+json" for kind in ("index", "manifest"))
    outer = canonical({"manifests": [descriptor(inner_type, Digest.of(inner), len(inner))]})
    broken = canonical({"layers": [descriptor("a/layer", Digest.of(layer), len(layer))]})
    for data in (b"{}", inner, outer, broken):
        layout.put(Digest.of(data), [data], "it")
    tag = "org.opencontainers.image.ref.name"
    foreign = [
        {**descriptor(outer_type, Digest.of(outer), len(outer)), "annotations": {tag: "latest"}},
        {**descriptor(inner_type, Digest.of(broken), len(broken)), "annotations": {tag: "broken"}},
        descriptor("text/strange", Digest.of(inner), len(inner)),
    ]
    change_index(layout, lambda index: type(index)((*index.entries, *foreign), index.extra))
    result = zoo("mirror", "store", "other", "--format", "json")
    assert result.code == 0, result
    assert result.json()["foreign"] == 1
    assert_says(result, "left out: broken:", "a kind of manifest that is known, found 'text/strange'")
    others = [entry for entry in index_of(zoo.work / "other")["manifests"] if "artifactType" not in entry]
    assert others == [foreign[0]]
    for data in (b"{}", inner, outer):
        assert (zoo.work / "other" / Digest.of(data).blob_path).read_bytes() == data
    before = (zoo.work / "other" / "index.json").stat().st_ino
    assert zoo("mirror", "store", "other").code == 0
    assert (zoo.work / "other" / "index.json").stat().st_ino == before


@pytest.mark.parametrize("flip", [SECOND, LARGE])
def test_a_flipped_byte_of_the_source_is_refused(zoo: Zoo, store: Path, flip: bytes) -> None:
    path = store / Digest.of(flip).blob_path
    path.chmod(0o644)
    path.write_bytes(flip[:-1] + bytes([flip[-1] ^ 1]))
    result = zoo("copy", "store", "other", "small", "large")
    assert result.code == 1, result
    assert_says(result, str(Digest.of(flip)))
    assert index_of(zoo.work / "other")["manifests"] == []
    path.write_bytes(flip)
    assert zoo("copy", "store", "other", "small", "large").code == 0
    assert_whole(zoo.work / "other")


def test_a_missing_blob_of_the_source_is_told(zoo: Zoo, store: Path) -> None:
    (store / Digest.of(SECOND).blob_path).unlink()
    result = zoo("copy", "store", "other", "small")
    assert result.code == 3, result
    assert_says(result, f"does not hold {Digest.of(SECOND)}")


def test_a_damaged_blob_of_the_target_is_mended(zoo: Zoo, store: Path) -> None:
    zoo("copy", "store", "other")
    path = zoo.work / "other" / Digest.of(LARGE).blob_path
    path.chmod(0o644)
    path.write_bytes(b"damage")
    result = zoo("copy", "store", "other")
    assert "moved 1 blob," in result.out, result
    assert path.read_bytes() == LARGE


def test_a_manifest_that_leaves_the_folder_is_not_copied(zoo: Zoo, store: Path) -> None:
    layout = LayoutStore(store)
    document = json.loads(layout.manifest(current_index(layout).versions()[0].digest))
    document["layers"][0]["annotations"] = {"org.opencontainers.image.title": "../../etc/passwd"}
    data = canonical(document)
    layout.put(Digest.of(data), [data], "it")
    change_index(layout, lambda index: index.with_manifest("acme/net/evil", Digest.of(data), len(data))[0])
    result = zoo("copy", "store", "other", "evil")
    assert result.code == 1, result
    assert_says(result, "expected a plain file name, found '../../etc/passwd'")
    assert index_of(zoo.work / "other")["manifests"] == []


def serve(simulator: Simulator, store: Path) -> str:
    """The store on a plain web server."""
    for path in files_below(store):
        simulator.route(f"/models/{path.relative_to(store).as_posix()}", ranged(path.read_bytes()))
    return f"{simulator.url}/models"


def test_a_site_is_mirrored_and_a_lost_connection_is_resumed(zoo: Zoo, store: Path, simulator: Simulator) -> None:
    address = serve(simulator, store)
    blob = f"/models/{Digest.of(LARGE).blob_path}"
    simulator.route(
        blob, one_after_another(ranged(LARGE, cut=100_000), ranged(LARGE, cut=100_000, reset=True), ranged(LARGE))
    )
    result = zoo("mirror", address, "other")
    assert result.code == 0, result
    assert entries(zoo.work / "other") == entries(store)
    assert simulator.count(blob) == 3
    assert simulator.served(blob) <= len(LARGE) + 5000


def test_a_server_without_parts_is_read_from_the_start_again(zoo: Zoo, store: Path, simulator: Simulator) -> None:
    address = serve(simulator, store)
    blob = f"/models/{Digest.of(LARGE).blob_path}"
    simulator.route(blob, one_after_another(dropped(LARGE, 50_000), whole(LARGE)))
    result = zoo("copy", address, "other", "large")
    assert result.code == 0, result
    assert (zoo.work / "other" / Digest.of(LARGE).blob_path).read_bytes() == LARGE


def test_a_copy_that_breaks_off_is_continued(zoo: Zoo, store: Path, simulator: Simulator) -> None:
    address = serve(simulator, store)
    blob = f"/models/{Digest.of(LARGE).blob_path}"
    simulator.route(blob, dropped(LARGE, 0))
    first = zoo("copy", address, "other", "net", "--all-versions")
    assert first.code == 3, first
    assert index_of(zoo.work / "other")["manifests"] == []
    held = len(files_below(zoo.work / "other" / "blobs"))
    simulator.route(blob, whole(LARGE))
    second = zoo("copy", address, "other", "net", "--all-versions", "--format", "json")
    assert second.code == 0, second
    total = len(files_below(store / "blobs"))
    assert second.json()["moved"]["blobs"] == total - held
    assert_whole_with_signatures(zoo.work / "other")


def assert_whole_with_signatures(store: Path) -> None:
    names = {path.name for path in files_below(store / "blobs")}
    assert all(Digest.of_file(store / "blobs" / "sha256" / name).hex == name for name in names)
    assert all(entry["digest"].removeprefix("sha256:") in names for entry in index_of(store)["manifests"])


def test_a_copy_of_a_copy_is_the_same(zoo: Zoo, store: Path) -> None:
    zoo("copy", "store", "other")
    shutil.rmtree(store)
    assert zoo("copy", "other", "third").code == 0
    assert entries(zoo.work / "third") == entries(zoo.work / "other")
