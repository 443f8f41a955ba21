from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from registry.digest import Digest
from registry.errors import MismatchError, RequestError, UnavailableError
from registry.store.base import (
    BrokenOffError,
    DeniedError,
    ForbiddenError,
    NoStoreError,
    NotHeldError,
    UnusablePartError,
    Wanted,
)
from registry.store.index import EMPTY, Index
from registry.store.s3 import S3Store
from registry.store.s3_address import S3Address
from registry.store.s3_upload import PART_BYTES
from registry.store.writable import change_index, current_index

if TYPE_CHECKING:
    from tests.s3_service import Answer, Request, S3Service

DATA = b"some bytes"
DIGEST = Digest.of(DATA)
OTHER = Digest.of(b"other")
LARGE = bytes(range(256)) * (5 << 14)  # 20 MiB
LARGE_DIGEST = Digest.of(LARGE)


def pieces(data: bytes) -> Iterator[bytes]:
    return (data[start : start + (1 << 20)] for start in range(0, len(data), 1 << 20))


@pytest.fixture
def unprepared(s3: S3Service, monkeypatch: pytest.MonkeyPatch) -> S3Store:
    for name, value in s3.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "*")
    return S3Store(S3Address.parse(f"s3://{s3.bucket}/team/zoo"))


@pytest.fixture
def store(unprepared: S3Store, s3: S3Service) -> S3Store:
    unprepared.prepare()
    s3.requests.clear()
    return unprepared


def asked(s3: S3Service) -> list[tuple[str, str]]:
    return [(one.method, one.path.rpartition("/")[2]) for one in s3.requests]


def key(digest: Digest) -> str:
    return f"team/zoo/{digest.blob_path}"


class TestLayout:
    def test_a_new_store_is_an_empty_layout_and_stays_so(self, store: S3Store, s3: S3Service) -> None:
        assert sorted(s3.objects()) == ["team/zoo/.zoo-probe", "team/zoo/index.json", "team/zoo/oci-layout"]
        assert s3.objects()["team/zoo/oci-layout"] == b'{"imageLayoutVersion":"1.0.0"}'
        assert s3.objects()["team/zoo/index.json"] == EMPTY
        before = s3.objects()
        S3Store(S3Address.parse(store.address)).prepare()
        assert s3.objects() == before

    def test_one_that_was_cut_short_is_completed(self, store: S3Store, s3: S3Service) -> None:
        s3.client.delete_object(Bucket=s3.bucket, Key="team/zoo/oci-layout")
        S3Store(S3Address.parse(store.address)).prepare()
        assert current_index(store) == Index()

    def test_a_lost_index_is_told_and_not_started_anew(self, store: S3Store, s3: S3Service) -> None:
        s3.client.delete_object(Bucket=s3.bucket, Key="team/zoo/index.json")
        with pytest.raises(UnavailableError, match=r"expected index\.json beside oci-layout, found none") as caught:
            S3Store(S3Address.parse(store.address)).prepare()
        assert "restore a lost index" in str(caught.value.hint)
        assert "team/zoo/index.json" not in s3.objects()

    def test_something_else_is_left_alone(self, unprepared: S3Store, s3: S3Service) -> None:
        s3.client.put_object(Bucket=s3.bucket, Key="team/zoo/holiday.jpg", Body=b"mine")
        with pytest.raises(RequestError, match=r"found 'holiday\.jpg'"):
            unprepared.prepare()
        assert list(s3.objects()) == ["team/zoo/holiday.jpg"]

    def test_a_neighbour_whose_name_begins_alike_is_none_of_it(self, unprepared: S3Store, s3: S3Service) -> None:
        s3.client.put_object(Bucket=s3.bucket, Key="team/zoology/book", Body=b"mine")
        s3.client.put_object(Bucket=s3.bucket, Key="team/zoo/", Body=b"")  # what consoles make for a folder
        unprepared.prepare()
        assert list(unprepared.blobs()) == []

    def test_a_later_layout_is_refused(self, store: S3Store, s3: S3Service) -> None:
        s3.client.put_object(Bucket=s3.bucket, Key="team/zoo/oci-layout", Body=b'{"imageLayoutVersion":"2.0.0"}')
        with pytest.raises(MismatchError, match=r"expected 1\.0\.0, found 2\.0\.0"):
            S3Store(S3Address.parse(store.address)).read_index()

    def test_a_huge_layout_file_is_refused_unread(self, store: S3Store, s3: S3Service) -> None:
        s3.client.put_object(Bucket=s3.bucket, Key="team/zoo/oci-layout", Body=b" " * 5000)
        with pytest.raises(MismatchError, match="at most 4096 bytes, found 5000 bytes"):
            S3Store(S3Address.parse(store.address)).read_index()

    def test_no_store_has_no_index(self, unprepared: S3Store) -> None:
        with pytest.raises(RequestError, match="found none"):
            unprepared.read_index()


