"""Places that hold blobs: in which order they are asked, what they may get wrong, and what stays secret."""

from __future__ import annotations

import base64

import pytest

from registry.digest import Digest
from tests import simulator as web
from tests.acceptance.world import Cards, Zoo, assert_says, files_below, mirror_of, model_bytes, pinned, unpinned
from tests.simulator import Simulator

DATA = model_bytes()
OTHER = model_bytes(seed=2)
SECRET = "s3cret-word"


def test_a_folder_mirror_gives_the_bytes_and_the_public_address_is_left_alone(
    zoo: Zoo, cards: Cards, simulator: Simulator
) -> None:
    cards.card(pinned("net", DATA, simulator.route("/net", web.whole(DATA))))
    mirror = mirror_of(zoo.folder / "mirror", DATA)
    result = zoo("pull", "net", "--mirror", mirror, "-o", "out")
    assert result.code == 0, result
    assert (zoo.work / "out" / "net.tflite").read_bytes() == DATA
    assert simulator.count() == 0
    assert zoo.lock()["pulls"][0]["artifacts"][0]["source"] == str(mirror / Digest.of(DATA).blob_path)


def test_a_folder_of_cards_may_hold_the_bytes_itself(zoo: Zoo, cards: Cards) -> None:
    """So that cards and files can be handed over as one folder; other bytes under the name are not taken."""
    cards.card(pinned("net", DATA))
    mirror_of(cards.folder, DATA)
    result = zoo("pull", "net", "--offline", "-o", "out")
    assert result.code == 0, result
    assert (zoo.work / "out" / "net.tflite").read_bytes() == DATA
    assert zoo("validate").code == 0


def test_a_pull_says_what_it_passed_over(zoo: Zoo, cards: Cards) -> None:
    cards.card(unpinned("net", "https://example.org/net.tflite"))
    cards.card(pinned("toy", DATA), model="toy", purpose="bring-up")
    mirror_of(cards.folder, DATA)
    result = zoo("pull", "netfamily", "--offline", "-o", "out")
    assert result.code == 0, result
    assert_says(result, "passed over 1 variant", "acme/net/net: unpinned", "acme/toy/toy is for bring-up")
    assert (zoo.work / "out" / "toy.tflite").read_bytes() == DATA


