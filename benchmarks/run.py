"""Run the measurements: `python -m benchmarks.run [GROUP ...]`, all groups when none is named; see README.md."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks import (
    evaluation,
    inspection,
    judgement,
    large,
    metrics,
    pull,
    quantization,
    start,
    synchronisation,
    training,
    transfer,
    validation,
)
from benchmarks.measure import FailedError
from benchmarks.report import Row, markdown
from benchmarks.setting import Setting

GROUPS: dict[str, Callable[[Setting], Iterator[Row]]] = {
    "start": start.measure,
    "pull": pull.measure,
    "transfer": transfer.measure,
    "inspect": inspection.measure,
    "metrics": metrics.measure,
    "evaluate": evaluation.measure,
    "train": training.measure,
    "quantize": quantization.measure,
    "sync": synchronisation.measure,
    "catalogue": large.measure,
    "validate": validation.measure,
    "check": judgement.measure,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure `zoo` side by side with its peers. Exit code 1 when a bound is missed or a run fails."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="zoo-benchmarks-") as temporary:
        work = Path(options.work or temporary).absolute()
        work.mkdir(parents=True, exist_ok=True)
        setting = Setting(options.zoo, work, options.rounds, options.cards, options.validated, options.seed)
        rows = list(_measured(options.groups or list(GROUPS), setting))
    if options.json:
        print(json.dumps({"machine": machine(), "rows": [row.to_json() for row in rows]}, indent=2))
    else:
        print(machine() + "\n")
        print(markdown(rows))
    return 1 if any(row.failed or row.good is False for row in rows) else 0


def machine() -> str:
    """The class of this machine, without its name."""
    cores = f"{os.cpu_count()} cores, {platform.machine()}"
    return f"{cores}, {platform.system()}, {platform.python_implementation()} {platform.python_version()}"


def _measured(groups: Sequence[str], setting: Setting) -> Iterator[Row]:
    for group in groups:
        try:
            for row in GROUPS[group](setting):
                setting.say(f"{row.name}: {row.ours} {row.shown or row.skipped}")
                yield row
        except FailedError as failure:
            setting.say(str(failure))
            yield Row(group, skipped=str(failure).splitlines()[0], failed=True)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=main.__doc__)
    parser.add_argument(
        "groups", nargs="*", metavar="GROUP", help=f"of {', '.join(GROUPS)}; all when none is named"
    )
    parser.add_argument("--quick", action="store_true", help="small sizes and few rounds: does it run at all?")
    parser.add_argument("--rounds", type=int, help="pairs of runs for each comparison")
    parser.add_argument("--cards", type=int, help="cards of the generated catalogue, ten variants each")
    parser.add_argument("--validated", type=int, help="cards that are validated, ten variants each")
    parser.add_argument("--seed", type=int, default=1, help="of the generated catalogue")
    parser.add_argument("--work", metavar="DIR", help="keep generated cards and caches here and use them again")
    parser.add_argument("--zoo", metavar="FILE", default=_installed(), help="the installed console script")
    parser.add_argument("--json", action="store_true", help="every sample, as JSON")
    options = parser.parse_args(arguments)
    sizes = {"rounds": (21, 3), "cards": (10_000, 60), "validated": (1_000, 60)}
    for name, (full, small) in sizes.items():
        if getattr(options, name) is None:
            setattr(options, name, small if options.quick else full)
    if unknown := [group for group in options.groups if group not in GROUPS]:
        parser.error(f"unknown group {unknown[0]!r}: choose of {', '.join(GROUPS)}")
    if not Path(options.zoo).is_file():
        parser.error(f"no console script at {options.zoo}: install the project, or say --zoo")
    return options


def _installed() -> str:
    return str(Path(sysconfig.get_path("scripts"), "zoo.exe" if os.name == "nt" else "zoo"))


if __name__ == "__main__":
    sys.exit(main())
