"""Metrics of one image of 512 by 512 pixels with 21 classes and void, under each protocol and under all."""

from __future__ import annotations

import functools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.measure import FailedError, Spread
from benchmarks.report import Row
from benchmarks.setting import Setting

BOUND = 3.0
_SIDE = 512
_CLASSES = 21
_IMAGES = 50


def measure(setting: Setting) -> Iterator[Row]:
    """A row for the confusion matrix, each protocol, and all in one pass.

    The process that measures stays small, so another one loads numpy and times the calls.
    """
    program = (sys.executable, "-m", "benchmarks.metrics", str(setting.rounds))
    result = subprocess.run(
        program, capture_output=True, text=True, check=False, cwd=Path(__file__).resolve().parents[1]
    )
    if result.returncode:
        raise FailedError(f"{' '.join(program)}: {result.stderr}")
    for name, times in json.loads(result.stdout).items():
        spread = Spread.of(times)
        yield Row(
            f"metrics of a {_SIDE}x{_SIDE} image, {_CLASSES} classes: {name}",
            f"{spread.middle:.2f} ms",
            value=spread.middle,
            bound=BOUND,
            unit="ms",
            shown=f"{spread.least:.2f} to {spread.greatest:.2f} ms",
            details={"milliseconds": times},
        )


def main(rounds: int) -> None:
    """Print milliseconds an image: medians of 50 images, by what was computed, one for each round."""
    import numpy as np

    from registry.metrics import PROTOCOLS, Pair, Run, confusion_matrix
    from registry.samples.pictures import VOID

    random = np.random.default_rng(1)
    mask = random.integers(0, _CLASSES, (_SIDE, _SIDE), dtype=np.uint8)
    mask[random.random(mask.shape) < 0.05] = VOID
    pair = Pair(random.integers(0, _CLASSES, mask.shape), mask)
    calls: dict[str, Callable[[], object]] = {"confusion matrix": lambda: confusion_matrix(pair, _CLASSES, "image")}
    for protocols in (*((name,) for name in PROTOCOLS), PROTOCOLS):
        run = Run(_CLASSES, protocols)
        name = f"`{protocols[0]}`" if len(protocols) == 1 else "all four protocols"
        calls[name] = functools.partial(run.add, "image", pair, pair)
    print(json.dumps({name: [_timed(call) for _ in range(rounds)] for name, call in calls.items()}))


def _timed(call: Callable[[], object]) -> float:
    found = []
    for _ in range(_IMAGES):
        start = time.perf_counter()
        call()
        found.append((time.perf_counter() - start) * 1000)
    return statistics.median(found)


if __name__ == "__main__":
    main(int(sys.argv[1]))
