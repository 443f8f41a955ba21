"""What a name on the command line means: any unambiguous part of `publisher/model/variant`.

A part is a publisher with a model, a model or family, a variant, or a name under which a document
mentions the variant. Where no part fits, a piece of one does if it leads to a single card.
"""

from __future__ import annotations

import sqlite3

from registry.errors import RequestError

_SHOWN = 12
_SHORTEST = 3

_FORMS: dict[int, tuple[str, ...]] = {
    1: (
        "(v.model = :a OR v.family = :a OR v.name = :a OR v.id IN (SELECT variant FROM aliases WHERE alias = :a))",
    ),
    2: (
        "(v.publisher = :a AND v.model = :b)",
        "(v.publisher = :a AND v.family = :b)",
        "((v.model = :a OR v.family = :a) AND v.name = :b)",
    ),
    3: ("v.full_name = :whole",),
}
"""What a name with so many parts may match; the first form that matches anything is meant."""


def find(db: sqlite3.Connection, name: str) -> list[str]:
    """Full names that a name means by its parts, in order; empty when none."""
    for where, values in _parts(name):
        sql = f"SELECT v.full_name FROM variants v WHERE {where} ORDER BY v.full_name"  # noqa: S608
        if rows := db.execute(sql, values).fetchall():
            return [row[0] for row in rows]
    return []


def condition(db: sqlite3.Connection, name: str) -> tuple[str, dict[str, str]]:
    """SQL for "variant `v` is meant by this name", and its parameters; by a piece where no part fits.

    Raises:
        RequestError: The name means nothing; the hint has the near ones.
    """
    for where, values in (*_parts(name), (_PIECE, {"piece": _pattern(name)})):
        if db.execute(f"SELECT 1 FROM variants v WHERE {where} LIMIT 1", values).fetchone():  # noqa: S608
            return where, values
    raise unknown(name, suggest(db, name))


def _parts(name: str) -> list[tuple[str, dict[str, str]]]:
    parts = name.strip().lower().split("/")
    values = {"a": parts[0], "b": parts[-1], "whole": "/".join(parts)}
    return [(form, values) for form in _FORMS.get(len(parts), ())]


def one_card(db: sqlite3.Connection, name: str) -> list[str]:
    """Full names that a name means, all of one card.

    Raises:
        RequestError: Unknown or ambiguous; the hint lists names to paste.
    """
    found = find(db, name) or _containing(db, name)
    cards = list(dict.fromkeys(full_name.rpartition("/")[0] for full_name in found))
    if len(cards) == 1:
        return found
    if not cards:
        raise unknown(name, suggest(db, name))
    choices = found if len(found) <= _SHOWN else cards
    raise RequestError(
        f"{name!r} is ambiguous: it names variants of {len(cards)} cards", hint="one of:\n" + paste(choices)
    )


def paste(choices: list[str]) -> str:
    """Names one a line, the first dozen of them."""
    shown = [f"  {choice}" for choice in choices[:_SHOWN]]
    rest = len(choices) - _SHOWN
    return "\n".join([*shown, f"  ... and {rest} more; `zoo list NAME` shows all"] if rest > 0 else shown)


def unknown(name: str, near: list[str]) -> RequestError:
    """The error for a name that means nothing, with the near ones."""
    hint_ = "did you mean:\n" + paste(near) if near else "`zoo list` shows every variant"
    return RequestError(f"unknown model {name!r}", hint=hint_)


def suggest(db: sqlite3.Connection, name: str) -> list[str]:
    """Known names close to a mistyped one, best first."""
    import difflib

    wanted = name.strip().lower()
    query = (
        "SELECT model FROM variants UNION SELECT family FROM variants UNION SELECT name FROM variants"
        if "/" not in wanted
        else "SELECT full_name FROM variants UNION SELECT publisher || '/' || model FROM variants"
    )
    known = [row[0] for row in db.execute(query)]
    near = difflib.get_close_matches(wanted, known, n=5, cutoff=0.6)
    return near or _containing(db, wanted)[:5]


def starting_with(db: sqlite3.Connection, beginning: str, most: int) -> list[str]:
    """Models and families that begin so, or full names once a slash was typed."""
    columns = ("full_name",) if "/" in beginning else ("family", "model")
    query = " UNION ".join(
        f"SELECT {column} AS name FROM variants WHERE {column} >= :a AND {column} < :b"  # noqa: S608
        for column in columns
    )
    values = {"a": beginning, "b": beginning + chr(0x10FFFF), "most": most}
    return [row[0] for row in db.execute(f"{query} ORDER BY name LIMIT :most", values)]


_WORDS = {
    "publisher": "SELECT DISTINCT publisher FROM variants",
    "dataset": "SELECT name FROM others WHERE kind = 'dataset' UNION SELECT dataset FROM datasets",
}


def words(db: sqlite3.Connection, kind: str) -> list[str]:
    """All publishers or datasets that the catalogue knows, in order."""
    return sorted(row[0] for row in db.execute(_WORDS[kind]))


def near_or_all(word: str, known: list[str]) -> str:
    """`did you mean ...`, or the words there are."""
    import difflib

    near = difflib.get_close_matches(word.lower(), known, n=3, cutoff=0.5)
    return f"did you mean {', '.join(near)}?" if near else "known are " + ", ".join(known[:_SHOWN])


def hint(name: str, known: list[str], command: str) -> str:
    """`did you mean ...` for a short list of known names."""
    import difflib

    near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
    return f"did you mean {', '.join(near)}?" if near else f"`{command}` lists them"


def _containing(db: sqlite3.Connection, name: str) -> list[str]:
    sql = f"SELECT v.full_name FROM variants v WHERE {_PIECE} ORDER BY v.full_name LIMIT 200"  # noqa: S608
    return [row[0] for row in db.execute(sql, {"piece": _pattern(name)})]


_PIECE = "v.full_name LIKE :piece ESCAPE '!'"


def _pattern(name: str) -> str:
    piece = name.strip().lower()
    if len(piece) < _SHORTEST:
        return ""  # matches nothing: one or two letters are in most names
    for letter in "!%_":
        piece = piece.replace(letter, "!" + letter)
    return f"%{piece}%"
