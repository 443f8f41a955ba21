"""`python -m tests.fuzz --format tflite --executions N --seed S` (see README.md here)."""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.fuzz.formats import FORMATS
from tests.fuzz.run import Outcome, fuzz


def main() -> int:
    """Fuzz one format in several processes; 1 when anything failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--format", choices=sorted(FORMATS), required=True)
    parser.add_argument("--executions", type=int, default=100_000, help="of all processes together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--failures", type=Path, default=Path("fuzz-failures"), help="where to put what fails")
    chosen = parser.parse_args()
    began = time.monotonic()
    share = -(-chosen.executions // chosen.processes)
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(chosen.processes) as executor:
        waiting = [
            executor.submit(fuzz, FORMATS[chosen.format], share, chosen.seed * 1000 + number, Path(folder))
            for number in range(chosen.processes)
        ]
        outcomes = [future.result() for future in waiting]
    return report(outcomes, chosen.failures, time.monotonic() - began)


def report(outcomes: list[Outcome], folder: Path, seconds: float) -> int:
    """Say what was seen, and keep the files that failed."""
    total = sum(outcome.executions for outcome in outcomes)
    accepted = sum(outcome.accepted for outcome in outcomes)
    sys.stdout.write(f"{total} executions in {seconds:.0f} s, {total / seconds:.0f} a second\n")
    sys.stdout.write(f"{accepted} gave a graph, the rest a ZooError or a failure below\n")
    sys.stdout.write(f"steps seen: {[outcome.edges for outcome in outcomes]}, ")
    sys.stdout.write(f"files that went new ways: {[outcome.pool for outcome in outcomes]}\n")
    counts: Counter[str] = sum((outcome.count for outcome in outcomes), Counter())
    files = {failure: data for outcome in outcomes for failure, data in outcome.failures.items()}
    for failure, data in files.items():
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / hashlib.sha256(data).hexdigest()[:16]
        path.write_bytes(data)
        sys.stdout.write(f"{counts[failure]} times {failure}: {path} ({len(data)} bytes)\n")
    return 1 if files else 0


if __name__ == "__main__":
    sys.exit(main())
