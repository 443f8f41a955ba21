"""Uploads into a real registry, through a front that loses connections."""

import itertools
import random
from collections.abc import Callable, Iterator

import pytest

from registry.digest import Digest
from registry.errors import MismatchError, UnavailableError
from registry.store.base import NotHeldError
from registry.store.oci.address import Address
from registry.store.oci.client import Client
from registry.store.oci.logins import Logins
from registry.store.oci.upload import CHUNK_BYTES, TRIES, mount, upload
from tests.oci_registry import LOST, Answer, Front, Request

pytestmark = pytest.mark.server

LARGE = random.Random(1).randbytes(30_000_000)
DIGEST = Digest.of(LARGE)


@pytest.fixture
def client(front: Front, repository: str) -> Client:
    return Client(Address.parse(f"oci://{front.host}/{repository}"), Logins({"HOME": "/nowhere"}))


@pytest.fixture
def pauses() -> list[float]:
    return []


def pieces(data: bytes, count: int = 1_000_000) -> Iterator[bytes]:
    return (data[start : start + count] for start in range(0, len(data), count))


def held(client: Client, digest: Digest = DIGEST) -> bytes | None:
    """The blob as the registry has it."""
    with client.send("GET", f"blobs/{digest}") as response:
        return client.body(response, 1 << 30) if response.status_code == 200 else None


def methods(front: Front) -> list[str]:
    return [request.method for request in front.seen]


def test_a_large_blob_goes_in_chunks(front: Front, client: Client) -> None:
    assert upload(client, DIGEST, pieces(LARGE), "it") == len(LARGE)
    sent = [request for request in front.seen if request.method == "PATCH"]
    assert [len(request.body) for request in sent] == [CHUNK_BYTES] * 3 + [len(LARGE) - 3 * CHUNK_BYTES]
    assert sent[1].headers["Content-Range"] == f"{CHUNK_BYTES}-{2 * CHUNK_BYTES - 1}"
    assert held(client) == LARGE


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1])
def test_any_size_arrives_whole(client: Client, size: int) -> None:
    data = LARGE[:size]
    assert upload(client, Digest.of(data), pieces(data), "it") == size
    assert held(client, Digest.of(data)) == data


def once(method: str, number: int, act: Callable[[Request], Answer | None]) -> Callable[[Request], Answer | None]:
    """A rule for one request of a method, counted from 1."""
    count = itertools.count(1)
    return lambda request: act(request) if request.method == method and next(count) == number else None


@pytest.mark.parametrize("number", [1, 2, 4])
@pytest.mark.parametrize("count", [0, 1, 1_500_000])
def test_a_connection_lost_in_a_chunk_is_no_loss(
    front: Front, client: Client, pauses: list[float], number: int, count: int
) -> None:
    def cut(request: Request) -> Answer:
        front.cut_upload(request, count)
        return LOST

    front.rules.append(once("PATCH", number, cut))
    assert upload(client, DIGEST, pieces(LARGE), "it", pause=pauses.append) == len(LARGE)
    assert len(pauses) == 1
    assert held(client) == LARGE


def test_where_the_registry_keeps_a_session_the_rest_is_sent(front: Front, client: Client) -> None:
    kept = 1_500_000

    def partly(request: Request) -> Answer:
        """What a registry does that keeps what arrived of a chunk: docker-registry forgets it."""
        short = {name: value for name, value in request.headers.items() if name.lower() != "content-length"}
        took = front.pass_on(Request("PATCH", request.path, short, request.body[:kept]))
        status = {"Location": took.headers["Location"], "Range": f"0-{CHUNK_BYTES + kept - 1}"}
        front.rules.append(once("GET", 1, lambda _request: Answer(204, status)))
        return LOST

    front.rules.append(once("PATCH", 2, partly))
    upload(client, DIGEST, pieces(LARGE), "it", pause=lambda _seconds: None)
    sent = [request.headers["Content-Range"] for request in front.seen if request.method == "PATCH"]
    assert sent[2].startswith(f"{CHUNK_BYTES + kept}-")
    assert methods(front).count("POST") == 1
    assert held(client) == LARGE


@pytest.mark.parametrize(("status", "after"), [(500, 0.0), (503, 7.0), (429, 9.0)])
def test_a_chunk_that_is_refused_for_now_is_sent_again(
    front: Front, client: Client, pauses: list[float], status: int, after: float
) -> None:
    headers = {"Retry-After": f"{after:.0f}"} if after else {}
    front.rules.append(once("PATCH", 2, lambda _request: Answer(status, headers)))
    upload(client, DIGEST, pieces(LARGE), "it", pause=pauses.append)
    assert len(pauses) == 1
    assert pauses[0] >= after
    assert held(client) == LARGE


