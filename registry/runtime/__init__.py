"""Running a model on this host: one file for each inference engine, one interface for all."""

from __future__ import annotations

from pathlib import Path

from registry.errors import RejectedError, RequestError
from registry.inspect.graph import Graph
from registry.runtime.base import Model

FORMATS = ("tflite", "onnx", "keras", "keras-h5")
"""Formats that are run."""


def open_inspected(path: Path, graph: Graph, *, threads: int = 1, delegate: str | None = None) -> Model:
    """Load a model that has been inspected, unless something in it may do harm.

    Args:
        path: The file.
        graph: What inspection found in it.
        threads: CPU threads of the engine, 1 or more.
        delegate: See `open_model`.

    Raises:
        RequestError: Its format is not run here, or there is no such delegate.
        RejectedError: It is dangerous to run, or the engine does not take it.
        UnavailableError: The engine or the delegate is not installed.
    """
    require_harmless(path, graph)
    return open_model(path, graph.format, threads=threads, delegate=delegate)


def require_harmless(path: Path, graph: Graph) -> None:
    """See that nothing which inspection found in a model may do harm.

    Raises:
        RejectedError: Something may.
    """
    dangers = [finding for finding in graph.findings if finding.severity == "danger"]
    if dangers:
        raise RejectedError(
            f"{path}: not run, since it may do harm: {dangers[0].where}: {dangers[0].message}",
            hint="`zoo inspect` tells more",
        )


def open_model(path: Path, format_: str, *, threads: int = 1, delegate: str | None = None) -> Model:
    """Load a model into the engine of its format, for batches of one.

    A file from elsewhere is inspected first (`registry.inspect`): an engine reads whatever the file tells it to.

    Args:
        path: The file.
        format_: Its format, one of `FORMATS`.
        threads: CPU threads of the engine, 1 or more.
        delegate: What runs the model instead of the CPU, by the engine's name for it; None for the CPU.

    Raises:
        RequestError: The format is not run here, there is no such delegate, or TensorFlow runs already with another
            number of threads.
        RejectedError: The engine does not take the file.
        UnavailableError: The engine or the delegate is not installed.
    """
    match format_:
        case "tflite":
            from registry.runtime.litert import LiteRT

            return LiteRT(path, threads, delegate)
        case "onnx":
            from registry.runtime.onnx import OnnxRuntime

            return OnnxRuntime(path, threads, delegate)
        case "keras" | "keras-h5":
            from registry.runtime.keras import KerasModel

            return KerasModel(path, format_, threads, delegate)
    raise RequestError(
        f"{path}: no engine runs {format_} files here, only {', '.join(FORMATS)}",
        hint="export it to one of these",
    )
