"""One process of the fuzzer: break a file, read it, judge what came of it, keep what went new ways."""

from __future__ import annotations

import random
import resource
import signal
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from registry.errors import ZooError
from tests.fuzz.formats import ROOT, Format
from tests.fuzz.mutate import mutate

TRACED = str(ROOT / "registry" / "inspect")
SECONDS = 2.0
ADDRESS_SPACE = 1 << 30
MEASURE_EVERY = 50
TRACE_EVERY = 5
MOST_KEPT = 2000


class TookTooLongError(BaseException):
    """A reader did not come back; no reader may catch this."""


@dataclass
class Outcome:
    """What a process saw.

    Attributes:
        executions: Files read.
        accepted: Files that gave a graph; the rest gave a `ZooError` or is in `failures`.
        edges: Steps from line to line that were seen.
        pool: Files that went new ways, the seeds included.
        failures: A file for each way to fail.
    """

    executions: int = 0
    accepted: int = 0
    edges: int = 0
    pool: int = 0
    failures: dict[str, bytes] = field(default_factory=dict)
    count: Counter[str] = field(default_factory=Counter)


class Edges:
    """Steps from line to line within the readers: how the fuzzer sees that a file went a new way."""

    def __init__(self) -> None:
        self.seen: set[tuple[CodeType, int, int]] = set()
        self._new = False

    def run(self, trial: Trial, data: bytes) -> str | None:
        """Read a file under watch."""
        self._new = False
        sys.settrace(self._enter)
        try:
            return trial(data)
        finally:
            sys.settrace(None)

    def took_new_step(self) -> bool:
        """Whether the last run took a step that none had taken before."""
        return self._new

    def _enter(self, frame: FrameType, _event: str, _argument: object) -> Any:
        code = frame.f_code
        if not code.co_filename.startswith(TRACED):
            return None
        before = 0

        def follow(inner: FrameType, _event: str, _argument: object) -> Any:
            nonlocal before
            edge = (code, before, inner.f_lineno)
            if edge not in self.seen:
                self.seen.add(edge)
                self._new = True
            before = inner.f_lineno
            return follow

        return follow


class Trial:
    """Reads one broken file under limits of time and memory."""

    def __init__(self, kind: Format, place: Path) -> None:
        self._kind = kind
        self._read = kind.read()
        self._place = place

    def __call__(self, data: bytes, *, measured: bool = False) -> str | None:
        """How reading a file failed: error and place, or a bound; None when it gave a graph or a `ZooError`."""
        self._place.write_bytes(data)
        self.accepted = False
        try:
            with limited_time():
                return self._measured(len(data)) if measured else self._once()
        except TookTooLongError:
            return f"no answer in {SECONDS} s"

    def _once(self) -> str | None:
        try:
            self._read(self._place)
            self.accepted = True
        except ZooError:
            pass
        except Exception as error:  # noqa: BLE001  every other error is what the fuzzer looks for
            return signature(error)
        return None

    def _measured(self, size: int) -> str | None:
        tracemalloc.start()
        try:
            failure = self._once()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        allowed = self._kind.memory_factor * size + self._kind.memory_base
        return failure or (f"memory above {self._kind.memory_factor} times the size" if peak > allowed else None)


def signature(error: BaseException) -> str:
    """What tells two failures apart: the error, and the last line of ours that it passed."""
    trace = error.__traceback__
    where = ""
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename
        if path.startswith(TRACED):
            where = f"{Path(path).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__} at {where}"


@contextmanager
def limited_time() -> Iterator[None]:
    """Stop a block that does not come back."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TookTooLongError

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def fuzz(kind: Format, executions: int, seed: int, folder: Path) -> Outcome:
    """Read so many broken files; keep one file for each way to fail in `folder`."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    chance = random.Random(seed)
    trial, edges, outcome = Trial(kind, folder / f"{seed}.trial"), Edges(), Outcome()
    pool = kind.seeds()
    for data in pool:
        _judge(outcome, data, edges.run(trial, data))
    for number in range(executions):
        # what came last went a new way most recently, and is worth more tries
        parent = chance.choice(pool[-16:] if chance.random() < 0.3 else pool)
        data = mutate(parent, chance, pool, kind.ways)
        traced = number % TRACE_EVERY == 0
        failure = edges.run(trial, data) if traced else trial(data, measured=number % MEASURE_EVERY == 1)
        outcome.executions += 1
        outcome.accepted += trial.accepted
        _judge(outcome, data, failure)
        if traced and failure is None and edges.took_new_step() and len(pool) < MOST_KEPT:
            pool.append(data)
    outcome.edges, outcome.pool = len(edges.seen), len(pool)
    outcome.failures = {failure: minimised(trial, data, failure) for failure, data in outcome.failures.items()}
    return outcome


def _judge(outcome: Outcome, data: bytes, failure: str | None) -> None:
    if failure is not None:
        outcome.count[failure] += 1
        if len(data) < len(outcome.failures.get(failure, data + b"\0")):
            outcome.failures[failure] = data


def minimised(trial: Trial, data: bytes, failure: str) -> bytes:
    """The same failure from fewer bytes, or from more zeros: pieces are left out or zeroed while it stays."""
    measured = failure.startswith("memory")
    size = len(data)
    while size >= 1:
        place = 0
        while place < len(data):
            rest = data[place + size :]
            zeros = bytes(min(size, len(data) - place))
            if rest + data[:place] and trial(data[:place] + rest, measured=measured) == failure:
                data = data[:place] + rest
                continue
            if trial(data[:place] + zeros + rest, measured=measured) == failure:
                data = data[:place] + zeros + rest
            place += size
        size //= 4
    return data
