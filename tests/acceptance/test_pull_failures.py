"""Servers that lie, stop or lead astray: the exit code, what is said, and that nothing is left that looks valid."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from registry.digest import Digest
from tests import simulator as web
from tests.acceptance.world import Cards, Zoo, assert_says, files_below, model_bytes, pinned, unpinned
from tests.simulator import Answer, Simulator

DATA = model_bytes()
OTHER = model_bytes(seed=2)
LONGER = DATA + b"and more"


class Case(NamedTuple):
    """What a server does, and what must follow. `{url}` in the texts is the address that was asked."""

    answer: Callable[[Simulator], Answer]
    code: int
    said: tuple[str, ...]


REJECTED = {
    "git-lfs-pointer": Case(
        lambda _: web.lfs_pointer(DATA), 1, ("expected a tflite file, found a Git LFS pointer", "--mirror")
    ),
    "web-page": Case(lambda _: web.page(), 1, ("expected a tflite file, found a web page", "--mirror")),
    "web-page-of-the-right-size": Case(
        lambda _: web.page(size=len(DATA)), 1, ("expected a tflite file, found a web page", "--mirror")
    ),
    "wrong-bytes-of-the-right-size": Case(
        lambda _: web.whole(OTHER), 1, (f"expected {Digest.of(DATA)}", f"found {Digest.of(OTHER)}", "--mirror")
    ),
    "no-model-at-all": Case(
        lambda _: web.whole(bytes(len(DATA))), 1, ("expected a tflite file", "found first bytes 00 00", "--mirror")
    ),
    "empty": Case(lambda _: web.whole(b""), 1, ("expected", "found", "--mirror")),
    "shorter-and-says-so": Case(
        lambda _: web.whole(DATA[:-1]), 1, (f"expected {len(DATA)} bytes", f"found {len(DATA) - 1} bytes")
    ),
    "longer-and-says-so": Case(
        lambda _: web.whole(LONGER), 1, (f"expected {len(DATA)} bytes", f"found {len(LONGER)} bytes")
    ),
    "longer-without-length": Case(
        lambda _: web.chunked(LONGER), 1, (f"expected {len(DATA)} bytes", "found at least")
    ),
    "longer-than-it-promises": Case(
        lambda _: web.overlong(OTHER + b"more", len(DATA)), 1, (f"expected {Digest.of(DATA)}",)
    ),
}

UNAVAILABLE = {
    "short-body": Case(lambda _: web.short(DATA, 100), 3, ("ended early",)),
    "short-body-one-byte-missing": Case(lambda _: web.short(DATA, len(DATA) - 1), 3, ("ended early",)),
    "no-body-at-all": Case(lambda _: web.short(DATA, 0), 3, ("ended early",)),
    "connection-reset": Case(lambda _: web.dropped(DATA, 100), 3, ()),
    "connection-reset-without-length": Case(lambda _: web.dropped(DATA, 100, length=False), 3, ()),
    "last-chunk-missing": Case(lambda _: web.chunked(DATA, ended=False), 3, ("ended",)),
    "redirect-loop": Case(lambda server: web.redirect(f"{server.url}/net"), 3, ("redirects", "loop")),
    "redirect-to-a-file": Case(lambda _: web.redirect("file:///etc/hostname"), 3, ("file:///etc/hostname",)),
    "redirect-to-nowhere": Case(lambda _: web.redirect("http://"), 3, ()),
    "not-found": Case(lambda _: web.status(404), 3, ("does not have it", "404")),
    "forbidden": Case(lambda _: web.status(403), 3, ("403 Forbidden",)),
    "no-content": Case(lambda _: web.status(204), 3, ("204",)),
    "always-broken": Case(lambda _: web.status(503, **{"Retry-After": "0"}), 3, ("503",)),
}


def check(zoo: Zoo, url: str, case: Case, *arguments: str) -> None:
    result = zoo("pull", "net", *arguments)
    assert result.code == case.code, result
    assert_says(result, "net.tflite", "acme/net/net", url, *case.said, "next: ")
    assert "('" not in result.err, "a Python tuple is no message"
    assert result.out == ""
    assert zoo.leftovers() == []


@pytest.mark.parametrize("name", [*REJECTED, *(name for name in UNAVAILABLE if name != "last-chunk-missing")])
def test_a_pinned_file_from_a_bad_server(zoo: Zoo, cards: Cards, simulator: Simulator, name: str) -> None:
    case = {**REJECTED, **UNAVAILABLE}[name]
    url = simulator.route("/net", case.answer(simulator))
    cards.card(pinned("net", DATA, url))
    check(zoo, url, case)


@pytest.mark.parametrize(
    "name",
    [
        "git-lfs-pointer",
        "web-page",
        "no-model-at-all",
        "empty",
        "short-body-one-byte-missing",
        "no-body-at-all",
        "connection-reset-without-length",
        "last-chunk-missing",
        "redirect-loop",
    ],
)
def test_an_unpinned_file_from_a_bad_server(zoo: Zoo, cards: Cards, simulator: Simulator, name: str) -> None:
    case = {**REJECTED, **UNAVAILABLE}[name]
    url = simulator.route("/net", case.answer(simulator))
    cards.card(unpinned("net", url))
    check(zoo, url, case, "--allow-unpinned")


def test_a_pinned_file_that_came_whole_over_a_broken_connection_is_taken(
    zoo: Zoo, cards: Cards, simulator: Simulator
) -> None:
    url = simulator.route("/net", UNAVAILABLE["last-chunk-missing"].answer(simulator))
    cards.card(pinned("net", DATA, url))
    result = zoo("pull", "net", "-o", "out")
    assert result.code == 0, result
    assert (zoo.work / "out" / "net.tflite").read_bytes() == DATA
    assert simulator.count(url) == 1


def test_a_failed_pull_leaves_an_earlier_output_as_it_was(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    good = web.at_first(1, web.whole(DATA), web.short(OTHER, 100))
    url = simulator.route("/net", good)
    cards.card(pinned("net", DATA, url))
    assert zoo("pull", "net", "-o", "out").code == 0
    before = {path: path.read_bytes() for path in files_below(zoo.work)}
    cards.card(pinned("net", OTHER, url))
    result = zoo("pull", "net", "-o", "out", "--force", "--update")
    assert result.code == 3, result
    assert {path: path.read_bytes() for path in files_below(zoo.work)} == before
    assert [path.read_bytes() for path in zoo.blobs()] == [DATA]


def test_a_redirect_loop_is_left_soon(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    url = simulator.route("/net", web.redirect(f"{simulator.url}/back"))
    simulator.route("/back", web.redirect(url))
    cards.card(pinned("net", DATA, url))
    assert zoo("pull", "net").code == 3
    assert 2 <= simulator.count() <= 20


@pytest.mark.parametrize("code", [302, 308])
def test_a_chain_of_redirects_is_followed_to_the_file(
    zoo: Zoo, cards: Cards, simulator: Simulator, code: int
) -> None:
    simulator.route("/real", web.whole(DATA))
    simulator.route("/second", web.redirect("/real", code))
    cards.card(pinned("net", DATA, simulator.route("/first", web.redirect(f"{simulator.url}/second", code))))
    result = zoo("pull", "net", "-o", "out")
    assert result.code == 0, result
    assert (zoo.work / "out" / "net.tflite").read_bytes() == DATA


@pytest.mark.parametrize(
    ("failures", "bad"),
    [(2, web.status(500)), (1, web.status(429, **{"Retry-After": "0"}))],
    ids=["twice-500", "429"],
)
def test_a_server_that_stumbles_is_asked_again(
    zoo: Zoo, cards: Cards, simulator: Simulator, failures: int, bad: Answer
) -> None:
    url = simulator.route("/net", web.at_first(failures, bad, web.whole(DATA)))
    cards.card(pinned("net", DATA, url))
    result = zoo("pull", "net", "-o", "out")
    assert result.code == 0, result
    assert simulator.count(url) == failures + 1
    assert (zoo.work / "out" / "net.tflite").read_bytes() == DATA


def test_a_server_that_states_no_length_is_served(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    data = model_bytes(300_000)
    cards.card(pinned("net", data, simulator.route("/net", web.chunked(data))))
    assert zoo("pull", "net", "-o", "out").code == 0
    assert (zoo.work / "out" / "net.tflite").read_bytes() == data


def test_a_host_without_a_name(zoo: Zoo, cards: Cards) -> None:
    cards.card(pinned("net", DATA, "http://[::1/net"))
    result = zoo("pull", "net")
    assert result.code == 3, result
    assert_says(result, "net.tflite", "[::1")
    assert zoo.leftovers() == []


def test_a_page_or_recipe_is_never_taken_for_the_file(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    variant = pinned("net", DATA, simulator.route("/net", web.whole(DATA)))
    variant["artifacts"][0]["sources"][0]["kind"] = "page"
    cards.card(variant)
    result = zoo("pull", "net")
    assert result.code == 3, result
    assert_says(result, "no place gave net.tflite", "--mirror")
    assert simulator.count() == 0
    assert zoo.leftovers() == []


def test_the_second_address_of_a_card_is_tried_when_the_first_lies(
    zoo: Zoo, cards: Cards, simulator: Simulator
) -> None:
    first = simulator.route("/first", web.whole(OTHER))
    second = simulator.route("/second", web.whole(DATA))
    cards.card(pinned("net", DATA, first, second))
    result = zoo("pull", "net", "-o", "out")
    assert result.code == 0, result
    assert_says(result, first, str(Digest.of(OTHER)), "trying the next place")
    assert (zoo.work / "out" / "net.tflite").read_bytes() == DATA
    assert zoo.lock()["pulls"][0]["artifacts"][0]["source"] == second


def test_a_server_cannot_drive_the_terminal(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J"
    first = simulator.route("/first", web.status(403, reason=f"No{evil}"))
    second = simulator.route("/second", web.redirect(f"file:///{evil}"))
    third = simulator.route("/third", web.redirect(f"/{evil}"))
    cards.card(pinned("net", DATA, first, second, third))
    result = zoo("pull", "net")
    assert result.code == 3, result
    assert_says(result, first, second, third, "403")
    assert not {"\x1b", "\x07"} & set(result.out + result.err), result.err


def test_a_compressed_answer_is_unpacked_before_it_is_hashed(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    import gzip

    packed = gzip.compress(DATA)
    url = simulator.route("/net", web.whole(packed, **{"Content-Encoding": "gzip"}))
    cards.card(pinned("net", DATA, url))
    result = zoo("pull", "net", "-o", "out")
    assert result.code == 0, result
    assert (zoo.work / "out" / "net.tflite").read_bytes() == DATA


class TestUnpinned:
    """Bytes that no card vouches for."""

    def test_they_are_refused_with_the_way_to_allow_them(
        self, zoo: Zoo, cards: Cards, simulator: Simulator
    ) -> None:
        cards.card(unpinned("net", simulator.route("/net", web.whole(DATA))))
        for arguments in (["net"], ["acme/net/net"], ["net", "--target", "board"]):
            result = zoo("pull", *arguments)
            assert result.code == 1, result
            assert_says(result, "acme/net/net", "unpinned", "next: --allow-unpinned", "zoo.lock")
        assert simulator.count() == 0
        assert zoo.leftovers() == []

    def test_a_pinned_one_is_chosen_before_a_better_unpinned_one(
        self, zoo: Zoo, cards: Cards, simulator: Simulator
    ) -> None:
        loose = simulator.route("/loose", web.whole(OTHER))
        cards.card(unpinned("a-loose", loose), pinned("b-firm", DATA, simulator.route("/firm", web.whole(DATA))))
        assert zoo("pull", "net", "--format", "json").json()["variant"] == "acme/net/b-firm"
        assert simulator.count(loose) == 0

    def test_allowed_they_are_recorded_and_every_later_pull_is_held_to_them(
        self, zoo: Zoo, cards: Cards, simulator: Simulator
    ) -> None:
        url = simulator.route("/net", web.at_first(1, web.whole(DATA), web.whole(OTHER)))
        cards.card(unpinned("net", url))
        result = zoo("pull", "net", "--allow-unpinned", "-o", "out")
        assert result.code == 0, result
        assert "unpinned, digest recorded" in result.out
        assert_says(result, "recorded in zoo.lock", "plain http")
        (recorded,) = zoo.lock()["pulls"][0]["artifacts"]
        assert (recorded["sha256"], recorded["pinned_by"]) == (Digest.of(DATA).hex, "first-pull")
        lock = (zoo.work / "zoo.lock").read_bytes()

        for arguments in (["--allow-unpinned"], [], ["--locked"]):
            result = zoo("pull", "net", "-o", "new", "--cache", "../fresh", *arguments)
            assert result.code == 1, result
            assert_says(result, url, f"expected {Digest.of(DATA)}", f"found {Digest.of(OTHER)}")
            assert files_below(zoo.work / "new") == []
            assert files_below(zoo.folder / "fresh" / "blobs") == []
            assert (zoo.work / "zoo.lock").read_bytes() == lock
        assert simulator.count(url) == 4

    def test_held_by_the_lock_file_they_come_again_without_asking(
        self, zoo: Zoo, cards: Cards, simulator: Simulator
    ) -> None:
        url = simulator.route("/net", web.whole(DATA))
        cards.card(unpinned("net", url))
        assert zoo("pull", "net", "--allow-unpinned").code == 0
        result = zoo("pull", "net", "-o", "again")
        assert result.code == 0, result
        assert "from cache" in result.out
        assert simulator.count(url) == 1
        assert (zoo.work / "again" / "net.tflite").read_bytes() == DATA

    def test_another_request_for_the_same_variant_is_held_to_the_recorded_digest(
        self, zoo: Zoo, cards: Cards, simulator: Simulator
    ) -> None:
        url = simulator.route("/net", web.at_first(1, web.whole(DATA), web.whole(OTHER)))
        cards.card(unpinned("net", url))
        assert zoo("pull", "net", "--allow-unpinned").code == 0
        result = zoo("pull", "acme/net/net", "--allow-unpinned", "--cache", "../fresh", "-o", "new")
        assert result.code == 1, result
        assert_says(result, str(Digest.of(DATA)), str(Digest.of(OTHER)))
        assert files_below(zoo.work / "new") == []

    def test_told_to_update_the_new_bytes_are_taken_and_recorded(
        self, zoo: Zoo, cards: Cards, simulator: Simulator
    ) -> None:
        cards.card(unpinned("net", simulator.route("/net", web.at_first(1, web.whole(DATA), web.whole(OTHER)))))
        assert zoo("pull", "net", "--allow-unpinned").code == 0
        result = zoo("pull", "net", "--allow-unpinned", "--update", "-o", "new")
        assert result.code == 0, result
        assert (zoo.work / "new" / "net.tflite").read_bytes() == OTHER
        assert zoo.lock()["pulls"][0]["artifacts"][0]["sha256"] == Digest.of(OTHER).hex

    def test_one_that_has_no_address_cannot_be_allowed(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(unpinned("net"))
        result = zoo("pull", "net", "--allow-unpinned")
        assert result.code == 1, result
        assert_says(result, "none can be fetched", "--why")
        assert "--allow-unpinned takes" not in zoo("pull", "net").err
