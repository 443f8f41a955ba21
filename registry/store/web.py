"""Bytes over http and https: public addresses of cards, and mirrors on plain web servers.

`requests` brings proxies (`HTTPS_PROXY`, `NO_PROXY`) and certificate bundles (`REQUESTS_CA_BUNDLE`) through
their standard variables; certificates are always checked.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from http.client import responses
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from registry.digest import CHUNK, Digest
from registry.errors import UnavailableError
from registry.store.base import WHOLE, BrokenOffError, NotHeldError, Opened, UnusablePartError, Wanted

if TYPE_CHECKING:
    import requests

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
"""Longest silence of a server in the middle of a body."""

_RETRIES = 3
_BACKOFF_SECONDS = 0.3
_REDIRECTS = 10


class WebMirror:
    """A web address below which `blobs/sha256/<hex>` lies."""

    local = False

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    @property
    def address(self) -> str:
        """The address without credentials."""
        return shown(self._url)

    def open(self, digest: Digest, wanted: Wanted = WHOLE) -> contextlib.AbstractContextManager[Opened]:
        """Open a blob; see `Mirror.open`."""
        return open_url(f"{self._url}/{digest.blob_path}", wanted)


@contextlib.contextmanager
def open_url(url: str, wanted: Wanted = WHOLE, *, silence: float = READ_SECONDS) -> Iterator[Opened]:
    """Open an address.

    Connection errors, 429 and 5xx are tried again, with growing pauses or as `Retry-After` says.

    Args:
        url: The address.
        wanted: The part to ask for; a server that knows no parts answers with the whole.
        silence: Longest wait in seconds for the server's next bytes.

    Raises:
        NotHeldError: The server answers 404 or 410.
        UnusablePartError: The server has another file by now, or answers with another part.
        UnavailableError: It cannot be reached, redirects in circles, or answers with another error.
    """
    with new_session() as session:

        def get(headers: Mapping[str, str]) -> requests.Response:
            return session.get(url, stream=True, timeout=(CONNECT_SECONDS, silence), headers=headers)

        with open_answer(get, shown(url), wanted) as opened:
            yield opened


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
        if response.status_code in (404, 410):
            raise NotHeldError(f"{place}: the server does not have it (HTTP {response.status_code})")
        if response.status_code == 416:
            raise UnusablePartError(f"{place}: the server has no byte {wanted.start} (HTTP 416)")
        if response.status_code != 200 and not (response.status_code == 206 and wanted != WHOLE):
            raise UnavailableError(f"{place}: {answered(response)}")
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
        raise UnavailableError(f"{place}: more than {_REDIRECTS} redirects, probably a loop") from None
    except requests.RequestException as error:
        raise UnavailableError(f"{place}: {_cause(error)}") from None


def answered(response: requests.Response) -> str:
    """What a server answered, in the standard's words and not its own, which could be anything."""
    phrase = responses.get(response.status_code, "")
    return f"the server answered HTTP {response.status_code} {phrase}".rstrip()


def shown(url: str) -> str:
    """An address fit for messages and files: without credentials, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:  # no address at all; what it holds may be a secret
        return f"{url.partition(':')[0]}:..."
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


def new_session(methods: Collection[str] = ("GET", "HEAD")) -> requests.Session:
    """A session that tries again what may be sent twice: requests of these methods."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    retry = Retry(
        total=_RETRIES,
        redirect=False,
        allowed_methods=methods,
        backoff_factor=_BACKOFF_SECONDS,
        backoff_jitter=_BACKOFF_SECONDS,
        status_forcelist=(429, 500, 502, 503, 504),
        raise_on_status=False,
    )
    session = requests.Session()
    session.max_redirects = _REDIRECTS
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def _chunks(response: requests.Response, place: str) -> Iterator[bytes]:
    import urllib3

    try:
        if _length(response) is None:
            yield from response.raw.stream(CHUNK, decode_content=True)
        else:  # as it arrives, so that what came before a broken connection is kept
            while chunk := response.raw.read1(CHUNK):
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