class TestIndex:
    def test_only_the_index_that_was_read_is_swapped(self, store: S3Store) -> None:
        held = store.read_index()
        first, _version = Index().with_manifest("acme/net/a", DIGEST, 1)
        second, _version = Index().with_manifest("acme/net/b", DIGEST, 1)
        assert store.swap_index(held.token, first.to_bytes())
        assert not store.swap_index(held.token, second.to_bytes())
        assert not store.swap_index(None, second.to_bytes())
        assert current_index(store) == first

    def test_a_conflict_on_the_server_counts_as_another_publishers_turn(
        self, store: S3Store, s3: S3Service
    ) -> None:
        from tests.s3_service import error

        s3.before = once("PUT", error("409 Conflict", "ConditionalRequestConflict"))
        after = change_index(store, lambda index: index.with_manifest("acme/net/a", DIGEST, 1)[0])
        assert current_index(store) == after
        assert asked(s3).count(("PUT", "index.json")) == 2

    def test_an_answer_that_is_lost_changes_the_index_once(self, store: S3Store, s3: S3Service) -> None:
        from tests.s3_service import error

        lost = iter([error("500 Internal Server Error", "InternalError")])
        s3.after = lambda request, answer: next(lost, answer) if request.method == "PUT" else answer
        change_index(store, lambda index: index.with_manifest("acme/net/a", DIGEST, 1)[0])
        assert [one.number for one in current_index(store).versions()] == [1]

    def test_a_publisher_who_read_before_another_wrote_makes_the_change_again(self, store: S3Store) -> None:
        seen: list[int] = []

        def mine(index: Index) -> Index:
            if not seen:
                other = S3Store(S3Address.parse(store.address))
                change_index(other, lambda one: one.with_manifest("acme/net/other", OTHER, 1)[0])
            seen.append(len(index.versions()))
            return index.with_manifest("acme/net/mine", DIGEST, 1)[0]

        after = change_index(store, mine)
        assert seen == [0, 1]
        assert [one.name for one in current_index(store).versions()] == ["acme/net/mine", "acme/net/other"]
        assert current_index(store) == after


class TestConditions:
    def test_a_store_that_was_used_before_costs_two_requests_and_no_deleting(
        self, store: S3Store, s3: S3Service
    ) -> None:
        S3Store(S3Address.parse(store.address)).prepare()
        assert asked(s3).count(("PUT", ".zoo-probe")) == 2
        assert "DELETE" not in [method for method, _name in asked(s3)]

    @pytest.mark.parametrize("header", ["HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"])
    def test_a_bucket_that_overwrites_is_refused_before_anything_is_written(
        self, unprepared: S3Store, s3: S3Service, header: str
    ) -> None:
        s3.before = lambda request: request.environ.pop(header, None) and None
        with pytest.raises(UnavailableError, match="expected conditional writes") as caught:
            unprepared.prepare()
        assert "Amazon S3" in str(caught.value.hint)
        assert s3.objects() == {}

    def test_an_index_is_not_swapped_there_either(self, store: S3Store, s3: S3Service) -> None:
        from tests.s3_service import without_conditions

        s3.before = without_conditions
        other = S3Store(S3Address.parse(store.address))
        token = other.read_index().token
        with pytest.raises(UnavailableError, match="expected conditional writes"):
            other.swap_index(token, b"{}")
        assert s3.objects()["team/zoo/index.json"] == EMPTY


