"""Filters and orders over the index, as one SQL statement."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from registry.catalog import names

if TYPE_CHECKING:
    from registry.constraints import Constraints
    from registry.target import Target

SORTS = ("name", "accuracy", "latency", "ram", "flash", "size", "resolution")


class Filter(NamedTuple):
    """What `zoo list` asks for. None matches anything.

    Attributes:
        constraints: What a variant must satisfy; the same that `zoo pull` takes.
        name: Any part of a full name; see `catalog.names`. None for all.
        target: Only variants that it supports; also the target that the figures are of.
        sort: One of `SORTS`. Accuracy orders within each dataset, split and protocol.
        limit: Most rows, or None.
    """

    constraints: Constraints
    name: str | None = None
    task: str | None = None
    target: str | None = None
    availability: str | None = None
    pinned: bool | None = None
    sort: str = "name"
    reverse: bool = False
    limit: int | None = None


class Row(NamedTuple):
    """A variant as a list shows it; figures are of the filter's target, or the best over all targets."""

    full_name: str
    format: str
    scheme: str
    granularity: str
    height: int | None
    width: int | None
    classes: int | None
    availability: str
    licence: str
    pinned: bool
    size: float | None
    accuracy: float | None
    conditions: str | None
    level: str | None
    latency: float | None
    ram: float | None
    flash: float | None
    document: str


_ORDERS = {
    "name": "v.full_name",
    "accuracy": "v.accuracy IS NULL, v.conditions, v.accuracy DESC, v.full_name",
    "size": "v.size IS NULL, v.size, v.full_name",
    "resolution": "v.height * v.width IS NULL, v.height * v.width, v.full_name",
}
_FIGURES = ("latency", "ram", "flash")
_AT_ONCE = 500
"""Rows read at a time: few enough for a flat memory and for SQLite's bound on parameters."""


def select(db: sqlite3.Connection, filter_: Filter, target: Target | None, *, documents: bool) -> Iterator[Row]:
    """Rows that pass, in the filter's order; without documents, that field is empty.

    First the ids, from indexes and narrow tables; then whole rows for these ids only.
    """
    ids = _ordered_ids(db, filter_, target)
    place = target.name if target else ""
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        marks = ", ".join("?" * len(some))
        found = {row[0]: row[1:] for row in db.execute(_rows_sql(marks, documents), (*[place] * 4, *some))}
        for number in some:
            yield _row(found[number], target)


def _ordered_ids(db: sqlite3.Connection, filter_: Filter, target: Target | None) -> list[int]:
    conditions = _conditions(db, filter_, target)
    where = " AND ".join(conditions.where) or "1"
    limit = -1 if filter_.limit is None else filter_.limit
    values = {**conditions.values, "limit": limit}
    if filter_.sort not in _FIGURES:
        order = _ORDERS[filter_.sort]
        if filter_.reverse:
            order = ", ".join(_flipped(part) for part in order.split(", "))
        sql = f"SELECT v.id FROM variants v WHERE {where} ORDER BY {order} LIMIT :limit"  # noqa: S608
        return [row[0] for row in db.execute(sql, values)]
    # known figures come straight from their index, in order; the unknown ones follow by name
    direction = "DESC" if filter_.reverse else "ASC"
    figures = "figures f WHERE f.target = :target AND f.kind = :sort"
    values |= {"target": target.name if target else "", "sort": filter_.sort}
    known = f"""SELECT v.id FROM figures f CROSS JOIN variants v ON v.id = f.variant
        WHERE f.target = :target AND f.kind = :sort AND {where}
        ORDER BY f.value {direction}, v.full_name LIMIT :limit"""  # noqa: S608
    ids = [row[0] for row in db.execute(known, values)]
    if limit < 0 or len(ids) < limit:
        values["limit"] = limit if limit < 0 else limit - len(ids)
        unknown = f"""SELECT v.id FROM variants v WHERE v.id NOT IN (SELECT f.variant FROM {figures}) AND {where}
            ORDER BY v.full_name LIMIT :limit"""  # noqa: S608
        ids += [row[0] for row in db.execute(unknown, values)]
    return ids


def _rows_sql(marks: str, documents: bool) -> str:
    figures = "\n".join(
        f"LEFT JOIN figures {kind} ON {kind}.variant = v.id AND {kind}.target = ? AND {kind}.kind = '{kind}'"
        for kind in _FIGURES
    )
    document, join = ("d.document", "JOIN documents d ON d.variant = v.id") if documents else ("NULL", "")
    return f"""
        SELECT v.id, v.full_name, g.format, g.scheme, g.granularity, v.height, v.width, v.classes, v.availability,
               v.licence, v.pinned, v.size, v.accuracy, v.conditions,
               s.level, latency.value, ram.value, flash.value, {document}
        FROM variants v JOIN signatures g ON g.id = v.signature {join}
        LEFT JOIN support s ON s.variant = v.id AND s.target = ?
        {figures}
        WHERE v.id IN ({marks})"""  # noqa: S608


