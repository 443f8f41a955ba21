"""Connections over real sockets: kept open, shared by threads, and how long a busy server is waited for."""

from __future__ import annotations

import threading
from email.utils import formatdate

import pytest

from registry.digest import Digest
from registry.errors import UnavailableError
from registry.store.connections import LONGEST_WAIT_SECONDS, Connections
from registry.store.web import WebMirror, open_url
from tests import simulator as web
from tests.simulator import Simulator

DATA = bytes(range(256)) * 40


def read(url: str, kept: Connections) -> bytes:
    with open_url(url, kept=kept) as opened:
        return b"".join(opened.chunks)


def test_the_next_file_of_a_place_needs_no_new_connection(simulator: Simulator) -> None:
    mirror = WebMirror(simulator.url)
    contents = [DATA + bytes([number]) for number in range(5)]
    for data in contents:
        simulator.blob(data)
        with mirror.open(Digest.of(data)) as opened:
            assert b"".join(opened.chunks) == data
    assert simulator.connections == 1


def test_threads_share_them(simulator: Simulator) -> None:
    kept, urls = Connections(), [simulator.route(f"/{number}", web.whole(DATA)) for number in range(24)]
    found: list[bytes] = []

    def work() -> None:
        found.extend(read(url, kept) for url in urls[::4])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept.close()
    assert found == [DATA] * 24
    assert simulator.connections <= 4


def test_an_answer_that_is_not_read_to_its_end_does_not_spoil_the_next(simulator: Simulator) -> None:
    kept, url = Connections(), simulator.route("/net", web.whole(DATA * 100))
    with open_url(url, kept=kept) as opened:
        next(iter(opened.chunks))
    assert read(url, kept) == DATA * 100
    kept.close()


def test_a_server_that_closed_meanwhile_is_connected_anew(simulator: Simulator) -> None:
    def closes(exchange: web.Exchange, _number: int) -> None:
        exchange.head(200, {"Content-Length": len(DATA)})
        exchange.send(DATA)
        exchange.close()

    kept, url = Connections(), simulator.route("/net", closes)
    assert [read(url, kept) for _ in range(3)] == [DATA] * 3
    assert simulator.connections == 3
    kept.close()


def test_cookies_and_credentials_of_one_request_are_not_sent_with_the_next(simulator: Simulator) -> None:
    kept = Connections()
    first = simulator.route("/first", web.whole(DATA, **{"Set-Cookie": "who=me; Path=/"}))
    second = simulator.route("/second", web.whole(DATA))
    read(first.replace("//", "//user:secret@"), kept)
    read(second, kept)
    assert "Authorization" in simulator.headers[0]
    assert {"Cookie", "Authorization"}.isdisjoint(simulator.headers[1])
    kept.close()


@pytest.mark.parametrize("code", [429, 503])
@pytest.mark.parametrize("wait", ["61", "86400", "9" * 30, formatdate(4e9, usegmt=True)])
def test_a_server_that_asks_for_too_long_a_wait_is_given_up_at_once(
    simulator: Simulator, code: int, wait: str
) -> None:
    url = simulator.route("/net", web.status(code, **{"Retry-After": wait}))
    with pytest.raises(UnavailableError, match=f"HTTP {code} .*Retry-After: {wait[:40]}.*at most 60 s") as caught:
        read(url, Connections())
    assert "--mirror" in (caught.value.hint or "")
    assert simulator.count(url) == 1
    assert LONGEST_WAIT_SECONDS == 60


@pytest.mark.parametrize("wait", ["0", "soon", "-5", "", formatdate(0, usegmt=True)])
def test_a_wait_of_nothing_or_nonsense_is_tried_again(simulator: Simulator, wait: str) -> None:
    url = simulator.route("/net", web.at_first(1, web.status(503, **{"Retry-After": wait}), web.whole(DATA)))
    assert read(url, Connections()) == DATA
    assert simulator.count(url) == 2


def test_no_secret_is_in_the_message_of_a_server_that_is_given_up(simulator: Simulator) -> None:
    url = simulator.route("/net", web.status(503, **{"Retry-After": "3600"})) + "?token=secret"
    with pytest.raises(UnavailableError) as caught:
        read(url.replace("//", "//user:secret@"), Connections())
    assert "secret" not in caught.value.message
