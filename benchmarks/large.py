"""A generated catalogue of 100 000 variants: compiling it, after one card changed, and queries."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Pair, Watch, pairs, run
from benchmarks.report import Row, added_row, memory_row
from benchmarks.setting import Setting

COMPILE_SECONDS = 180.0
CHANGE_SECONDS = 1.0
QUERY_MILLISECONDS = 60.0
QUERY_MEGABYTES = 200.0
CORES = 2

QUERIES = (
    "list deeplabv3 --target stm32n6 --quantization int8 --max-latency 40ms --sort accuracy --limit 20",
    "list --sort latency --limit 20",
    "list --target imx8mp --quantization int8 --min-metric mean-iou=70% --sort size --limit 20",
    "list --target tda4vm --max-ram 2.5MiB --max-flash 4MiB --sort ram --limit 20 --format json",
    "list --file-format tflite --dataset cityscapes --sort accuracy --limit 20",
    "list unet --publisher publisher07 --sort resolution --limit 20 --format csv",
)


def measure(setting: Setting) -> Iterator[Row]:
    """Rows of compiling, of a changed card and of the queries."""
    cards = setting.generated(setting.cards)
    yield from _compile(setting, cards)
    yield _change(setting, cards)
    yield from _queries(setting, cards)


def _places(setting: Setting, cards: Path) -> tuple[str, ...]:
    return ("--cards", str(cards), "--cache", str(setting.work / "index"))


def _compile(setting: Setting, cards: Path) -> Iterator[Row]:
    setting.fresh("index")
    watch = Watch(every=0.25)
    with _two_cores():
        sample = run(setting.ours("list", "--limit", "1", *_places(setting, cards)), watch)
    size = sum(file.stat().st_size for file in (setting.work / "index").rglob("*.sqlite3"))
    yield Row(
        f"compiling {setting.cards} cards from nothing, {CORES} cores",
        f"{sample.wall:.1f} s",
        value=sample.wall,
        bound=COMPILE_SECONDS,
        unit="s",
        shown=f"processor {sample.processor:.1f} s, index {size / 1e6:.0f} MB",
        details={"index_bytes": size},
    )
    together = f"{watch.together / 1e6:.0f} MB in all processes, shared pages once" if watch.together else ""
    yield memory_row("compiling: peak memory of the largest process", sample.peak, None, shown=together)


@contextlib.contextmanager
def _two_cores() -> Iterator[None]:
    """Keep the processes that are started meanwhile on two cores, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[:CORES])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def _change(setting: Setting, cards: Path) -> Row:
    card = next((cards / "publisher00").glob("*.yaml"))
    text = card.read_text(encoding="utf-8").rstrip("\n")

    def touch() -> None:
        nonlocal text
        text += "\n# changed"
        card.write_text(text + "\n", encoding="utf-8")

    arguments = ("list", "--limit", "20", *_places(setting, cards))
    pair = pairs(setting.ours(*arguments, before=touch), setting.ours(*arguments), min(setting.rounds, 11))
    return added_row(
        "first `zoo list --limit 20` after one card changed / nothing changed", pair, CHANGE_SECONDS, "s"
    )


def _queries(setting: Setting, cards: Path) -> Iterator[Row]:
    peak = 0
    start = setting.ours("list", "--limit", "20")
    for query in QUERIES:
        ours = setting.ours(*query.split(), *_places(setting, cards))
        pair = pairs(ours, start, setting.rounds)
        peak = max(peak, _peak(pair))
        yield added_row(f"query: `zoo {query}` / start-up", pair, QUERY_MILLISECONDS, "ms")
    yield memory_row("queries: greatest peak memory", peak, QUERY_MEGABYTES)


def _peak(pair: Pair) -> int:
    return max(sample.peak for sample in pair.ours)
