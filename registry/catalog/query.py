"""Filters and orders over the index, as one SQL statement."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from registry.constraints import Constraints
    from registry.target import Target

SORTS = ("name", "accuracy", "latency", "ram", "flash", "size", "resolution")


class Filter(NamedTuple):
    """What `zoo list` asks for. None matches anything.

    Attributes:
        constraints: What a variant must satisfy; the same that `zoo pull` takes.
        names: Full names to choose from, or None for all.
        target: Only variants that it supports; also the target that the figures are of.
        sort: One of `SORTS`. Accuracy orders within each dataset, split and protocol.
        limit: Most rows, or None.
    """

    constraints: Constraints
    names: tuple[str, ...] | None = None
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
    "latency": "latency.value IS NULL, latency.value, v.full_name",
    "ram": "ram.value IS NULL, ram.value, v.full_name",
    "flash": "flash.value IS NULL, flash.value, v.full_name",
    "size": "v.size IS NULL, v.size, v.full_name",
    "resolution": "v.height IS NULL, v.height * v.width, v.full_name",
}

_LEVEL = """CASE WHEN s.level = 'measured' THEN 'measured' WHEN s.level = 'declared' THEN 'declared'
            WHEN v.signature IN ({taken}) THEN 'compatible' END"""


def select(db: sqlite3.Connection, filter_: Filter, target: Target | None, *, documents: bool) -> Iterator[Row]:
    """Rows that pass, in the filter's order; without documents, that field is empty."""
    sql, values = _statement(db, filter_, target, "d.document" if documents else "''")
    for row in db.execute(sql, values):
        yield Row(*row)._replace(pinned=bool(row[9]))


class _Conditions:
    """Collects conditions and the values of their named parameters."""

    def __init__(self, **values: Any) -> None:
        self.where: list[str] = []
        self.values: dict[str, Any] = values

    def add(self, condition: str, **values: Any) -> None:
        self.where.append(condition)
        self.values |= values

    def equal(self, column: str, value: Any) -> None:
        if value is not None:
            key = column.rpartition(".")[2]
            self.add(f"{column} = :{key}", **{key: value})

    def among(self, column: str, key: str, choices: Iterable[str]) -> None:
        values = {f"{key}{number}": choice for number, choice in enumerate(choices)}
        self.add(f"{column} IN ({', '.join(':' + name for name in values)})", **values)


def _statement(
    db: sqlite3.Connection, filter_: Filter, target: Target | None, document: str
) -> tuple[str, dict[str, Any]]:
    limit = -1 if filter_.limit is None else filter_.limit
    found = _Conditions(target=target.name if target else "", limit=limit)
    for column in ("task", "availability", "pinned"):
        found.equal(f"v.{column}", getattr(filter_, column))
    if filter_.names is not None:
        found.among("v.full_name", "n", filter_.names)
    _constrain(found, filter_.constraints)
    level = "NULL"
    if target is not None:
        level, condition = _supported(db, target)
        found.add(condition)
    return _sql(level, found.where, filter_, document), found.values


def _constrain(found: _Conditions, wanted: Constraints) -> None:
    """The same conditions as `registry.violation`, as SQL."""
    for column in ("publisher", "height", "width", "classes"):
        found.equal(f"v.{column}", getattr(wanted, column))
    signature = [(name, value) for name in ("format", "scheme", "granularity") if (value := getattr(wanted, name))]
    if signature:
        equal = " AND ".join(f"{name} = :{name}" for name, _ in signature)
        found.add(f"v.signature IN (SELECT id FROM signatures WHERE {equal})", **dict(signature))  # noqa: S608
    if wanted.licences:
        found.among("v.licence", "licence", wanted.licences)
    if wanted.dataset is not None:
        found.add("v.id IN (SELECT variant FROM datasets WHERE dataset = :dataset)", dataset=wanted.dataset)
    for number, (name, least) in enumerate(wanted.metrics.items()):
        within = "" if wanted.dataset is None else " AND dataset = :dataset"
        condition = f"SELECT variant FROM metrics WHERE name = :m{number} AND value >= :l{number}{within}"  # noqa: S608
        found.add(f"v.id IN ({condition})", **{f"m{number}": name, f"l{number}": least})
    for kind, most in (("ram", wanted.max_ram), ("flash", wanted.max_flash), ("latency", wanted.max_latency)):
        if most is not None:
            condition = (
                f"SELECT variant FROM figures WHERE target = :target AND kind = '{kind}' AND value <= :{kind}"  # noqa: S608
            )
            found.add(f"v.id IN ({condition})", **{kind: most})


def _supported(db: sqlite3.Connection, target: Target) -> tuple[str, str]:
    """SQL for the level of support and for the condition, the same verdict as `registry.support`."""
    signatures = db.execute("SELECT id, format, scheme, granularity, representation FROM signatures")
    taken = ", ".join(str(number) for number, *properties in signatures if target.engine_for(*properties))
    level = _LEVEL.format(taken=taken)
    condition = f"(s.level = 'measured' OR (v.signature IN ({taken}) AND s.level IS NOT 'unsupported'))"
    return level, condition


def _sql(level: str, where: list[str], filter_: Filter, document: str) -> str:
    order = _ORDERS[filter_.sort]
    if filter_.reverse:
        order = ", ".join(_flipped(part) for part in order.split(", "))
    condition = " AND ".join(where) or "1"
    # wide rows are joined after the limit, so that sorting moves only ids
    return f"""
        WITH chosen AS (
            SELECT v.id AS id, {level} AS level, latency.value AS latency, ram.value AS ram, flash.value AS flash,
                   row_number() OVER (ORDER BY {order}) AS place
            FROM variants v
            LEFT JOIN support s ON s.variant = v.id AND s.target = :target
            LEFT JOIN figures latency
                ON latency.variant = v.id AND latency.target = :target AND latency.kind = 'latency'
            LEFT JOIN figures ram ON ram.variant = v.id AND ram.target = :target AND ram.kind = 'ram'
            LEFT JOIN figures flash ON flash.variant = v.id AND flash.target = :target AND flash.kind = 'flash'
            WHERE {condition} ORDER BY place LIMIT :limit
        )
        SELECT v.full_name, g.format, g.scheme, g.granularity, v.height, v.width, v.classes, v.availability,
               v.licence, v.pinned, v.size, v.accuracy, v.conditions, c.level, c.latency, c.ram, c.flash, {document}
        FROM chosen c JOIN variants v ON v.id = c.id JOIN signatures g ON g.id = v.signature
        LEFT JOIN documents d ON d.variant = v.id ORDER BY c.place"""  # noqa: S608


def _flipped(part: str) -> str:
    """The other direction, with unknown values still last."""
    if part.endswith("IS NULL"):
        return part
    return part.removesuffix(" DESC") if part.endswith(" DESC") else f"{part} DESC"
