"""The catalogue as a caller sees it: names, filters, variants, targets and datasets."""

from __future__ import annotations

import functools
import itertools
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from registry.catalog import names
from registry.catalog.index import open_index, remove_index
from registry.catalog.query import Filter, Row, select, unpacked
from registry.errors import RequestError
from registry.progress import Progress, Silent

if TYPE_CHECKING:
    from registry.card import Variant
    from registry.dataset import Dataset
    from registry.target import Target

Named = TypeVar("Named", "Dataset", "Target")
Answer = TypeVar("Answer")


class Catalog:
    """Cards, targets and datasets, ready for search."""

    def __init__(
        self, connection: sqlite3.Connection, rebuild: Callable[[], sqlite3.Connection] | None = None
    ) -> None:
        self._db = connection
        self._rebuild = rebuild

    @classmethod
    def open(cls, roots: Sequence[str], folder: str, progress: Progress | None = None) -> Catalog:
        """Open the index of the cards under `roots`, compiled anew where they changed.

        Args:
            roots: Folders of cards; a variant's first card wins over a later one of the same name.
            folder: Folder of compiled indexes; made when missing. When it cannot be written, the index
                lives in memory for this once.
            progress: Hears of a build.
        """
        listener = progress or Silent()

        def rebuild() -> sqlite3.Connection:
            listener.note("the compiled catalogue is damaged and is built anew")
            remove_index(roots, folder)
            return open_index(roots, folder, listener)

        return cls(open_index(roots, folder, listener), rebuild)

    def close(self) -> None:
        """Close the index."""
        self._db.close()

    def problems(self) -> list[tuple[str, str]]:
        """Documents that were left out: path and reason."""
        return self._ask(lambda db: db.execute("SELECT path, text FROM problems ORDER BY path").fetchall())

    def select(self, filter_: Filter, *, documents: bool = False) -> Iterator[Row]:
        """Rows that pass a filter, in its order; with their documents when asked for.

        Raises:
            RequestError: The filter's target is unknown, or its name means nothing.
        """
        target = self.target(filter_.target) if filter_.target else None

        def begin(db: sqlite3.Connection) -> Iterator[Row]:
            rows = select(db, filter_, target, documents=documents)
            first = next(rows, None)
            return iter(()) if first is None else itertools.chain((first,), rows)

        return self._ask(begin)

    def _ask(self, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Put a question to the index; to a new one where the old turns out to be damaged."""
        try:
            return question(self._db)
        except sqlite3.DatabaseError:
            if self._rebuild is None:
                raise
            self._db.close()
            self._db = self._rebuild()
            return question(self._db)

    def require_known(self, publisher: str | None, dataset: str | None) -> None:
        """Tell a mistyped name from one that just matches nothing.

        Raises:
            RequestError: The catalogue has no such publisher or dataset; the hint has the near ones.
        """
        for kind, word in (("publisher", publisher), ("dataset", dataset)):
            if word is None:
                continue
            known = self._ask(functools.partial(names.words, kind=kind))
            if word not in known:
                raise RequestError(f"unknown {kind} {word!r}", hint=names.near_or_all(word, known))

    def find(self, name: str) -> list[str]:
        """Full names that a name may mean; see `catalog.names`."""
        return self._ask(lambda db: names.find(db, name))

    def with_digest(self, digest: str) -> list[str]:
        """Full names of the variants that have a file of this SHA-256, 64 hexadecimal digits."""
        sql = (
            "SELECT v.full_name FROM digests d JOIN variants v ON v.id = d.variant WHERE d.digest = ?"
            " ORDER BY v.full_name"
        )
        return [row[0] for row in self._ask(lambda db: db.execute(sql, (digest,)).fetchall())]

    def starting_with(self, beginning: str, most: int) -> list[str]:
        """Models, families and full names that begin so, for completion."""
        return self._ask(lambda db: names.starting_with(db, beginning, most))

    def one_card(self, name: str) -> list[str]:
        """Full names that a name means, all of one card.

        Raises:
            RequestError: Unknown or ambiguous; the hint lists names to paste.
        """
        return self._ask(lambda db: names.one_card(db, name))

    def meant(self, name: str) -> list[str]:
        """Full names that a name means by its parts, of any cards; where no part fits, by a piece, of one card.

        Raises:
            RequestError: Unknown, or the piece is ambiguous; the hint lists names to paste.
        """
        return self.find(name) or self.one_card(name)

    def suggest(self, name: str) -> list[str]:
        """Names close to a mistyped one, best first."""
        return self._ask(lambda db: names.suggest(db, name))

    def variants(self, full_names: Iterable[str]) -> list[Variant]:
        """Variants by full name, in the order given."""
        from registry.card import Variant

        cards: dict[str, dict[str, Any]] = {}
        found = []
        for full_name in full_names:
            name = full_name.rpartition("/")[0]
            if name not in cards:
                cards[name] = self.card(name)[1]
            (document,) = self._one(
                "SELECT d.document FROM documents d JOIN variants v ON v.id = d.variant WHERE v.full_name = ?",
                full_name,
            )
            found.append(Variant.from_document(cards[name], _parsed(unpacked(document))))
        return found

    def card(self, name: str) -> tuple[str, dict[str, Any]]:
        """Path and card-level document of `publisher/model`."""
        path, text = self._one("SELECT path, document FROM cards WHERE name = ?", name)
        return path, _parsed(text)

    def _one(self, sql: str, value: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._ask(lambda db: db.execute(sql, (value,)).fetchone())
        return row

    def targets(self) -> list[Target]:
        """All targets, by name."""
        from registry.target import Target

        return [Target.from_document(_parsed(text)) for text in self._others("target")]

    def target(self, name: str) -> Target:
        """A target by its name, an alias or a board.

        Raises:
            RequestError: Unknown; the hint names the near ones.
        """
        targets = self.targets()
        others = [(word, target) for target in targets for word in target.document.get("boards", ())]
        return _named(name, "target", targets, others)

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
        return _named(name, "dataset", self.datasets(), [])

    def class_names(self, variant: Variant) -> tuple[str, ...]:
        """Names of a variant's classes, its own or its dataset's; empty when unknown."""
        classes = variant.document.get("classes", {})
        if names_ := classes.get("names"):
            return tuple(names_)
        dataset = self.dataset(classes["dataset"]) if "dataset" in classes else None
        return dataset.class_names if dataset else ()

    def _others(self, kind: str) -> list[str]:
        sql = "SELECT document FROM others WHERE kind = ? ORDER BY name"
        return [text for (text,) in self._ask(lambda db: db.execute(sql, (kind,)).fetchall())]


def _named(name: str, kind: str, items: Sequence[Named], others: Iterable[tuple[str, Named]]) -> Named:
    """An item by its name, an alias, or another word; a name goes before any alias."""
    known: dict[str, Named] = {word.lower(): item for word, item in others}
    for item in items:
        known |= {word.lower(): item for word in item.document.get("aliases", ())}
    known |= {item.name: item for item in items}
    if name.lower() in known:
        return known[name.lower()]
    raise RequestError(f"unknown {kind} {name!r}", hint=names.hint(name, list(known), f"zoo {kind}s"))


def _parsed(text: str) -> Any:
    import json  # a plain `zoo list` does without

    return json.loads(text)
