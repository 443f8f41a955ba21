"""A pull of 256 MB over loopback, verified, against `curl | tee | sha256sum` and the standard library."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.measure import Command, Pair, environment, pairs, run
from benchmarks.report import Row, memory_row, ratio_row
from benchmarks.setting import Setting

BOUND = 1.1
STDLIB_BOUND = 1.0
MEGABYTES = 120.0
SLOW = 10e6
SLOW_BOUND = 0.6
_MIB = 1 << 20

STDLIB = """
import hashlib, sys, urllib.request
sha = hashlib.sha256()
with urllib.request.urlopen(sys.argv[1]) as answer, open(sys.argv[2], "wb") as file:
    while chunk := answer.read(1 << 20):
        sha.update(chunk)
        file.write(chunk)
print(sha.hexdigest())
"""


def measure(setting: Setting) -> Iterator[Row]:
    """Rows of time against two peers, and of memory."""
    from benchmarks.catalogue import write_single
    from benchmarks.server import serving

    folder = setting.fresh("transfer")
    size = (256 if setting.cards >= 1000 else 16) * _MIB
    family = write_single(folder / "cards", folder / "mirror", setting.seed, size)
    digest = next((folder / "mirror" / "blobs" / "sha256").iterdir()).name
    rounds = min(setting.rounds, 7)
    with serving(folder / "mirror") as url:
        ours = _ours(setting, folder, family, url)
        address, copy = f"{url}/blobs/sha256/{digest}", folder / "copy"
        named = f"pull of {size / 1e6:.0f} MB over loopback, verified"
        both: list[Pair] = []
        if shutil.which("curl") and shutil.which("sha256sum"):
            line = f"curl -s {address} | tee {copy} | sha256sum"
            both.append(pairs(ours, _peer(setting, folder, ("sh", "-c", line)), rounds))
            yield ratio_row(f"{named} / `curl -s URL \\| tee FILE \\| sha256sum`", both[-1], BOUND)
        else:
            yield Row(f"{named} / curl", skipped="needs curl and sha256sum")
        stdlib = _peer(setting, folder, (sys.executable, "-c", STDLIB, address, str(copy)))
        both.append(pairs(ours, stdlib, rounds))
        yield ratio_row(f"{named} / urllib and hashlib in turn", both[-1], STDLIB_BOUND)
        start = run(setting.ours("--help")).peak
        peak = max(sample.peak for pair in both for sample in pair.ours)
        yield memory_row("pull: peak memory above `zoo --help`", peak - start, MEGABYTES)
    if both[1:]:
        yield from _slow_link(setting)


def _slow_link(setting: Setting) -> Iterator[Row]:
    """Rows of a server that gives each connection little."""
    from benchmarks.catalogue import write_single
    from benchmarks.server import serving

    folder = setting.fresh("slow")
    size = 64 * _MIB
    family = write_single(folder / "cards", folder / "mirror", setting.seed, size)
    digest = next((folder / "mirror" / "blobs" / "sha256").iterdir()).name
    with serving(folder / "mirror", SLOW) as url:
        line = f"curl -s {url}/blobs/sha256/{digest} | tee {folder / 'copy'} | sha256sum"
        pair = pairs(
            _ours(setting, folder, family, url), _peer(setting, folder, ("sh", "-c", line)), min(setting.rounds, 5)
        )
    name = f"pull of {size / 1e6:.0f} MB, each connection limited to {SLOW / 1e6:.0f} MB/s"
    yield ratio_row(f"{name} / `curl -s URL \\| tee FILE \\| sha256sum`", pair, SLOW_BOUND)
    peak = max(sample.peak for sample in pair.ours) - run(setting.ours("--help")).peak
    yield memory_row("the same: peak memory above `zoo --help`", peak, MEGABYTES)


def _ours(setting: Setting, folder: Path, family: str, url: str) -> Command:
    cache, out = folder / "cache", folder / "out"
    places = ("--cards", str(folder / "cards"), "--cache", str(cache), "--mirror", url, "-o", str(out))
    before = _without(cache / "blobs", out)
    return setting.ours("pull", family, "--target", "imx8mp", *places, folder=folder, before=before)


def _peer(setting: Setting, folder: Path, arguments: tuple[str, ...]) -> Command:
    return Command(arguments, environment(setting.work / "home"), folder, _without(folder / "copy"))


def _without(*paths: Path) -> Callable[[], None]:
    """Removes what the run before left, outside the measured time."""

    def remove() -> None:
        for path in paths:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    return remove
