"""Publishing into a folder and what comes back: the installed command, real bytes where they are at hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from registry import manifest
from registry.digest import Digest
from tests.acceptance.world import (
    SHARED,
    Cards,
    Result,
    Zoo,
    assert_says,
    files_below,
    model_bytes,
    pinned,
    unpinned,
)
from tests.unit import builders

SMALL, LARGE = model_bytes(5000, 1), model_bytes(9000, 2)


@pytest.fixture
def card(cards: Cards, zoo: Zoo) -> Path:
    """A card of two variants; their files lie in `files`."""
    (zoo.work / "files").mkdir()
    (zoo.work / "files" / "small.tflite").write_bytes(SMALL)
    (zoo.work / "files" / "large.tflite").write_bytes(LARGE)
    return cards.card(pinned("small", SMALL), pinned("large", LARGE))


def publish(zoo: Zoo, card: Path | str, *options: str) -> Result:
    return zoo("publish", card, "--to", "store", "--from", "files", *options)


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Content and inode of every file: what would show any writing."""
    return {str(path): (path.read_bytes(), path.stat().st_ino) for path in files_below(folder)}


def assert_whole(store: Path) -> dict[str, Any]:
    """Every manifest that the index names is there, and every blob that it names, each with the right bytes."""
    assert json.loads((store / "oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}
    index: dict[str, Any] = json.loads((store / "index.json").read_bytes())
    for path in (store / "blobs" / "sha256").iterdir():
        if not path.name.endswith(".part"):
            assert Digest.of_file(path).hex == path.name
    for entry in index["manifests"]:
        data = (store / Digest.parse(entry["digest"]).blob_path).read_bytes()
        assert len(data) == entry["size"]
        whole = manifest.parse(data, "a published manifest")
        for digest in (whole.config, *(layer.digest for layer in whole.layers)):
            assert (store / digest.blob_path).is_file()
    return index


def test_a_card_is_published_and_pulled_back_from_the_store_alone(zoo: Zoo, card: Path) -> None:
    result = publish(zoo, card)
    assert result.code == 0, result
    assert "published acme/net/small version 1" in result.out
    assert "published acme/net/large version 1" in result.out
    index = assert_whole(zoo.work / "store")
    tags = [entry["annotations"]["org.opencontainers.image.ref.name"] for entry in index["manifests"]]
    assert tags == ["acme_net_small_v1", "acme_net_large_v1"]
    pulled = zoo("pull", "acme/net/large", "--mirror", "store", "--offline", "-o", "out")
    assert pulled.code == 0, pulled
    assert (zoo.work / "out" / "large.tflite").read_bytes() == LARGE


def test_the_manifest_holds_model_card_licence_and_labels(zoo: Zoo, card: Path) -> None:
    result = publish(zoo, card, "--variant", "small", "--format", "json")
    assert result.code == 0, result
    (variant,) = result.json()["variants"]
    store = zoo.work / "store"
    whole = manifest.parse((store / Digest.parse(variant["digest"]).blob_path).read_bytes(), "it")
    contents = {layer.title: (store / layer.digest.blob_path).read_bytes() for layer in whole.layers}
    assert list(contents) == ["small.tflite", "small.card.yaml", "small.licence.txt", "small.labels.txt"]
    assert contents["small.tflite"] == SMALL
    assert contents["small.labels.txt"] == b"background\nsquare\ncircle\n"
    own = json.loads(contents["small.card.yaml"])
    assert [one["name"] for one in own["variants"]] == ["small"]


def test_the_published_card_is_valid_by_itself(zoo: Zoo, cards: Cards) -> None:
    (zoo.work / "files").mkdir()
    (zoo.work / "files" / "child.tflite").write_bytes(SMALL)
    parent = pinned("float", LARGE)
    child = pinned("child", SMALL, parent="float", quantization=builders.INT8)
    card = cards.card(parent, pinned("other", LARGE), child)
    assert publish(zoo, card, "--variant", "child").code == 0
    blobs = zoo.work / "store" / "blobs" / "sha256"
    (own,) = (data for path in blobs.iterdir() if b'"schema": "model-card/1"' in (data := path.read_bytes()))
    assert [one["name"] for one in json.loads(own)["variants"]] == ["float", "child"]
    alone = zoo.work / "alone" / "acme" / "net.yaml"
    alone.parent.mkdir(parents=True)
    alone.write_bytes(own)
    assert zoo("validate", alone).code == 0


def test_publishing_again_changes_nothing_and_says_so(zoo: Zoo, card: Path) -> None:
    publish(zoo, card)
    before = snapshot(zoo.work / "store")
    again = publish(zoo, card)
    assert again.code == 0, again
    assert again.out.count("unchanged ") == 2
    assert "uploaded 0 blobs" in again.out
    assert snapshot(zoo.work / "store") == before


def test_a_dry_run_proves_and_writes_nothing(zoo: Zoo, card: Path) -> None:
    result = publish(zoo, card, "--dry-run")
    assert result.code == 0, result
    assert "would publish acme/net/small version 1" in result.out
    assert not (zoo.work / "store").exists()
    (zoo.work / "files" / "small.tflite").write_bytes(b"flipped")
    assert publish(zoo, card, "--dry-run").code == 1


def test_the_same_card_in_two_places_gives_the_same_bytes(zoo: Zoo, card: Path) -> None:
    publish(zoo, card)
    assert zoo("publish", card, "--to", "file:other", "--from", "files").code == 0
    names = [{path.name for path in files_below(zoo.work / store / "blobs")} for store in ("store", "other")]
    assert names[0] == names[1]
    indexes = [(zoo.work / store / "index.json").read_bytes() for store in ("store", "other")]
    assert indexes[0] == indexes[1]


def test_a_changed_variant_is_a_new_version_and_the_old_one_stays(zoo: Zoo, cards: Cards, card: Path) -> None:
    publish(zoo, card)
    before = snapshot(zoo.work / "store" / "blobs")
    newer = model_bytes(5000, 7)
    (zoo.work / "files" / "small.tflite").write_bytes(newer)
    cards.card(pinned("small", newer), pinned("large", LARGE))
    result = publish(zoo, card)
    assert result.code == 0, result
    assert "published acme/net/small version 2" in result.out
    assert "unchanged acme/net/large: published already as version 1" in result.out
    after = snapshot(zoo.work / "store" / "blobs")
    assert {path: after[path] for path in before} == before
    assert_whole(zoo.work / "store")
    rows = zoo("history", "acme/net/small", "--store", "store", "--format", "json").json()
    assert [(row["version"], row["tag"], row["yanked"]) for row in rows] == [
        (1, "acme_net_small_v1", None),
        (2, "acme_net_small_v2", None),
    ]
    assert rows[0]["digest"] != rows[1]["digest"]


def test_wrong_bytes_are_refused_and_nothing_is_named(zoo: Zoo, card: Path) -> None:
    wrong = bytearray(LARGE)
    wrong[4000] ^= 1
    (zoo.work / "files" / "large.tflite").write_bytes(wrong)
    result = publish(zoo, card)
    assert result.code == 1, result
    expected, found = Digest.of(LARGE), Digest.of(bytes(wrong))
    assert_says(result, "large.tflite", f"expected {expected}", f"found {found}")
    assert assert_whole(zoo.work / "store")["manifests"] == []


def test_a_size_that_the_card_has_wrong_is_refused(zoo: Zoo, cards: Cards, card: Path) -> None:
    changed = pinned("small", SMALL)
    changed["artifacts"][0]["size"] = 5001
    cards.card(changed)
    result = publish(zoo, card)
    assert result.code == 1, result
    assert_says(result, "expected 5001 bytes", "found 5000 bytes")


def test_a_missing_file_is_told(zoo: Zoo, card: Path) -> None:
    (zoo.work / "files" / "large.tflite").unlink()
    result = publish(zoo, card)
    assert result.code == 3, result
    assert_says(result, "large.tflite", "expected", "found nothing", "--from")


def test_an_invalid_card_is_refused(zoo: Zoo, cards: Cards, card: Path) -> None:
    cards.card(pinned("small", SMALL), colour="red")
    result = publish(zoo, card)
    assert result.code == 1, result
    assert_says(result, "is not valid", "colour", "zoo validate")
    assert not (zoo.work / "store").exists()


def test_what_is_unpinned_is_left_out_and_refused_when_asked_for(zoo: Zoo, cards: Cards, card: Path) -> None:
    cards.card(pinned("small", SMALL), unpinned("wild"))
    asked = publish(zoo, card, "--variant", "wild")
    assert asked.code == 1, asked
    assert_says(asked, "acme/net/wild: unpinned", "write the sha256")
    whole = publish(zoo, card)
    assert whole.code == 0, whole
    assert_says(whole, "left out: acme/net/wild: unpinned")
    assert [one["variant"] for one in zoo("history", "net", "--store", "store", "--format", "json").json()] == [
        "acme/net/small"
    ]


def test_the_cache_serves_what_was_pulled(zoo: Zoo, card: Path) -> None:
    publish(zoo, card)
    assert zoo("pull", "acme/net/small", "--mirror", "store", "-o", "out").code == 0
    result = zoo("publish", "acme/net/small", "--to", "second")
    assert result.code == 0, result
    assert "published acme/net/small version 1" in result.out
    assert "large" not in result.out
    assert_whole(zoo.work / "second")


def test_a_damaged_blob_of_the_store_is_mended_by_publishing_again(zoo: Zoo, card: Path) -> None:
    publish(zoo, card)
    path = zoo.work / "store" / Digest.of(SMALL).blob_path
    path.chmod(0o644)
    path.write_bytes(SMALL[:-1] + b"!")
    result = publish(zoo, card)
    assert result.code == 0, result
    assert "uploaded 1 blob," in result.out
    assert path.read_bytes() == SMALL


def test_yank_hides_with_the_reason_and_undo_shows_again(zoo: Zoo, card: Path) -> None:
    publish(zoo, card)
    blobs = snapshot(zoo.work / "store" / "blobs")
    result = zoo("yank", "net/small", "--store", "store", "--reason", "wrong labels")
    assert result.code == 0, result
    assert result.out == "acme/net/small version 1: yanked: wrong labels\n"
    assert snapshot(zoo.work / "store" / "blobs") == blobs
    assert "yanked: wrong labels" in zoo("history", "net/small", "--store", "store").out
    refused = publish(zoo, card)
    assert refused.code == 1, refused
    assert_says(refused, "version 1, which was yanked: wrong labels", "--undo")
    again = zoo("yank", "net/small", "--store", "store", "--version", "1", "--undo", "--format", "json")
    assert again.json() == {"variant": "acme/net/small", "version": 1, "yanked": None, "changed": True}
    assert publish(zoo, card).code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["yank", "net", "--store", "store", "--reason", "x"], "means 2 variants"),
        (["yank", "net/smal", "--store", "store", "--reason", "x"], "published there: acme/net/small"),
        (["yank", "net/small", "--store", "store", "--version", "9", "--reason", "x"], "has no version 9"),
        (["yank", "net/small", "--store", "store"], "expected --reason"),
        (["yank", "net/small", "--store", "store", "--reason", "a\x1b[2J"], "one line"),
        (["yank", "net/small", "--store", "store", "--reason", "x", "--undo"], "leave one of them out"),
        (["history", "unet", "--store", "store"], "not published"),
        (["history", "net", "--store", "nowhere"], "expected an OCI Image Layout"),
        (["history", "net", "--store", "ftp://host/models"], "unknown kind"),
        (["publish", "net", "--to", "https://user:secret@host/models"], "can only be read"),
        (["publish", "net", "--to", "store", "--from", "nowhere"], "no such folder"),
        (["publish", "net", "--to", "files"], "expected an OCI Image Layout or an empty folder"),
        (["publish", "nowhere/card.yaml", "--to", "store"], "no such file"),
        (["publish", "net", "--to", "store", "--variant", "huge"], "it has: small, large"),
    ],
)
def test_a_mistake_is_told_with_the_way_on(zoo: Zoo, card: Path, arguments: list[str], said: str) -> None:
    publish(zoo, card)
    before = snapshot(zoo.work / "store")
    result = zoo(*arguments)
    assert result.code == 2, result
    assert_says(result, said)
    assert "secret" not in result.err
    assert result.out == ""
    assert snapshot(zoo.work / "store") == before


