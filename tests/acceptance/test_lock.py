"""`zoo.lock`: what was resolved once stays, until somebody asks for another choice."""

from __future__ import annotations

import json

import pytest

from registry.digest import Digest
from tests.acceptance.world import Cards, Zoo, assert_says, files_below, mirror_of, model_bytes, pinned
from tests.unit import builders

OLD, NEW = model_bytes(seed=1), model_bytes(seed=2)


GOOD = {
    "schema": "lock/1",
    "pulls": [
        {
            "request": {"name": "net", "target": None, "prefer": "accuracy", "constraints": {}},
            "variant": "acme/net/first",
            "artifacts": [
                {"file": "first.tflite", "size": 5000, "sha256": "a" * 64, "pinned_by": "card", "source": "x"}
            ],
        }
    ],
}
"""A valid lock file."""


def variant_of(zoo: Zoo, *arguments: str) -> str:
    """Which variant a pull of `net` brings."""
    result = zoo("pull", "net", "--format", "json", *arguments)
    assert result.code == 0, result
    name: str = result.json()["variant"]
    return name


@pytest.fixture
def mirror(zoo: Zoo, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A mirror that holds all bytes, so that only the choice matters."""
    zoo.environment["ZOO_MIRROR"] = str(mirror_of(tmp_path_factory.mktemp("mirror") / "m", OLD, NEW))


@pytest.mark.usefixtures("mirror")
class TestChoice:
    """Which variant comes."""

    def publish_a_better_one(self, cards: Cards) -> None:
        worse, better = builders.metric(0.6), builders.metric(0.9)
        cards.card(pinned("first", OLD, metrics=[worse]), pinned("second", NEW, metrics=[better]))

    def test_it_is_kept_when_the_catalogue_would_choose_another(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(pinned("first", OLD, metrics=[builders.metric(0.6)]))
        assert variant_of(zoo) == "acme/net/first"
        lock = (zoo.work / "zoo.lock").read_bytes()
        self.publish_a_better_one(cards)
        result = zoo("pull", "net")
        assert result.code == 0, result
        assert "acme/net/first" in result.out
        assert_says(result, "the lock file holds acme/net/first", "--update would choose acme/net/second")
        assert (zoo.work / "zoo.lock").read_bytes() == lock

    def test_update_moves(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(pinned("first", OLD, metrics=[builders.metric(0.6)]))
        assert variant_of(zoo) == "acme/net/first"
        self.publish_a_better_one(cards)
        assert variant_of(zoo, "--update") == "acme/net/second"
        assert [item["variant"] for item in zoo.lock()["pulls"]] == ["acme/net/second"]
        assert variant_of(zoo) == "acme/net/second"

    def test_each_request_has_its_own_entry(self, zoo: Zoo, cards: Cards) -> None:
        self.publish_a_better_one(cards)
        assert variant_of(zoo) == "acme/net/second"
        assert variant_of(zoo, "--prefer", "size") == "acme/net/first"
        assert variant_of(zoo, "--target", "board") == "acme/net/second"
        assert variant_of(zoo, "--resolution", "96x64", "--licence", "Apache-2.0") == "acme/net/second"
        requests = [item["request"] for item in zoo.lock()["pulls"]]
        assert len(requests) == 4
        assert {"resolution": "96x64", "licence": ["Apache-2.0"]} in [item["constraints"] for item in requests]
        assert zoo("validate", "zoo.lock").code == 0

    def test_the_same_pull_again_leaves_the_file_untouched(self, zoo: Zoo, cards: Cards) -> None:
        self.publish_a_better_one(cards)
        variant_of(zoo)
        before = (zoo.work / "zoo.lock").stat()
        result = zoo("pull", "net")
        after = (zoo.work / "zoo.lock").stat()
        assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
        assert "recorded" not in result.err

    def test_a_target_by_another_name_is_the_same_request(self, zoo: Zoo, cards: Cards) -> None:
        accepts = [builders.rule("cpu", ["tflite"], ["float32"])]
        cards.write(builders.target(accepts=accepts, aliases=["the-board"]))
        self.publish_a_better_one(cards)
        variant_of(zoo, "--target", "board")
        assert variant_of(zoo, "--target", "The-Board", "--locked") == "acme/net/second"

    def test_another_lock_file_can_be_named(self, zoo: Zoo, cards: Cards) -> None:
        self.publish_a_better_one(cards)
        variant_of(zoo, "--lock", "deep/other.lock")
        assert not (zoo.work / "zoo.lock").exists()
        assert [item["variant"] for item in zoo.lock("deep/other.lock")["pulls"]] == ["acme/net/second"]

    def test_a_variant_that_is_gone_is_a_verdict(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(pinned("first", OLD))
        variant_of(zoo)
        cards.card(pinned("second", NEW))
        result = zoo("pull", "net", "-o", "out")
        assert result.code == 1, result
        assert_says(result, "the lock file holds acme/net/first", "no longer has it", "--update")
        assert files_below(zoo.work / "out") == []


@pytest.mark.usefixtures("mirror")
class TestLocked:
    """`--locked`: exactly what the file says, or nothing."""

    def test_without_an_entry(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(pinned("first", OLD))
        result = zoo("pull", "net", "--locked")
        assert result.code == 1, result
        assert_says(result, "zoo.lock has no entry", "'net'", "without --locked")
        assert zoo.leftovers() == []

    def test_with_an_entry_of_another_request(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(pinned("first", OLD))
        variant_of(zoo)
        result = zoo("pull", "net", "--target", "board", "--locked", "-o", "out")
        assert result.code == 1, result
        assert_says(result, "no entry", "for board")
        assert files_below(zoo.work / "out") == []

    def test_with_the_entry(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(pinned("first", OLD))
        variant_of(zoo)
        lock = (zoo.work / "zoo.lock").read_bytes()
        result = zoo("pull", "net", "--locked", "-o", "out", "--cache", "../fresh")
        assert result.code == 0, result
        assert (zoo.work / "out" / "first.tflite").read_bytes() == OLD
        assert (zoo.work / "zoo.lock").read_bytes() == lock

    @pytest.mark.parametrize("arguments", [["--locked"], []])
    def test_with_a_card_whose_digest_changed(self, zoo: Zoo, cards: Cards, arguments: list[str]) -> None:
        cards.card(pinned("first", OLD))
        variant_of(zoo)
        cards.card(pinned("first", NEW))
        lock = (zoo.work / "zoo.lock").read_bytes()
        result = zoo("pull", "net", "-o", "out", *arguments)
        assert result.code == 1, result
        assert_says(result, "first.tflite", str(Digest.of(OLD)), str(Digest.of(NEW)), "--update")
        assert files_below(zoo.work / "out") == []
        assert (zoo.work / "zoo.lock").read_bytes() == lock
        result = zoo("pull", "net", "-o", "out", "--update")
        assert result.code == 0, result
        assert (zoo.work / "out" / "first.tflite").read_bytes() == NEW
        assert zoo.lock()["pulls"][0]["artifacts"][0]["sha256"] == Digest.of(NEW).hex


class TestBroken:
    """A lock file that somebody or something damaged."""

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ("a" * 64, "a" * 63, ["zoo.lock:", "/pulls/0/artifacts/0/sha256"]),
            ("a" * 64, "A" * 64, ["zoo.lock:", "/pulls/0/artifacts/0/sha256"]),
            ("lock/1", "lock/9", ["zoo.lock:", "/schema", "lock/9"]),
            ('"target": null', '"target": 5', ["zoo.lock:", "/pulls/0/request/target"]),
            ('"size": 5000', '"size": "5000"', ["zoo.lock:", "/pulls/0/artifacts/0/size"]),
            ('"size": 5000', '"size": -5000', ["zoo.lock:", "/pulls/0/artifacts/0/size"]),
            ("first.tflite", "../first.tflite", ["zoo.lock:", "/pulls/0/artifacts/0/file"]),
            ('"variant"', '"variance"', ["zoo.lock:", "variance"]),
            ('"pinned_by": "card"', '"pinned_by": "hope"', ["zoo.lock:", "/pulls/0/artifacts/0/pinned_by"]),
        ],
    )
    def test_a_wrong_value(self, shipped: Zoo, old: str, new: str, said: list[str]) -> None:
        text = json.dumps(GOOD, indent=2)
        assert old in text
        self.refused(shipped, text.replace(old, new).encode(), *said)

    @pytest.mark.parametrize(
        "text",
        [
            json.dumps(GOOD, indent=2)[:-40].encode(),
            json.dumps(GOOD)[:100].encode(),
            b"",
            b"null",
            b"[]",
            b"\xff\xfe{",
            b"[" * 100_000,
            b'{"schema": "lock/1", "schema": "lock/1", "pulls": []}',
            b"<<<<<<< HEAD\n{}\n=======\n",
        ],
        ids=["truncated", "truncated-line", "empty", "null", "list", "bytes", "deep", "twice", "merge-conflict"],
    )
    def test_no_lock_file_at_all(self, shipped: Zoo, text: bytes) -> None:
        self.refused(shipped, text, "zoo.lock:")

    def refused(self, zoo: Zoo, text: bytes, *said: str) -> None:
        (zoo.work / "zoo.lock").write_bytes(text)
        result = zoo("pull", "google/deeplabv3/257-float32", "--update", "--offline")
        assert result.code == 2, result
        assert_says(result, "not a valid lock file", *said, "next: ", "version control")
        assert files_below(zoo.work) == [zoo.work / "zoo.lock"]
        assert (zoo.work / "zoo.lock").read_bytes() == text