class TestReading:
    def test_a_blob_comes_whole_or_in_parts(self, store: S3Store) -> None:
        store.put(DIGEST, [DATA], "it")
        with store.open(DIGEST) as opened:
            assert (b"".join(opened.chunks), opened.size, opened.start) == (DATA, len(DATA), 0)
            assert opened.ranged
            assert re.fullmatch(r'"[0-9a-f]{32}"', str(opened.etag))
        with store.open(DIGEST, Wanted(5, 8, opened.etag)) as part:
            assert (b"".join(part.chunks), part.size, part.start) == (DATA[5:8], len(DATA), 5)
        with store.open(DIGEST, Wanted(5)) as rest:
            assert b"".join(rest.chunks) == DATA[5:]

    def test_what_is_not_there_is_not_held(self, store: S3Store) -> None:
        with pytest.raises(NotHeldError), store.open(DIGEST):
            pass

    @pytest.mark.parametrize("wanted", [Wanted(5, etag='"another"'), Wanted(10), Wanted(500, 600)])
    def test_another_object_or_no_such_part_is_unusable(self, store: S3Store, wanted: Wanted) -> None:
        store.put(DIGEST, [DATA], "it")
        with pytest.raises(UnusablePartError), store.open(DIGEST, wanted):
            pass

    def test_a_server_that_knows_no_ranges_gives_the_whole(self, store: S3Store, s3: S3Service) -> None:
        store.put(DIGEST, [DATA], "it")
        s3.before = lambda request: request.environ.pop("HTTP_RANGE", None) and None
        with store.open(DIGEST, Wanted(5)) as opened:
            assert (opened.start, b"".join(opened.chunks)) == (0, DATA)

    def test_another_part_than_was_asked_for_is_unusable(self, store: S3Store, s3: S3Service) -> None:
        store.put(DIGEST, [DATA], "it")
        s3.before = lambda request: request.environ.update(HTTP_RANGE="bytes=2-3")
        with pytest.raises(UnusablePartError, match=r"expected bytes from 5"), store.open(DIGEST, Wanted(5)):
            pass

    @pytest.mark.parametrize("arrived", [0, 4, 9])
    def test_a_body_that_stops_is_broken_off(self, store: S3Store, s3: S3Service, arrived: int) -> None:
        store.put(DIGEST, [DATA], "it")
        s3.after = lambda _request, answer: (answer[0], answer[1], answer[2][:arrived])
        with store.open(DIGEST) as opened, pytest.raises(BrokenOffError, match="ended early"):
            list(opened.chunks)


