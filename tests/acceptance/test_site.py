"""A store on a plain web server: Debian's nginx, and a server whose answers go wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.digest import Digest
from tests import nginx
from tests.acceptance.test_replicate import entries, publish, serve, versions
from tests.acceptance.world import Cards, Zoo, assert_says, files_below, model_bytes
from tests.simulator import Exchange, Simulator, status, whole

SMALL, LARGE = model_bytes(5000, 1), model_bytes(3_000_000, 2)
server = [
    pytest.mark.server,
    pytest.mark.skipif(nginx.COMMAND is None, reason="needs the Debian package nginx-light"),
]


@pytest.fixture
def store(zoo: Zoo, cards: Cards) -> Path:
    publish(zoo, cards, "store", small=SMALL, large=LARGE)
    return zoo.work / "store"


@pytest.fixture
def site(store: Path, tmp_path: Path) -> Iterator[str]:
    """The store behind nginx."""
    with nginx.serving(store.parent, tmp_path / "nginx") as address:
        yield f"{address}/store"


class TestNginx:
    pytestmark = server

    def test_history_and_mirror_read_a_site(self, zoo: Zoo, store: Path, site: str) -> None:
        assert versions(zoo, site) == versions(zoo, "store")
        result = zoo("mirror", site, "other")
        assert result.code == 0, result
        assert entries(zoo.work / "other") == entries(store)
        assert [path.read_bytes() for path in files_below(zoo.work / "other" / "blobs")] == [
            path.read_bytes() for path in files_below(store / "blobs")
        ]

    def test_a_bundle_of_a_site_is_that_of_the_folder(self, zoo: Zoo, site: str) -> None:
        for source, file in ((site, "one.tar"), ("store", "other.tar")):
            assert zoo("bundle", "net", "--store", source, "-o", file).code == 0
        assert (zoo.work / "one.tar").read_bytes() == (zoo.work / "other.tar").read_bytes()

    def test_a_pull_goes_on_from_what_an_earlier_one_left(self, zoo: Zoo, site: str, tmp_path: Path) -> None:
        incoming = zoo.cache / "incoming"
        incoming.mkdir(parents=True)
        (incoming / f"{Digest.of(LARGE).hex}.part").write_bytes(LARGE[:2_000_000])
        result = zoo("pull", "acme/net/large", "--mirror", site, "-o", "out")
        assert result.code == 0, result
        assert (zoo.work / "out" / "large.tflite").read_bytes() == LARGE
        (line,) = [
            line
            for line in (tmp_path / "nginx" / "access.log").read_text().splitlines()
            if Digest.of(LARGE).hex in line
        ]
        assert '" 206 1000000 ' in line

    def test_what_is_no_store_is_told(self, zoo: Zoo, site: str) -> None:
        result = zoo("history", "net", "--store", f"{site}/blobs")
        assert result.code == 2, result
        assert_says(result, "expected an OCI Image Layout (oci-layout, index.json), found none")

    def test_a_lost_index_is_told(self, zoo: Zoo, store: Path, site: str) -> None:
        (store / "index.json").unlink()
        result = zoo("history", "net", "--store", site)
        assert result.code == 3, result
        assert_says(result, "index.json: the server does not have it (HTTP 404)", "the index is lost")


HOSTILE = {
    "twice": (b'{"schemaVersion": 2, "manifests": [], "manifests": []}', "each key once"),
    "deep": (b"[" * 100_000, "JSON in UTF-8"),
    "page": (b"<!DOCTYPE html><html></html>", "JSON in UTF-8"),
    "name": (
        json.dumps(
            {
                "schemaVersion": 2,
                "manifests": [
                    {
                        "digest": "sha256:" + "0" * 64,
                        "size": 1,
                        "annotations": {"org.edge-model-zoo.name": "../../etc/passwd"},
                    }
                ],
            }
        ).encode(),
        "publisher/model/variant",
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_index_is_refused(zoo: Zoo, store: Path, simulator: Simulator, kind: str) -> None:
    address, (data, said) = serve(simulator, store), HOSTILE[kind]
    simulator.route("/models/index.json", whole(data))
    for arguments in (("history", "net", "--store", address), ("mirror", address, "other")):
        result = zoo(*arguments)
        assert result.code == 1, result
        assert_says(result, f"the index of {address}", said, "found")
    assert not (zoo.work / "other").exists()


@pytest.mark.parametrize("stated", [True, False])
def test_a_huge_file_is_refused_before_it_is_read(
    zoo: Zoo, store: Path, simulator: Simulator, stated: bool
) -> None:
    address = serve(simulator, store)

    def endless(exchange: Exchange, _number: int) -> None:
        if stated:
            exchange.head(200, {"Content-Length": 200 << 20})
            return exchange.close()
        exchange.head(200, {"Connection": "close"})
        try:
            for _number in range(200):
                exchange.send(bytes(1 << 20))
        except ConnectionError:
            pass
        return exchange.close()

    simulator.route("/models/index.json", endless)
    result = zoo("history", "net", "--store", address)
    assert result.code == 1, result
    assert_says(result, "index.json: expected at most 67108864 bytes, found at least")
    assert simulator.served(f"{address}/index.json") < (100 << 20)


def test_a_manifest_of_200_mb_is_refused_before_it_is_read(zoo: Zoo, store: Path, simulator: Simulator) -> None:
    address = serve(simulator, store)
    index = json.loads((store / "index.json").read_bytes())
    index["manifests"][0]["size"] = 200 << 20
    path = f"/models/{Digest.parse(index['manifests'][0]['digest']).blob_path}"

    def endless(exchange: Exchange, _number: int) -> None:
        exchange.head(200, {"Content-Length": 200 << 20})
        try:
            for _number in range(200):
                exchange.send(bytes(1 << 20))
        except ConnectionError:
            exchange.close()

    simulator.route("/models/index.json", whole(json.dumps(index).encode()))
    simulator.route(path, endless)
    result = zoo("copy", address, "other")
    assert result.code == 1, result
    assert_says(result, "expected at most")
    assert simulator.served(simulator.url + path) < (100 << 20)


def test_credentials_of_an_address_are_never_shown(zoo: Zoo, store: Path, simulator: Simulator) -> None:
    address = serve(simulator, store).replace("http://", "http://user:secret@")
    for arguments in (
        ("history", "nothing", "--store", address),
        ("mirror", address, "other", "--format", "json"),
        ("copy", address + "/no", "other"),
        ("bundle", "--all", "--store", address, "-o", "x.tar", "--format", "json"),
    ):
        result = zoo(*arguments)
        assert "secret" not in result.out + result.err
    simulator.route("/models/oci-layout", status(401))
    result = zoo("history", "net", "--store", address)
    assert result.code == 3, result
    assert "secret" not in result.err
    assert all(b"secret" not in path.read_bytes() for path in files_below(zoo.work / "other"))
