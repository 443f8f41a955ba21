"""Bytes over http and https: public addresses of cards, and mirrors on plain web servers."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from http.client import responses
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from registry.digest import Digest
from registry.errors import UnavailableError
from registry.store import connections
from registry.store.base import (
    WHOLE,
    BrokenOffError,
    DeniedError,
    ForbiddenError,
    NotHeldError,
    Opened,
    UnusablePartError,
    Wanted,
)

if TYPE_CHECKING:
    import requests

READ_SECONDS = 60.0
"""Longest silence of a server in the middle of a body."""

_KINDS = {401: DeniedError, 403: ForbiddenError}

_PIECE = 1 << 18
"""Bytes read at a time: larger ones were not quicker, and several files may arrive at once."""


class WebMirror:
    """A web address below which `blobs/sha256/<hex>` lies."""

    local = False

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._connections = connections.Connections()

    @property
    def address(self) -> str:
        """The address without credentials."""
        return shown(self._url)

    def open(self, digest: Digest, wanted: Wanted = WHOLE) -> contextlib.AbstractContextManager[Opened]:
        """Open a blob; see `Mirror.open`."""
        return open_url(f"{self._url}/{digest.blob_path}", wanted, kept=self._connections)


@contextlib.contextmanager
def open_url(
    url: str,
    wanted: Wanted = WHOLE,
    *,
    silence: float = READ_SECONDS,
    kept: connections.Connections | None = None,
) -> Iterator[Opened]:
    """Open an address.

    Args:
        url: The address.
        wanted: The part to ask for; a server that knows no parts answers with the whole.
        silence: Longest wait in seconds for the server's next bytes.
        kept: Connections to use and to leave open for the next file; without them one is made and closed.

    Raises:
        NotHeldError: The server answers 404 or 410.
        UnusablePartError: The server has another file by now, or answers with another part.
        UnavailableError: It cannot be reached, redirects in circles, or answers with another error.
    """
    used = kept or connections.Connections()
    try:
        with open_answer(lambda headers: used.get(url, headers, silence), shown(url), wanted) as opened:
            yield opened
    finally:
        if kept is None:
            used.close()


@contextlib.contextmanager
def open_answer(
    get: Callable[[Mapping[str, str]], requests.Response], place: str, wanted: Wanted
) -> Iterator[Opened]:
    """Open what a request answers.

    Args:
        get: Sends the request with these headers, and does not read the body.
        place: The address for messages.
        wanted: The part to ask for.

    Raises:
        NotHeldError: The server answers 404 or 410.
        UnusablePartError: The server has another file by now, or answers with another part.
        UnavailableError: It cannot be reached, redirects in circles, or answers with another error.
    """
    with reaching(place):
        response = get({"Accept-Encoding": "identity", **_range(wanted)})
    with response:
        _require_bytes(response, wanted, place)
        start, size = (0, _length(response)) if response.status_code == 200 else _part(response, wanted, place)
        ranged = response.status_code == 206 or response.headers.get("Accept-Ranges") == "bytes"
        yield Opened(shown(response.url), size, _chunks(response, place), start, _strong(response), ranged)


@contextlib.contextmanager
def reaching(place: str) -> Iterator[None]:
    """Tell a server that cannot be reached.

    Raises:
        UnavailableError: No connection, one that was lost before the answer, or redirects in circles.
    """
    import requests

    try:
        yield
    except requests.TooManyRedirects:
        raise UnavailableError(f"{place}: more than {connections.REDIRECTS} redirects, probably a loop") from None
    except requests.RequestException as error:
        raise UnavailableError(f"{place}: {_cause(error)}") from None


def answered(response: requests.Response) -> str:
    """What a server answered, in the standard's words and not its own, which could be anything."""
    phrase = responses.get(response.status_code, "")
    return f"the server answered HTTP {response.status_code} {phrase}".rstrip()


