"""Requests to one repository of a registry: authorized, bounded, and with errors that say what to do."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from registry.errors import MismatchError, UnavailableError
from registry.store.base import DeniedError, ForbiddenError, Opened, Wanted
from registry.store.connections import CONNECT_SECONDS, new_session
from registry.store.oci.address import Address, may_see_secrets
from registry.store.oci.auth import Authorizer, login_hint
from registry.store.web import READ_SECONDS, answered, open_answer, reaching, shown

if TYPE_CHECKING:
    import requests

    from registry.store.oci.logins import Logins

PULL, PUSH = "pull", "pull,push"

_RETRIED = ("GET", "HEAD", "POST", "PUT", "DELETE")
"""Everything but PATCH, whose part of a blob may have arrived although the answer was lost."""

_MAX_ERROR_BYTES = 64 << 10


class RefusedError(UnavailableError):
    """The registry answered, and does not do it.

    Attributes:
        codes: The registry's error codes.
    """

    def __init__(self, message: str, codes: Sequence[str], *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.codes = codes


class _DeniedError(RefusedError, DeniedError):
    """The registry wants another login."""


class _ForbiddenError(RefusedError, ForbiddenError):
    """The login is not allowed to do it."""


_KINDS: dict[int, type[RefusedError]] = {401: _DeniedError, 403: _ForbiddenError}


class Client:
    """Sends requests to `/v2/<repository>/`.

    Attributes:
        address: The repository.
    """

    def __init__(self, address: Address, logins: Logins) -> None:
        self.address = address
        self._session = new_session(_RETRIED)
        # with an `auth` of its own a session asks no ~/.netrc, whose login would replace a token
        self._session.auth = lambda request: request
        self._authorizer = Authorizer(self._session, address.base, address.repository, lambda: logins.find(address))

    def url(self, path: str) -> str:
        """Address of something in the repository; a Location may be relative, and may be elsewhere.

        Raises:
            UnavailableError: The way there would be less safe than to the registry itself.
        """
        url = urljoin(self.address.base, path)
        if may_see_secrets(self.address.base) and not may_see_secrets(url):
            raise UnavailableError(
                f"{shown(self.address.base)}: the registry goes on at {shown(url)}: expected https",
                hint="correct the address that the registry gives itself, mostly behind a proxy",
            )
        return url

    @contextlib.contextmanager
    def send(
        self,
        method: str,
        path: str,
        actions: str = PULL,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> Iterator[requests.Response]:
        """Send a request, with another authorization where the registry asks for one. The body is not read.

        Raises:
            UnavailableError: The registry cannot be reached or lets nobody in.
        """
        with reaching(shown(self.url(path))):
            response = self._authorized(method, path, actions, headers or {}, data)
        with response:
            yield response
            _keep_connection(response)

    @contextlib.contextmanager
    def ask(
        self,
        method: str,
        path: str,
        *accepted: int,
        actions: str = PULL,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> Iterator[requests.Response]:
        """The same where only some answers will do.

        Raises:
            RefusedError: Another answer came.
        """
        with self.send(method, path, actions, headers=headers, data=data) as response:
            if response.status_code not in accepted:
                raise self.refusal(response)
            yield response

    def open(self, path: str, wanted: Wanted, accept: str = "*/*") -> contextlib.AbstractContextManager[Opened]:
        """Open bytes of the repository, or a part of them; see `Mirror.open`."""

        def get(headers: Mapping[str, str]) -> requests.Response:
            response = self._authorized("GET", path, PULL, {**headers, "Accept": accept}, None)
            if response.status_code in (401, 403, 429) or response.status_code >= 500:
                with response:
                    raise self.refusal(response)
            return response

        return open_answer(get, shown(self.url(path)), wanted)

    def body(self, response: requests.Response, most: int) -> bytes:
        """The body of an answer.

        Raises:
            MismatchError: It is longer than `most` bytes.
            UnavailableError: It stops early.
        """
        import urllib3

        place, data = shown(response.url), bytearray()
        stated = response.headers.get("Content-Length", "")
        if stated.isdecimal() and int(stated) > most:
            raise MismatchError(place, expected=f"at most {most} bytes", found=f"{stated} bytes")
        try:
            for chunk in response.raw.stream(64 << 10, decode_content=True):
                data += chunk
                if len(data) > most:
                    raise MismatchError(
                        place, expected=f"at most {most} bytes", found=f"at least {len(data)} bytes"
                    )
        except urllib3.exceptions.HTTPError:
            raise UnavailableError(f"{place}: the connection ended early") from None
        return bytes(data)

    def refusal(self, response: requests.Response) -> RefusedError:
        """The error for an answer that does not serve, with the next step."""
        codes = self.error_codes(response)
        told = f" ({', '.join(dict.fromkeys(codes))})" if codes else ""
        message = f"{shown(response.url)}: {answered(response)}{told}"
        kind = _KINDS.get(response.status_code, RefusedError)
        return kind(message, codes, hint=self._hint(response.status_code))

    def error_codes(self, response: requests.Response) -> list[str]:
        """The error codes that a registry gives; its own words may quote anything and are left out."""
        try:
            errors = json.loads(self.body(response, _MAX_ERROR_BYTES))["errors"]
            codes = [str(error["code"]) for error in errors]
        except (ValueError, KeyError, TypeError, RecursionError, MismatchError, UnavailableError):
            return []
        return [code for code in codes if re.fullmatch(r"[A-Z_]{1,40}", code)]

    def _hint(self, status: int) -> str:
        host, origin = urlsplit(self.address.base).netloc, self._authorizer.origin
        if status in (401, 403) and not may_see_secrets(self.address.base):
            return "logins are never sent over plain http: let the registry speak https and use oci://"
        if status == 401:
            return login_hint(host, origin)
        if status == 403:
            who = f"the login in {origin}" if origin else "everybody"
            return f"let {who} read and write {self.address.repository} there, or {login_hint(host, '')}"
        if status == 404:
            return f"see that {host} is an OCI registry and that {self.address.repository} may be made there"
        if status == 429:
            return "the registry has had too many requests: run the same command again later"
        if status >= 500:
            return "run the same command again later; what was uploaded is kept"
        return f"see what {host} says of it in its log; what was uploaded is kept"

    def _authorized(
        self, method: str, path: str, actions: str, headers: Mapping[str, str], data: bytes | None
    ) -> requests.Response:
        url = self.url(path)
        if _origin(url) != _origin(self.address.base):
            return self._once(method, url, headers, data)  # elsewhere nothing of the login is shown
        used = self._authorizer.header(actions)
        response = self._once(method, url, _with(headers, used), data)
        if response.status_code != 401 or _origin(response.url) != _origin(url):
            return response
        _keep_connection(response)
        response.close()
        if not self._authorizer.renew(actions, used, response.headers.get("WWW-Authenticate", "")):
            return response
        return self._once(method, url, _with(headers, self._authorizer.header(actions)), data)

    def _once(self, method: str, url: str, headers: Mapping[str, str], data: bytes | None) -> requests.Response:
        return self._session.request(
            method,
            url,
            headers=dict(headers),
            data=data,
            stream=True,
            allow_redirects=method in ("GET", "HEAD"),
            timeout=(CONNECT_SECONDS, READ_SECONDS),
        )


def _with(headers: Mapping[str, str], authorization: str | None) -> dict[str, str]:
    return {**headers, "Authorization": authorization} if authorization else dict(headers)


def _keep_connection(response: requests.Response) -> None:
    """Read what is left where it is little: a connection with an unread answer cannot be used again."""
    length = response.headers.get("Content-Length", "")
    if response.request.method == "HEAD" or (length.isdecimal() and int(length) <= _MAX_ERROR_BYTES):
        response.raw.drain_conn()


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)
