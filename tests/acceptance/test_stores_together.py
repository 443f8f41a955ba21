"""All kinds of stores together: what is published in one is the same in every other, and is pulled from there.

Each kind is published into once. Every pair of kinds then copies and mirrors from one to the other, and a machine
that has no card and no bytes pulls from the other by name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import nginx
from tests.acceptance.world import Cards, Result, Zoo, assert_says, model_bytes, pinned
from tests.s3_service import S3Service

OLD, NEW, LARGE = model_bytes(5000, 1), model_bytes(6000, 3), model_bytes(40_000, 2)
OCI = pytest.param("oci", marks=pytest.mark.server)
WEB = pytest.param(
    "web",
    marks=[
        pytest.mark.server,
        pytest.mark.skipif(nginx.COMMAND is None, reason="needs the Debian package nginx-light"),
    ],
)
WRITABLE = ("folder", "s3", OCI)
READABLE = (*WRITABLE, WEB)
ALONE, ALL = 9, 20
"""Blobs of `small` version 1 with its signature: manifest, config, model, card, licence note, labels, and the
signature's manifest, config and envelope; and those of everything, where labels and that config are shared."""

HISTORY = [("acme/net/large", 1, None), ("acme/net/small", 1, None), ("acme/net/small", 2, "wrong labels")]


@pytest.fixture(scope="module")
def bucket() -> Iterator[S3Service]:
    """One bucket for all; every store has a prefix of its own."""
    with S3Service() as running:
        yield running
    assert running.failures == []


@pytest.fixture(scope="module")
def publisher(tmp_path_factory: pytest.TempPathFactory, bucket: S3Service) -> Zoo:
    """The machine that publishes: with the cards, the files and the key."""
    zoo = Zoo(tmp_path_factory.mktemp("publisher"))
    zoo.environment |= {**bucket.variables, "ZOO_CARDS": str(zoo.folder / "cards")}
    (zoo.work / "files").mkdir()
    assert zoo("sign", "--new-key", "acme.key").code == 0
    return zoo


class Sources:
    """A store of each kind with the same in it, published when it is first asked for."""

    def __init__(self, publisher: Zoo, bucket: S3Service, request: pytest.FixtureRequest) -> None:
        self._publisher, self._bucket, self._request = publisher, bucket, request
        self._made: dict[str, str] = {}

    def __getitem__(self, kind: str) -> str:
        if kind not in self._made:
            self._made[kind] = self._new(kind)
        return self._made[kind]

    def _new(self, kind: str) -> str:
        if kind == "web":
            assert self["folder"]
            return f"{self._request.getfixturevalue('site')}/source"
        address = {
            "folder": lambda: str(self._publisher.work / "source"),
            "s3": lambda: f"s3://{self._bucket.bucket}/source",
            "oci": lambda: f"oci://{self._request.getfixturevalue('docker')}/together/source",
        }[kind]()
        self._fill(address)
        return address

    def _fill(self, address: str) -> None:
        """Two versions of `small`, the newer one yanked, and one of `large`; the two that are left are signed."""
        zoo, cards = self._publisher, Cards(self._publisher.folder / "cards")
        (zoo.work / "files" / "large.tflite").write_bytes(LARGE)
        for data in (OLD, NEW):
            (zoo.work / "files" / "small.tflite").write_bytes(data)
            card = cards.card(pinned("small", data), pinned("large", LARGE))
            done(zoo("publish", card, "--to", address, "--from", "files"))
        done(zoo("yank", "net/small", "--version", "2", "--store", address, "--reason", "wrong labels"))
        done(zoo("sign", "net", "--store", address, "--key", "acme.key"))


@pytest.fixture(scope="module")
def sources(publisher: Zoo, bucket: S3Service, request: pytest.FixtureRequest) -> Sources:
    return Sources(publisher, bucket, request)


