"""The compiled catalogue: an SQLite file in the cache, rebuilt when a card changes.

A full build writes a new file and renames it into place; a small change is one transaction. Readers never
wait for a build and never see a part of one.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple
from zlib import crc32

from registry.catalog import scan
from registry.errors import UnavailableError
from registry.progress import Progress

if TYPE_CHECKING:
    from registry.catalog.compile import Compiled

VERSION = "6"
"""Changes with the tables, so that an index of another version is never read."""

_WAIT_SECONDS = 60.0
_FULL = 500
"""From this many changed files on, a new file is built instead of changing the old one."""


def open_index(roots: Sequence[str], folder: str, progress: Progress) -> sqlite3.Connection:
    """The index of the cards under `roots`, compiled anew where they changed.

    Args:
        roots: Folders of cards; a document's first place wins over a later one of the same name.
        folder: Folder of compiled indexes; made when missing. When it cannot be written, the index lives in
            memory for this once.
        progress: Hears of a build.
    """
    state = scan.scan(_absolute(roots))
    path = _path(roots, folder)
    connection = _open_current(path, state)
    if connection is None:
        scan.settle(state)  # so that whatever is written from now on gets a later time
        connection = _refreshed(path, scan.scan(_absolute(roots)), progress)
    return connection


class Kept(NamedTuple):
    """What is kept of a catalogue, as it was found.

    Attributes:
        path: The file of the compiled index.
        state: `fresh`, or why it will be compiled anew by whoever opens it next.
        names: Full names of its variants; empty unless it is fresh.
        problems: Documents that were left out of it, as a sentence each.
    """

    path: str
    state: Literal["fresh", "stale", "absent"]
    names: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()


def look(roots: Sequence[str], folder: str) -> Kept:
    """Look at the index of the cards under `roots` without compiling or changing anything.

    Args:
        roots: Folders of cards, as they would be given to `open_index`.
        folder: Folder of compiled indexes; need not exist.
    """
    path = _path(roots, folder)
    if not os.path.isfile(path):
        return Kept(path, "absent")
    connection = _open_current(path, scan.scan(_absolute(roots)))
    if connection is None:
        return Kept(path, "stale")
    with contextlib.closing(connection):
        try:
            names = frozenset(name for (name,) in connection.execute("SELECT full_name FROM variants"))
            told = tuple(text for (text,) in connection.execute("SELECT text FROM problems ORDER BY path"))
        except sqlite3.Error:  # damaged further in
            return Kept(path, "stale")
    return Kept(path, "fresh", names, told)


def remove_index(roots: Sequence[str], folder: str) -> None:
    """Remove a damaged index; one that cannot be removed is left, and the next lives in memory."""
    with contextlib.suppress(OSError):
        os.unlink(_path(roots, folder))


def _path(roots: Sequence[str], folder: str) -> str:
    return os.path.join(folder, _file_name(_absolute(roots)))


def _absolute(roots: Sequence[str]) -> list[str]:
    return [os.path.abspath(root) for root in roots]


def _file_name(roots: Sequence[str]) -> str:
    """Name for a set of roots. Two sets of one name only rebuild each other's index: the scan has the paths."""
    return f"v{VERSION}-{crc32(os.fsencode(chr(10).join(roots))):08x}.sqlite3"


def _open_current(path: str, state: str) -> sqlite3.Connection | None:
    """The index at a path, if it is there, readable and of this very state."""
    if not os.path.isfile(path):
        return None
    with contextlib.suppress(sqlite3.Error):
        connection = sqlite3.connect(f"file:{_uri(path)}?mode=ro", uri=True, timeout=_WAIT_SECONDS)
        with contextlib.suppress(sqlite3.Error):
            if _state(connection) == state:
                return connection
        connection.close()
    return None


