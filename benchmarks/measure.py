"""Measure whole processes: time by the clock, processor time, peak memory; two commands in turn, as ratios.

The process that measures imports little on purpose: on Linux the peak memory that `wait4` reports of a child
is never below that of the process that started it.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

WARM_UPS = 2
_WIDE = 0.10
"""A spread of the middle half of the ratios above this share of the median is worth more rounds."""
_MOST_ROUNDS = 4
"""Times the asked number of rounds, at most."""


@dataclass(frozen=True)
class Sample:
    """One run of a process.

    Attributes:
        wall: Seconds by the clock, from start to the end of the process.
        processor: Seconds of user and system time, of all its processes.
        peak: Bytes of resident memory at the peak of its largest process.
    """

    wall: float
    processor: float
    peak: int


@dataclass(frozen=True)
class Spread:
    """The least, middle and greatest of several values."""

    least: float
    middle: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of at least one value."""
        return cls(min(values), statistics.median(values), max(values))


@dataclass(frozen=True)
class Command:
    """A command line with its surroundings.

    Attributes:
        arguments: Program and arguments.
        environment: All environment variables.
        folder: Working folder.
        before: Called before each run, outside the measured time.
    """

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    before: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Pair:
    """Two commands run in turn: samples in pairs, ours first."""

    ours: tuple[Sample, ...]
    peer: tuple[Sample, ...]

    @property
    def ratio(self) -> Spread:
        """Time by the clock, ours over the peer's, pair by pair."""
        return Spread.of([a.wall / b.wall for a, b in zip(self.ours, self.peer, strict=True)])

    @property
    def processor_ratio(self) -> Spread:
        """Processor time, ours over the peer's, pair by pair."""
        return Spread.of([a.processor / b.processor for a, b in zip(self.ours, self.peer, strict=True)])

    @property
    def added(self) -> Spread:
        """Seconds by the clock, ours less the peer's, pair by pair."""
        return Spread.of([a.wall - b.wall for a, b in zip(self.ours, self.peer, strict=True)])


class FailedError(Exception):
    """A measured command did not end well, so that its time means nothing."""


def environment(home: Path) -> dict[str, str]:
    """A bare environment: no settings of the user, no `ZOO_*` and `PYTHON*` variables, a home of its own."""
    kept = {
        name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT") if name in os.environ
    }
    return {
        **kept,
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
    }


def run(command: Command, watch: Watch | None = None) -> Sample:
    """Run a command to its end.

    Raises:
        FailedError: It ended with an exit code other than 0.
    """
    command.before()
    with contextlib.ExitStack() as stack:
        errors = stack.enter_context(_scratch())
        started = time.perf_counter()
        process = subprocess.Popen(
            command.arguments,
            env=command.environment,
            cwd=command.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        if watch:
            stack.enter_context(watch.following(process.pid))
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            said = errors.read().decode(errors="replace")[-2000:]
            program = Path(command.arguments[0]).name
            raise FailedError(f"{program} ended with {process.returncode}\n{' '.join(command.arguments)}\n{said}")
    scale = 1 if sys.platform == "darwin" else 1024
    return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * scale)


def pairs(ours: Command, peer: Command, rounds: int) -> Pair:
    """Run both in turn (ours, peer, ours, peer, ...) after warming up; more often where the spread is wide.

    Raises:
        FailedError: One of them did not end well.
    """
    for _ in range(WARM_UPS):
        run(ours)
        run(peer)
    found: list[tuple[Sample, Sample]] = []
    while len(found) < rounds or (_wide(found) and len(found) < rounds * _MOST_ROUNDS):
        found.append((run(ours), run(peer)))
    return Pair(tuple(a for a, _ in found), tuple(b for _, b in found))


def _wide(found: Sequence[tuple[Sample, Sample]]) -> bool:
    if len(found) < 2:
        return True
    low, middle, high = statistics.quantiles([a.wall / b.wall for a, b in found], n=4)
    return (high - low) / middle > _WIDE


@contextlib.contextmanager
def _scratch() -> Iterator[IO[bytes]]:
    import tempfile

    with tempfile.TemporaryFile() as file:
        yield file


@dataclass
class Watch:
    """Looks at a process and its children in `/proc` while they run; sees nothing where there is none.

    Attributes:
        main: Bytes at the peak of the process itself, without its children.
        together: Bytes at the peak of all its processes, shared pages counted once.
        every: Seconds between two looks.
    """

    main: int = 0
    together: int = 0
    every: float = 0.05
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def following(self, process: int) -> Iterator[None]:
        """Follow a process for the length of a block."""
        thread = threading.Thread(target=self._look, args=(process,))
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _look(self, process: int) -> None:
        while not self._stop.wait(self.every):
            self.main = max(self.main, _memory(process, "status", "VmHWM:"))
            together = sum(_memory(member, "smaps_rollup", "Pss:") for member in _tree(process))
            self.together = max(self.together, together)


def _memory(process: int, file: str, key: str) -> int:
    """Bytes that a line of a file in `/proc` states; 0 when the process or the file is not there."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/{file}").read_text(encoding="ascii").splitlines():
            if line.startswith(key):
                return int(line.split()[1]) * 1024
    return 0


def _tree(process: int) -> Iterator[int]:
    """A process and all below it."""
    yield process
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in children.read_text(encoding="ascii").split():
                yield from _tree(int(child))
