"""Run functions in a process of its own, which may die or hang without harm to this one.

Engines that run a stranger's model are large programs in C++: a fault of theirs must cost one verdict, not the run.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Self

from registry.errors import RejectedError, RequestError, UnavailableError, ZooError

Tell = Callable[[int], None]
"""What a function is given to say that it got on, by so many pieces."""

_LOOK_SECONDS = 0.1
_KINDS: dict[str, type[ZooError]] = {
    kind.__name__: kind for kind in (RejectedError, RequestError, UnavailableError)
}


class BrokenDownError(RejectedError):
    """The process died, or did not end in time."""


class Apart:
    """A process that is started when it is first needed, and anew when it has died.

    It hears no interrupt, and what it prints goes nowhere: it ends when this object is closed.
    """

    def __init__(self) -> None:
        self._process: Any = None
        self._line: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, function: Callable[..., Any], *arguments: Any, seconds: float, heard: Tell) -> Any:
        """What `function(*arguments, tell)` gives; function, arguments and result can be pickled.

        Args:
            function: Importable by its name.
            arguments: What it is given, before the `Tell`.
            seconds: How long it may take.
            heard: Hears what the function tells.

        Raises:
            BrokenDownError: The process died, or took longer.
            ZooError: The function raised it.
            RuntimeError: The function raised something else; with its traceback.
        """
        line = self._started()
        line.send((function, arguments))
        until = time.monotonic() + seconds
        while True:
            if line.poll(_LOOK_SECONDS):
                try:
                    kind, value = line.recv()
                except (EOFError, OSError):
                    raise self._died() from None
                if kind == "told":
                    heard(value)
                else:
                    return _result(kind, value)
            elif time.monotonic() > until:
                self.close()
                raise BrokenDownError(f"it did not end within {seconds:.0f} s")

    def close(self) -> None:
        """End the process, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None
        if self._line is not None:
            self._line.close()
            self._line = None

    def _started(self) -> Connection:
        if self._process is None or not self._process.is_alive() or self._line is None:
            self.close()
            # a fork would take over locks of threads that it does not have
            context = multiprocessing.get_context("spawn")
            self._line, other = context.Pipe()
            self._process = context.Process(target=_serve, args=(other,), daemon=True)
            self._process.start()
            other.close()
        return self._line

    def _died(self) -> BrokenDownError:
        self._process.join()
        code = self._process.exitcode
        self.close()
        if code < 0:
            with contextlib.suppress(ValueError):
                return BrokenDownError(f"its process was killed by {signal.Signals(-code).name}")
        return BrokenDownError(f"its process ended with exit code {code}")


def _result(kind: str, value: Any) -> Any:
    if kind == "result":
        return value
    if kind in _KINDS:
        message, hint = value
        raise _KINDS[kind](message, hint=hint)
    raise RuntimeError(value)


def _serve(line: Connection) -> None:
    """Answer calls until the other side is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other side ends it
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    with contextlib.suppress(EOFError, OSError):
        while True:
            function, arguments = line.recv()
            line.send(_answer(function, arguments, lambda amount: line.send(("told", amount))))


def _answer(function: Callable[..., Any], arguments: tuple[Any, ...], tell: Tell) -> tuple[str, Any]:
    try:
        return "result", function(*arguments, tell)
    except ZooError as error:
        kind = next(kind for kind in type(error).__mro__ if kind.__name__ in _KINDS)
        return kind.__name__, (error.message, error.hint)
    except Exception:  # noqa: BLE001 - it is raised on the other side
        return "bug", traceback.format_exc()
