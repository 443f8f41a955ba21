"""Who a client is to a registry: it answers the registry's challenges, with a login or without one.

Sources: RFC 7235 (challenges), the distribution project's documents on token and OAuth2 authentication.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from registry.errors import UnavailableError
from registry.store.base import DeniedError
from registry.store.connections import CONNECT_SECONDS
from registry.store.oci.address import may_see_secrets
from registry.store.oci.logins import Login
from registry.store.web import READ_SECONDS, answered, reaching, shown

if TYPE_CHECKING:
    import requests

_MAX_TOKEN_BYTES = 1 << 20
_CLIENT = "zoo"

_PARAMETER = re.compile(
    r"""(?: (?:^|[\s,]) ([A-Za-z][A-Za-z0-9-]*) [ ]+ )?   # the name of a scheme starts a new challenge
        ([A-Za-z_]+) [ ]* = [ ]* (?: "((?:[^"\\]|\\.)*)" | ([^\s,"]+) )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Challenge:
    """What a registry wants to see.

    Attributes:
        scheme: `basic`, `bearer` or another, in lower case.
        parameters: `realm`, `service`, `scope`, ...
    """

    scheme: str
    parameters: Mapping[str, str]


def challenges(header: str) -> list[Challenge]:
    """Challenges of a WWW-Authenticate header, in their order."""
    found: list[tuple[str, dict[str, str]]] = []
    for scheme, name, quoted, plain in _PARAMETER.findall(header):
        if scheme or not found:
            found.append((scheme.lower(), {}))
        found[-1][1][name.lower()] = plain or re.sub(r"\\(.)", r"\1", quoted)
    return [Challenge(scheme, parameters) for scheme, parameters in found]


class Authorizer:
    """Authorizations for one repository, a token for each scope; several threads may share it.

    Args:
        session: Sends the requests for tokens.
        base: Address of the repository's API.
        repository: Its name.
        find: Finds the login; asked once, when the registry first wants one.
    """

    def __init__(
        self, session: requests.Session, base: str, repository: str, find: Callable[[], Login | None]
    ) -> None:
        self._session, self._base, self._repository, self._find = session, base, repository, find
        self._lock = threading.Lock()
        self._headers: dict[str, str] = {}
        self._login: tuple[Login | None] | None = None

    @property
    def origin(self) -> str:
        """Where the login in use was found, for messages; empty where there is none."""
        return self._login[0].origin if self._login and self._login[0] else ""

    def header(self, actions: str) -> str | None:
        """The Authorization header for `pull` or `pull,push`, when one was needed before."""
        return self._headers.get(actions)

    def renew(self, actions: str, used: str | None, header: str) -> bool:
        """Answer a challenge; returns whether there is another authorization to try.

        Args:
            actions: What is to be done.
            used: The authorization that was refused.
            header: The registry's WWW-Authenticate.

        Raises:
            UnavailableError: No token is given.
        """
        with self._lock:
            if self._headers.get(actions) != used:
                return True  # another thread was faster
            for challenge in challenges(header):
                new = None
                if challenge.scheme == "bearer":
                    new = self._token(challenge.parameters, actions)
                elif challenge.scheme == "basic" and (login := self._usable_login(self._base)):
                    new = login.basic
                if new is not None and new != used:
                    self._headers[actions] = new
                    return True
            return False

    def _usable_login(self, url: str) -> Login | None:
        """The login, where it may be sent: never in plain text over a network, nor what comes of it."""
        if not may_see_secrets(self._base) or not may_see_secrets(url):
            return None
        if self._login is None:
            self._login = (self._find(),)
        return self._login[0]

    def _token(self, parameters: Mapping[str, str], actions: str) -> str:
        realm = parameters.get("realm", "")
        if urlsplit(realm).scheme not in ("http", "https"):
            raise UnavailableError(f"{shown(self._base)}: expected a realm to ask for a token, found none")
        login = self._usable_login(realm)
        scope = parameters.get("scope") or f"repository:{self._repository}:{actions}"
        query = {"service": parameters["service"]} if "service" in parameters else {}
        with reaching(shown(realm)), self._ask(realm, query, scope, login) as response:
            if response.status_code != 200:
                kind = DeniedError if response.status_code in (400, 401, 403) else UnavailableError
                raise kind(
                    f"no token for {scope} from {shown(realm)}: {answered(response)}",
                    hint=login_hint(urlsplit(self._base).netloc, self.origin),
                )
            text = response.raw.read(_MAX_TOKEN_BYTES, decode_content=True)
        try:
            answer = json.loads(text)
            token = answer.get("token") or answer.get("access_token")
        except (ValueError, AttributeError, RecursionError):
            token = None
        if not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e]+", token):
            raise UnavailableError(f"{shown(realm)}: expected a token in JSON, found something else")
        return f"Bearer {token}"

    def _ask(self, realm: str, query: dict[str, str], scope: str, login: Login | None) -> requests.Response:
        # redirects are not followed: the login is for this realm
        options = {"timeout": (CONNECT_SECONDS, READ_SECONDS), "allow_redirects": False, "stream": True}
        if login and login.identity_token:
            form = {"grant_type": "refresh_token", "refresh_token": login.identity_token, "client_id": _CLIENT}
            return self._session.request("POST", realm, data={**form, **query, "scope": scope}, **options)  # type: ignore[arg-type]
        headers = {"Authorization": login.basic} if login else {}
        wanted = {**query, "scope": scope.split()}
        return self._session.request("GET", realm, params=wanted, headers=headers, **options)  # type: ignore[arg-type]


def login_hint(host: str, origin: str) -> str:
    """The way on when a registry lets nobody in."""
    host = "docker.io" if host == "registry-1.docker.io" else host
    command = f"`docker login {host}` or `skopeo login {host}`"
    return f"the login in {origin} is refused; log in anew: {command}" if origin else f"log in: {command}"