def _uri(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _state(connection: sqlite3.Connection) -> str | None:
    row = connection.execute("SELECT value FROM state WHERE key = 'scan'").fetchone()
    return row[0] if row else None


def _refreshed(path: str, state: str, progress: Progress) -> sqlite3.Connection:
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.exists(path) and _update(path, state, progress):
            return sqlite3.connect(path, timeout=_WAIT_SECONDS)
        return _rebuild(path, state, progress)
    except (OSError, sqlite3.Error) as error:
        progress.note(f"the compiled catalogue cannot be kept in {os.path.dirname(path)}: {error}")
        connection = sqlite3.connect(":memory:")
        _fill(connection, state, progress)
        return connection


def _update(path: str, state: str, progress: Progress) -> bool:
    """Bring an index up to date in place. False when it is unreadable or too much changed."""
    connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        old = scan.paths(_state(connection) or "")
        new = scan.paths(state)
        retried = {failed for (failed,) in connection.execute("SELECT path FROM problems")}
        stale = [name for name, line in old.items() if new.get(name) != line or name in retried]
        changed = [name for name, line in new.items() if old.get(name) != line or name in retried]
        if len(changed) >= _FULL:
            return False
        for name in stale:
            _forget(connection, name)
        _insert(connection, changed, state, progress)
        connection.execute("REPLACE INTO state VALUES ('scan', ?)", (state,))
        connection.execute("COMMIT")
    except sqlite3.DatabaseError:
        return False
    else:
        return True
    finally:
        connection.close()


def _rebuild(path: str, state: str, progress: Progress) -> sqlite3.Connection:
    import tempfile

    handle, temporary = tempfile.mkstemp(prefix=".catalogue.", suffix=".part", dir=os.path.dirname(path))
    os.close(handle)
    try:
        connection = sqlite3.connect(temporary, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            _fill(connection, state, progress)
        finally:
            connection.close()
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    return sqlite3.connect(path, timeout=_WAIT_SECONDS)


def _fill(connection: sqlite3.Connection, state: str, progress: Progress) -> None:
    from registry.catalog import compile as compiler

    with open(os.path.join(os.path.dirname(compiler.__file__), "tables.sql"), encoding="utf-8") as file:
        tables, indexes = file.read().split("-- indexes")
    connection.executescript(tables)
    connection.execute("BEGIN")
    _insert(connection, list(scan.paths(state)), state, progress)
    connection.execute("INSERT INTO state VALUES ('scan', ?)", (state,))
    connection.execute("COMMIT")
    connection.executescript(indexes)
    connection.execute("ANALYZE")


def _insert(connection: sqlite3.Connection, paths: list[str], state: str, progress: Progress) -> None:
    """Compile and store documents.

    Args:
        connection: The index.
        paths: What to compile.
        state: The scan that they are of: where two documents have one name, the earlier of the scan wins.
        progress: Hears of each.
    """
    from registry.catalog.compile import compile_file
    from registry.parallel import ordered_map

    ranks = {name: rank for rank, name in enumerate(scan.paths(state))}
    signatures = {tuple(row[1:]): row[0] for row in connection.execute("SELECT * FROM signatures")}
    with progress.task("compiling the catalogue", len(paths), unit="cards") as advance:
        for compiled in ordered_map(compile_file, paths):
            problem = compiled.problem or _defer(connection, compiled, ranks)
            if problem:
                connection.execute("REPLACE INTO problems VALUES (?, ?)", (compiled.path, problem))
            else:
                _store(connection, compiled, signatures)
            advance(1)


def _defer(connection: sqlite3.Connection, compiled: Compiled, ranks: Mapping[str, int]) -> str:
    """Why a document must step back behind one of the same name, or empty; a later one of that name is removed."""
    table, where = ("cards", "name = ?") if compiled.kind == "model-card" else ("others", "name = ? AND kind = ?")
    names_ = (compiled.name,) if table == "cards" else (compiled.name, compiled.kind)
    row = connection.execute(f"SELECT path FROM {table} WHERE {where}", names_).fetchone()  # noqa: S608
    if row is None:
        return ""
    other: str = row[0]
    if ranks.get(other, len(ranks)) < ranks[compiled.path]:
        return f"{compiled.path}: {compiled.name} is already defined by {other}"
    _forget(connection, other)
    told = f"{other}: {compiled.name} is already defined by {compiled.path}"
    connection.execute("REPLACE INTO problems VALUES (?, ?)", (other, told))
    return ""


def _store(connection: sqlite3.Connection, compiled: Compiled, signatures: dict[tuple[str, ...], int]) -> None:
    if compiled.kind != "model-card":
        values = (compiled.kind, compiled.name, compiled.path, compiled.document)
        connection.execute("INSERT INTO others VALUES (?, ?, ?, ?)", values)
        return
    row_of_card = (compiled.path, compiled.name, compiled.document)
    card = connection.execute("INSERT INTO cards VALUES (NULL, ?, ?, ?)", row_of_card).lastrowid
    for row in compiled.rows:
        if row.signature not in signatures:
            added = connection.execute("INSERT INTO signatures VALUES (NULL, ?, ?, ?, ?)", row.signature).lastrowid
            signatures[row.signature] = added or 0
        columns = (card, signatures[row.signature], *row.columns)
        variant = connection.execute(_INSERT_VARIANT, columns).lastrowid
        connection.execute("INSERT INTO documents VALUES (?, ?)", (variant, row.document))
        many = connection.executemany
        many("INSERT INTO metrics VALUES (?, ?, ?, ?)", [(variant, *item) for item in row.metrics])
        many("INSERT INTO figures VALUES (?, ?, ?, ?)", [(variant, *item) for item in row.figures])
        many("INSERT INTO support VALUES (?, ?, ?)", [(variant, *item) for item in row.support])
        many("INSERT INTO datasets VALUES (?, ?)", [(variant, item) for item in row.datasets])
        many("INSERT INTO aliases VALUES (?, ?)", [(item, variant) for item in row.aliases])
        many("INSERT INTO digests VALUES (?, ?)", [(item, variant) for item in row.digests])


_INSERT_VARIANT = (
    "INSERT INTO variants (card, signature, full_name, publisher, model, name, family, task, height, width,"
    " classes, availability, licence, pinned, size, accuracy, conditions)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def _forget(connection: sqlite3.Connection, path: str) -> None:
    """Remove a document and all that follows from it."""
    ids = [
        row[0]
        for row in connection.execute(
            "SELECT v.id FROM variants v JOIN cards c ON c.id = v.card WHERE c.path = ?", (path,)
        )
    ]
    for table in ("metrics", "figures", "support", "datasets", "aliases", "digests", "documents"):
        connection.executemany(f"DELETE FROM {table} WHERE variant = ?", [(item,) for item in ids])  # noqa: S608
    connection.executemany("DELETE FROM variants WHERE id = ?", [(item,) for item in ids])
    for table in ("cards", "others", "problems"):
        connection.execute(f"DELETE FROM {table} WHERE path = ?", (path,))  # noqa: S608


def require_roots(roots: Iterable[str]) -> None:
    """Refuse a folder of cards that is not there.

    Raises:
        UnavailableError: A root is not a folder.
    """
    for root in roots:
        if not os.path.isdir(root):
            raise UnavailableError(
                f"no folder of cards at {root}", hint="`zoo config` shows which setting names it"
            )