def _require_bytes(response: requests.Response, wanted: Wanted, place: str) -> None:
    """Stop unless the answer has a body that may be the file's.

    Raises:
        NotHeldError: 404 or 410.
        DeniedError: 401 or 403.
        UnusablePartError: The file ends before the part.
        UnavailableError: Any other answer without the file.
    """
    code = response.status_code
    if code in (404, 410):
        raise NotHeldError(f"{place}: the server does not have it (HTTP {code})")
    if code == 416:
        raise UnusablePartError(f"{place}: the server has no byte {wanted.start} (HTTP 416)")
    if code == 200 or (code == 206 and wanted != WHOLE):
        return
    said = f"{place}: {answered(response)}"
    if connections.asks_too_much(response):
        asked = response.headers["Retry-After"][:40]
        raise UnavailableError(
            f"{said} and asks for a pause (Retry-After: {asked}): expected at most"
            f" {connections.LONGEST_WAIT_SECONDS:.0f} s",
            hint="pull again when that time is over, or give another place with --mirror",
        )
    raise _KINDS.get(code, UnavailableError)(said)


def shown(url: str) -> str:
    """An address fit for messages and files: without credentials, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:  # no address at all; what it holds may be a secret
        return f"{url.partition(':')[0]}:..."
    if not parts.netloc:  # as in sqlite:///FILE, whose slashes would get lost
        return re.split(r"[?#]", url, maxsplit=1)[0]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _range(wanted: Wanted) -> dict[str, str]:
    """Headers that ask for a part."""
    if not wanted.start and wanted.end is None:
        return {}
    last = "" if wanted.end is None else wanted.end - 1
    condition = {"If-Range": wanted.etag} if wanted.etag else {}
    return {"Range": f"bytes={wanted.start}-{last}", **condition}


def _part(response: requests.Response, wanted: Wanted, place: str) -> tuple[int, int | None]:
    """First byte and total size of an answer 206.

    Raises:
        UnusablePartError: It is not the part that was asked for, or a part of another file.
    """
    stated = response.headers.get("Content-Range", "")
    found = re.fullmatch(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", stated)
    if not found or int(found[1]) != wanted.start or "Content-Encoding" in response.headers:
        raise UnusablePartError(
            f"{place}: the server sent another part: expected bytes from {wanted.start}, found {stated[:80]!r}"
        )
    etag = _strong(response)
    if wanted.etag and etag and etag != wanted.etag:
        raise UnusablePartError(
            f"{place}: the file changed on the server: expected ETag {wanted.etag}, found {etag}"
        )
    return wanted.start, None if found[3] == "*" else int(found[3])


def _strong(response: requests.Response) -> str | None:
    """The strong validator of an answer, if it has one; a compressed form's is not the file's."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') and "Content-Encoding" not in response.headers else None


def _chunks(response: requests.Response, place: str) -> Iterator[bytes]:
    import urllib3

    try:
        if _length(response) is None:
            yield from response.raw.stream(_PIECE, decode_content=True)
        else:  # as it arrives, so that what came before a broken connection is kept
            while chunk := response.raw.read1(_PIECE):
                yield chunk
    except urllib3.exceptions.HTTPError as error:
        short = [item for item in (error, *error.args) if isinstance(item, urllib3.exceptions.IncompleteRead)]
        if short:
            got, missing = short[0].partial, short[0].expected
            whole = "more" if missing is None else f"{got + missing} bytes"
            raise BrokenOffError(
                f"{place}: the connection ended early: expected {whole}, found {got} bytes"
            ) from None
        raise BrokenOffError(f"{place}: the transfer broke off: {_cause(error)}") from None


def _length(response: requests.Response) -> int | None:
    """Size of the body as it will be read; None when unstated, or stated of a compressed form."""
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() and "Content-Encoding" not in response.headers else None


def _cause(error: Exception) -> str:
    """The innermost reason, which is what a user can act on; without any credentials that it quotes."""
    import urllib3

    reason: object = error
    while True:
        if isinstance(reason, urllib3.exceptions.MaxRetryError) and reason.reason:
            reason = reason.reason
        elif isinstance(reason, Exception) and (
            inner := [one for one in reason.args if isinstance(one, Exception)]
        ):
            reason = inner[-1]
        else:
            break
    text = str(reason)
    text = text.partition(": ")[2] or text if text.startswith("<") else text
    return re.sub(r"//[^/\s]*@", "//", text)
