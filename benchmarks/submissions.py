"""The table of the submissions in `tests/submissions/`: verdict, reasons and time of each, as Markdown.

    python -m benchmarks.submissions

Each is judged by a `zoo check` of its own in a fresh repository, with a cache of its own, so that the time has
everything in it: start-up, fetching, hashing, inspecting and measuring again. Processor time is that of the command
and all that it starts, which other work on the machine disturbs less.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.submissions.cases import KINDS, REAL, Case, cases, found_repository

COMMAND = Path(sys.executable).with_name("zoo")


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as place:
        published = found_repository(Path(place, "published"))
        print("| Submission | What it is | Verdict | Reason, at the line | By the clock, s | Processor, s |")
        print("| --- | --- | --- | --- | ---: | ---: |")
        for kind in KINDS:
            for case in cases(kind):
                if case.real and not REAL.is_dir():
                    print(f"{case.name}: not judged, ../shared/real is not here", file=sys.stderr)
                    continue
                print("| " + " | ".join(_row(case, published, Path(place, case.name))) + " |")


def _row(case: Case, published: Path, folder: Path) -> Iterator[str]:
    repository = folder / "repository"
    shutil.copytree(published, repository)
    case.submit(repository)
    variables = {name: value for name, value in os.environ.items() if not name.startswith("ZOO_")}
    started, before = time.perf_counter(), _processor()
    done = subprocess.run(
        [COMMAND, *case.command, "--format", "json"],
        cwd=repository,
        env={**variables, "ZOO_CACHE": str(folder / "cache")},
        capture_output=True,
        check=False,
    )
    seconds, processor = time.perf_counter() - started, _processor() - before
    report = json.loads(done.stdout)
    problems = [problem for entry in report["entries"] for problem in entry["problems"]]
    reasons = Counter(f"`{one['rule']}` {one['file']}:{one['line']}" for one in problems)
    yield from (
        f"`{case.name}`",
        case.about,
        report["verdict"],
        "<br>".join(reasons),
        f"{seconds:.2f}",
        f"{processor:.2f}",
    )


def _processor() -> float:
    """Seconds of processor time that the commands run so far have taken."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


if __name__ == "__main__":
    main()
