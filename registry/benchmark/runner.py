"""Times inference by the Python runtime that is there.

A device gets this file alone and runs it with its own Python, 3.7 or later, so that it needs the standard library
only, besides numpy and the runtime. Reads a request as JSON from standard input, and writes the answer as JSON to
standard output.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

MOST_RUNS = 1000000
"""Runs after which a measurement ends anyway: a network of microseconds would fill the memory."""


def durations(
    call: Callable[[], Any],
    warmup: int,
    runs: int,
    seconds: float,
    told: Callable[[int, float], None] | None = None,
) -> list[float]:
    """Times of a call, milliseconds, until there are so many and so much time has been measured.

    Args:
        call: What is timed.
        warmup: Calls before, which are not timed.
        runs: Calls that are timed, at least one.
        seconds: Time that they take together, at least.
        told: Hears after each timed call how many there are and how many seconds they took.
    """
    for _ in range(warmup):
        call()
    found: list[float] = []
    total = 0.0
    while len(found) < min(max(runs, 1), MOST_RUNS) or (total < seconds and len(found) < MOST_RUNS):
        start = time.perf_counter()
        call()
        took = time.perf_counter() - start
        found.append(took * 1000)
        total += took
        if told is not None:
            told(len(found), total)
    return found


def random_input(shape: Sequence[int], dtype: str) -> Any:
    """The same pseudo-random values each time: all that an integer type holds, or real numbers from -1 to 1."""
    import numpy as np

    generator = np.random.default_rng(0)
    if np.issubdtype(np.dtype(dtype), np.integer):
        limits = np.iinfo(dtype)
        return generator.integers(limits.min, limits.max, size=tuple(shape), dtype=dtype, endpoint=True)
    if np.dtype(dtype) == np.dtype(bool):
        return generator.integers(0, 2, size=tuple(shape)).astype(bool)
    return generator.uniform(-1, 1, size=tuple(shape)).astype(dtype)


def memory() -> tuple[int, int]:
    """Bytes of this process in memory now and at its highest, as Linux tells them; 0 elsewhere.

    `getrusage` is not asked: its maximum goes on from the process that started this one (Linux, `exec_mmap`).
    """
    found = {"VmRSS": 0, "VmHWM": 0}
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:  # noqa: PTH123
            for line in file:
                name, _, value = line.partition(":")
                if name in found:
                    found[name] = int(value.split()[0]) * 1024
    except OSError:
        pass
    return found["VmRSS"], found["VmHWM"]


def _tflite(path: str, threads: int, delegate: str | None) -> tuple[str, str, Any]:
    """Name and version of a TensorFlow Lite runtime, and a call that runs the model.

    Raises:
        ImportError: There is none.
    """
    name, version, lite = _lite()
    delegates = [lite.load_delegate(delegate)] if delegate else None
    engine = lite.Interpreter(model_path=path, num_threads=threads, experimental_delegates=delegates)
    engine.allocate_tensors()
    (given,) = engine.get_input_details()
    stored = random_input(given["shape"], given["dtype"])
    outputs = [one["index"] for one in engine.get_output_details()]

    def call() -> None:
        engine.set_tensor(given["index"], stored)
        engine.invoke()
        for index in outputs:
            engine.get_tensor(index)

    return name, version, call


def _lite() -> tuple[str, str, Any]:
    from importlib import import_module

    for name, package in (("litert", "ai_edge_litert"), ("tflite_runtime", "tflite_runtime")):
        try:
            return name, _version(package), import_module(package + ".interpreter")
        except ImportError:
            continue
    raise ImportError("neither ai_edge_litert nor tflite_runtime is installed")


def _onnx(path: str, threads: int, delegate: str | None) -> tuple[str, str, Any]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    providers = [delegate] if delegate else []
    session = onnxruntime.InferenceSession(path, options, providers=[*providers, "CPUExecutionProvider"])
    if delegate and delegate not in session.get_providers():  # onnxruntime falls back to the CPU
        raise ValueError(f"no execution provider {delegate}, only {session.get_providers()}")
    (given,) = session.get_inputs()
    kinds = {"tensor(float)": "float32", "tensor(double)": "float64", "tensor(float16)": "float16"}
    shape = [size if isinstance(size, int) and size > 0 else 1 for size in given.shape]
    stored = random_input(shape, kinds.get(given.type) or given.type[len("tensor(") : -1])
    return "onnxruntime", onnxruntime.__version__, lambda: session.run(None, {given.name: stored})


def _version(package: str) -> str:
    try:
        from importlib.metadata import version

        return version(package.replace("_", "-"))
    except Exception:  # noqa: BLE001 - not there before Python 3.8, and a package of a board may have no metadata
        return ""


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """What a request came to: times and runtime, or `missing`, or `refused`."""
    start, _ = memory()
    load = {"tflite": _tflite, "onnx": _onnx}[request["format"]]
    try:
        name, version, call = load(request["path"], request["threads"], request["delegate"])
        times = durations(call, request["warmup"], request["runs"], request["seconds"])
    except ImportError as error:
        return {"missing": str(error)[:300]}
    except Exception as error:  # noqa: BLE001 - runtimes raise whatever they like
        return {"refused": f"{type(error).__name__}: {str(error)[:300]}"}
    return {"times": times, "runtime": name, "version": version, "start": start, "peak": memory()[1]}


if __name__ == "__main__":
    os.write(1, json.dumps(answer(json.load(sys.stdin))).encode() + b"\n")
