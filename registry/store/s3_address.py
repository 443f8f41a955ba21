"""Addresses of buckets: `s3://BUCKET/PREFIX?endpoint=...`. What an address leaves out is for boto3's own chain."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from registry.errors import RequestError

ADDRESSING = ("path", "virtual", "auto")
ENCRYPTION = ("AES256", "aws:kms")
PARAMETERS = ("endpoint", "region", "profile", "addressing", "sse", "kms_key")

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")
_MAX_PREFIX = 900
"""Bytes: a key has at most 1024, and a blob's path takes 77 of them."""

_HOW = "s3://BUCKET/PREFIX, then optionally ?endpoint=URL&region=NAME&profile=NAME&addressing=path&sse=AES256"


@dataclass(frozen=True)
class S3Address:
    """Where a store is in S3, and how to reach it.

    Attributes:
        bucket: Name of the bucket.
        prefix: What all keys begin with, without slashes at its ends; empty for the whole bucket.
        endpoint: Address of a service that speaks S3, or None.
        region: Region to sign for, or None.
        profile: Profile of the user's AWS configuration, or None.
        addressing: Whether the bucket stands in the path or in the host name, or None.
        sse: Server-side encryption to ask for, or None for the bucket's own.
        kms_key: Key for `aws:kms`, or None for the account's own.
    """

    bucket: str
    prefix: str
    endpoint: str | None = field(default=None, repr=False)
    region: str | None = None
    profile: str | None = None
    addressing: str | None = None
    sse: str | None = None
    kms_key: str | None = None

    def __str__(self) -> str:
        """Fit to be shown: without parameters."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    @classmethod
    def parse(cls, text: str) -> S3Address:
        """Read an address.

        Raises:
            RequestError: It is broken, has credentials in it, or an unknown parameter.
        """
        try:
            parts = urlsplit(text)
        except ValueError:  # what it holds may be a secret
            raise RequestError("address s3:...: expected a bucket, found brackets", hint=_HOW) from None
        if "@" in parts.netloc:
            raise RequestError(
                f"address s3://...@{parts.netloc.rpartition('@')[2]}: credentials do not belong in an address",
                hint="they come from boto3's own chain: AWS_PROFILE, AWS_ACCESS_KEY_ID, `aws sso login`, a role",
            )
        shown = f"s3://{parts.netloc}{parts.path}"
        if not _BUCKET.fullmatch(parts.netloc):
            raise RequestError(
                f"address {shown!r}: expected the name of a bucket, found {parts.netloc!r}", hint=_HOW
            )
        prefix = parts.path.strip("/")
        if not _is_prefix(prefix) or parts.fragment:
            found = "a fragment (#)" if parts.fragment else repr(prefix[:80])
            raise RequestError(f"address {shown!r}: expected a plain prefix, found {found}", hint=_HOW)
        return cls(parts.netloc, prefix, **_parameters(parts.query, shown))

    def key(self, name: str) -> str:
        """Key of an object below the prefix."""
        return f"{self.prefix}/{name}" if self.prefix else name


def _is_prefix(prefix: str) -> bool:
    parts = prefix.split("/")
    plain = prefix.isprintable() and "\\" not in prefix and len(prefix.encode()) <= _MAX_PREFIX
    return plain and (not prefix or all(part not in ("", ".", "..") for part in parts))


def _parameters(query: str, shown: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in PARAMETERS:
            raise RequestError(
                f"address {shown!r}: unknown parameter {name[:40]!r}", hint=f"known: {', '.join(PARAMETERS)}"
            )
        if name in found or not value or not value.isprintable():
            raise RequestError(
                f"address {shown!r}: expected one value of {name}, found {'two' if name in found else 'none'}",
                hint=_HOW,
            )
        found[name] = value
    for name, allowed in (("addressing", ADDRESSING), ("sse", ENCRYPTION)):
        if name in found and found[name] not in allowed:
            raise RequestError(
                f"address {shown!r}: expected {name} {' or '.join(allowed)}, found {found[name][:40]!r}"
            )
    if "kms_key" in found and found.get("sse") != "aws:kms":
        raise RequestError(f"address {shown!r}: kms_key needs sse=aws:kms beside it", hint="add &sse=aws:kms")
    if "endpoint" in found and not _is_endpoint(found["endpoint"]):
        raise RequestError(
            f"address {shown!r}: expected an endpoint such as https://host:9000,"
            " without user, password and query, found another"
        )
    return found


def _is_endpoint(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment or "@" in parts.netloc) and port != 0
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain
