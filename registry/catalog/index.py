"""The compiled catalogue: an SQLite file in the cache, rebuilt when a card changes.

A full build writes a new file and renames it into place; a small change is one transaction. Readers never
wait for a build and never see a part of one.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from zlib import crc32

from registry.catalog import names, scan
from registry.catalog.query import Filter, Row, select, unpacked
from registry.errors import RequestError, UnavailableError
from registry.progress import Progress, Silent

if TYPE_CHECKING:
    from registry.card import Variant
    from registry.catalog.compile import Compiled
    from registry.dataset import Dataset
    from registry.target import Target

VERSION = "2"
"""Changes with the tables, so that an index of another version is never read."""

_WAIT_SECONDS = 60.0
_FULL = 500
"""From this many changed files on, a new file is built instead of changing the old one."""


class Catalog:
    """Cards, targets and datasets, ready for search."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    @classmethod
    def open(cls, roots: Sequence[str], folder: str, progress: Progress | None = None) -> Catalog:
        """Open the index of the cards under `roots`, compiled anew where they changed.

        Args:
            roots: Folders of cards; a variant's first card wins over a later one of the same name.
            folder: Folder of compiled indexes; made when missing. When it cannot be written, the index
                lives in memory for this once.
            progress: Hears of a build.
        """
        absolute = [os.path.abspath(root) for root in roots]
        state = scan.scan(absolute)
        path = os.path.join(folder, _file_name(absolute))
        connection = _open_current(path, state)
        return cls(connection or _refreshed(path, state, progress or Silent()))

    def close(self) -> None:
        """Close the index."""
        self._db.close()

    def problems(self) -> list[tuple[str, str]]:
        """Documents that were left out: path and reason."""
        return self._db.execute("SELECT path, text FROM problems ORDER BY path").fetchall()

    def select(self, filter_: Filter, *, documents: bool = False) -> Iterator[Row]:
        """Rows that pass a filter, in its order; with their documents when asked for.

        Raises:
            RequestError: The filter's target is unknown, or its name means nothing.
        """
        target = self.target(filter_.target) if filter_.target else None
        return select(self._db, filter_, target, documents=documents)

    def find(self, name: str) -> list[str]:
        """Full names that a name may mean; see `catalog.names`."""
        return names.find(self._db, name)

    def starting_with(self, beginning: str, most: int) -> list[str]:
        """Models, families and full names that begin so, for completion."""
        return names.starting_with(self._db, beginning, most)

    def one_card(self, name: str) -> list[str]:
        """Full names that a name means, all of one card.

        Raises:
            RequestError: Unknown or ambiguous; the hint lists names to paste.
        """
        return names.one_card(self._db, name)

    def suggest(self, name: str) -> list[str]:
        """Names close to a mistyped one, best first."""
        return names.suggest(self._db, name)

    def variants(self, full_names: Iterable[str]) -> list[Variant]:
        """Variants by full name, in the order given."""
        from registry.card import Variant

        cards: dict[int, Any] = {}
        found = []
        for full_name in full_names:
            card, document = self._db.execute(
                "SELECT v.card, d.document FROM variants v JOIN documents d ON d.variant = v.id"
                " WHERE v.full_name = ?",
                (full_name,),
            ).fetchone()
            if card not in cards:
                text = self._db.execute("SELECT document FROM cards WHERE id = ?", (card,)).fetchone()[0]
                cards[card] = _parsed(text)
            found.append(Variant.from_document(cards[card], _parsed(unpacked(document))))
        return found

    def card(self, name: str) -> tuple[str, dict[str, Any]]:
        """Path and card-level document of `publisher/model`."""
        path, text = self._db.execute("SELECT path, document FROM cards WHERE name = ?", (name,)).fetchone()
        return path, _parsed(text)

    def targets(self) -> list[Target]:
        """All targets, by name."""
        from registry.target import Target

        return [Target.from_document(_parsed(text)) for text in self._others("target")]

    def target(self, name: str) -> Target:
        """A target by its name, an alias or a board.

        Raises:
            RequestError: Unknown; the hint names the near ones.
        """
        known: dict[str, Target] = {}
        for target in self.targets():
            document = target.document
            known |= {word.lower(): target for word in (*document.get("boards", ()), *document.get("aliases", ()))}
            known[target.name] = target
        if name.lower() in known:
            return known[name.lower()]
        raise RequestError(f"unknown target {name!r}", hint=names.hint(name, list(known), "zoo targets"))

    def datasets(self) -> list[Dataset]:
        """All datasets, by name."""
        from registry.dataset import Dataset

        return [Dataset.from_document(_parsed(text)) for text in self._others("dataset")]

    def dataset(self, name: str) -> Dataset | None:
        """A dataset by its name, or None."""
        return next((dataset for dataset in self.datasets() if dataset.name == name), None)

    def require_dataset(self, name: str) -> Dataset:
        """A dataset by its name or an alias.

        Raises:
            RequestError: Unknown; the hint names the near ones.
        """
        known: dict[str, Dataset] = {}
        for dataset in self.datasets():
            known |= {word.lower(): dataset for word in (dataset.name, *dataset.document.get("aliases", ()))}
        if name.lower() in known:
            return known[name.lower()]
        raise RequestError(f"unknown dataset {name!r}", hint=names.hint(name, list(known), "zoo datasets"))

    def class_names(self, variant: Variant) -> tuple[str, ...]:
        """Names of a variant's classes, its own or its dataset's; empty when unknown."""
        classes = variant.document.get("classes", {})
        if names_ := classes.get("names"):
            return tuple(names_)
        dataset = self.dataset(classes["dataset"]) if "dataset" in classes else None
        return dataset.class_names if dataset else ()

    def _others(self, kind: str) -> list[str]:
        rows = self._db.execute("SELECT document FROM others WHERE kind = ? ORDER BY name", (kind,))
        return [text for (text,) in rows]


def _parsed(text: str) -> Any:
    import json  # a plain `zoo list` does without

    return json.loads(text)


def _file_name(roots: Sequence[str]) -> str:
    """Name for a set of roots. Two sets of one name only rebuild each other's index: the scan has the paths."""
    return f"v{VERSION}-{crc32(os.fsencode(chr(10).join(roots))):08x}.sqlite3"


def _open_current(path: str, state: str) -> sqlite3.Connection | None:
    """The index at a path, if it is there, readable and of this very state."""
    if not os.path.exists(path):
        return None
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
        _fill(connection, state, scan.paths(state), progress)
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
        _insert(connection, changed, progress)
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
            _fill(connection, state, scan.paths(state), progress)
        finally:
            connection.close()
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    return sqlite3.connect(path, timeout=_WAIT_SECONDS)


def _fill(connection: sqlite3.Connection, state: str, documents: Iterable[str], progress: Progress) -> None:
    from registry.catalog import compile as compiler

    with open(os.path.join(os.path.dirname(compiler.__file__), "tables.sql"), encoding="utf-8") as file:
        tables, indexes = file.read().split("-- indexes")
    connection.executescript(tables)
    connection.execute("BEGIN")
    _insert(connection, list(documents), progress)
    connection.execute("INSERT INTO state VALUES ('scan', ?)", (state,))
    connection.execute("COMMIT")
    connection.executescript(indexes)
    connection.execute("ANALYZE")


def _insert(connection: sqlite3.Connection, paths: list[str], progress: Progress) -> None:
    from registry.catalog.compile import compile_file
    from registry.parallel import ordered_map

    signatures = {tuple(row[1:]): row[0] for row in connection.execute("SELECT * FROM signatures")}
    with progress.task("compiling the catalogue", len(paths), unit="cards") as advance:
        for compiled in ordered_map(compile_file, paths):
            problem = compiled.problem or _store(connection, compiled, signatures)
            if problem:
                connection.execute("REPLACE INTO problems VALUES (?, ?)", (compiled.path, problem))
            advance(1)


def _store(connection: sqlite3.Connection, compiled: Compiled, signatures: dict[tuple[str, ...], int]) -> str:
    """Insert one document. Returns why it was left out, or an empty string."""
    table, where = ("cards", "name = ?") if compiled.kind == "model-card" else ("others", "name = ? AND kind = ?")
    names = (compiled.name,) if table == "cards" else (compiled.name, compiled.kind)
    if other := connection.execute(f"SELECT path FROM {table} WHERE {where}", names).fetchone():  # noqa: S608
        return f"{compiled.path}: {compiled.name} is already defined by {other[0]}"
    if table == "others":
        values = (compiled.kind, compiled.name, compiled.path, compiled.document)
        connection.execute("INSERT INTO others VALUES (?, ?, ?, ?)", values)
        return ""
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
    return ""


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
    for table in ("metrics", "figures", "support", "datasets", "aliases", "documents"):
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