def _row(values: tuple[Any, ...], target: Target | None) -> Row:
    row = Row._make((*values[:-1], unpacked(values[-1])))
    return row._replace(pinned=bool(row.pinned), level=(row.level or "compatible") if target else None)


def unpacked(document: bytes | None) -> str:
    """A stored document as JSON text."""
    return zlib.decompress(document).decode() if document else ""


_LARGEST = 2**63 - 1


class _Conditions:
    """Collects conditions and the values of their named parameters."""

    def __init__(self, **values: Any) -> None:
        self.where: list[str] = []
        self.values: dict[str, Any] = values

    def add(self, condition: str, **values: Any) -> None:
        self.where.append(condition)
        self.values |= values

    def equal(self, column: str, value: Any) -> None:
        if isinstance(value, int) and abs(value) > _LARGEST:
            self.add("0")  # no column holds such a number
        elif value is not None:
            key = column.rpartition(".")[2]
            self.add(f"{column} = :{key}", **{key: value})

    def among(self, column: str, key: str, choices: Iterable[str]) -> None:
        values = {f"{key}{number}": choice for number, choice in enumerate(choices)}
        self.add(f"{column} IN ({', '.join(':' + name for name in values)})", **values)


def _conditions(db: sqlite3.Connection, filter_: Filter, target: Target | None) -> _Conditions:
    found = _Conditions(target=target.name if target else "")
    for column in ("task", "availability", "pinned"):
        found.equal(f"v.{column}", getattr(filter_, column))
    if filter_.name is not None:
        condition, values = names.condition(db, filter_.name)
        found.add(condition, **values)
    _constrain(found, filter_.constraints)
    if target is not None:
        found.add(_supported(db, target))
    return found


def _constrain(found: _Conditions, wanted: Constraints) -> None:
    """The same conditions as `registry.violation`, as SQL."""
    for column in ("publisher", "height", "width", "classes"):
        found.equal(f"v.{column}", getattr(wanted, column))
    signature = [
        (name, value)
        for name in ("format", "scheme", "granularity")
        if (value := getattr(wanted, name)) is not None
    ]
    if signature:
        equal = " AND ".join(f"{name} = :{name}" for name, _ in signature)
        found.add(f"v.signature IN (SELECT id FROM signatures WHERE {equal})", **dict(signature))  # noqa: S608
    if wanted.licences:
        found.among("v.licence", "licence", wanted.licences)
    if wanted.dataset is not None:
        found.add("v.id IN (SELECT variant FROM datasets WHERE dataset = :dataset)", dataset=wanted.dataset)
    for number, (name, least) in enumerate(wanted.metrics.items()):
        # asked of each row, because a list stops at its limit; most variants have some metric above any bound
        within = "" if wanted.dataset is None else " AND dataset = :dataset"
        condition = f"SELECT 1 FROM metrics WHERE variant = v.id AND name = :m{number} AND value >= :l{number}"  # noqa: S608
        found.add(f"EXISTS ({condition}{within})", **{f"m{number}": name, f"l{number}": least})
    for kind, most in (("ram", wanted.max_ram), ("flash", wanted.max_flash), ("latency", wanted.max_latency)):
        if most is not None:
            condition = (
                f"SELECT variant FROM figures WHERE target = :target AND kind = '{kind}' AND value <= :{kind}"  # noqa: S608
            )
            found.add(f"v.id IN ({condition})", **{kind: most})


def _supported(db: sqlite3.Connection, target: Target) -> str:
    """SQL for "the target supports it", the same verdict as `registry.support`."""
    from registry.capacity import totals
    from registry.support import SEGMENTATION

    signatures = db.execute("SELECT id, format, scheme, granularity, representation FROM signatures")
    taken = ", ".join(str(number) for number, *properties in signatures if target.engine_for(*properties))
    declared = "SELECT variant FROM support WHERE target = :target AND level ="
    accepted = f"v.signature IN ({taken}) AND v.id NOT IN ({declared} 'unsupported')"
    if not target.segments:
        accepted += f" AND v.task <> '{SEGMENTATION}'"
    for kind, whole in zip(("ram", "flash"), totals(target), strict=True):
        if whole is not None:
            same = f"target = :target AND kind = '{kind}' AND value > {whole}"
            accepted += f" AND v.id NOT IN (SELECT variant FROM figures WHERE {same})"  # noqa: S608 - our own words
    return f"(v.id IN ({declared} 'measured') OR ({accepted}))"


def _flipped(part: str) -> str:
    """The other direction, with unknown values still last."""
    if part.endswith("IS NULL"):
        return part
    return part.removesuffix(" DESC") if part.endswith(" DESC") else f"{part} DESC"
