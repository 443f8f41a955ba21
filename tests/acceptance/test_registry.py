"""A registry as a team uses it: one publishes, others find, pull and lock without any card of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from registry.digest import Digest
from tests.acceptance.test_publish import LARGE, SMALL, card, publish
from tests.acceptance.world import Cards, Result, Zoo, assert_says, by_name, model_bytes, pinned
from tests.unit import builders

__all__ = ["card"]

NEWER = model_bytes(7000, 3)


@pytest.fixture
def colleague(tmp_path: Path) -> Zoo:
    """Another machine: targets and datasets, but no model card and no bytes."""
    folder = tmp_path / "colleague"
    folder.mkdir()
    zoo = Zoo(folder)
    Cards(folder / "cards")
    zoo.environment["ZOO_CARDS"] = str(folder / "cards")
    return zoo


@pytest.fixture
def store(zoo: Zoo, card: Path, colleague: Zoo) -> Path:
    """A registry with two variants, set for the colleague."""
    result = publish(zoo, card)
    assert result.code == 0, result
    colleague.environment["ZOO_REGISTRY"] = str(zoo.work / "store")
    return zoo.work / "store"


def publish_small(zoo: Zoo, cards: Cards, data: bytes, **changes: object) -> None:
    """Publish other content of `small`."""
    (zoo.work / "files" / "small.tflite").write_bytes(data)
    result = publish(zoo, cards.card(pinned("small", data, **changes)))
    assert result.code == 0, result


def test_what_is_published_is_found_and_pulled_by_name(colleague: Zoo, store: Path) -> None:
    listed = colleague("list", "--format", "json")
    assert set(by_name(listed.json())) == {"acme/net/small", "acme/net/large"}
    result = colleague("pull", "net/small", "--target", "board", "-o", "out")
    assert result.code == 0, result
    assert (colleague.work / "out" / "small.tflite").read_bytes() == SMALL
    beside = json.loads((colleague.work / "out" / "small.card.yaml").read_text())
    assert [variant["name"] for variant in beside["variants"]] == ["small"]
    release = colleague.lock()["pulls"][0]["release"]
    assert (release["registry"], release["version"]) == (str(store), 1)
    assert (store / "blobs" / "sha256" / release["manifest"]).is_file()


def test_a_new_version_is_what_a_pull_takes_and_a_list_shows_after_an_update(
    zoo: Zoo, cards: Cards, colleague: Zoo, store: Path
) -> None:
    colleague("list")
    publish_small(zoo, cards, NEWER)
    before = by_name(colleague("list", "--format", "json").json())
    assert before["acme/net/small"]["artifacts"][0]["sha256"] == Digest.of(SMALL).hex
    updated = colleague("update", "--format", "json")
    assert {(one["variant"], one["version"]) for one in updated.json()} == {
        ("acme/net/small", 2),
        ("acme/net/large", 1),
    }
    after = by_name(colleague("list", "--format", "json").json())
    assert after["acme/net/small"]["artifacts"][0]["sha256"] == Digest.of(NEWER).hex
    assert colleague("pull", "net/small", "-o", "out").code == 0
    assert (colleague.work / "out" / "small.tflite").read_bytes() == NEWER


def test_the_lock_file_holds_its_version_until_an_update(
    zoo: Zoo, cards: Cards, colleague: Zoo, store: Path
) -> None:
    assert colleague("pull", "net/small", "-o", "out").code == 0
    publish_small(zoo, cards, NEWER)
    for words in (["pull", "net/small", "-o", "out"], ["pull", "net/small", "-o", "fresh", "--locked"]):
        result = colleague(*words)
        assert result.code == 0, result
        assert (colleague.work / words[3] / "small.tflite").read_bytes() == SMALL
    assert_says(colleague("pull", "net/small", "-o", "out"), "--update would take version 2")
    result = colleague("pull", "net/small", "-o", "out", "--update", "--force")
    assert result.code == 0, result
    assert (colleague.work / "out" / "small.tflite").read_bytes() == NEWER
    assert colleague.lock()["pulls"][0]["release"]["version"] == 2


def test_a_lock_file_gives_the_same_bytes_on_a_machine_that_never_saw_the_registry(
    zoo: Zoo, cards: Cards, colleague: Zoo, store: Path
) -> None:
    assert colleague("pull", "net/small", "-o", "out").code == 0
    publish_small(zoo, cards, NEWER)
    result = colleague("pull", "net/small", "-o", "again", "--locked", ZOO_CACHE=str(colleague.folder / "empty"))
    assert result.code == 0, result
    assert (colleague.work / "again" / "small.tflite").read_bytes() == SMALL


def test_a_yanked_variant_is_no_longer_chosen_but_a_lock_file_keeps_it(
    zoo: Zoo, colleague: Zoo, store: Path
) -> None:
    assert colleague("pull", "net/small", "-o", "out").code == 0
    yanked = zoo("yank", "net/small", "--store", "store", "--reason", "wrong labels")
    assert yanked.code == 0, yanked
    held = colleague("pull", "net/small", "-o", "out")
    assert held.code == 0, held
    assert_says(held, "version 1 is yanked: wrong labels")
    result = colleague("pull", "small", "-o", "other", "--lock", "other.lock")
    assert result.code == 1, result
    assert_says(result, "acme/net/small is yanked", "wrong labels", "zoo history")
    assert set(by_name(colleague("list", "--format", "json").json())) == {"acme/net/large"}


def test_an_older_version_comes_back_when_the_newest_is_yanked(
    zoo: Zoo, cards: Cards, colleague: Zoo, store: Path
) -> None:
    publish_small(zoo, cards, NEWER)
    zoo("yank", "net/small", "--version", "2", "--store", "store", "--reason", "too large")
    result = colleague("pull", "net/small", "-o", "out")
    assert result.code == 0, result
    assert (colleague.work / "out" / "small.tflite").read_bytes() == SMALL


def test_it_all_works_without_the_registry_once_it_was_read(colleague: Zoo, store: Path) -> None:
    assert colleague("pull", "net/small", "-o", "out").code == 0
    store.rename(store.with_name("gone"))
    result = colleague("pull", "net/small", "-o", "again")
    assert result.code == 0, result
    assert_says(result, "its cards are those of the last time")
    assert set(by_name(colleague("list", "--format", "json").json())) == {"acme/net/small", "acme/net/large"}


def test_a_registry_that_never_answered_is_an_error_with_a_way_on(colleague: Zoo) -> None:
    result = colleague("pull", "net", ZOO_REGISTRY=str(colleague.folder / "nowhere"))
    assert result.code == 2, result
    assert_says(result, "expected an OCI Image Layout", "found none")


def test_versions_of_one_model_that_were_published_apart_stand_on_one_card(
    zoo: Zoo, cards: Cards, colleague: Zoo, store: Path
) -> None:
    """Each version has the card of its day: sources of one key that differ stay apart, and so do licences."""
    for name, data, number in (("small", NEWER, 1), ("large", LARGE, 2)):
        sources = {"page": {"document": f"page-{number}.md", "kind": "text"}}
        licence = {"code": "MIT", "weights": f"LicenseRef-{number}", "dataset": "unknown"}
        variant = pinned(name, data, metrics=[builders.metric(number / 10)])
        (zoo.work / "files" / f"{name}.tflite").write_bytes(data)
        result = publish(zoo, cards.card(variant, sources=sources, licence=licence))
        assert result.code == 0, result
    assert colleague("update").err == ""
    shown = by_name(colleague("list", "--format", "json").json())
    told = colleague("show", "net", "--format", "json").json()
    for number, name in ((1, "acme/net/small"), (2, "acme/net/large")):
        assert shown[name]["licence"]["weights"] == f"LicenseRef-{number}"
        variant = next(one for one in told["variants"] if one["name"] == name)
        source = variant["metrics"][0]["provenance"]["source"]
        assert told["sources"][source]["document"] == f"page-{number}.md"


class TestHostile:
    """A registry may say anything; what is wrong is left out and named, and the rest serves."""

    def refreshed(self, colleague: Zoo) -> Result:
        return colleague("update", "--format", "json")

    def test_a_manifest_with_other_bytes(self, colleague: Zoo, store: Path) -> None:
        index = json.loads((store / "index.json").read_bytes())
        broken = store / Digest.parse(index["manifests"][0]["digest"]).blob_path
        broken.chmod(0o644)
        broken.write_bytes(b"{}")
        result = self.refreshed(colleague)
        assert result.code == 0, result
        assert_says(result, "left out: acme/net/small version 1", "expected sha256:")
        assert set(by_name(colleague("list", "--format", "json").json())) == {"acme/net/large"}

    @pytest.mark.parametrize("name", ["targets/board/x", "datasets/shapes/x", "acme/../small", "other/net/small"])
    def test_a_name_that_is_not_the_cards(self, colleague: Zoo, store: Path, name: str) -> None:
        index = json.loads((store / "index.json").read_bytes())
        annotations = index["manifests"][0]["annotations"]
        annotations["org.edge-model-zoo.name"] = name
        annotations["org.opencontainers.image.ref.name"] = f"{name.replace('/', '_')}_v1"
        (store / "index.json").write_text(json.dumps(index))
        result = self.refreshed(colleague)
        assert result.code == 0, result
        assert_says(result, f"left out: {name} version 1")
        assert set(by_name(colleague("list", "--format", "json").json())) == {"acme/net/large"}
        assert [path.name for path in (colleague.cache / "registries").glob("*/cards/*/*")] == ["net.yaml"]

    def test_a_version_that_changed_under_the_lock_file(self, zoo: Zoo, colleague: Zoo, store: Path) -> None:
        assert colleague("pull", "net/small", "-o", "out").code == 0
        index = json.loads((store / "index.json").read_bytes())
        small, large = index["manifests"]
        small["digest"], small["size"] = large["digest"], large["size"]
        (store / "index.json").write_text(json.dumps(index))
        result = colleague("pull", "net/small", "-o", "out")
        assert result.code == 1, result
        assert_says(result, "the lock file holds version 1", "a published version never changes")
        assert (colleague.work / "out" / "small.tflite").read_bytes() == SMALL


class TestTrust:
    """A publisher whose signatures are required: what lacks one is never even a candidate."""

    @pytest.fixture
    def signed(self, zoo: Zoo, colleague: Zoo, store: Path) -> Path:
        """`large` is signed with the key that the colleague's policy trusts, `small` is not signed."""
        for name in ("acme", "other"):
            assert zoo("sign", "--new-key", f"{name}.key").code == 0
        assert zoo("sign", "net/large", "--store", "store", "--key", "acme.key").code == 0
        self.policy(colleague, zoo.work / "acme.pub")
        return store

    def policy(self, colleague: Zoo, key: Path) -> None:
        text = f'[trust.acme]\nkeys = ["{key}"]\nrequire = true\n'
        (colleague.work / "zoo.toml").write_text(text, encoding="utf-8")

    def test_only_what_is_signed_is_listed_and_pulled(self, colleague: Zoo, signed: Path) -> None:
        updated = colleague("update")
        assert_says(updated, "left out: acme/net/small version 1", "not signed as the policy asks")
        assert set(by_name(colleague("list", "--format", "json").json())) == {"acme/net/large"}
        assert colleague("pull", "net/large", "-o", "out").code == 0
        assert (colleague.work / "out" / "large.tflite").read_bytes() == LARGE
        assert colleague("pull", "net/small").code == 2

    def test_another_key_does_not_help(self, zoo: Zoo, colleague: Zoo, signed: Path) -> None:
        assert zoo("sign", "net/small", "--store", "store", "--key", "other.key").code == 0
        assert_says(colleague("update"), "left out: acme/net/small version 1")

    def test_an_unsigned_version_does_not_hide_the_signed_one_before_it(
        self, zoo: Zoo, cards: Cards, colleague: Zoo, signed: Path
    ) -> None:
        (zoo.work / "files" / "large.tflite").write_bytes(NEWER)
        assert publish(zoo, cards.card(pinned("large", NEWER))).code == 0
        result = colleague("pull", "net/large", "-o", "out")
        assert result.code == 0, result
        assert_says(result, "left out: acme/net/large version 2")
        assert (colleague.work / "out" / "large.tflite").read_bytes() == LARGE
        assert colleague.lock()["pulls"][0]["release"]["version"] == 1

    def test_once_trusted_it_needs_no_registry(self, colleague: Zoo, signed: Path) -> None:
        assert colleague("pull", "net/large", "-o", "out").code == 0
        signed.rename(signed.with_name("gone"))
        assert colleague("pull", "net/large", "-o", "out", "--locked").code == 0

    def test_a_policy_that_changed_judges_anew(self, zoo: Zoo, colleague: Zoo, signed: Path) -> None:
        assert colleague("pull", "net/large", "-o", "out").code == 0
        self.policy(colleague, zoo.work / "other.pub")
        for words in (["pull", "net/large", "-o", "out"], ["pull", "net/large", "-o", "out", "--locked"]):
            result = colleague(*words)
            assert result.code == 1, result
            assert_says(result, "not signed as the policy asks")
        assert colleague("list", "--format", "json").json() == []

    def test_a_lock_file_does_not_bring_in_what_is_not_signed(self, zoo: Zoo, colleague: Zoo, store: Path) -> None:
        assert colleague("pull", "net/small", "-o", "out").code == 0
        assert zoo("sign", "--new-key", "acme.key").code == 0
        self.policy(colleague, zoo.work / "acme.pub")
        result = colleague("pull", "net/small", "-o", "out", "--locked")
        assert result.code == 1, result
        assert_says(result, "acme/net/small version 1 is not signed as the policy asks")

    def test_a_key_file_that_is_gone_is_told(self, zoo: Zoo, colleague: Zoo, signed: Path) -> None:
        (zoo.work / "acme.pub").unlink()
        result = colleague("pull", "net/large", "-o", "out")
        assert result.code == 2, result
        assert_says(result, "acme.pub")


def test_a_registry_behind_a_web_address_shows_no_credentials(colleague: Zoo) -> None:
    result = colleague("pull", "net/small", "--registry", "http://user:secret@127.0.0.1:9/models")
    assert result.code == 3, result
    assert "secret" not in result.err + result.out
