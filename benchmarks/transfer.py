"""A pull of 256 MB over loopback, verified, against other programs; slow and far links; a pull of what is there."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks import peers
from benchmarks.measure import Command, Pair, environment, pairs, run
from benchmarks.report import Row, added_row, memory_row, ratio_row
from benchmarks.setting import Setting

BOUND = 1.1
OTHERS_BOUND = 1.0
MEGABYTES = 120.0
SLOW = 10e6
SLOW_BOUND = 0.6
FAR = 0.02
FAR_BOUND = 0.5
FILES = 40
NO_READ_MILLISECONDS = 10.0
_MIB = 1 << 20


def measure(setting: Setting) -> Iterator[Row]:
    """Rows of time against all peers, and of memory."""
    yield from _large(setting)
    yield from _unchanged(setting)
    yield from _far_link(setting)
    yield from _slow_link(setting)


def _large(setting: Setting) -> Iterator[Row]:
    from benchmarks.catalogue import write_single
    from benchmarks.server import serving

    folder = setting.fresh("transfer")
    size = (256 if setting.cards >= 1000 else 16) * _MIB
    family = write_single(folder / "cards", folder / "mirror", setting.seed, size)
    digest = next((folder / "mirror" / "blobs" / "sha256").iterdir()).name
    rounds = min(setting.rounds, 7)
    named = f"pull of {size / 1e6:.0f} MB over loopback, verified"
    found: list[Pair] = []
    programs = peers.installed(setting)
    with serving(folder / "mirror") as url:
        ours = _ours(setting, folder, family, url)
        for name, bound, arguments in _peers(f"{url}/blobs/sha256/{digest}", folder / "copy", digest, programs):
            found.append(pairs(ours, _peer(setting, folder, arguments), rounds))
            yield ratio_row(f"{named} / {name}", found[-1], bound)
    yield from _skipped(named, programs)
    if programs:
        with peers.bucket(programs, folder / "mirror") as url:
            ours = _ours(setting, folder, family, f"{url}/{peers.BUCKET}")
            place = f"s3://{peers.BUCKET}/blobs/sha256/{digest}"
            copy = (str(programs / "aws"), "--endpoint-url", url, "s3", "cp", place, str(folder / "copy"))
            found.append(pairs(ours, _peer(setting, folder, copy, peers.ACCESS), rounds))
        yield ratio_row(f"{named}, from moto's server / `aws s3 cp`, which hashes nothing", found[-1], OTHERS_BOUND)
    peak = max(sample.peak for pair in found for sample in pair.ours) - run(setting.ours("--help")).peak
    yield memory_row("pull: peak memory above `zoo --help`", peak, MEGABYTES)


def _peers(
    url: str, copy: Path, digest: str, programs: Path | None
) -> Iterator[tuple[str, float | None, tuple[str, ...]]]:
    """Name, bound and command line of each peer that fetches an address."""
    stdlib = (sys.executable, "-c", peers.STDLIB, url, str(copy))
    if shutil.which("curl") and shutil.which("sha256sum"):
        line = ("sh", "-c", f"curl -s {url} | tee {copy} | sha256sum")
        yield "`curl -s URL \\| tee FILE \\| sha256sum`", BOUND, line
    yield "urllib and hashlib in turn", OTHERS_BOUND, stdlib
    yield "the same, synced to the disk as ours is", None, (*stdlib, "synced")
    if programs:
        python = str(programs / "python")
        yield "pooch with `known_hash`", OTHERS_BOUND, (python, "-c", peers.POOCH, url, str(copy), digest)


def _skipped(named: str, programs: Path | None) -> Iterator[Row]:
    if not (shutil.which("curl") and shutil.which("sha256sum")):
        yield Row(f"{named} / curl", skipped="needs curl and sha256sum")
    if programs is None:
        yield Row(f"{named} / pooch, `aws s3 cp`", skipped="needs a package index")


def _unchanged(setting: Setting) -> Iterator[Row]:
    """Row of a pull of a large file that is there already, against one of a small one: nothing of it is read."""
    from benchmarks.catalogue import write_single

    commands = []
    for name, size in (("large", 256 * _MIB), ("small", 4096)):
        folder = setting.fresh(name)
        family = write_single(folder / "cards", folder / "mirror", setting.seed, size)
        pull = _ours(setting, folder, family, str(folder / "mirror"))
        run(pull)
        commands.append(replace(pull, before=lambda: None))
    pair = pairs(commands[0], commands[1], setting.rounds)
    yield added_row("pull of unchanged 268 MB / of unchanged 4 kB", pair, NO_READ_MILLISECONDS, "ms")


def _far_link(setting: Setting) -> Iterator[Row]:
    """Row of many files over a link with a delay."""
    from benchmarks.catalogue import write_single
    from benchmarks.server import serving

    folder = setting.fresh("far")
    family = write_single(folder / "cards", folder / "mirror", setting.seed, 1_000_000, FILES - 1)
    with serving(folder / "mirror", delay=FAR) as url:
        ours = _ours(setting, folder, family, url)
        python = str(Path(setting.zoo).with_name("python"))
        single = replace(ours, arguments=(python, "-c", peers.ONE_BY_ONE, *ours.arguments[1:]))
        pair = pairs(ours, single, min(setting.rounds, 7))
    name = f"pull of {FILES} files of 1 MB, {FAR * 1000:.0f} ms for each connection and each answer"
    yield ratio_row(f"{name} / one after the other", pair, FAR_BOUND)
    peak = max(sample.peak for sample in pair.ours) - run(setting.ours("--help")).peak
    yield memory_row("the same: peak memory above `zoo --help`", peak, MEGABYTES)


def _slow_link(setting: Setting) -> Iterator[Row]:
    """Rows of a server that gives each connection little."""
    from benchmarks.catalogue import write_single
    from benchmarks.server import serving

    if not (shutil.which("curl") and shutil.which("sha256sum")):
        return
    folder = setting.fresh("slow")
    size = 64 * _MIB
    family = write_single(folder / "cards", folder / "mirror", setting.seed, size)
    digest = next((folder / "mirror" / "blobs" / "sha256").iterdir()).name
    with serving(folder / "mirror", SLOW) as url:
        line = f"curl -s {url}/blobs/sha256/{digest} | tee {folder / 'copy'} | sha256sum"
        ours, peer = _ours(setting, folder, family, url), _peer(setting, folder, ("sh", "-c", line))
        pair = pairs(ours, peer, min(setting.rounds, 5))
    name = f"pull of {size / 1e6:.0f} MB, each connection limited to {SLOW / 1e6:.0f} MB/s"
    yield ratio_row(f"{name} / `curl -s URL \\| tee FILE \\| sha256sum`", pair, SLOW_BOUND)
    peak = max(sample.peak for sample in pair.ours) - run(setting.ours("--help")).peak
    yield memory_row("the same: peak memory above `zoo --help`", peak, MEGABYTES)


def _ours(setting: Setting, folder: Path, family: str, url: str) -> Command:
    cache, out = folder / "cache", folder / "out"
    places = ("--cards", str(folder / "cards"), "--cache", str(cache), "--mirror", url, "-o", str(out))
    before = _without(cache / "blobs", out)
    return setting.ours("pull", family, "--target", "imx8mp", *places, folder=folder, before=before)


def _peer(
    setting: Setting, folder: Path, arguments: tuple[str, ...], access: Mapping[str, str] | None = None
) -> Command:
    surroundings = {**environment(setting.work / "home"), **(access or {})}
    return Command(arguments, surroundings, folder, _without(folder / "copy"))


def _without(*paths: Path) -> Callable[[], None]:
    """Removes what the run before left, outside the measured time."""

    def remove() -> None:
        for path in paths:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    return remove
