"""Publishing into a real OCI registry and what comes back; skopeo is the foreign client."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import pytest

from registry.digest import Digest
from tests.acceptance.test_skopeo import skopeo
from tests.acceptance.world import SHARED, Cards, Result, Zoo, assert_says, model_bytes, pinned
from tests.oci_registry import (
    LOST,
    PASSWORD,
    USER,
    Answer,
    Front,
    Request,
    TokenServer,
    docker_registry,
    login_file,
)

pytestmark = pytest.mark.server
needs_skopeo = pytest.mark.skipif(not shutil.which("skopeo"), reason="needs the Debian package skopeo")

SMALL, LARGE = model_bytes(5000, 1), model_bytes(30_000_000, 2)
TAG = "acme_net_small_v1"


@pytest.fixture
def card(cards: Cards, zoo: Zoo) -> Path:
    """A card of two variants; their files lie in `files`."""
    (zoo.work / "files").mkdir()
    (zoo.work / "files" / "small.tflite").write_bytes(SMALL)
    (zoo.work / "files" / "large.tflite").write_bytes(LARGE)
    return cards.card(pinned("small", SMALL), pinned("large", LARGE))


@pytest.fixture
def store(front: Front, repository: str) -> str:
    """Address of an empty repository."""
    return f"oci://{front.host}/{repository}"


def publish(zoo: Zoo, card: Path, store: str, variant: str = "small", **variables: str) -> Result:
    return zoo("publish", card, "--to", store, "--from", "files", "--variant", variant, **variables)


def history(zoo: Zoo, store: str) -> list[tuple[str, int, str, str | None]]:
    result = zoo("history", "net", "--store", store, "--format", "json")
    assert result.code == 0, result
    return [(row["variant"], row["version"], row["digest"], row["yanked"]) for row in result.json()]


def pulled(zoo: Zoo, store: str, variant: str = "small") -> bytes:
    shutil.rmtree(zoo.cache / "blobs", ignore_errors=True)
    result = zoo("pull", f"acme/net/{variant}", "--mirror", store, "-o", "out", "--force")
    assert result.code == 0, result
    assert_says(result, "recorded in zoo.lock")
    return (zoo.work / "out" / f"{variant}.tflite").read_bytes()


def test_a_card_is_published_pulled_hidden_and_shown_again(zoo: Zoo, card: Path, store: str) -> None:
    first = publish(zoo, card, store)
    assert first.code == 0, first
    assert "published acme/net/small version 1" in first.out
    again = publish(zoo, card, store)
    assert "unchanged acme/net/small" in again.out
    assert "uploaded 0 blobs" in again.out
    assert pulled(zoo, store) == SMALL
    ((name, number, digest, yanked),) = history(zoo, store)
    assert (name, number, yanked) == ("acme/net/small", 1, None)
    assert zoo("yank", "net", "--store", store, "--reason", "wrong labels").code == 0
    assert history(zoo, store) == [(name, number, digest, "wrong labels")]
    refused = publish(zoo, card, store)
    assert refused.code == 1, refused
    assert_says(refused, "which was yanked: wrong labels")
    assert zoo("yank", "net", "--store", store, "--version", "1", "--undo").code == 0
    assert history(zoo, store) == [(name, number, digest, None)]


def test_a_dry_run_writes_nothing(zoo: Zoo, card: Path, front: Front, store: str) -> None:
    result = zoo("publish", card, "--to", store, "--from", "files", "--dry-run")
    assert result.code == 0, result
    assert "would publish acme/net/small version 1" in result.out
    assert {request.method for request in front.seen} == {"GET", "HEAD"}


def test_the_same_card_has_the_same_digest_in_a_folder_and_in_a_registry(zoo: Zoo, card: Path, store: str) -> None:
    publish(zoo, card, store)
    publish(zoo, card, "folder")
    assert history(zoo, store) == history(zoo, "folder")


def test_wrong_bytes_are_refused_and_nothing_is_named(zoo: Zoo, card: Path, store: str) -> None:
    wrong = bytearray(LARGE)
    wrong[20_000_000] ^= 1
    (zoo.work / "files" / "large.tflite").write_bytes(wrong)
    result = publish(zoo, card, store, "large")
    assert result.code == 1, result
    assert_says(result, f"expected {Digest.of(LARGE)}", f"found {Digest.of(bytes(wrong))}")
    assert zoo("history", "net", "--store", store).code == 2


def test_a_large_blob_survives_lost_connections_both_ways(zoo: Zoo, card: Path, front: Front, store: str) -> None:
    lost: list[str] = []

    def cut(request: Request) -> Answer | None:
        """Lose the second chunk of the upload, and the download in its middle."""
        if request.method == "PATCH" and not request.headers["Content-Range"].startswith("0-"):
            if "PATCH" not in lost:
                lost.append("PATCH")
                front.cut_upload(request, 1_000_000)
                return LOST
        elif request.method == "GET" and request.path.endswith(Digest.of(LARGE).hex) and "GET" not in lost:
            lost.append("GET")
            answer = front.pass_on(request)
            answer.cut_after = 12_000_000
            return answer
        return None

    front.rules.append(cut)
    result = publish(zoo, card, store, "large")
    assert result.code == 0, result
    assert pulled(zoo, store, "large") == LARGE
    assert lost == ["PATCH", "GET"]
    blob = Digest.of(LARGE).hex
    rest = [request for request in front.seen if request.method == "GET" and request.path.endswith(blob)][1]
    assert int(rest.headers["Range"].removeprefix("bytes=").partition("-")[0]) > 0


def test_eight_publishers_of_different_variants_lose_nothing(
    zoo: Zoo, cards: Cards, docker: str, repository: str
) -> None:
    variants = {f"v{number}": model_bytes(3000, number) for number in range(8)}
    (zoo.work / "files").mkdir()
    for name, data in variants.items():
        (zoo.work / "files" / f"{name}.tflite").write_bytes(data)
    card = cards.card(*(pinned(name, data) for name, data in variants.items()))
    assert zoo("list").code == 0  # the catalogue is compiled once, before the race
    store = f"oci://{docker}/{repository}"
    common = ("publish", card, "--to", store, "--from", "files", "--variant")
    results = [zoo.finish(one) for one in [zoo.start(*common, name) for name in variants]]
    assert [result.code for result in results] == [0] * 8, results
    assert [(row[0], row[1]) for row in history(zoo, store)] == [(f"acme/net/{name}", 1) for name in variants]
    for name, data in variants.items():
        assert pulled(zoo, store, name) == data


def test_eight_publishers_of_the_same_variant_make_one_version(
    zoo: Zoo, card: Path, docker: str, repository: str
) -> None:
    assert zoo("list").code == 0
    store = f"oci://{docker}/{repository}"
    common = ("publish", card, "--to", store, "--from", "files", "--variant", "small")
    results = [zoo.finish(one) for one in [zoo.start(*common) for _number in range(8)]]
    assert [result.code for result in results] == [0] * 8, results
    assert [row[:2] for row in history(zoo, store)] == [("acme/net/small", 1)]


@pytest.fixture
def guarded(tmp_path: Path, docker: str) -> Iterator[str]:
    """A registry that knows one user; gives its host."""
    assert docker  # skips where there is none
    line = f"{USER}:{bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()}\n"
    (tmp_path / "guarded").mkdir()
    with docker_registry(tmp_path / "guarded", htpasswd=line) as host:
        yield host


def test_a_login_is_taken_from_the_file_that_docker_login_writes(zoo: Zoo, card: Path, guarded: str) -> None:
    store = f"oci://{guarded}/models"
    anonymous = publish(zoo, card, store)
    assert anonymous.code == 3, anonymous
    assert_says(anonymous, "HTTP 401", f"docker login {guarded}")
    login_file(zoo.home / ".docker" / "config.json", guarded, password="not-the-pa55")
    wrong = publish(zoo, card, store)
    assert wrong.code == 3, wrong
    assert_says(wrong, "is refused; log in anew")
    assert "not-the-pa55" not in wrong.err
    login_file(zoo.home / ".docker" / "config.json", guarded)
    right = publish(zoo, card, store)
    assert right.code == 0, right
    assert pulled(zoo, store) == SMALL
    for path in (zoo.work / "zoo.lock", *zoo.cache.rglob("*")):
        assert path.is_dir() or PASSWORD.encode() not in path.read_bytes()


@needs_skopeo
def test_a_login_of_skopeo_serves(zoo: Zoo, card: Path, guarded: str) -> None:
    file = zoo.work / "auth.json"
    skopeo(zoo.work, "login", "--tls-verify=false", "--authfile", str(file), "-u", USER, "-p", PASSWORD, guarded)
    result = publish(zoo, card, f"oci://{guarded}/models", REGISTRY_AUTH_FILE=str(file))
    assert result.code == 0, result


def test_tokens_are_asked_for_with_the_login(zoo: Zoo, card: Path, front: Front, store: str) -> None:
    front.rules.append(TokenServer(front))
    refused = publish(zoo, card, store)
    assert refused.code == 3, refused
    assert_says(refused, "no token for repository:", "log in")
    login_file(zoo.home / ".docker" / "config.json", front.host)
    result = publish(zoo, card, store)
    assert result.code == 0, result
    assert pulled(zoo, store) == SMALL


def test_a_credential_helper_is_run(zoo: Zoo, card: Path, front: Front, store: str) -> None:
    front.rules.append(TokenServer(front))
    helper = zoo.folder / "docker-credential-zootest"
    helper.write_text(f'#!/bin/sh\necho \'{{"Username":"{USER}","Secret":"{PASSWORD}"}}\'\n')
    helper.chmod(0o755)
    config = zoo.home / ".docker" / "config.json"
    config.parent.mkdir()
    config.write_text(json.dumps({"credHelpers": {front.host: "zootest"}}))
    path = f"{zoo.folder}{os.pathsep}{zoo.environment['PATH']}"
    assert publish(zoo, card, store, PATH=path).code == 0


@pytest.mark.parametrize("status", [401, 403, 404, 429, 503])
def test_a_registry_that_refuses_is_told_with_a_next_step(
    zoo: Zoo, card: Path, front: Front, store: str, status: int
) -> None:
    login_file(zoo.home / ".docker" / "config.json", front.host)
    challenge = {"WWW-Authenticate": 'Basic realm="test"'}
    front.rules.append(lambda _request: Answer(status, challenge, f"{USER} {PASSWORD}".encode()))
    result = publish(zoo, card, store)
    assert result.code == 3, result
    assert_says(result, f"HTTP {status}", "next:")
    assert PASSWORD not in result.out + result.err


def test_a_manifest_of_200_mb_is_refused_without_reading_it(zoo: Zoo, card: Path, front: Front, store: str) -> None:
    publish(zoo, card, store)
    huge = Answer(200, {}, bytes(6 << 20), length=200 << 20, cut_after=6 << 20)
    front.rules.append(lambda request: huge if request.path.endswith(TAG) else None)
    result = zoo("history", "net", "--store", store)
    assert result.code == 1, result
    assert_says(result, "expected at most 4194304 bytes, found 209715200 bytes")


def test_a_tag_that_somebody_moved_is_refused(zoo: Zoo, card: Path, cards: Cards, front: Front, store: str) -> None:
    publish(zoo, card, store)
    (zoo.work / "files" / "small.tflite").write_bytes(LARGE[:9000])
    publish(zoo, cards.card(pinned("small", LARGE[:9000])), store)
    (_name, _number, first, _), (_, _, second, _) = history(zoo, store)

    def moved(request: Request) -> Answer | None:
        """Somebody moves the tag after the index was read: the first look at the tag alone comes after that."""
        return Answer(200, {"Docker-Content-Digest": second}) if request.method == "HEAD" else None

    front.rules.append(moved)
    result = zoo("yank", "net", "--store", store, "--version", "1", "--reason", "old")
    assert result.code == 1, result
    assert_says(result, f"tag {TAG} is published and never changes: expected {first}, found {second}")
    front.rules.clear()
    assert [row[3] for row in history(zoo, store)] == [None, None]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("oci://127.0.0.1:1", "expected a repository"),
        ("oci://127.0.0.1:1/Team", "expected a repository in lower case"),
        ("oci://ann:s3cr3t@127.0.0.1:1/models", "found credentials"),
    ],
)
def test_a_mistaken_address_is_told(zoo: Zoo, card: Path, address: str, said: str) -> None:
    for arguments in (["history", "net", "--store", address], ["pull", "acme/net/small", "--mirror", address]):
        result = zoo(*arguments)
        assert result.code == 2, result
        assert_says(result, said)
        assert "s3cr3t" not in result.err


@needs_skopeo
def test_skopeo_reads_the_manifest_byte_for_byte(zoo: Zoo, card: Path, front: Front, store: str) -> None:
    publish(zoo, card, store)
    ((_name, _number, digest, _yanked),) = history(zoo, store)
    raw = skopeo(zoo.work, "inspect", "--tls-verify=false", "--raw", f"docker://{store[6:]}:{TAG}")
    assert str(Digest.of(raw)) == digest


@needs_skopeo
def test_skopeo_copies_into_a_layout_that_zoo_reads(zoo: Zoo, card: Path, store: str) -> None:
    publish(zoo, card, store)
    skopeo(zoo.work, "copy", "--src-tls-verify=false", f"docker://{store[6:]}:{TAG}", f"oci:copied:{TAG}")
    assert history(zoo, "copied") == history(zoo, store)
    assert pulled(zoo, "copied") == SMALL
    again = publish(zoo, card, "copied")
    assert "unchanged acme/net/small" in again.out


@needs_skopeo
def test_what_skopeo_copied_into_a_registry_is_read(zoo: Zoo, card: Path, store: str) -> None:
    publish(zoo, card, "folder")
    skopeo(zoo.work, "copy", "--dest-tls-verify=false", f"oci:folder:{TAG}", f"docker://{store[6:]}:{TAG}")
    assert history(zoo, store) == history(zoo, "folder")
    assert pulled(zoo, store) == SMALL
    again = publish(zoo, card, store)
    assert "unchanged acme/net/small" in again.out
    assert "uploaded 0 blobs" in again.out


def test_a_copy_within_a_registry_sends_no_blob(zoo: Zoo, card: Path, store: str, front: Front) -> None:
    assert publish(zoo, card, store, "large").code == 0
    front.seen.clear()
    result = zoo("copy", store, f"{store}-copy", "--format", "json")
    assert result.code == 0, result
    assert result.json()["moved"]["blobs"] == 6
    blobs = [one for one in front.seen if "/blobs/" in one.path]
    mounted = [one for one in blobs if one.method == "POST" and "mount=" in one.path]
    assert len(mounted) == 5, "config, model, card, licence note and labels"
    assert {one.method for one in blobs} == {"HEAD", "POST"}
    assert not any(one.body for one in blobs)
    assert history(zoo, f"{store}-copy") == history(zoo, store)


def test_a_registry_that_mounts_nothing_gets_the_bytes(zoo: Zoo, card: Path, store: str, front: Front) -> None:
    assert publish(zoo, card, store).code == 0

    def begin_instead(request: Request) -> Answer | None:
        if "mount=" not in request.path:
            return None
        return front.pass_on(Request("POST", request.path.partition("?")[0], request.headers, b""))

    front.rules.append(begin_instead)
    front.seen.clear()
    assert zoo("copy", store, f"{store}-copy").code == 0
    sent = b"".join(one.body for one in front.seen if one.method == "PATCH")
    assert SMALL in sent
    assert history(zoo, f"{store}-copy") == history(zoo, store)


def test_the_real_model_makes_the_round_trip(shipped: Zoo, docker: str, repository: str) -> None:
    if not (SHARED / "real").is_dir():
        pytest.skip("the real model files (../shared/real) are not on this machine")
    store = f"oci://{docker}/{repository}"
    result = shipped("publish", "google/deeplabv3", "--to", store, "--from", SHARED / "real")
    assert result.code == 0, result
    back = shipped("pull", "google/deeplabv3", "--mirror", store, "--format", "json")
    assert back.code == 0, back
    (file,) = back.json()["files"]
    assert Digest.of_file(shipped.work / file["path"]).hex == file["sha256"]