def test_a_version_has_to_be_named_where_there_are_several(zoo: Zoo, cards: Cards, card: Path) -> None:
    publish(zoo, card)
    cards.card(pinned("small", SMALL, summary="Small."), pinned("large", LARGE))
    publish(zoo, card)
    result = zoo("yank", "net/small", "--store", "store", "--reason", "x")
    assert result.code == 2, result
    assert_says(result, "has 2 versions: 1, 2", "--version")


def test_a_hostile_index_is_refused_and_left_as_it_is(zoo: Zoo, card: Path) -> None:
    publish(zoo, card)
    index = zoo.work / "store" / "index.json"
    index.write_text('{"schemaVersion": 2, "manifests": [], "manifests": []}')
    result = publish(zoo, card)
    assert result.code == 1, result
    assert_says(result, "each key once")
    assert index.read_text().count("manifests") == 2


def test_the_real_files_are_published_and_pulled_back(shipped: Zoo) -> None:
    if not (SHARED / "real").is_dir():
        pytest.skip("the real model files (../shared/real) are not on this machine")
    for name in ("google/deeplabv3", "google/deeplabv3-mnv2-dm05"):
        result = shipped("publish", name, "--to", "store", "--from", SHARED / "real")
        assert result.code == 0, result
    assert len(assert_whole(shipped.work / "store")["manifests"]) == 2
    pulled = shipped(
        "pull", "deeplabv3", "--target", "imx8mp", "--mirror", "store", "--offline", "--format", "json"
    )
    assert pulled.code == 0, pulled
    (file,) = pulled.json()["files"]
    assert file["sha256"] == "0470d2a782aa54eeeb99d32e7b6b3fb7722905c7c4f5d26bd957ec861366d48b"
    assert Digest.of_file(shipped.work / file["path"]).hex == file["sha256"]
