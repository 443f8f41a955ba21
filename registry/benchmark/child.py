"""Measures a model in a process of its own: `python -m registry.benchmark.child`.

Reads a request as one line of JSON, and answers by lines of JSON: `told` while it measures, then `result` or
`error`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from registry.benchmark import runner
from registry.errors import RejectedError, ZooError
from registry.runtime import open_model
from registry.runtime.base import Port

_TOLD_SECONDS = 0.1


def main() -> None:
    """Answer the one request on standard input."""
    request = json.loads(sys.stdin.readline())
    with _answers() as answers:

        def say(line: dict[str, Any]) -> None:
            answers.write(json.dumps(line) + "\n")
            answers.flush()

        try:
            say({"result": measure(request, say)})
        except ZooError as error:
            say({"error": {"kind": type(error).__name__, "message": error.message, "hint": error.hint}})


def measure(request: dict[str, Any], say: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Times of a model, its runtime, and the memory that it took.

    Raises:
        RejectedError: The runtime does not take it, or the input's size is open.
        RequestError: There is no such delegate.
        UnavailableError: The runtime or the delegate is not installed.
    """
    start, _peak = runner.memory()
    model = open_model(
        Path(request["path"]), request["format"], threads=request["threads"], delegate=request["delegate"]
    )
    stored = runner.random_input(shape_of(model.inputs[0], request["size"]), model.inputs[0].dtype)
    next_telling = _TOLD_SECONDS

    def told(runs: int, seconds: float) -> None:
        nonlocal next_telling
        if seconds >= next_telling:
            next_telling = seconds + _TOLD_SECONDS
            say({"told": [runs, seconds]})

    times = runner.durations(
        lambda: model.invoke(stored), request["warmup"], request["runs"], request["seconds"], told
    )
    return {
        "times": times,
        "runtime": model.name,
        "version": model.version,
        "start": start,
        "peak": runner.memory()[1],
    }


def shape_of(port: Port, size: tuple[int, int] | None) -> list[int]:
    """The shape of an input, its open height and width filled in.

    Raises:
        RejectedError: Something is open that nobody states.
    """
    shape = list(port.shape)
    if None in shape and size is not None and len(shape) == 4:
        channels_last = shape[3] is not None and shape[3] <= 4
        for axis, length in zip((1, 2) if channels_last else (2, 3), size, strict=True):
            shape[axis] = shape[axis] or length
    known = [one for one in shape if one is not None]
    if len(known) < len(shape):
        sizes = "x".join("?" if one is None else str(one) for one in shape)
        raise RejectedError(
            f"input {port.name}: its size is open ({sizes}), so there is nothing to time",
            hint="give the variant's name, whose card says the resolution, or export the model with a fixed size",
        )
    return known


def _answers() -> IO[str]:
    """Standard output for answers alone: what a runtime prints goes to standard error from now on."""
    kept = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(kept, "w", encoding="utf-8")


if __name__ == "__main__":
    main()
