"""Validating many cards: time, and memory that does not grow with their number."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from benchmarks.measure import Sample, Spread, Watch, run
from benchmarks.report import Row, memory_row
from benchmarks.setting import Setting

SECONDS = 20.0
RUNS = 3
GROWTH = 1.2
"""Peak memory for four times the cards: what `flat` means here. Names that parents are looked up in may stay."""


def measure(setting: Setting) -> Iterator[Row]:
    """Rows of time and of memory."""
    fewer = max(1, setting.validated // 4)
    runs = [(_validated(setting, setting.validated), _validated(setting, fewer)) for _ in range(RUNS)]
    walls = Spread.of([many.wall for (many, _), _ in runs])
    processor = Spread.of([many.processor for (many, _), _ in runs])
    yield Row(
        f"validating {setting.validated} cards of ten variants",
        f"{walls.middle:.1f} s",
        value=walls.middle,
        bound=SECONDS,
        unit="s",
        shown=f"{walls.least:.1f} to {walls.greatest:.1f} s, processor {processor.middle:.1f} s",
        details={"walls": [many.wall for (many, _), _ in runs]},
    )
    peak = max(sample.peak for pair in runs for sample, _ in pair)
    yield memory_row("validating: peak memory of the largest process", peak, None)
    many_main, few_main = (statistics.median([pair[side][1] for pair in runs]) for side in (0, 1))
    name = f"validating: peak memory of the main process, {setting.validated} / {fewer} cards"
    if not few_main:
        yield Row(name, skipped="no /proc on this system")
        return
    ratio = many_main / few_main
    ours, peer = (f"{main / 1e6:.1f} MB" for main in (many_main, few_main))
    yield Row(name, ours, peer, ratio, GROWTH, shown=f"{ratio:.2f}")


def _validated(setting: Setting, cards: int) -> tuple[Sample, int]:
    """A run, and the peak memory of its main process."""
    folder = setting.generated(cards)
    watch = Watch(every=0.02)
    sample = run(setting.ours("validate", "--cards", str(folder), "--quiet"), watch)
    return sample, watch.main
