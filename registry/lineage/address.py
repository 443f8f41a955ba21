"""Addresses of MLflow's tracking: which are possible, what is shown of them, where files go, and how to look."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from registry.digest import Digest
from registry.errors import RequestError
from registry.store.web import shown

_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
"""Dialects that MLflow's tracking store knows, with or without `+driver`."""
_SERVERS = ("http", "https", "databricks")
_EXAMPLE = "give a database, such as sqlite:///runs.db, or a server, such as http://HOST:5000"


@dataclass(frozen=True)
class Address:
    """A tracking address.

    Attributes:
        uri: The whole, as MLflow needs it: may hold a password.
        shown: The same without credentials, for messages and files.
        database: File of an SQLite database, or None.
        artifacts: Where a new experiment keeps its files, as a URI; None where a server decides.
    """

    uri: str = field(repr=False)
    shown: str
    database: Path | None
    artifacts: str | None

    @classmethod
    def parse(cls, text: str, files: Path) -> Address:
        """Read an address; nothing is opened.

        Args:
            text: A database of SQLAlchemy, a server's address, or `databricks`.
            files: Folder for the files of runs in a database that is not a local file.

        Raises:
            RequestError: MLflow takes no such address.
        """
        if text == "databricks":
            return cls(text, text, None, None)
        parts = _parts(text)
        dialect = parts[0].partition("+")[0]
        if dialect == "sqlite":
            return cls._sqlite(text)
        if dialect in _DATABASES:
            return cls(text, shown(text), None, files.absolute().as_uri())
        return cls(text.rstrip("/"), shown(text).rstrip("/"), None, None)

    @classmethod
    def _sqlite(cls, text: str) -> Address:
        """A file, wherever the command is run from: SQLAlchemy has `sqlite:///relative` and `sqlite:////absolute`."""
        scheme, _, rest = text.partition(":///")
        path, mark, query = rest.partition("?")
        if path in ("", ":memory:") or path.startswith("file:"):
            raise RequestError(
                f"tracking address {shown(text)}: expected the path of a database file, found none",
                hint="write it after three slashes: sqlite:///runs.db, or sqlite:////srv/runs.db",
            )
        database = Path(path).absolute()
        uri = f"{scheme}:///{database}{mark}{query}"
        return cls(uri, f"{scheme}:///{database}", database, (database.parent / "artifacts").as_uri())

    @property
    def key(self) -> str:
        """A short name for folders, the same whatever the credentials are."""
        return Digest.of(self.shown.encode()).hex[:16]

    @property
    def is_remote(self) -> bool:
        """Whether it can only be reached over a network."""
        return self.database is None

    def look(self, experiment: str, run: str) -> str:
        """How to see a run, by its ids: an address, or a command."""
        if urlsplit(self.shown).scheme in ("http", "https"):
            return f"{self.shown}/#/experiments/{experiment}/runs/{run}"
        if self.shown.startswith("databricks"):
            return "the workspace's experiments"
        return f"mlflow ui --backend-store-uri {shlex.quote(self.shown)}"


def _parts(text: str) -> tuple[str, str]:
    """Scheme and host of an address that MLflow may take.

    Raises:
        RequestError: It takes none such.
    """
    scheme, colon, _ = text.partition("://")
    dialect = scheme.partition("+")[0].lower()
    if text.startswith("file:") or not colon or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        given = shown(text) if colon else repr(text)
        raise RequestError(
            f"tracking address {given}: a folder of files, which MLflow refuses since 3.13",
            hint=f"{_EXAMPLE}; `mlflow migrate-filestore` brings what a folder has into a database",
        )
    if dialect not in (*_DATABASES, *_SERVERS):
        known = ", ".join((*_DATABASES, *_SERVERS))
        raise RequestError(
            f"tracking address {shown(text)}: unknown kind {scheme!r}, expected one of {known}", hint=_EXAMPLE
        )
    try:
        host, _ = urlsplit(text).hostname or "", urlsplit(text).port
    except ValueError as error:
        raise RequestError(f"tracking address {shown(text)}: {error}", hint=_EXAMPLE) from None
    if dialect in ("http", "https") and not host:
        raise RequestError(f"tracking address {shown(text)}: expected a host, found none", hint=_EXAMPLE)
    return scheme.lower(), host
