"""Bytes into a bucket, hashed as they pass: small ones in one request, large ones in parts.

The server gets the SHA-256 of each request's body, and refuses it when other bytes arrive. An upload in parts
becomes an object only when it is completed, which happens only once the whole has hashed to its digest.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from registry.digest import Digest
from registry.errors import MismatchError
from registry.store.layout import WRONG_BYTES
from registry.store.s3_errors import told

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

PART_BYTES = 16 << 20
"""Most that one request brings; a few of them are in memory. S3 takes 10 000 parts, which makes 156 GiB."""


class Upload:
    """One object on its way.

    Args:
        client: The connection.
        place: The object's address, fit to be shown.
        named: Bucket and key, as every call takes them.
        encryption: Server-side encryption, as the calls take it that begin an object.
    """

    def __init__(
        self, client: S3Client, place: str, named: Mapping[str, Any], encryption: Mapping[str, Any]
    ) -> None:
        self._client, self._place, self._named, self._encryption = client, place, named, encryption

    def run(self, digest: Digest, chunks: Iterable[bytes], what: str) -> int:
        """Bring all bytes. Returns their number.

        Raises:
            MismatchError: They hash to something else; nothing is kept.
            UnavailableError: The bucket does not take them; nothing is kept.
        """
        hasher = hashlib.sha256()
        parts = _parts(chunks, hasher)
        first = next(parts)
        second = next(parts, None)
        if second is None:
            _require(hasher, digest, what)
            with told(self._place, "PutObject"):
                self._client.put_object(**self._named, Body=first, **checksum(digest), **self._encryption)
            return len(first)
        with self._multipart() as (upload, done):
            size = self._part(upload, done, first) + self._part(upload, done, second)
            del first, second
            for part in parts:
                size += self._part(upload, done, part)
            _require(hasher, digest, what)
        return size

    @contextlib.contextmanager
    def _multipart(self) -> Iterator[tuple[str, list[CompletedPartTypeDef]]]:
        """An upload that is completed where the block succeeds, and taken back where it does not."""
        done: list[CompletedPartTypeDef] = []
        with told(self._place, "PutObject"):
            upload = self._client.create_multipart_upload(
                **self._named, ChecksumAlgorithm="SHA256", **self._encryption
            )["UploadId"]
        try:
            yield upload, done
            with told(self._place, "PutObject"):
                self._client.complete_multipart_upload(
                    **self._named, UploadId=upload, MultipartUpload={"Parts": done}
                )
        except BaseException:
            # the first error is the one to tell; what stays of the parts is for the bucket's lifecycle rule
            with contextlib.suppress(Exception):
                self._client.abort_multipart_upload(**self._named, UploadId=upload)
            raise

    def _part(self, upload: str, done: list[CompletedPartTypeDef], data: bytes) -> int:
        number = len(done) + 1
        with told(self._place, "PutObject"):
            answer = self._client.upload_part(
                **self._named, UploadId=upload, PartNumber=number, Body=data, **checksum(Digest.of(data))
            )
        part: CompletedPartTypeDef = {"PartNumber": number, "ETag": answer["ETag"]}
        if "ChecksumSHA256" in answer:  # a service without checksums would not know it here
            part["ChecksumSHA256"] = answer["ChecksumSHA256"]
        done.append(part)
        return len(data)


def in_base64(digest: Digest) -> str:
    """A digest as S3 writes it."""
    return base64.b64encode(bytes.fromhex(digest.hex)).decode("ascii")


def checksum(digest: Digest) -> dict[str, Any]:
    """What lets the server verify a body."""
    return {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": in_base64(digest)}


def _parts(chunks: Iterable[bytes], hasher: hashlib._Hash) -> Iterator[bytes]:
    """The bytes in parts of one size, the last one smaller; at least one, which may be empty."""
    part = bytearray()
    for chunk in chunks:
        hasher.update(chunk)
        part += chunk
        while len(part) > PART_BYTES:
            whole = bytes(memoryview(part)[:PART_BYTES])  # a slice of the array itself would be one more copy
            del part[:PART_BYTES]
            yield whole
    yield bytes(part)


def _require(hasher: hashlib._Hash, digest: Digest, what: str) -> None:
    if hasher.hexdigest() != digest.hex:
        raise MismatchError(what, expected=str(digest), found=f"sha256:{hasher.hexdigest()}", hint=WRONG_BYTES)
