"""Credentials as `docker login`, `podman login` and `skopeo login` keep them: files, and helpers that files name.

Sources: docker's manual of `docker login` (config.json, credsStore, credHelpers) and containers-auth.json(5).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from registry.errors import RequestError, UnavailableError
from registry.store.oci.address import DOCKER_HUB, Address

HELPER_SECONDS = 60.0
"""Long enough to unlock a keychain by hand."""

_MAX_BYTES = 4 << 20
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HUB_KEY = "https://index.docker.io/v1/"
_IDENTITY_USER = "<token>"
"""What a helper gives in place of a name when its secret is an identity token."""


@dataclass(frozen=True)
class Login:
    """What proves who somebody is to a registry. No representation shows it.

    Attributes:
        origin: Where it was found, for messages.
        username: Name of the user.
        password: The password; empty with an identity token.
        identity_token: A token that token servers exchange for short-lived ones; empty where there is none.
    """

    origin: str
    username: str = field(repr=False)
    password: str = field(repr=False)
    identity_token: str = field(default="", repr=False)

    @property
    def basic(self) -> str:
        """Value of an Authorization header."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


class Logins:
    """The login files of a user.

    Args:
        environment: Variables that say where the files are: `REGISTRY_AUTH_FILE`, `XDG_RUNTIME_DIR`,
            `XDG_CONFIG_HOME`, `DOCKER_CONFIG`, `HOME`.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def find(self, address: Address) -> Login | None:
        """The login for a repository: the first file that has one; None where no file has.

        Raises:
            RequestError: A file is damaged.
            UnavailableError: A credential helper does not work.
        """
        for path in self._files():
            if (document := _read(path)) is not None and (login := _in_file(document, path, address)):
                return login
        return None

    def _files(self) -> Iterator[Path]:
        """Where logins may lie; what tools of containers write goes before docker's."""
        get = self._environment.get
        home = Path(get("HOME") or Path("~").expanduser())
        if named := get("REGISTRY_AUTH_FILE"):
            yield Path(named)
        if runtime := get("XDG_RUNTIME_DIR"):
            yield Path(runtime, "containers", "auth.json")
        yield Path(get("XDG_CONFIG_HOME") or home / ".config", "containers", "auth.json")
        yield Path(get("DOCKER_CONFIG") or home / ".docker", "config.json")


def _read(path: Path) -> dict[str, Any] | None:
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(_MAX_BYTES))
    except OSError:  # absent, or another user's: then there is no login in it for us
        return None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise RequestError(f"{path}: expected JSON as `docker login` writes it", hint="log in anew, or remove it")
    return document


def _in_file(document: Mapping[str, Any], path: Path, address: Address) -> Login | None:
    """The login of one file; the most exact name wins, and a helper goes before what stands in the file."""
    helpers, entries = _mapping(document.get("credHelpers")), _mapping(document.get("auths"))
    by_name = {_plain(key): value for key, value in entries.items()}
    for name in _names(address):
        helper = helpers.get(name)
        if isinstance(helper, str) and (login := _ask(helper, name)):
            return login
        if login := _of_entry(_mapping(by_name.get(name)), path):
            return login
    store = document.get("credsStore")
    if not isinstance(store, str) or not store:
        return None
    return _ask(store, _HUB_KEY if address.host in DOCKER_HUB else address.host)


def _names(address: Address) -> Iterator[str]:
    """Names that a login may stand under, the most exact first."""
    hosts = DOCKER_HUB if address.host in DOCKER_HUB else (address.host,)
    parts = address.repository.split("/")
    for count in range(len(parts), -1, -1):
        yield from ("/".join([host, *parts[:count]]) for host in hosts)


def _plain(key: str) -> str:
    """A key without the scheme and API version that docker writes for some hosts."""
    return re.sub(r"^https?://|/v[12]/?$|/$", "", key)


def _of_entry(entry: Mapping[str, Any], path: Path) -> Login | None:
    username, password = str(entry.get("username", "")), str(entry.get("password", ""))
    if encoded := entry.get("auth"):
        try:
            username, _, password = base64.b64decode(str(encoded), validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            raise RequestError(f"{path}: a login in it is damaged", hint="log in anew") from None
    token = str(entry.get("identitytoken", ""))
    if not token and not (username and password):
        return None
    return Login(str(path), username, password.rstrip("\0"), token)


def _ask(helper: str, server: str) -> Login | None:
    """What a credential helper has of a registry; None when it has nothing.

    Raises:
        UnavailableError: It is not there, fails or answers with something else. Its output is not shown.
    """
    name = f"docker-credential-{helper}"
    if not _HELPER.fullmatch(helper):
        raise RequestError(f"credential helper {helper[:64]!r}: not a name", hint="correct the login file")
    try:
        done = subprocess.run(  # noqa: S603 - the user's own login file names it
            [name, "get"], input=server.encode(), capture_output=True, timeout=HELPER_SECONDS, check=False
        )
    except OSError as error:
        raise UnavailableError(f"{name}: cannot be run: {error.strerror}", hint=_HELPER_HINT) from None
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"{name}: no answer in {HELPER_SECONDS:.0f} s", hint=_HELPER_HINT) from None
    if done.returncode != 0 and b"not found" in done.stdout:
        return None
    try:
        answer = _mapping(json.loads(done.stdout)) if done.returncode == 0 else {}
    except (ValueError, RecursionError):
        answer = {}
    username, secret = str(answer.get("Username", "")), str(answer.get("Secret", ""))
    if not secret:
        raise UnavailableError(
            f"{name}: expected a login of {server}, found none (exit code {done.returncode})", hint=_HELPER_HINT
        )
    return Login(name, "", "", secret) if username == _IDENTITY_USER else Login(name, username, secret)


_HELPER_HINT = "install it, or take it out of credsStore and credHelpers in the login file"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
