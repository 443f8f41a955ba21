"""Start-up: `zoo --help` and `zoo list` against a click program of one command."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import pairs
from benchmarks.report import Row, ratio_row
from benchmarks.setting import Setting

BOUND = 1.6


def measure(setting: Setting) -> Iterator[Row]:
    """Two rows."""
    help_pair = pairs(setting.ours("--help"), setting.bare("--help"), setting.rounds)
    yield ratio_row("`zoo --help` / bare click `--help`", help_pair, BOUND)
    list_pair = pairs(setting.ours("list"), setting.bare(), setting.rounds)
    yield ratio_row("`zoo list`, shipped catalogue / bare click", list_pair, BOUND)
