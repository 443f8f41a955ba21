"""Connections to web servers: kept open for the next file, and tried again as long as that is reasonable.

`requests` brings proxies (`HTTPS_PROXY`, `NO_PROXY`) and certificate bundles (`REQUESTS_CA_BUNDLE`) through
their standard variables; certificates are always checked.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

CONNECT_SECONDS = 10.0
LONGEST_WAIT_SECONDS = 60.0
"""A server that asks to wait longer (`Retry-After`) is given up: nobody watches a bar that long."""

REDIRECTS = 10

_RETRIES = 3
_BACKOFF_SECONDS = 0.3
_OPEN = 64
"""Idle connections that are kept: more than can be in use at once, since one too many is a warning on stderr."""


class Connections:
    """Connections that several threads share; each request has cookies and credentials of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._adapter: HTTPAdapter | None = None

    def get(self, url: str, headers: Mapping[str, str], silence: float) -> requests.Response:
        """Ask for an address, following redirects; the body is still to be read.

        Connection errors, 429 and 5xx are tried again, with growing pauses or as `Retry-After` says.

        Args:
            url: The address.
            headers: Of the request.
            silence: Longest wait in seconds for the server's next bytes.

        Raises:
            requests.RequestException: No answer.
        """
        import requests

        session = requests.Session()  # not closed: that would close the shared connections
        session.max_redirects = REDIRECTS
        for scheme in ("https://", "http://"):
            session.mount(scheme, self._shared())
        return session.get(url, stream=True, timeout=(CONNECT_SECONDS, silence), headers=dict(headers))

    def close(self) -> None:
        """Close those that are idle."""
        if self._adapter:
            self._adapter.close()

    def _shared(self) -> HTTPAdapter:
        from requests.adapters import HTTPAdapter

        with self._lock:
            if self._adapter is None:
                self._adapter = HTTPAdapter(pool_maxsize=_OPEN, max_retries=_retry())
            return self._adapter


def new_session(methods: Collection[str] = ("GET", "HEAD")) -> requests.Session:
    """A session of its own, which tries again what may be sent twice: requests of these methods."""
    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    session.max_redirects = REDIRECTS
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=_retry(methods)))
    return session


def asks_too_much(response: requests.Response) -> bool:
    """Whether an answer asks for a longer pause than anybody waits for."""
    return (_retry().get_retry_after(response.raw) or 0) > LONGEST_WAIT_SECONDS


def _retry(methods: Collection[str] = ("GET", "HEAD")) -> Retry:
    from urllib3.exceptions import InvalidHeader, MaxRetryError
    from urllib3.util import Retry

    class Patient(Retry):
        """Waits as asked, but neither for ever nor because of nonsense."""

        def get_retry_after(self, response: Any) -> float | None:
            try:
                return super().get_retry_after(response)
            except InvalidHeader:
                return None

        def increment(self, *args: Any, **named: Any) -> Patient:
            answer = named.get("response")
            if answer is not None and (self.get_retry_after(answer) or 0) > LONGEST_WAIT_SECONDS:
                raise MaxRetryError(named["_pool"], "")  # no more tries: the answer is handed out as it is
            return super().increment(*args, **named)

    return Patient(
        total=_RETRIES,
        redirect=False,
        allowed_methods=methods,
        backoff_factor=_BACKOFF_SECONDS,
        backoff_jitter=_BACKOFF_SECONDS,
        status_forcelist=(429, 500, 502, 503, 504),
        raise_on_status=False,
    )