class TestPutting:
    def test_a_small_blob_goes_in_one_request_that_the_server_can_verify(
        self, store: S3Store, s3: S3Service
    ) -> None:
        assert store.holding(DIGEST) is None
        s3.requests.clear()
        assert store.put(DIGEST, [DATA[:4], b"", DATA[4:]], "it") == len(DATA)
        (request,) = s3.requests
        assert request.method == "PUT"
        assert request.header("x-amz-checksum-sha256") == base64.b64encode(bytes.fromhex(DIGEST.hex)).decode()
        assert s3.objects()[key(DIGEST)] == DATA

    def test_the_servers_own_checksum_spares_the_reading(self, store: S3Store, s3: S3Service) -> None:
        store.put(DIGEST, [DATA], "it")
        s3.requests.clear()
        assert store.holding(DIGEST) == len(DATA)
        assert [one.method for one in s3.requests] == ["HEAD"]

    def test_an_empty_blob_is_a_blob(self, store: S3Store) -> None:
        assert store.put(Digest.of(b""), [], "it") == 0
        assert store.holding(Digest.of(b"")) == 0

    def test_a_large_blob_goes_in_parts_and_is_read_to_be_known(self, store: S3Store, s3: S3Service) -> None:
        assert store.put(LARGE_DIGEST, pieces(LARGE), "it") == len(LARGE)
        sent = [one.environ["CONTENT_LENGTH"] for one in s3.requests if one.method == "PUT"]
        assert list(map(int, sent)) == [PART_BYTES, len(LARGE) - PART_BYTES]
        s3.requests.clear()
        assert store.holding(LARGE_DIGEST) == len(LARGE)
        assert [one.method for one in s3.requests] == ["HEAD", "GET"]
        assert s3.uploads() == []

    @pytest.mark.parametrize("size", [PART_BYTES, PART_BYTES + 1])
    def test_sizes_around_a_part(self, store: S3Store, s3: S3Service, size: int) -> None:
        data = LARGE[:size]
        assert store.put(Digest.of(data), pieces(data), "it") == size
        assert sum(one.method == "PUT" for one in s3.requests) == (1 if size == PART_BYTES else 2)
        assert s3.objects()[key(Digest.of(data))] == data

    def test_no_more_than_two_parts_are_read_ahead(self, store: S3Store, s3: S3Service) -> None:
        given, taken = 0, 0
        ahead: list[int] = []

        def counted() -> Iterator[bytes]:
            nonlocal given
            for piece in pieces(LARGE * 3):
                given += len(piece)
                yield piece

        def look(request: Request) -> None:
            nonlocal taken
            if request.method == "PUT":
                ahead.append(given - taken)
                taken += int(request.environ["CONTENT_LENGTH"])

        s3.before = look
        store.put(Digest.of(LARGE * 3), counted(), "it")
        assert len(ahead) == 4
        assert max(ahead) <= 2 * PART_BYTES + (1 << 20)

    @pytest.mark.parametrize("data", [b"flipped", LARGE[:-1] + b"!"], ids=["small", "large"])
    def test_other_bytes_leave_nothing(self, store: S3Store, s3: S3Service, data: bytes) -> None:
        with pytest.raises(MismatchError) as caught:
            store.put(DIGEST, pieces(data), "it")
        assert (caught.value.expected, caught.value.found) == (str(DIGEST), str(Digest.of(data)))
        assert key(DIGEST) not in s3.objects()
        assert s3.uploads() == []

    @pytest.mark.parametrize("error", [NotHeldError("gone"), KeyboardInterrupt()])
    def test_a_source_that_breaks_off_leaves_nothing(
        self, store: S3Store, s3: S3Service, error: BaseException
    ) -> None:
        def broken() -> Iterator[bytes]:
            yield from pieces(LARGE)
            yield from pieces(LARGE)
            raise error

        with pytest.raises(type(error)):
            store.put(LARGE_DIGEST, broken(), "it")
        assert ("POST", LARGE_DIGEST.hex) in asked(s3)
        assert key(LARGE_DIGEST) not in s3.objects()
        assert s3.uploads() == []

    @pytest.mark.parametrize("verified", [True, False])
    @pytest.mark.parametrize("damage", [b"", b"some bytez", b"some bytes and more"])
    def test_a_damaged_blob_is_not_held_and_is_replaced(
        self, store: S3Store, s3: S3Service, damage: bytes, verified: bool
    ) -> None:
        extra = {"ChecksumAlgorithm": "SHA256"} if verified else {}
        s3.client.put_object(Bucket=s3.bucket, Key=key(DIGEST), Body=damage, **extra)
        assert store.holding(DIGEST) is None
        store.put(DIGEST, [DATA], "it")
        assert s3.objects()[key(DIGEST)] == DATA
        assert store.holding(DIGEST) == len(DATA)

    def test_what_another_tool_put_is_held_once_it_was_read(self, store: S3Store, s3: S3Service) -> None:
        s3.client.put_object(Bucket=s3.bucket, Key=key(DIGEST), Body=DATA)
        s3.requests.clear()
        assert store.holding(DIGEST) == len(DATA)
        assert [one.method for one in s3.requests] == ["HEAD", "GET"]

    def test_a_body_that_changed_on_its_way_is_refused_by_the_server(self, store: S3Store, s3: S3Service) -> None:
        from tests.s3_service import error

        s3.before = once("PUT", error("400 Bad Request", "BadDigest"))
        with pytest.raises(UnavailableError, match="BadDigest") as caught:
            store.put(DIGEST, [DATA], "it")
        assert "publish again" in str(caught.value.hint)

    @pytest.mark.parametrize("data", [DATA, LARGE], ids=["small", "large"])
    def test_encryption_is_asked_for_where_an_object_begins(
        self, store: S3Store, s3: S3Service, data: bytes
    ) -> None:
        other = S3Store(S3Address.parse(f"{store.address}?sse=aws:kms&kms_key=key-1"))
        other.put(Digest.of(data), pieces(data), "it")
        assert s3.requests[0].header("x-amz-server-side-encryption") == "aws:kms"
        assert s3.requests[0].header("x-amz-server-side-encryption-aws-kms-key-id") == "key-1"
        head = s3.client.head_object(Bucket=s3.bucket, Key=key(Digest.of(data)))
        assert head["ServerSideEncryption"] == "aws:kms"


