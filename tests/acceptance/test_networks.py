"""Networks of companies: proxies and certificates of their own, through the variables that everybody knows."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests import simulator as web
from tests.acceptance.world import Cards, Zoo, assert_says, files_below, model_bytes, pinned
from tests.proxy import Proxy
from tests.simulator import Simulator

DATA = model_bytes(300_000)
SECRET = "s3cret-word"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority that no machine knows."""
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> Path:
    """Its certificate as a file."""
    path = tmp_path / "company.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[Simulator]:
    """A server with a certificate of that authority for its own address."""
    with Simulator(_context(authority, "127.0.0.1")) as running:
        yield running


def _context(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def pull(zoo: Zoo, **variables: str) -> None:
    result = zoo("pull", "net", "-o", "out", **variables)
    assert result.code == 0, result
    assert (zoo.work / "out" / "net.tflite").read_bytes() == DATA


class TestCertificates:
    """Who a server is has to be proven."""

    def test_a_company_bundle_is_trusted(self, zoo: Zoo, cards: Cards, secure: Simulator, bundle: Path) -> None:
        cards.card(pinned("net", DATA, secure.route("/net", web.whole(DATA))))
        pull(zoo, REQUESTS_CA_BUNDLE=str(bundle))

    def test_without_it_the_server_is_refused(self, zoo: Zoo, cards: Cards, secure: Simulator) -> None:
        url = secure.route("/net", web.whole(DATA))
        cards.card(pinned("net", DATA, url))
        result = zoo("pull", "net")
        assert result.code == 3, result
        assert_says(result, "net.tflite", url, "certificate verify failed")
        assert secure.count() == 0
        assert zoo.leftovers() == []

    def test_a_certificate_for_another_name_is_refused(
        self, zoo: Zoo, cards: Cards, authority: trustme.CA, bundle: Path
    ) -> None:
        with Simulator(_context(authority, "models.example.org")) as other:
            url = other.route("/net", web.whole(DATA))
            cards.card(pinned("net", DATA, url))
            result = zoo("pull", "net", REQUESTS_CA_BUNDLE=str(bundle))
        assert result.code == 3, result
        assert_says(result, url, "127.0.0.1")
        assert other.count() == 0
        assert zoo.leftovers() == []

    def test_a_bundle_that_is_not_there_is_named(self, zoo: Zoo, cards: Cards, secure: Simulator) -> None:
        cards.card(pinned("net", DATA, secure.route("/net", web.whole(DATA))))
        result = zoo("pull", "net", REQUESTS_CA_BUNDLE="/nowhere/company.pem")
        assert result.code == 3, result
        assert_says(result, "/nowhere/company.pem")
        assert zoo.leftovers() == []


class TestProxies:
    """A proxy that the variables name is asked, except for hosts that they leave out."""

    def test_http_goes_through_it(self, zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
        url = simulator.route("/net", web.whole(DATA))
        cards.card(pinned("net", DATA, url))
        with Proxy() as proxy:
            pull(zoo, HTTP_PROXY=f"http://{proxy.place}", NO_PROXY="")
        assert proxy.asked == [f"GET {url}"]

    def test_https_goes_through_a_tunnel(self, zoo: Zoo, cards: Cards, secure: Simulator, bundle: Path) -> None:
        cards.card(pinned("net", DATA, secure.route("/net", web.whole(DATA))))
        with Proxy() as proxy:
            pull(zoo, HTTPS_PROXY=f"http://{proxy.place}", NO_PROXY="", REQUESTS_CA_BUNDLE=str(bundle))
        assert proxy.asked == [f"CONNECT {secure.place}"]

    def test_a_host_that_is_left_out_is_asked_itself(self, zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
        cards.card(pinned("net", DATA, simulator.route("/net", web.whole(DATA))))
        with Proxy() as proxy:
            pull(zoo, HTTP_PROXY=f"http://{proxy.place}", NO_PROXY="127.0.0.1")
        assert proxy.asked == []
        assert simulator.count() == 1

    def test_its_credentials_are_for_it_alone(self, zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
        cards.card(pinned("net", DATA, simulator.route("/net", web.whole(DATA))))
        with Proxy(f"user:{SECRET}") as proxy:
            pull(zoo, HTTP_PROXY=f"http://user:{SECRET}@{proxy.place}", NO_PROXY="")
        assert all("roxy-" not in name for headers in simulator.headers for name in headers)
        written = files_below(zoo.work) + files_below(zoo.cache)
        assert [path for path in written if SECRET.encode() in path.read_bytes()] == []

    @pytest.mark.parametrize("known", [True, False])
    def test_one_that_refuses_or_is_gone_is_told_without_credentials(
        self, zoo: Zoo, cards: Cards, simulator: Simulator, known: bool
    ) -> None:
        url = simulator.route("/net", web.whole(DATA))
        cards.card(pinned("net", DATA, url))
        with Proxy("other:word") as proxy:
            address = f"http://user:{SECRET}@{proxy.place}"
            if known:
                result = zoo("pull", "net", HTTP_PROXY=address, NO_PROXY="")
        if not known:
            result = zoo("pull", "net", HTTP_PROXY=address, NO_PROXY="")
        assert result.code == 3, result
        assert_says(result, url, "407" if known else "onnection refused")
        assert SECRET not in result.out + result.err
        assert zoo.leftovers() == []