def test_an_upload_that_never_gets_further_is_given_up(front: Front, client: Client, pauses: list[float]) -> None:
    def second(request: Request) -> Answer | None:
        first = request.method != "PATCH" or request.headers["Content-Range"].startswith("0-")
        return None if first else Answer(503)

    front.rules.append(second)
    with pytest.raises(UnavailableError, match="HTTP 503") as caught:
        upload(client, DIGEST, pieces(LARGE), "it", pause=pauses.append)
    assert "run the same command again" in str(caught.value.hint)
    assert len(pauses) == TRIES - 1
    assert pauses == sorted(pauses)


def test_a_lost_answer_to_the_last_request_is_no_loss(front: Front, client: Client) -> None:
    def answer_lost(request: Request) -> Answer:
        assert front.pass_on(request).status == 201
        return LOST

    front.rules.append(once("PUT", 1, answer_lost))
    assert upload(client, DIGEST, pieces(LARGE), "it") == len(LARGE)
    assert methods(front).count("PATCH") == 4


def test_other_bytes_are_not_kept_and_the_upload_is_cancelled(front: Front, client: Client) -> None:
    wrong = bytearray(LARGE)
    wrong[20_000_000] ^= 1
    with pytest.raises(MismatchError) as caught:
        upload(client, DIGEST, pieces(bytes(wrong)), "it")
    assert (caught.value.expected, caught.value.found) == (str(DIGEST), str(Digest.of(bytes(wrong))))
    assert methods(front)[-1] == "DELETE"
    assert "PUT" not in methods(front)
    cancelled = front.seen[-1].path
    with client.send("GET", cancelled) as response:
        assert response.status_code == 404
    assert held(client) is None


def test_a_source_that_breaks_off_cancels_the_upload(front: Front, client: Client) -> None:
    def source() -> Iterator[bytes]:
        yield LARGE[: CHUNK_BYTES + 5]
        raise NotHeldError("gone")

    with pytest.raises(NotHeldError):
        upload(client, DIGEST, source(), "it")
    assert methods(front)[-1] == "DELETE"


def test_a_location_with_a_query_and_a_whole_address_is_followed(front: Front, client: Client) -> None:
    def absolute(request: Request) -> Answer:
        answer = front.pass_on(request)
        location = answer.headers["Location"]
        assert "?" in location
        assert location.startswith("/")
        answer.headers["Location"] = f"http://{front.host}{location}"
        return answer

    front.rules.append(once("POST", 1, absolute))
    upload(client, DIGEST, pieces(LARGE), "it")
    assert held(client) == LARGE


def test_the_chunks_are_as_large_as_the_registry_wants(front: Front, client: Client) -> None:
    def least(request: Request) -> Answer:
        answer = front.pass_on(request)
        answer.headers["OCI-Chunk-Min-Length"] = str(CHUNK_BYTES + 99)
        return answer

    front.rules.append(once("POST", 1, least))
    upload(client, DIGEST, pieces(LARGE), "it")
    sent = [len(request.body) for request in front.seen if request.method == "PATCH"]
    assert sent[:-1] == [CHUNK_BYTES + 99] * 3


def test_a_blob_is_taken_over_from_another_repository(front: Front, client: Client, repository: str) -> None:
    data = LARGE[:1000]
    digest = Digest.of(data)
    upload(client, digest, [data], "it")
    other = Client(Address.parse(f"oci://{front.host}/{repository}/other"), Logins({"HOME": "/nowhere"}))
    assert held(other, digest) is None
    assert mount(other, digest, repository)
    assert held(other, digest) == data
    assert "PATCH" not in methods(front)[-3:]


def test_a_blob_that_cannot_be_taken_over_is_said_to_be_so(front: Front, client: Client, repository: str) -> None:
    assert not mount(client, Digest.of(b"nowhere"), f"{repository}/none")
    assert methods(front) == ["POST", "DELETE"]


def test_a_full_folder_for_temporary_files_is_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    with pytest.raises(UnavailableError, match="temporary files cannot be written") as caught:
        upload(client, DIGEST, pieces(LARGE), "it")
    assert "TMPDIR" in str(caught.value.hint)
