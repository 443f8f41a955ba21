"""A step of the reference family's trainings with real data against the same step on one batch again and again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import FailedError, Spread, run
from benchmarks.report import Row
from benchmarks.setting import Setting

BOUND = 1.1
RECIPES = ("deeplabv3-shapes-small", "deeplabv3-shapes")
_ROOT = Path(__file__).resolve().parents[1]
_STEPS, _THREADS = 12, 2
_MOST_ROUNDS = 7


def measure(setting: Setting) -> Iterator[Row]:
    """A row for each recipe; the process that measures stays small, so another one trains."""
    data = setting.work / "shapes-320"
    if not data.is_dir():
        setting.say("drawing 400 pictures")
        run(setting.ours("dataset", "make", "shapes", str(data), "--size", "320", "--count", "400"))
    rounds = min(setting.rounds, _MOST_ROUNDS)
    for recipe in RECIPES:
        program = (sys.executable, "-m", "benchmarks.training", recipe, str(data), str(rounds))
        result = subprocess.run(program, capture_output=True, text=True, check=False, cwd=_ROOT)
        if result.returncode:
            raise FailedError(f"{' '.join(program)}: {result.stderr}")
        found = json.loads(result.stdout.splitlines()[-1])
        pairs = list(zip(found["real"], found["cached"], strict=True))
        ratio = Spread.of([real / cached for real, cached in pairs])
        yield Row(
            f"training step of {recipe}.yaml, real data / one batch again and again",
            f"{Spread.of(found['real']).middle:.0f} ms",
            f"{Spread.of(found['cached']).middle:.0f} ms",
            ratio.middle,
            BOUND,
            "x",
            f"{ratio.middle:.2f} ({ratio.least:.2f} to {ratio.greatest:.2f})",
            found,
        )


def main(recipe: str, data: Path, rounds: int) -> None:
    """Print milliseconds a step, by what it was fed with, one number for each round."""
    from registry.samples import VocFolder
    from registry.training import document, execution, machine, network, samples
    from registry.training.loop import Trainer
    from registry.training.loss import cross_entropy

    how = document.read(_ROOT / "recipes" / f"{recipe}.yaml", {}).configuration
    machine.settle(how.seed, _THREADS)
    size = (how.network.height, how.network.width)
    images = tuple(VocFolder(data).samples("train"))
    decoded = samples.Decoded(images, size, 9, how.data.cache_mib << 20)
    for number in range(len(images)):
        decoded.read(number)
    model = execution.for_training(network.build(how.network, 9))
    trainer = Trainer(model, how, cross_entropy(None), _STEPS)
    stream = iter(
        samples.batches(decoded, how.augmentation, seed=0, batch=how.batch, first=0, epochs=1_000, threads=_THREADS)
    )
    batch = next(stream)

    def again() -> Iterator[Any]:
        while True:
            yield batch

    kept = again()
    trainer.epoch(0, kept, None, lambda _amount: None)
    times: dict[str, list[float]] = {"real": [], "cached": []}
    for _ in range(rounds):
        times["real"].append(_timed(lambda: trainer.epoch(0, stream, None, lambda _amount: None)))
        times["cached"].append(_timed(lambda: trainer.epoch(0, kept, None, lambda _amount: None)))
    print(json.dumps(times), flush=True)
    os._exit(0)  # pictures are still being prepared for steps that never come, and Python would wait for them


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - started) / _STEPS


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