@pytest.fixture(scope="module")
def site(publisher: Zoo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The folder's store behind nginx."""
    with nginx.serving(publisher.work, tmp_path_factory.mktemp("nginx") / "server") as address:
        yield address


@pytest.fixture
def target(request: pytest.FixtureRequest, tmp_path: Path, bucket: S3Service, repository: str) -> str:
    """Address of an empty store of the kind that the test is given."""
    kind = request.param
    if kind == "oci":
        return f"oci://{request.getfixturevalue('docker')}/{repository}"
    return str(tmp_path / "target") if kind == "folder" else f"s3://{bucket.bucket}/{repository}"


@pytest.fixture
def fresh(zoo: Zoo, publisher: Zoo, bucket: S3Service) -> Zoo:
    """Another machine: an empty cache, no cards, and a policy that asks for the publisher's signature."""
    (zoo.folder / "cards").mkdir()
    zoo.environment |= {**bucket.variables, "ZOO_CARDS": str(zoo.folder / "cards")}
    policy = f'[trust.acme]\nkeys = ["{publisher.work / "acme.pub"}"]\nrequire = true\n'
    (zoo.work / "zoo.toml").write_text(policy, encoding="utf-8")
    return zoo


def done(result: Result) -> Result:
    assert result.code == 0, result
    return result


def moved(result: Result) -> tuple[int, int]:
    """Versions that were new or changed, and blobs that were moved."""
    told: Any = done(result).json()
    return sum(1 for one in told["versions"] if one["new"] or one["changed"]), told["moved"]["blobs"]


def assert_it_serves(zoo: Zoo, address: str) -> None:
    """It has all versions, what is signed is trusted, and a pull takes the newest that is not yanked."""
    listed = done(zoo("history", "net", "--store", address, "--format", "json")).json()
    assert [(one["variant"], one["version"], one["yanked"]) for one in listed] == HISTORY
    judged = done(zoo("verify", "--signature", "net", "--store", address, "--format", "json")).json()
    assert [(one["variant"], one["version"], one["trusted"]) for one in judged] == [
        ("acme/net/large", 1, True),
        ("acme/net/small", 1, True),
    ]
    assert zoo.blobs() == []
    done(zoo("pull", "net/small", "--registry", address, "-o", "out"))
    assert (zoo.work / "out" / "small.tflite").read_bytes() == OLD
    release = zoo.lock()["pulls"][0]["release"]
    digests = {one["version"]: one["digest"] for one in listed if one["variant"] == "acme/net/small"}
    assert release == {"registry": address, "version": 1, "manifest": digests[1].removeprefix("sha256:")}


@pytest.mark.parametrize("target", WRITABLE, indirect=True)
@pytest.mark.parametrize("source", READABLE)
def test_what_one_store_has_another_gets_and_serves(fresh: Zoo, sources: Sources, source: str, target: str) -> None:
    address = sources[source]
    assert moved(fresh("copy", address, target, "net/small", "--format", "json")) == (1, ALONE)
    assert moved(fresh("mirror", address, target, "--format", "json")) == (2, ALL - ALONE)
    for words in (("mirror", address, target), ("copy", address, target)):
        assert moved(fresh(*words, "--format", "json")) == (0, 0)
    assert_it_serves(fresh, target)


@pytest.mark.parametrize("target", WRITABLE, indirect=True)
def test_a_bundle_brings_the_same(fresh: Zoo, sources: Sources, target: str) -> None:
    done(fresh("bundle", "--all", "--store", sources["folder"], "-o", "all.tar"))
    assert moved(fresh("import", "all.tar", "--to", target, "--format", "json")) == (3, ALL)
    assert moved(fresh("import", "all.tar", "--to", target, "--format", "json")) == (0, 0)
    assert_it_serves(fresh, target)


@pytest.mark.parametrize("kind", READABLE[1:])
def test_every_kind_gives_the_same_bundle(fresh: Zoo, sources: Sources, kind: str) -> None:
    for file, source in (("one.tar", "folder"), ("other.tar", kind)):
        done(fresh("bundle", "--all", "--store", sources[source], "-o", file))
    assert (fresh.work / "one.tar").read_bytes() == (fresh.work / "other.tar").read_bytes()


@pytest.mark.parametrize("source", READABLE)
def test_every_kind_serves_what_was_published_there(fresh: Zoo, sources: Sources, source: str) -> None:
    assert_it_serves(fresh, sources[source])


@pytest.mark.parametrize("target", WRITABLE, indirect=True)
def test_what_is_not_signed_is_copied_but_never_pulled(fresh: Zoo, sources: Sources, target: str) -> None:
    done(fresh("copy", sources["folder"], target, "net/small", "--version", "2"))
    done(fresh("yank", "net/small", "--store", target, "--version", "2", "--undo"))
    result = fresh("pull", "net/small", "--registry", target)
    assert result.code == 2, result
    assert_says(result, "left out: acme/net/small version 2", "not signed as the policy asks")


@pytest.mark.parametrize("target", WRITABLE, indirect=True)
def test_an_entry_of_another_tool_is_mirrored_where_there_is_an_index_and_told_where_there_is_none(
    fresh: Zoo, sources: Sources, target: str
) -> None:
    done(fresh("copy", sources["folder"], "tagged", "net/large"))
    path = fresh.work / "tagged" / "index.json"
    index = json.loads(path.read_bytes())
    first = index["manifests"][0]
    alias = {key: first[key] for key in ("mediaType", "digest", "size")}
    index["manifests"].append({**alias, "annotations": {"org.opencontainers.image.ref.name": "latest"}})
    path.write_text(json.dumps(index))
    result = done(fresh("mirror", "tagged", target, "--format", "json"))
    told = result.json()
    if target.startswith("oci:"):
        assert (told["foreign"], len(told["left_out"])) == (0, 1)
        assert_says(result, "left out: latest:", "has no index")
    else:
        assert (told["foreign"], told["left_out"]) == (1, [])
