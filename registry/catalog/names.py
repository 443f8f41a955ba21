"""What a name on the command line means: any unambiguous part of `publisher/model/variant`.

A part is a publisher with a model, a model or family, a variant, or a name under which a document
mentions the variant. Where no part fits, a piece of one does if it leads to a single card.
"""

from __future__ import annotations

import sqlite3

from registry.errors import RequestError

_SHOWN = 12

_ONE = "model = :a OR family = :a OR name = :a OR id IN (SELECT variant FROM aliases WHERE alias = :a)"
_TWO = "(publisher = :a AND (model = :b OR family = :b)) OR ((model = :a OR family = :a) AND name = :b)"
_THREE = "full_name = :whole"


def find(db: sqlite3.Connection, name: str) -> list[str]:
    """Full names that a name means, in order; empty when none."""
    parts = name.strip().lower().split("/")
    values = {"a": parts[0], "b": parts[-1], "whole": "/".join(parts)}
    condition = {1: _ONE, 2: _TWO, 3: _THREE}.get(len(parts))
    if condition is None:
        return []
    rows = db.execute(f"SELECT full_name FROM variants WHERE {condition} ORDER BY full_name", values)  # noqa: S608
    return [row[0] for row in rows]


def one_card(db: sqlite3.Connection, name: str) -> list[str]:
    """Full names that a name means, all of one card.

    Raises:
        RequestError: Unknown or ambiguous; the hint lists names to paste.
    """
    found = find(db, name) or containing(db, name)
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
    return near or containing(db, wanted)[:5]


def starting_with(db: sqlite3.Connection, beginning: str, most: int) -> list[str]:
    """Models and families that begin so, or full names once a slash was typed."""
    columns = ("full_name",) if "/" in beginning else ("family", "model")
    query = " UNION ".join(
        f"SELECT {column} AS name FROM variants WHERE {column} >= :a AND {column} < :b"  # noqa: S608
        for column in columns
    )
    values = {"a": beginning, "b": beginning + chr(0x10FFFF), "most": most}
    return [row[0] for row in db.execute(f"{query} ORDER BY name LIMIT :most", values)]


def hint(name: str, known: list[str], command: str) -> str:
    """`did you mean ...` for a short list of known names."""
    import difflib

    near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
    return f"did you mean {', '.join(near)}?" if near else f"`{command}` lists them"


def containing(db: sqlite3.Connection, name: str) -> list[str]:
    """Full names with a piece of a name in them, the first two hundred; none for a piece under three letters."""
    piece = name.strip().lower()
    if len(piece) < 3:
        return []
    escaped = piece.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    rows = db.execute(
        "SELECT full_name FROM variants WHERE full_name LIKE ? ESCAPE '\\' ORDER BY full_name LIMIT 200",
        (f"%{escaped}%",),
    )
    return [row[0] for row in rows]
