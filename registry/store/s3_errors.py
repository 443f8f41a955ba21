"""What boto3's errors mean to somebody who publishes or pulls. No text of the server's own is passed on."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from registry.errors import RequestError, UnavailableError, ZooError
from registry.store.base import (
    BrokenOffError,
    DeniedError,
    ForbiddenError,
    NoStoreError,
    NotHeldError,
    UnusablePartError,
)

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

_EXPIRED = "the credentials have expired: sign in again (`aws sso login`), or renew the session token"
_WRONG = "check the credentials that boto3 finds (AWS_PROFILE, AWS_ACCESS_KEY_ID, ~/.aws/credentials, a role)"
_REGION = "give the bucket's own region: ?region=NAME in the address, or AWS_REGION"
_LATER = "the service is busy or down; run the same command again later: what was uploaded is kept"

HINTS = {
    "NoSuchBucket": "create the bucket, or correct its name, endpoint or region in the address",
    "InvalidBucketName": "correct the name of the bucket in the address",
    "AccessDenied": "ask for the permission; docs/stores.md lists what reading and publishing need."
    " Without s3:ListBucket a missing object looks so, too",
    "AllAccessDisabled": "the owner has closed the bucket",
    "InvalidAccessKeyId": _WRONG,
    "SignatureDoesNotMatch": _WRONG,
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "InvalidToken": _EXPIRED,
    "TokenRefreshRequired": _EXPIRED,
    "RequestExpired": _EXPIRED,
    "RequestTimeTooSkewed": "set the clock of this machine",
    "PermanentRedirect": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "SlowDown": _LATER,
    "ServiceUnavailable": _LATER,
    "InternalError": _LATER,
    "InvalidObjectState": "the object was archived: restore it first, and take blobs/ out of that lifecycle rule",
    "BadDigest": "the bytes changed on their way: publish again",
    "XAmzContentChecksumMismatch": "the bytes changed on their way: publish again",
}
"""The next step by S3's error code; see "Error responses" in Amazon's S3 API reference."""


@contextlib.contextmanager
def told(place: str, operation: str) -> Iterator[None]:
    """Turn boto3's errors into ours.

    Args:
        place: What is asked for, fit to be shown.
        operation: S3's name of what is done to it, which is also that of the permission.

    Raises:
        NotHeldError: There is no such object.
        NoStoreError: There is no such bucket.
        DeniedError: The credentials are missing, wrong or not enough.
        UnusablePartError: The object has changed, or has no such part.
        RequestError: The user's AWS configuration or the address is wrong.
        UnavailableError: Anything else.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _answered(error, place, operation) from None
    except BotoCoreError as error:
        raise _unanswered(error, place, operation) from None


@contextlib.contextmanager
def streaming(place: str) -> Iterator[None]:
    """The same while a body arrives.

    Raises:
        BrokenOffError: The bytes stopped early.
    """
    from botocore.exceptions import BotoCoreError, ReadTimeoutError
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ReadTimeoutError:
        raise BrokenOffError(f"{place}: the transfer broke off: no more bytes came") from None
    except (BotoCoreError, HTTPError, OSError) as error:
        raise BrokenOffError(f"{place}: the connection ended early: {type(error).__name__}") from None


def code_and_status(error: ClientError) -> tuple[str, int]:
    """S3's error code, made fit to be shown, and the HTTP status."""
    code = re.sub(r"[^A-Za-z0-9.]", "", str(error.response.get("Error", {}).get("Code", "")))[:60]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code, status


def _answered(error: ClientError, place: str, operation: str) -> ZooError:
    code, status = code_and_status(error)
    if code in ("NoSuchKey", "404"):  # an answer to HEAD has no body, and so no code
        return NotHeldError(f"{place}: the bucket does not hold it")
    if status == 412:
        return UnusablePartError(f"{place}: the object changed in the bucket since its first part was read")
    if status == 416:
        return UnusablePartError(f"{place}: the object has no such part (HTTP 416)")
    named = {"403": "AccessDenied", "301": "PermanentRedirect"}.get(code, code)
    hint = HINTS.get(named) or (_LATER if status >= 500 or status == 429 else "see the service's own log for why")
    told = "" if named.isdecimal() else f"{named}, "
    return _kind(named)(f"{place}: s3:{operation} failed: {told}HTTP {status}", hint=hint)


def _kind(code: str) -> type[UnavailableError]:
    if code in ("NoSuchBucket", "InvalidBucketName"):
        return NoStoreError
    if code in ("AccessDenied", "AllAccessDisabled"):
        return ForbiddenError
    return DeniedError if HINTS.get(code) in (_WRONG, _EXPIRED) else UnavailableError


def _unanswered(error: BotoCoreError, place: str, operation: str) -> ZooError:
    from botocore import exceptions

    name = type(error).__name__
    if isinstance(error, exceptions.SSOError | exceptions.TokenRetrievalError):
        return DeniedError(f"{place}: s3:{operation} needs credentials: {name}", hint=_EXPIRED)
    if name in ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"):
        return DeniedError(f"{place}: s3:{operation} needs credentials, and boto3 found none", hint=_WRONG)
    if isinstance(error, exceptions.ConnectionError | exceptions.HTTPClientError):
        return UnavailableError(
            f"{place}: {_host(error)} does not answer: {name}",
            hint="check endpoint and region in the address, AWS_ENDPOINT_URL, proxies, AWS_CA_BUNDLE; or try later",
        )
    return misconfigured(place, error)


def misconfigured(place: str, error: Exception) -> RequestError:
    """A profile that does not exist, a region that is none, a broken configuration file."""
    return RequestError(
        f"{place}: boto3 takes no such configuration: {type(error).__name__}",
        hint="check profile, region and endpoint in the address, and your AWS configuration (~/.aws/config, AWS_*)",
    )


def _host(error: BotoCoreError) -> str:
    """Scheme and host of the endpoint that was tried; it may have been configured with a password."""
    parts = urlsplit(str(error.kwargs.get("endpoint_url") or error.kwargs.get("proxy_url") or ""))
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}" if host else "the endpoint"
