"""Addresses of repositories in registries: `oci://HOST[:PORT]/REPOSITORY`."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from registry.errors import RequestError
from registry.store.web import shown

_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
"""Repository names of the OCI distribution specification 1.1."""

_MAX_NAME = 255
_HINT = "such as oci://registry.example.org/team/models"

DOCKER_HUB = ("docker.io", "index.docker.io")
"""Names that Docker Hub goes by; its API has a host of its own."""


@dataclass(frozen=True)
class Address:
    """A repository in a registry.

    Attributes:
        host: Host of the registry, with its port where one is given.
        repository: Name of the repository.
        plain: Whether plain http was asked for, whatever the host.
    """

    host: str
    repository: str
    plain: bool = False

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `oci://HOST[:PORT]/REPOSITORY`, or `oci+http://` for plain http.

        Raises:
            RequestError: It is no such address, or one with credentials.
        """
        scheme, _, rest = text.partition("://")
        host, _, repository = rest.partition("/")
        repository = repository.removesuffix("/")
        if "@" in rest:
            found = "a digest or credentials" if "@" in repository else "credentials"
            raise RequestError(
                f"store {shown(text)!r}: expected HOST/REPOSITORY, found {found} in the address",
                hint=f"log in with `docker login {_host_only(host)}` or `skopeo login {_host_only(host)}`",
            )
        if not _HOST.fullmatch(host):
            raise RequestError(f"store {shown(text)!r}: expected a host, found {shown(host)!r}", hint=_HINT)
        if not _REPOSITORY.fullmatch(repository) or len(host) + len(repository) >= _MAX_NAME:
            raise RequestError(
                f"store {shown(text)!r}: expected a repository in lower case without a tag,"
                f" found {shown(repository)[:80]!r}",
                hint=_HINT,
            )
        return cls(host.lower(), repository, plain=scheme.lower() == "oci+http")

    @property
    def base(self) -> str:
        """Address of the registry's API for this repository, with a slash at its end."""
        scheme = "http" if self.plain or is_loopback(self.host) else "https"
        host = "registry-1.docker.io" if self.host in DOCKER_HUB else self.host
        return f"{scheme}://{host}/v2/{self.repository}/"

    def __str__(self) -> str:
        return f"{'oci+http' if self.plain else 'oci'}://{self.host}/{self.repository}"


def is_loopback(host: str) -> bool:
    """Whether a host, with or without a port, is this machine itself."""
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def may_see_secrets(url: str) -> bool:
    """Whether credentials may be sent there: over https, or without leaving this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.netloc))


def _host_only(host: str) -> str:
    return host.rpartition("@")[2]