def test_a_web_mirror_gives_the_bytes(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    cards.card(pinned("net", DATA))
    url = simulator.blob(DATA)
    result = zoo("pull", "net", "--mirror", f"{simulator.url}/", "-o", "out")
    assert result.code == 0, result
    assert (zoo.work / "out" / "net.tflite").read_bytes() == DATA
    assert zoo.lock()["pulls"][0]["artifacts"][0]["source"] == url


def test_the_output_does_not_share_the_bytes_of_a_folder_mirror(zoo: Zoo, cards: Cards) -> None:
    cards.card(pinned("net", DATA))
    mirror = mirror_of(zoo.folder / "mirror", DATA)
    assert zoo("pull", "net", "--mirror", mirror, "-o", "out").code == 0
    assert not (zoo.work / "out" / "net.tflite").samefile(mirror / Digest.of(DATA).blob_path)


class TestSeveral:
    """The first that gives the right bytes serves; what failed before it is told."""

    def test_the_first_broken(self, zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
        cards.card(pinned("net", DATA))
        broken = simulator.blob(DATA, web.short(DATA, 100))
        good = mirror_of(zoo.folder / "good", DATA)
        result = zoo("pull", "net", "--mirror", simulator.url, "--mirror", good, "-o", "out")
        assert result.code == 0, result
        assert_says(result, broken, "trying the next place")
        assert (zoo.work / "out" / "net.tflite").read_bytes() == DATA

    def test_the_first_lying(self, zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
        cards.card(pinned("net", DATA))
        lying = simulator.blob(DATA, web.whole(OTHER))
        good = mirror_of(zoo.folder / "good", DATA)
        result = zoo("pull", "net", "--mirror", simulator.url, "--mirror", good, "-o", "out")
        assert result.code == 0, result
        assert_says(
            result, lying, f"expected {Digest.of(DATA)}", f"found {Digest.of(OTHER)}", "trying the next place"
        )
        assert (zoo.work / "out" / "net.tflite").read_bytes() == DATA
        assert [path.read_bytes() for path in zoo.blobs()] == [DATA]

    def test_the_first_a_folder_that_is_not_there(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(pinned("net", DATA))
        good = mirror_of(zoo.folder / "good", DATA)
        result = zoo("pull", "net", "--mirror", zoo.folder / "gone", "--mirror", good)
        assert result.code == 0, result
        assert_says(result, str(zoo.folder / "gone"), "no such folder", "trying the next place")

    def test_the_first_without_the_bytes_is_nothing_to_speak_of(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(pinned("net", DATA))
        empty, good = mirror_of(zoo.folder / "empty"), mirror_of(zoo.folder / "good", DATA)
        result = zoo("pull", "net", "--mirror", empty, "--mirror", good)
        assert result.code == 0, result
        assert str(empty) not in result.err

    def test_the_public_address_comes_last(self, zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
        url = simulator.route("/net", web.whole(DATA))
        cards.card(pinned("net", DATA, url))
        damaged = mirror_of(zoo.folder / "damaged")
        (damaged / Digest.of(DATA).blob_path).write_bytes(OTHER)
        result = zoo("pull", "net", "--mirror", damaged, "--mirror", mirror_of(zoo.folder / "empty"), "-o", "out")
        assert result.code == 0, result
        assert_says(result, str(damaged), "trying the next place")
        assert (zoo.work / "out" / "net.tflite").read_bytes() == DATA
        assert (damaged / Digest.of(DATA).blob_path).read_bytes() == OTHER

    def test_all_of_them_wrong_is_a_verdict_that_names_each(
        self, zoo: Zoo, cards: Cards, simulator: Simulator
    ) -> None:
        url = simulator.route("/net", web.status(404))
        cards.card(pinned("net", DATA, url))
        lying = simulator.blob(DATA, web.whole(OTHER))
        gone = zoo.folder / "gone"
        result = zoo("pull", "net", "--mirror", simulator.url, "--mirror", gone)
        assert result.code == 1, result
        assert_says(result, lying, str(gone), url, "no such folder", "404", str(Digest.of(OTHER)), "next: ")
        assert zoo.leftovers() == []

    def test_none_of_them_there_is_no_verdict(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(pinned("net", DATA))
        empty, gone = mirror_of(zoo.folder / "empty"), zoo.folder / "gone"
        result = zoo("pull", "net", "--mirror", empty, "--mirror", gone)
        assert result.code == 3, result
        assert_says(result, "net.tflite", str(empty), "does not hold", str(gone), "no such folder", "--mirror")
        assert zoo.leftovers() == []

    @pytest.mark.parametrize("separator", [" ", ",", ", "])
    def test_the_variable_takes_several(self, zoo: Zoo, cards: Cards, simulator: Simulator, separator: str) -> None:
        cards.card(pinned("net", DATA))
        good = mirror_of(zoo.folder / "good", DATA)
        result = zoo("pull", "net", ZOO_MIRROR=separator.join([simulator.url, str(good)]))
        assert result.code == 0, result
        assert simulator.count(f"/{Digest.of(DATA).blob_path}") == 1

    def test_the_flag_wins_over_the_variable(self, zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
        cards.card(pinned("net", DATA))
        simulator.blob(DATA)
        good = mirror_of(zoo.folder / "good", DATA)
        assert zoo("pull", "net", "--mirror", good, ZOO_MIRROR=simulator.url).code == 0
        assert simulator.count() == 0


def test_a_server_that_is_not_there(zoo: Zoo, cards: Cards) -> None:
    with Simulator() as gone:
        place = gone.place
    cards.card(pinned("net", DATA))
    result = zoo("pull", "net", "--mirror", f"http://user:{SECRET}@{place}")
    assert result.code == 3, result
    assert_says(result, "net.tflite", f"http://{place}/", "onnection refused", "next: ", "--mirror")
    assert SECRET not in result.err
    assert zoo.leftovers() == []


class TestOffline:
    """The network is out of bounds; what lies on disk is not."""

    def test_without_the_bytes(self, zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
        cards.card(pinned("net", DATA, simulator.route("/net", web.whole(DATA))))
        simulator.blob(DATA)
        for arguments, variables in ((["--offline"], {}), ([], {"ZOO_OFFLINE": "1"})):
            result = zoo("pull", "net", "--mirror", simulator.url, *arguments, **variables)
            assert result.code == 3, result
            assert_says(result, "net.tflite", "the network is off (--offline)", "next: ")
        assert simulator.count() == 0
        assert zoo.leftovers() == []

    def test_with_the_bytes_in_the_cache(self, zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
        cards.card(pinned("net", DATA, simulator.route("/net", web.whole(DATA))))
        assert zoo("pull", "net").code == 0
        result = zoo("pull", "net", "--offline", "-o", "out")
        assert result.code == 0, result
        assert (zoo.work / "out" / "net.tflite").read_bytes() == DATA
        assert simulator.count() == 1

    def test_with_the_bytes_in_a_folder_mirror(self, zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
        cards.card(pinned("net", DATA, simulator.route("/net", web.whole(DATA))))
        good = mirror_of(zoo.folder / "good", DATA)
        result = zoo("pull", "net", "--offline", "--mirror", simulator.url, "--mirror", good)
        assert result.code == 0, result
        assert simulator.count() == 0

    def test_a_folder_mirror_written_as_an_address(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(pinned("net", DATA))
        good = mirror_of(zoo.folder / "good", DATA)
        assert zoo("pull", "net", "--offline", "--mirror", good.as_uri()).code == 0

    def test_unpinned_bytes_cannot_come(self, zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
        cards.card(unpinned("net", simulator.route("/net", web.whole(DATA))))
        result = zoo("pull", "net", "--offline", "--allow-unpinned")
        assert result.code == 3, result
        assert_says(result, "net.tflite", "the network is off")
        assert simulator.count() == 0
        assert zoo.leftovers() == []


class TestSecrets:
    """What a mirror's address knows is for its server alone."""

    def everything(self, zoo: Zoo) -> str:
        """All that was written below the working folder and the cache."""
        found = [path.read_bytes().decode("latin-1") for path in files_below(zoo.work) + files_below(zoo.cache)]
        return "\n".join(found)

    def test_credentials_reach_the_server_and_nobody_else(
        self, zoo: Zoo, cards: Cards, simulator: Simulator
    ) -> None:
        cards.card(pinned("net", DATA))
        url = simulator.blob(DATA)
        mirror = f"http://user:{SECRET}@{simulator.place}"
        result = zoo("pull", "net", "--mirror", mirror, "--verbose", "--why")
        assert result.code == 0, result
        wanted = "Basic " + base64.b64encode(f"user:{SECRET}".encode()).decode()
        assert [headers.get("Authorization") for headers in simulator.headers] == [wanted]
        assert zoo.lock()["pulls"][0]["artifacts"][0]["source"] == url
        assert SECRET not in result.out + result.err + self.everything(zoo)

    @pytest.mark.parametrize(
        "answer",
        [web.status(404), web.status(401), web.short(DATA, 100), web.whole(OTHER)],
        ids=["404", "401", "short", "wrong"],
    )
    def test_they_are_in_no_message_when_it_fails(
        self, zoo: Zoo, cards: Cards, simulator: Simulator, answer: web.Answer
    ) -> None:
        cards.card(pinned("net", DATA))
        simulator.blob(DATA, answer)
        result = zoo("pull", "net", "--mirror", f"http://user:{SECRET}@{simulator.place}", "--verbose")
        assert result.code in (1, 3), result
        assert_says(result, simulator.place)
        assert SECRET not in result.out + result.err
        assert zoo.leftovers() == []

    @pytest.mark.parametrize(
        "address",
        [
            f"http://user:{SECRET}@127.0.0.1:port",
            f"http://user:{SECRET}@[::1",
            f"http://user:{SECRET}@",
            f"http://user:{SECRET}@host name/",
            f"ftp://user:{SECRET}@127.0.0.1",
        ],
    )
    def test_they_are_in_no_message_about_a_bad_address(self, zoo: Zoo, cards: Cards, address: str) -> None:
        cards.card(pinned("net", DATA))
        result = zoo("pull", "net", "--mirror", address)
        assert result.code in (2, 3), result
        assert "next: " in result.err
        assert SECRET not in result.out + result.err
        assert zoo.leftovers() == []

    @pytest.mark.parametrize("form", ["text", "json"])
    def test_the_settings_do_not_tell_them(self, zoo: Zoo, form: str) -> None:
        (zoo.work / "zoo.toml").write_text(f'mirrors = ["http://one:{SECRET}@127.0.0.1"]\n', encoding="utf-8")
        result = zoo("config", "--format", form, ZOO_MIRROR=f"http://two:{SECRET}@127.0.0.1")
        assert result.code == 0, result
        assert "127.0.0.1" in result.out
        assert SECRET not in result.out + result.err

    def test_a_signed_address_is_recorded_without_its_signature(
        self, zoo: Zoo, cards: Cards, simulator: Simulator
    ) -> None:
        cards.card(pinned("net", DATA))
        real = simulator.route("/real", web.whole(DATA))
        simulator.blob(DATA, web.redirect(f"{real}?X-Signature={SECRET}"))
        result = zoo("pull", "net", "--mirror", simulator.url)
        assert result.code == 0, result
        assert zoo.lock()["pulls"][0]["artifacts"][0]["source"] == real
        assert SECRET not in result.out + result.err + self.everything(zoo)

    def test_they_do_not_follow_a_redirect_to_another_host(
        self, zoo: Zoo, cards: Cards, simulator: Simulator
    ) -> None:
        cards.card(pinned("net", DATA))
        with Simulator() as stranger:
            simulator.blob(DATA, web.redirect(stranger.route("/real", web.whole(DATA))))
            result = zoo("pull", "net", "--mirror", f"http://user:{SECRET}@{simulator.place}")
            assert result.code == 0, result
            assert ["Authorization" in headers for headers in stranger.headers] == [False]
