"""Measuring on this machine, in a fresh process: its memory is the model's, and a runtime's crash is an answer."""

from __future__ import annotations

import contextlib
import json
import shlex
import signal
import subprocess
import sys
import tempfile
from typing import IO, Any

from registry.benchmark.base import Memory, Model, Plan, Sample
from registry.benchmark.host import this_host
from registry.benchmark.statistics import Distribution
from registry.errors import RejectedError, RequestError, UnavailableError, ZooError
from registry.progress import Progress

_ERRORS: dict[str, type[ZooError]] = {kind.__name__: kind for kind in (RejectedError, RequestError)}


class ThisMachine:
    """The machine that this runs on."""

    name = "this machine"

    def measure(self, model: Model, plan: Plan, progress: Progress) -> Sample:
        """Run a model many times (see `Machine.measure`)."""
        host = this_host()  # before there is a load of our own
        answer = _asked(_request(model, plan), plan, progress)
        memory = Memory(answer["start"], answer["peak"]) if answer["peak"] else None
        return Sample(
            Distribution.of(answer["times"]),
            answer["runtime"],
            answer["version"],
            _command(model, plan),
            host,
            memory,
            host.notes,
        )


def _request(model: Model, plan: Plan) -> dict[str, Any]:
    return {
        "path": str(model.path.absolute()),
        "format": model.format,
        "threads": plan.threads,
        "delegate": plan.delegate,
        "warmup": plan.warmup,
        "runs": plan.runs,
        "seconds": plan.seconds,
        "size": plan.size,
    }


def _command(model: Model, plan: Plan) -> str:
    """What a reader types to measure the same."""
    words = ["zoo", "bench", model.name, "--threads", str(plan.threads), "--warmup", str(plan.warmup)]
    words += ["--runs", str(plan.runs), "--seconds", f"{plan.seconds:g}"]
    return shlex.join([*words, *(["--delegate", plan.delegate] if plan.delegate else [])])


def _asked(request: dict[str, Any], plan: Plan, progress: Progress) -> dict[str, Any]:
    """What a process of its own answers; it does not outlive this call.

    Raises:
        ZooError: What it raised, or that it died.
    """
    # -P: a folder named `registry` where the user stands must not be taken for this package
    command = [sys.executable, "-P", "-m", "registry.benchmark.child"]
    pipe = subprocess.PIPE
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=errors, encoding="utf-8") as process,  # noqa: S603
    ):
        try:
            found = _talk(process, request, plan, progress)
            code = process.wait()
        except BaseException:
            process.kill()
            raise
        if found is None:
            raise _died(code, request["path"], errors)
    if "error" in found:
        told = found["error"]
        raise _ERRORS.get(told["kind"], UnavailableError)(told["message"], hint=told["hint"])
    result: dict[str, Any] = found["result"]
    return result


def _talk(
    process: subprocess.Popen[str], request: dict[str, Any], plan: Plan, progress: Progress
) -> dict[str, Any] | None:
    """Hand the request over and listen; the last answer, or None where there is none."""
    assert process.stdin is not None  # noqa: S101 - both are pipes
    assert process.stdout is not None  # noqa: S101
    with contextlib.suppress(BrokenPipeError):  # it died; its exit code tells more
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.close()
    done = 0
    with progress.task("measuring", 100, unit="%") as advance:
        for line in process.stdout:
            answer: dict[str, Any] = json.loads(line)
            if "told" not in answer:
                advance(100 - done)
                return answer
            runs, seconds = answer["told"]
            now = _percent(runs, seconds, plan)
            advance(now - done)
            done = now
    return None


def _percent(runs: int, seconds: float, plan: Plan) -> int:
    """How much of a plan is done, whichever of its two conditions takes longer."""
    return int(100 * min(1.0, runs / plan.runs, seconds / plan.seconds if plan.seconds else 1.0))


def _died(code: int, path: str, errors: IO[bytes]) -> ZooError:
    """The error of a process that gave no answer."""
    errors.seek(0)
    said = errors.read()[-2000:].decode("utf-8", "replace").strip().rpartition("\n")[2][:300]
    if code == -signal.SIGKILL:
        return UnavailableError(
            f"{path}: the process that ran it was killed, as the system does when memory runs out",
            hint="try it where there is more memory",
        )
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return RejectedError(
        f"{path}: the runtime ended the process that ran it ({how})" + (f": {said}" if said else ""),
        hint="`zoo inspect` tells what is in the file; try another version of the runtime",
    )
