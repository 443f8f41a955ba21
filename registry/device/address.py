"""Addresses of devices: `ssh://USER@HOST:PORT/PATH`. What one leaves out is for OpenSSH's own configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from registry.errors import RequestError

_ADDRESS = re.compile(
    r"ssh://(?:(?P<user>[^@/]*)@)?(?P<host>\[[^\[\]/@]*\]|[^:\[\]/@]*)(?::(?P<port>[^/@]*))?(?P<path>/.*)?",
    re.DOTALL,
)
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,252}|\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?\]")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_MAX_PATH_BYTES = 1024
"""Well below PATH_MAX of Linux, 4096, so that there is room for what lies below."""

_HOW = "ssh://USER@HOST:PORT/PATH; user and port may be left out, and HOST may be a name of ~/.ssh/config"


@dataclass(frozen=True)
class Address:
    """Where a device is, and a folder on it.

    Attributes:
        user: Login name, or None for OpenSSH's own choice.
        host: Name, alias of `~/.ssh/config` or IP address, without brackets.
        port: TCP port, or None for OpenSSH's own choice.
        path: Absolute folder without a slash at its end; empty where the address has none.
    """

    user: str | None
    host: str
    port: int | None
    path: str

    @property
    def place(self) -> str:
        """`user@host[:port]`, fit to be shown."""
        user = f"{self.user}@" if self.user else ""
        return f"{user}{self._bracketed}:{self.port}" if self.port else f"{user}{self._bracketed}"

    @property
    def folder(self) -> str:
        """The path of an address that has to have one.

        Raises:
            RequestError: It has none.
        """
        if not self.path:
            raise RequestError(
                f"{self}: expected a folder on the device, found none", hint=f"write {self}/opt/models"
            )
        return self.path

    def __str__(self) -> str:
        """The address as `parse` reads it."""
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        return f"ssh://{user}{self._bracketed}{port}{quote(self.path)}"

    @property
    def _bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read an address. In user and path, `%20` and the like stand for a letter, and any letter for itself.

        Raises:
            RequestError: It is broken, has a password in it, or its path is not plain and absolute.
        """
        match = _ADDRESS.fullmatch(text)
        if not match:
            raise RequestError(f"no address of a device: {ascii(text)[:120]}", hint=_HOW)
        host, port = match["host"], match["port"]
        if ":" in (match["user"] or ""):  # whatever stands there is not repeated: it may be a secret
            raise RequestError(
                f"address ssh://...@{host}: a password does not belong in an address",
                hint="log in with a key: `ssh-copy-id` puts yours on the device",
            )
        if not _HOST.fullmatch(host):
            raise RequestError(f"address of a device: expected a host, found {ascii(host)[:80]}", hint=_HOW)
        if port is not None and not (_PORT.fullmatch(port) and int(port) < 1 << 16):
            raise RequestError(f"address of a device: expected a port, found {ascii(port)[:20]}", hint=_HOW)
        return cls(_user(match["user"]), host.strip("[]"), int(port) if port else None, _path(match["path"] or ""))


def _user(text: str | None) -> str | None:
    if text is None:
        return None
    user = unquote(text)
    if not user or user.startswith("-") or not user.isprintable() or len(user) > 256:
        raise RequestError(f"address of a device: expected a login name, found {ascii(user)[:80]}", hint=_HOW)
    return user


def _path(text: str) -> str:
    path = unquote(text, errors="surrogateescape")
    parts = [part for part in path.split("/") if part]
    if "\0" in path or ".." in parts or "." in parts or len(path) > _MAX_PATH_BYTES:
        raise RequestError(
            f"address of a device: expected a plain absolute folder, found {ascii(path)[:120]}",
            hint="without `.` and `..` in it, such as ssh://root@board/opt/models",
        )
    return "".join(f"/{part}" for part in parts)
