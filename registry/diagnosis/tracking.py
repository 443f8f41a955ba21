"""The tracking address, and the records that wait for one. MLflow is not imported."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from registry.diagnosis import rights
from registry.diagnosis.finding import Finding, of_error, told
from registry.diagnosis.installed import Installed
from registry.errors import RequestError, UnavailableError
from registry.lineage.address import Address
from registry.store.base import DeniedError, NotHeldError

SQLITE_HEAD = b"SQLite format 3\0"
"""First bytes of a database file (https://www.sqlite.org/fileformat.html, "The Database Header")."""

_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
"""Where servers of a dialect listen unless an address says otherwise."""

_START = "start the server, or give another address with --tracking or ZOO_TRACKING"


def examine_address(text: str, files: Path, installed: Installed, seconds: float, *, offline: bool) -> Finding:
    """Look at where runs go.

    Args:
        text: The tracking address; may hold a password.
        files: Folder for the files of runs, as `Address.parse` takes it.
        installed: The distributions there are.
        seconds: How long a server may be silent.
        offline: Whether the network is out of bounds.
    """
    try:
        address = Address.parse(text, files)
    except RequestError as error:
        return of_error("address", error)
    subject = f"address {address.shown}"
    if address.database is not None:
        return _file(subject, address.database)
    if offline:
        return Finding(subject, "note", "not asked: the network is off")
    parts = urlsplit(address.uri)
    if parts.scheme in ("http", "https"):
        return _server(subject, address, installed, seconds)
    port = parts.port or _PORTS.get(parts.scheme.partition("+")[0])
    if parts.hostname is None or port is None:
        return Finding(subject, "note", "not asked: its host stands in the configuration of another tool")
    return _database(subject, parts.hostname, port, seconds)


def _file(subject: str, path: Path) -> Finding:
    """Whether a database file is one and can be written, or can be made."""
    try:
        with path.open("rb") as file:
            head = file.read(len(SQLITE_HEAD))
    except FileNotFoundError:
        return _future(subject, path)
    except OSError as error:
        return Finding(subject, "fault", f"cannot be read: {error.strerror}", f"ls -l {shlex.quote(str(path))}")
    if head not in (b"", SQLITE_HEAD):
        return Finding(subject, "fault", "the file is no SQLite database", advice="give another with --tracking")
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):  # the journal lies beside it
        found = "the database or its folder cannot be written"
        command = f"ls -ld {shlex.quote(str(path.parent))} {shlex.quote(str(path))}"
        return Finding(subject, "fault", found, command, "fix the rights, or give another with --tracking")
    return Finding(subject, "ok", "a database that can be written")


def _future(subject: str, path: Path) -> Finding:
    if rights.can_write(path.parent):
        return Finding(subject, "ok", "not there: the first --track makes it")
    above = rights.nearest(path.parent)
    found = f"not there, and it cannot be made: {above} cannot be written, or is no folder"
    return Finding(subject, "fault", found, f"ls -ld {shlex.quote(str(above))}", "give another with --tracking")


def _server(subject: str, address: Address, installed: Installed, seconds: float) -> Finding:
    """Ask an MLflow server for its health, then for its version, which old ones do not tell."""
    try:
        _get(f"{address.uri}/health", seconds)
        version = _version(address, seconds)
    except DeniedError as error:
        return _no_entry(subject, address, error)
    except NotHeldError:
        return Finding(subject, "fault", "something else than an MLflow server answers there", advice=_START)
    except UnavailableError as error:
        return Finding(subject, "unknown", told(error), advice=error.hint or _START)
    own = installed.find("mlflow")
    if own and version and own.version.partition(".")[0] != version.partition(".")[0]:
        found = f"answers, with MLflow {version}; the one here is {own.version}"
        return Finding(subject, "warning", found, f"pip install 'mlflow=={version}'")
    return Finding(subject, "ok", f"answers, with MLflow {version}" if version else "answers")


def _no_entry(subject: str, address: Address, error: DeniedError) -> Finding:
    """A login in the address was sent; one in MLflow's variables is for MLflow itself to send."""
    advice = "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
    if "@" in urlsplit(address.uri).netloc:
        return Finding(subject, "fault", f"the login in the address is refused: {told(error)}", advice=advice)
    return Finding(subject, "note", "answers, and asks for a login, which is not tried here", advice=advice)


def _version(address: Address, seconds: float) -> str:
    """The server's version; empty where it tells none, or something that is none."""
    with contextlib.suppress(NotHeldError):
        said = _get(f"{address.uri}/version", seconds)
        return said if re.fullmatch(r"[0-9]{1,4}(\.[0-9a-z]{1,8}){1,4}", said) else ""
    return ""


def _get(url: str, seconds: float) -> str:
    """The beginning of an answer.

    Raises:
        UnavailableError: None came; see `web.open_url`.
    """
    from registry.store.web import open_url

    with open_url(url, silence=seconds) as opened:
        return next(iter(opened.chunks), b"")[:40].decode("ascii", "replace").strip()


def _database(subject: str, host: str, port: int, seconds: float) -> Finding:
    """Whether anybody listens: the database itself is for MLflow and its driver to ask."""
    try:
        socket.create_connection((host, port), timeout=seconds).close()
    except OSError as error:
        found = f"no answer at {host}:{port}: {error.strerror or error}"
        return Finding(subject, "unknown", found, advice=_START)
    return Finding(subject, "ok", f"{host}:{port} answers; login and tables were not tried")


def examine_spool(folder: Path) -> Iterator[Finding]:
    """Look for records that --track could not deliver, address by address."""
    for note in sorted(folder.glob("*/address")):
        waiting = [path for path in note.parent.glob("*/record.json") if not path.parent.name.startswith(".")]
        if not waiting:
            continue
        try:
            address = note.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            yield Finding("waiting records", "fault", f"{note}: cannot be read: {error}")
            continue
        found = f"{len(waiting)} for {address}, kept in {note.parent}"
        yield Finding("waiting records", "warning", found, f"zoo sync --tracking {shlex.quote(address)}")
