"""Rows of the result table, as Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.measure import Pair, Spread

TITLES = ("Measurement", "Ours", "Peer", "Ratio or difference", "Bound", "OK?")


@dataclass(frozen=True)
class Row:
    """One measurement.

    Attributes:
        name: What was measured.
        ours, peer: Values of the two sides, for people; empty where there is none.
        value: What is held against the bound.
        bound: Most that the value may be; None when nothing is asked.
        unit: `x` for a ratio, `ms`, `s` or `MB`.
        shown: The value for people, with its spread.
        details: Further numbers for `--json`.
        skipped: Why it was not measured; empty when it was.
        failed: Whether that is because `zoo` did not end well.
    """

    name: str
    ours: str = ""
    peer: str = ""
    value: float | None = None
    bound: float | None = None
    unit: str = "x"
    shown: str = ""
    details: dict[str, Any] | None = None
    skipped: str = ""
    failed: bool = False

    @property
    def good(self) -> bool | None:
        """Whether the bound is kept; None when there is none, or no value."""
        return None if self.value is None or self.bound is None else self.value <= self.bound

    def to_json(self) -> dict[str, Any]:
        """The row as plain data."""
        return {**asdict(self), "good": self.good}


def ratio_row(name: str, pair: Pair, bound: float | None) -> Row:
    """A row whose value is the median ratio of the time by the clock."""
    ratio = pair.ratio
    return Row(
        name,
        _milliseconds(_walls(pair.ours)),
        _milliseconds(_walls(pair.peer)),
        ratio.middle,
        bound,
        "x",
        f"{ratio.middle:.2f} ({ratio.least:.2f} to {ratio.greatest:.2f})",
        {**_details(pair), "processor_ratio": asdict(pair.processor_ratio)},
    )


def added_row(name: str, pair: Pair, bound: float, unit: str) -> Row:
    """A row whose value is the median difference of the time by the clock, in `ms` or `s`."""
    scale = 1000 if unit == "ms" else 1
    least, middle, greatest = (part * scale for part in asdict(pair.added).values())
    digits = 0 if unit == "ms" else 2
    return Row(
        name,
        _milliseconds(_walls(pair.ours)),
        _milliseconds(_walls(pair.peer)),
        middle,
        bound,
        unit,
        f"{middle:+.{digits}f} {unit} ({least:.{digits}f} to {greatest:.{digits}f})",
        _details(pair),
    )


def memory_row(name: str, peak: float, bound: float | None, *, shown: str = "") -> Row:
    """A row whose value is megabytes of memory."""
    megabytes = peak / 1e6
    return Row(name, f"{megabytes:.0f} MB", "", megabytes, bound, "MB", shown)


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [TITLES, tuple("---" for _ in TITLES)]
    lines += [
        (row.name, row.ours or "-", row.peer or "-", row.skipped or row.shown or "-", _bound(row), _verdict(row))
        for row in rows
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _bound(row: Row) -> str:
    if row.bound is None:
        return "-"
    return f"{row.bound:g}" if row.unit == "x" else f"{row.bound:g} {row.unit}"


def _verdict(row: Row) -> str:
    if row.skipped:
        return "**failed**" if row.failed else "skipped"
    return {True: "yes", False: "**no**", None: "-"}[row.good]


def _walls(samples: Sequence[Any]) -> Spread:
    return Spread.of([sample.wall for sample in samples])


def _milliseconds(spread: Spread) -> str:
    return f"{spread.middle * 1000:.0f} ms"


def _details(pair: Pair) -> dict[str, Any]:
    return {
        "rounds": len(pair.ours),
        "ours": [asdict(sample) for sample in pair.ours],
        "peer": [asdict(sample) for sample in pair.peer],
    }