class TestCollecting:
    def test_all_pages_are_listed_and_only_blobs(self, store: S3Store, s3: S3Service) -> None:
        contents = [b"%d" % number for number in range(5)]
        for data in contents:
            store.put(Digest.of(data), [data], "it")
        s3.client.put_object(Bucket=s3.bucket, Key="team/zoo/blobs/sha256/readme", Body=b"")
        s3.requests.clear()
        s3.before = lambda request: request.environ.update(
            QUERY_STRING=request.environ["QUERY_STRING"] + "&max-keys=2"
        )
        found = {one.digest: one.size for one in store.blobs()}
        assert found == {Digest.of(data): 1 for data in contents}
        assert len(s3.requests) == 3

    def test_the_age_is_by_the_servers_clock(self, store: S3Store, s3: S3Service) -> None:
        store.put(DIGEST, [DATA], "it")
        s3.set_clock("Sat, 01 Jan 2101 00:00:00 GMT")
        (blob,) = store.blobs()
        assert blob.age > 365 * 24 * 3600

    def test_a_blob_is_removed_and_may_be_gone(self, store: S3Store) -> None:
        store.put(DIGEST, [DATA], "it")
        store.remove(DIGEST)
        store.remove(DIGEST)
        assert store.holding(DIGEST) is None


class TestRetrying:
    @pytest.mark.parametrize(
        ("status", "code"),
        [
            ("500 Internal Server Error", "InternalError"),
            ("503 Service Unavailable", "SlowDown"),
            ("429 Too Many Requests", "TooManyRequests"),
        ],
    )
    def test_a_server_that_is_busy_is_asked_again(
        self, store: S3Store, s3: S3Service, status: str, code: str
    ) -> None:
        from tests.s3_service import error

        store.put(DIGEST, [DATA], "it")
        s3.before = once("GET", error(status, code))
        with store.open(DIGEST) as opened:
            assert b"".join(opened.chunks) == DATA


class TestErrors:
    @pytest.mark.parametrize(
        ("status", "code", "said", "kind"),
        [
            ("403 Forbidden", "InvalidAccessKeyId", "check the credentials", DeniedError),
            ("403 Forbidden", "SignatureDoesNotMatch", "check the credentials", DeniedError),
            (
                "403 Forbidden",
                "AccessDenied",
                "docs/stores.md lists what reading and publishing need",
                ForbiddenError,
            ),
            ("400 Bad Request", "ExpiredToken", "aws sso login", DeniedError),
            ("400 Bad Request", "AuthorizationHeaderMalformed", "the bucket's own region", UnavailableError),
            ("403 Forbidden", "RequestTimeTooSkewed", "set the clock", UnavailableError),
            ("403 Forbidden", "InvalidObjectState", "restore it first", UnavailableError),
            ("404 Not Found", "NoSuchBucket", "create the bucket", NoStoreError),
            ("503 Service Unavailable", "SlowDown", "again later", UnavailableError),
            ("418 Teapot", "\x1b[2J", "the service's own log", UnavailableError),
        ],
    )
    def test_each_has_a_way_on_and_tells_nothing_of_the_servers_own_text(
        self,
        store: S3Store,
        s3: S3Service,
        monkeypatch: pytest.MonkeyPatch,
        status: str,
        code: str,
        said: str,
        kind: type[UnavailableError],
    ) -> None:
        from tests.s3_service import SECRET, error

        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        s3.before = lambda _request: error(status, code)
        other = S3Store(S3Address.parse(store.address))
        for act in (
            other.prepare,
            other.read_index,
            lambda: other.put(DIGEST, [DATA], "it"),
            lambda: opened(other),
        ):
            with pytest.raises(UnavailableError) as caught:
                act()
            assert type(caught.value) is kind
            assert said in str(caught.value.hint)
            assert caught.value.message.startswith(store.address)
            assert f"HTTP {status[:3]}" in caught.value.message
            assert SECRET not in caught.value.message
            assert caught.value.message.isprintable()

    def test_an_answer_without_a_body_has_a_way_on_too(self, store: S3Store, s3: S3Service) -> None:
        s3.before = lambda _request: ("403 Forbidden", [("Content-Length", "0")], b"")
        with pytest.raises(UnavailableError, match="s3:GetObject failed: AccessDenied, HTTP 403") as caught:
            store.holding(DIGEST)
        assert "Without s3:ListBucket" in str(caught.value.hint)


def opened(store: S3Store) -> None:
    with store.open(DIGEST):
        pass


def once(method: str, answer: Answer) -> Callable[[Request], Answer | None]:
    """One answer to the first request of a method, moto's own to all others."""
    left = iter([answer])
    return lambda request: next(left, None) if request.method == method else None
