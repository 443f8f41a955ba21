"""`zoo sync` of a thousand variants into an empty SQLite database, and again when nothing has changed."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import Command, run
from benchmarks.report import Row
from benchmarks.setting import Setting

FIRST, UNCHANGED = 60.0, 3.0
_VARIANTS_A_CARD = 10


def measure(setting: Setting) -> Iterator[Row]:
    """A row for the first sync, one for the next; the whole process by the clock."""
    cards = min(100, setting.validated)
    database = setting.fresh("synchronised") / "runs.db"
    words = ("sync", "--cards", str(setting.generated(cards)), "--tracking", f"sqlite:///{database}", "--quiet")
    command, name = setting.ours(*words), f"`zoo sync` of {cards * _VARIANTS_A_CARD} variants"
    yield _row(f"{name}, the first time", command, FIRST)
    yield _row(f"{name}, nothing changed", command, UNCHANGED)


def _row(name: str, command: Command, bound: float) -> Row:
    sample = run(command)
    return Row(
        name,
        f"{sample.wall:.1f} s",
        value=sample.wall,
        bound=bound,
        unit="s",
        shown=f"processor {sample.processor:.1f} s",
    )
