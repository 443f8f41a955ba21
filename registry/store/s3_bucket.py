"""Objects of a bucket below a prefix: read in parts, put, put on a condition, listed, removed."""

from __future__ import annotations

import contextlib
import email.utils
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from registry.digest import Digest
from registry.errors import MismatchError
from registry.store.base import Opened, UnusablePartError, Wanted
from registry.store.s3_address import S3Address
from registry.store.s3_errors import code_and_status, misconfigured, streaming, told
from registry.store.s3_upload import Upload, checksum

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import GetObjectOutputTypeDef

CONNECT_SECONDS = 10
READ_SECONDS = 60
CONNECTIONS = 32
"""Kept open at most: several blobs at once, each in several parts."""

_READ_BYTES = 1 << 17
"""Asked of a connection at a time: what is lost of them when it breaks."""


class Bucket:
    """A bucket, seen through an address. The client is made when it is first needed, and serves all threads."""

    def __init__(self, address: S3Address) -> None:
        self._address = address
        self._made: S3Client | None = None
        self._lock = threading.Lock()

    def shown(self, name: str) -> str:
        """An object's address, fit to be shown."""
        return f"s3://{self._address.bucket}/{self._address.key(name)}"

    @contextlib.contextmanager
    def open(self, name: str, wanted: Wanted) -> Iterator[Opened]:
        """Open an object, or a part of it; see `Mirror.open`."""
        place, extra = self.shown(name), _range(wanted)
        with told(place, "GetObject"):
            answer = self._client.get_object(**self._named(name), **extra)
        with closing(answer["Body"]):
            start, size = _part(answer, wanted, place)
            etag = answer["ETag"]
            yield Opened(place, size, _chunks(answer, place), start, etag if etag[:1] == '"' else None, ranged=True)

    def read(self, name: str, most: int) -> tuple[bytes, str]:
        """A small object and its ETag.

        Raises:
            MismatchError: It is larger than `most` bytes; it is not read.
            NotHeldError: There is none.
        """
        place = self.shown(name)
        with told(place, "GetObject"):
            answer = self._client.get_object(**self._named(name))
        with closing(answer["Body"]):
            size = answer["ContentLength"]
            if size > most:
                raise MismatchError(place, expected=f"at most {most} bytes", found=f"{size} bytes")
            return b"".join(_chunks(answer, place)), answer["ETag"]

    def verified(self, name: str) -> tuple[int, str | None]:
        """Size of an object in bytes, and the SHA-256 in base64 that the server has verified, where it has.

        Raises:
            NotHeldError: There is none.
        """
        with told(self.shown(name), "GetObject"):
            answer = self._client.head_object(**self._named(name), ChecksumMode="ENABLED")
        return answer["ContentLength"], answer.get("ChecksumSHA256")

    def put_if(self, name: str, data: bytes, etag: str | None) -> bool:
        """Put a small object in place of the one with this ETag, or where none is yet.

        Returns:
            False when the server found another one there.
        """
        from botocore.exceptions import ClientError

        condition: dict[str, Any] = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        with told(self.shown(name), "PutObject"):
            try:
                extra = {**checksum(Digest.of(data)), **self._encryption, **condition}
                self._client.put_object(**self._named(name), Body=data, **extra)
            except ClientError as error:
                # 409: another conditional write is under way; 404: the object that should be replaced is gone
                if code_and_status(error)[1] in (409, 412) or code_and_status(error)[0] == "NoSuchKey":
                    return False
                raise
        return True

    def put(self, name: str, digest: Digest, chunks: Iterable[bytes], what: str) -> int:
        """Put an object whose bytes have a digest. Returns its size; see `Store.put`."""
        upload = Upload(self._client, self.shown(name), self._named(name), self._encryption)
        return upload.run(digest, chunks, what)

    def listing(self, name: str) -> Iterator[tuple[str, int, float]]:
        """Name below the prefix, size and age in seconds of every object whose name begins so.

        The age is by the server's own clock, which says in each answer what time it is.
        """
        skipped = len(self._address.key(""))
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._address.bucket, Prefix=self._address.key(name)
        )
        with told(self.shown(name), "ListBucket"):
            for page in pages:
                now = _date(page["ResponseMetadata"].get("HTTPHeaders", {}))
                for item in page.get("Contents", ()):
                    age = max(0.0, (now - item["LastModified"]).total_seconds())
                    yield item["Key"][skipped:], item["Size"], age

    def first_names(self) -> list[str]:
        """Names directly below the prefix, those of folders with a slash at the end; a thousand at most."""
        prefix = self._address.key("")
        with told(self.shown(""), "ListBucket"):
            answer = self._client.list_objects_v2(Bucket=self._address.bucket, Prefix=prefix, Delimiter="/")
        keys = [item["Key"] for item in answer.get("Contents", ())]
        keys += [item["Prefix"] for item in answer.get("CommonPrefixes", ())]
        return sorted(key[len(prefix) :] for key in keys if key != prefix)

    def remove(self, name: str) -> None:
        """Remove an object; one that is gone already is fine."""
        with told(self.shown(name), "DeleteObject"):
            self._client.delete_object(**self._named(name))

    @property
    def _client(self) -> S3Client:
        with self._lock:  # several threads may be the first
            if self._made is None:
                self._made = _client(self._address)
            return self._made

    def _named(self, name: str) -> dict[str, Any]:
        return {"Bucket": self._address.bucket, "Key": self._address.key(name)}

    @property
    def _encryption(self) -> dict[str, Any]:
        named = {"ServerSideEncryption": self._address.sse, "SSEKMSKeyId": self._address.kms_key}
        return {name: value for name, value in named.items() if value is not None}


def _client(address: S3Address) -> S3Client:
    from boto3.session import Session
    from botocore.config import Config

    style: dict[str, Any] = {"s3": {"addressing_style": address.addressing}} if address.addressing else {}
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_pool_connections=CONNECTIONS,
        retries={"mode": "standard"},
        # we send a SHA-256 and hash what comes: no second checksum, which not every service knows
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        **style,
    )
    try:
        with told(str(address), "GetObject"):
            session = Session(profile_name=address.profile, region_name=address.region)
            return session.client("s3", endpoint_url=address.endpoint, config=config)
    except ValueError as error:  # how boto3 refuses endpoints
        raise misconfigured(str(address), error) from None


def _range(wanted: Wanted) -> dict[str, Any]:
    extra = {"IfMatch": wanted.etag} if wanted.etag else {}
    if wanted.start or wanted.end is not None:
        last = "" if wanted.end is None else wanted.end - 1
        extra["Range"] = f"bytes={wanted.start}-{last}"
    return extra


def _part(answer: GetObjectOutputTypeDef, wanted: Wanted, place: str) -> tuple[int, int | None]:
    """First byte and total size of what an answer brings."""
    stated = answer.get("ContentRange", "")
    if not stated:
        return 0, answer["ContentLength"]
    found = re.fullmatch(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)", stated)
    if not found or int(found[1]) != wanted.start:
        raise UnusablePartError(f"{place}: expected bytes from {wanted.start}, found {stated[:80]!a}")
    return wanted.start, None if found[2] == "*" else int(found[2])


def _chunks(answer: GetObjectOutputTypeDef, place: str) -> Iterator[bytes]:
    with streaming(place):
        while chunk := answer["Body"].read(_READ_BYTES):
            yield chunk


def _date(headers: Mapping[str, str]) -> datetime:
    """The server's time; ours where it does not say."""
    try:
        return email.utils.parsedate_to_datetime(headers.get("date", "")).astimezone(UTC)
    except ValueError:
        return datetime.now(UTC)
