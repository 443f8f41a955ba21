"""Publishing into a bucket and pulling from it: the installed command against moto's server."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from registry.digest import Digest
from tests.acceptance.test_publish import assert_whole
from tests.acceptance.world import (
    INTERRUPTIBLE,
    SHARED,
    Cards,
    Result,
    Zoo,
    assert_says,
    files_below,
    model_bytes,
    pinned,
)

if TYPE_CHECKING:
    from tests.s3_service import Answer, Request, S3Service

VARIANTS = {f"v{number}": model_bytes(3000, number) for number in range(8)}
SMALL = VARIANTS["v0"]
LARGE = model_bytes((16 << 20) + 1000, 9)
PREFIX = "team/zoo"


@pytest.fixture
def store(s3: S3Service, zoo: Zoo) -> str:
    """Address of a store that is not there yet; the environment has what boto3 needs."""
    mine = [name for name in zoo.environment if name.startswith("AWS_")]
    for name in mine:
        del zoo.environment[name]
    zoo.environment.update(s3.variables)
    return f"s3://{s3.bucket}/{PREFIX}"


@pytest.fixture
def card(cards: Cards, zoo: Zoo, store: str) -> Path:
    """A card of eight small variants and a large one; their files lie in `files`."""
    (zoo.work / "files").mkdir()
    contents = {**VARIANTS, "large": LARGE}
    for name, data in contents.items():
        (zoo.work / "files" / f"{name}.tflite").write_bytes(data)
    path = cards.card(*(pinned(name, data) for name, data in contents.items()))
    assert zoo("list").code == 0  # the catalogue is compiled once
    return path


def publish(zoo: Zoo, card: Path, store: str, *names: str, **variables: str) -> Result:
    result = zoo("publish", card, "--to", store, "--from", "files", *options(names), **variables)
    assert_tells_no_secret(zoo, result)
    return result


def options(names: tuple[str, ...]) -> list[str]:
    return [option for name in names for option in ("--variant", name)]


def assert_tells_no_secret(zoo: Zoo, result: Result) -> None:
    """No credential is in any output, and none in any file below the working folder and the cache."""
    from tests.s3_service import KEY, SECRET

    written = b"".join(path.read_bytes() for path in files_below(zoo.work) + files_below(zoo.cache))
    for secret in (KEY, SECRET):
        assert secret not in result.out + result.err
        assert secret.encode() not in written


def assert_whole_bucket(s3: S3Service, folder: Path, prefix: str = PREFIX) -> dict[str, Any]:
    """The objects below the prefix, copied into a folder, are a whole layout. Returns the index."""
    (folder / prefix / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
    for key, data in s3.objects(prefix).items():
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return assert_whole(folder / prefix)


def key(data: bytes) -> str:
    return f"{PREFIX}/{Digest.of(data).blob_path}"


class TestRoundTrip:
    def test_publish_pull_history_yank(
        self, zoo: Zoo, card: Path, store: str, s3: S3Service, tmp_path: Path
    ) -> None:
        dry = zoo("publish", card, "--to", store, "--from", "files", "--variant", "v0", "--dry-run")
        assert dry.code == 0, dry
        assert s3.objects() == {}
        result = publish(zoo, card, store, "v0", "large")
        assert result.code == 0, result
        assert "published acme/net/v0 version 1" in result.out
        assert "published acme/net/large version 1" in result.out
        assert len(assert_whole_bucket(s3, tmp_path / "dump")["manifests"]) == 2
        again = publish(zoo, card, store, "v0", "large")
        assert again.out.count("unchanged ") == 2, again
        assert "uploaded 0 blobs" in again.out
        for name, data in (("v0", SMALL), ("large", LARGE)):
            pulled = zoo("pull", f"net/{name}", "--mirror", store, "-o", name)
            assert pulled.code == 0, pulled
            assert (zoo.work / name / f"{name}.tflite").read_bytes() == data
            assert_tells_no_secret(zoo, pulled)
        assert zoo.lock()["pulls"][0]["artifacts"][0]["source"].startswith(f"{store}/blobs/sha256/")
        yanked = zoo("yank", "net/v0", "--store", store, "--reason", "wrong labels")
        assert yanked.code == 0, yanked
        rows = zoo("history", "net", "--store", store, "--format", "json").json()
        assert {row["variant"]: row["yanked"] for row in rows} == {
            "acme/net/v0": "wrong labels",
            "acme/net/large": None,
        }
        assert publish(zoo, card, store, "v0").code == 1
        assert zoo("yank", "net/v0", "--store", store, "--undo").code == 0
        assert publish(zoo, card, store, "v0").code == 0

    def test_a_folder_and_a_bucket_hold_the_same_bytes(
        self, zoo: Zoo, card: Path, store: str, s3: S3Service
    ) -> None:
        publish(zoo, card, store, "v0")
        publish(zoo, card, "folder", "v0")
        objects = {name.removeprefix(f"{PREFIX}/"): data for name, data in s3.objects().items()}
        folder = zoo.work / "folder"
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files_below(folder)}
        del objects[".zoo-probe"], files[".zoo-guard"]
        assert objects == files

    def test_everything_may_stand_in_the_address(self, zoo: Zoo, card: Path, s3: S3Service) -> None:
        for name in s3.variables:
            if name != "AWS_EC2_METADATA_DISABLED":
                del zoo.environment[name]
        (zoo.home / ".aws").mkdir()
        (zoo.home / ".aws" / "credentials").write_text(
            "[models]\naws_access_key_id = one\naws_secret_access_key = two\n", encoding="utf-8"
        )
        endpoint = s3.url.replace("127.0.0.1", "localhost")  # where boto3 would put the bucket into the host
        store = f"s3://{s3.bucket}?endpoint={endpoint}&region=eu-north-1&profile=models&addressing=path&sse=AES256"
        result = publish(zoo, card, store, "v0")
        assert result.code == 0, result
        assert s3.objects()["oci-layout"]
        for request in s3.requests:
            assert request.path.startswith(f"/{s3.bucket}")
            assert re.search(r"Credential=one/\d+/eu-north-1/s3/", str(request.header("authorization")))
        puts = [request for request in s3.requests if request.method == "PUT"]
        assert {request.header("x-amz-server-side-encryption") for request in puts} == {"AES256"}
        assert (
            f'"store": "s3://{s3.bucket}"'
            in zoo("publish", card, "--to", store, "--from", "files", "--variant", "v0", "--format", "json").out
        )

    def test_without_the_network_nothing_is_asked(self, zoo: Zoo, card: Path, store: str, s3: S3Service) -> None:
        publish(zoo, card, store, "v0")
        s3.requests.clear()
        result = zoo("pull", "net/v0", "--offline", "--mirror", store)
        assert result.code == 3, result
        assert_says(result, "the network is off (--offline)")
        assert s3.requests == []

    def test_the_real_files(self, shipped: Zoo, s3: S3Service) -> None:
        if not (SHARED / "real").is_dir():
            pytest.skip("the real model files (../shared/real) are not on this machine")
        shipped.environment.update(s3.variables)
        store = f"s3://{s3.bucket}/zoo"
        for name in ("google/deeplabv3", "google/deeplabv3-mnv2-dm05"):
            result = shipped("publish", name, "--to", store, "--from", SHARED / "real")
            assert result.code == 0, result
        pulled = shipped("pull", "deeplabv3", "--target", "imx8mp", "--mirror", store, "--format", "json")
        assert pulled.code == 0, pulled
        (file,) = pulled.json()["files"]
        assert file["sha256"] == "0470d2a782aa54eeeb99d32e7b6b3fb7722905c7c4f5d26bd957ec861366d48b"
        assert Digest.of_file(shipped.work / file["path"]).hex == file["sha256"]


class TestAtOnce:
    def test_eight_publishers_of_different_variants_lose_nothing(
        self, zoo: Zoo, card: Path, store: str, s3: S3Service, tmp_path: Path
    ) -> None:
        started = [
            zoo.start("publish", card, "--to", store, "--from", "files", "--variant", name) for name in VARIANTS
        ]
        results = [zoo.finish(process) for process in started]
        assert [result.code for result in results] == [0] * 8, results
        index = assert_whole_bucket(s3, tmp_path / "dump")
        names = sorted(entry["annotations"]["org.edge-model-zoo.name"] for entry in index["manifests"])
        assert names == [f"acme/net/{name}" for name in VARIANTS]
        objects = s3.objects()
        assert [objects[key(data)] for data in VARIANTS.values()] == list(VARIANTS.values())

    def test_eight_publishers_of_the_same_variant_make_one_version(
        self, zoo: Zoo, card: Path, store: str, s3: S3Service, tmp_path: Path
    ) -> None:
        started = [
            zoo.start("publish", card, "--to", store, "--from", "files", "--variant", "v0") for _number in range(8)
        ]
        results = [zoo.finish(process) for process in started]
        assert [result.code for result in results] == [0] * 8, results
        assert sum("published acme/net/v0 version 1" in result.out for result in results) == 1
        assert sum("unchanged acme/net/v0" in result.out for result in results) == 7
        assert len(assert_whole_bucket(s3, tmp_path / "dump")["manifests"]) == 1


class TestKilled:
    """A publisher that dies without warning, seen from the server."""

    def test_anywhere_leaves_a_store_that_the_next_one_completes(
        self, zoo: Zoo, card: Path, s3: S3Service, tmp_path: Path
    ) -> None:
        assert publish(zoo, card, f"s3://{s3.bucket}/whole", "v0", "large").code == 0
        steps = len(s3.requests)
        assert steps > 20
        expected = s3.objects("whole/index")["whole/index.json"]
        for point in range(11):
            prefix, number = f"killed-{point}-", 1 + point * (steps - 1) // 10
            self.kill(zoo, card, s3, f"s3://{s3.bucket}/{prefix}", number, handled=point % 2 == 1)
            if f"{prefix}/oci-layout" in s3.objects(f"{prefix}/oci-layout"):
                named = assert_whole_bucket(s3, tmp_path / prefix, prefix)["manifests"]
                assert len(named) in (0, 2)
            again = publish(zoo, card, f"s3://{s3.bucket}/{prefix}", "v0", "large")
            assert again.code == 0, again
            assert_whole_bucket(s3, tmp_path / f"{prefix}-again", prefix)
            assert s3.objects(f"{prefix}/index")[f"{prefix}/index.json"] == expected

    def kill(self, zoo: Zoo, card: Path, s3: S3Service, store: str, number: int, *, handled: bool) -> None:
        """Kill a publisher at a request, before the server has handled it or after."""
        started = threading.Event()
        running: list[subprocess.Popen[str]] = []
        s3.requests.clear()

        def end() -> None:
            started.wait()
            os.killpg(running[0].pid, signal.SIGKILL)
            running[0].wait()

        def before(request: Request) -> Answer | None:
            from tests.s3_service import error

            if request.number == number and not handled:
                end()
                return error("500 Internal Server Error", "InternalError")  # nobody hears it
            return None

        def after(request: Request, answer: Answer) -> Answer:
            if request.number == number and handled:
                end()
            return answer

        s3.before, s3.after = before, after
        process = zoo.start("publish", card, "--to", store, "--from", "files", *options(("v0", "large")))
        running.append(process)
        started.set()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        s3.before, s3.after = lambda _request: None, lambda _request, answer: answer


class TestDamage:
    @pytest.mark.parametrize(("name", "data"), [("v0", SMALL), ("large", LARGE)])
    def test_a_flipped_byte_is_found_by_pull_and_mended_by_publish(
        self, zoo: Zoo, card: Path, store: str, s3: S3Service, name: str, data: bytes
    ) -> None:
        publish(zoo, card, store, name)
        flipped = bytearray(data)
        flipped[len(data) // 2] ^= 1
        s3.client.put_object(Bucket=s3.bucket, Key=key(data), Body=bytes(flipped))
        result = zoo("pull", f"net/{name}", "--mirror", store)
        assert result.code == 1, result
        assert_says(result, f"expected {Digest.of(data)}", f"found {Digest.of(bytes(flipped))}")
        assert zoo.blobs() == []
        assert not (zoo.work / "zoo.lock").exists()
        mended = publish(zoo, card, store, name)
        assert mended.code == 0, mended
        assert "uploaded 1 blob," in mended.out
        assert s3.objects()[key(data)] == data
        assert zoo("pull", f"net/{name}", "--mirror", store).code == 0

    def test_wrong_bytes_are_refused_and_nothing_is_left(
        self, zoo: Zoo, card: Path, store: str, s3: S3Service
    ) -> None:
        wrong = LARGE[:-1] + bytes([LARGE[-1] ^ 1])
        (zoo.work / "files" / "large.tflite").write_bytes(wrong)
        result = publish(zoo, card, store, "large")
        assert result.code == 1, result
        assert_says(result, "large.tflite", f"expected {Digest.of(LARGE)}", f"found {Digest.of(wrong)}")
        objects = s3.objects()
        assert sorted(objects) == [f"{PREFIX}/.zoo-probe", f"{PREFIX}/index.json", f"{PREFIX}/oci-layout"]
        assert json.loads(objects[f"{PREFIX}/index.json"])["manifests"] == []
        assert s3.uploads() == []

    def test_an_interrupt_takes_the_parts_back(self, zoo: Zoo, card: Path, store: str, s3: S3Service) -> None:
        running: list[subprocess.Popen[str]] = []
        started = threading.Event()

        def interrupt(request: Request) -> None:
            if "partNumber=2" in request.environ["QUERY_STRING"]:
                started.wait()
                os.killpg(running[0].pid, signal.SIGINT)

        s3.before = interrupt
        words = ("publish", card, "--to", store, "--from", "files", "--variant", "large")
        running.append(zoo.start(*words, starter=INTERRUPTIBLE))
        started.set()
        result = zoo.finish(running[0])
        assert result.code == 130, result
        assert key(LARGE) not in s3.objects()
        assert s3.uploads() == []


class TestTransfer:
    def test_a_cut_transfer_goes_on_where_it_stopped(self, zoo: Zoo, card: Path, store: str, s3: S3Service) -> None:
        publish(zoo, card, store, "large")
        cuts = iter([5 << 20, 7 << 20])
        s3.after = lambda request, answer: self.cut(request, answer, next(cuts, None))
        s3.requests.clear()
        result = zoo("pull", "net/large", "--mirror", store, "-o", "out")
        assert result.code == 0, result
        assert (zoo.work / "out" / "large.tflite").read_bytes() == LARGE
        ranges = [request.header("range") for request in s3.requests]
        assert ranges == [None, f"bytes={5 << 20}-", f"bytes={12 << 20}-"]
        etag = s3.client.head_object(Bucket=s3.bucket, Key=key(LARGE))["ETag"]
        assert [request.header("if-match") for request in s3.requests[:3]] == [None, etag, etag]

    def test_an_object_that_changes_meanwhile_is_read_anew(
        self, zoo: Zoo, card: Path, store: str, s3: S3Service
    ) -> None:
        publish(zoo, card, store, "large")
        s3.client.put_object(Bucket=s3.bucket, Key=key(LARGE), Body=model_bytes(len(LARGE), 10))
        cuts = iter([5 << 20])

        def replaced(request: Request, answer: Answer) -> Answer:
            cut = next(cuts, None)
            return answer if cut is None else self.cut(request, answer, cut)

        def mend(request: Request) -> None:
            if request.header("range"):
                s3.before = lambda _request: None
                bucket_put(s3, key(LARGE), LARGE)

        s3.before, s3.after = mend, replaced
        result = zoo("pull", "net/large", "--mirror", store, "-o", "out")
        assert result.code == 0, result
        assert (zoo.work / "out" / "large.tflite").read_bytes() == LARGE

    def cut(self, _request: Request, answer: Answer, most: int | None) -> Answer:
        return answer if most is None else (answer[0], answer[1], answer[2][:most])

    def test_a_busy_server_is_asked_again(self, zoo: Zoo, card: Path, store: str, s3: S3Service) -> None:
        from tests.s3_service import error

        # every fifth request finds the server busy; the next try does not
        busy = error("503 Slow Down", "SlowDown")
        s3.before = lambda request: busy if request.number % 5 == 0 else None
        result = publish(zoo, card, store, "v0")
        assert result.code == 0, result
        assert publish(zoo, card, store, "v0").code == 0


class TestTrouble:
    def test_an_error_of_the_service_is_told_with_the_way_on(
        self, zoo: Zoo, card: Path, store: str, s3: S3Service
    ) -> None:
        from tests.s3_service import error

        s3.before = lambda _request: error("403 Forbidden", "InvalidAccessKeyId")
        for arguments in (
            ["publish", str(card), "--to", store, "--from", "files"],
            ["history", "net", "--store", store],
            ["pull", "net/v0", "--mirror", store],
        ):
            result = zoo(*arguments)
            assert result.code == 3, result
            assert_says(result, f"s3://{s3.bucket}/{PREFIX}", "InvalidAccessKeyId", "next: check the credentials")
            assert_tells_no_secret(zoo, result)

    @pytest.mark.parametrize(
        ("variables", "said"),
        [
            ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "http://127.0.0.1:1 does not answer"),
            ({"AWS_ENDPOINT_URL": "http://user:hidden@127.0.0.1:1"}, "does not answer"),
            ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "needs credentials, and boto3 found none"),
        ],
    )
    def test_what_the_environment_has_wrong_is_told(
        self, zoo: Zoo, card: Path, store: str, variables: dict[str, str], said: str
    ) -> None:
        result = publish(zoo, card, store, "v0", AWS_MAX_ATTEMPTS="1", **variables)
        assert result.code == 3, result
        assert_says(result, said, "next: ")
        assert "hidden" not in result.err

    def test_a_missing_bucket_is_told(self, zoo: Zoo, card: Path, store: str) -> None:
        result = publish(zoo, card, "s3://no-such-bucket/zoo", "v0")
        assert result.code == 3, result
        assert_says(result, "NoSuchBucket", "create the bucket")

    def test_a_bucket_without_conditional_writes_is_refused(
        self, zoo: Zoo, card: Path, store: str, s3: S3Service
    ) -> None:
        from tests.s3_service import without_conditions

        s3.before = without_conditions
        result = publish(zoo, card, store, "v0")
        assert result.code == 3, result
        assert_says(result, "expected conditional writes", "found that they overwrite", "publish into a bucket")
        assert s3.objects() == {}

    @pytest.mark.parametrize(
        ("query", "said"),
        [
            ("?secret=hidden", "unknown parameter 'secret'"),
            ("?profile=nobody", "boto3 takes no such configuration: ProfileNotFound"),
            ("?endpoint=nowhere", "expected an endpoint"),
            ("?region=not%20one", "boto3 takes no such configuration"),
        ],
    )
    def test_a_mistake_in_the_address_is_told(
        self, zoo: Zoo, card: Path, store: str, s3: S3Service, query: str, said: str
    ) -> None:
        for arguments in (
            ["publish", str(card), "--to", store + query, "--from", "files"],
            ["history", "net", "--store", store + query],
        ):
            result = zoo(*arguments)
            assert result.code == 2, result
            assert_says(result, said)
            assert "hidden" not in result.err
        assert s3.requests == []

    def test_credentials_in_an_address_are_refused(self, zoo: Zoo, card: Path, s3: S3Service) -> None:
        result = publish(zoo, card, f"s3://key:hidden@{s3.bucket}/zoo", "v0")
        assert result.code == 2, result
        assert_says(result, "credentials do not belong in an address", "AWS_PROFILE")
        assert "hidden" not in result.err

    def test_a_prefix_with_something_else_is_left_alone(
        self, zoo: Zoo, card: Path, store: str, s3: S3Service
    ) -> None:
        s3.client.put_object(Bucket=s3.bucket, Key=f"{PREFIX}/photos/1.jpg", Body=b"mine")
        result = publish(zoo, card, store, "v0")
        assert result.code == 2, result
        assert_says(result, "expected an OCI Image Layout or an empty prefix, found 'photos/'")
        assert list(s3.objects()) == [f"{PREFIX}/photos/1.jpg"]


def bucket_put(s3: S3Service, name: str, data: bytes) -> None:
    """Change an object while the server answers something else: past its front."""
    from moto.s3.models import s3_backends

    s3_backends["123456789012"]["aws"].put_object(s3.bucket, name, data)
