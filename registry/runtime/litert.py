"""TensorFlow Lite files, run by LiteRT (https://ai.google.dev/edge/litert)."""

from __future__ import annotations

import ctypes
from importlib.metadata import version
from pathlib import Path
from typing import Any

from registry.errors import RejectedError, RequestError, UnavailableError
from registry.runtime.base import Array, Model, Port, first_line, missing

DELEGATES = {
    "vx": "libvx_delegate.so",
    "ethosu": "libethosu_delegate.so",
    "edgetpu": "libedgetpu.so.1",
}
"""Shared libraries of delegates by the name that people use: i.MX 8M Plus, i.MX 93, Coral."""


class LiteRT(Model):
    """A TensorFlow Lite model."""

    name = "litert"

    def __init__(self, path: Path, threads: int, delegate: str | None) -> None:
        """Load a file (see `registry.runtime.open_model`)."""
        try:
            from ai_edge_litert import interpreter as litert
        except ImportError:
            raise missing("LiteRT (ai-edge-litert)", "eval") from None
        self.version = version("ai-edge-litert")
        delegates = [_loaded(litert, delegate)] if delegate else None
        try:
            self._interpreter = litert.Interpreter(
                model_path=str(path), num_threads=threads, experimental_delegates=delegates
            )
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise RejectedError(f"{path}: LiteRT does not take it: {first_line(error)}") from None
        given = self._interpreter.get_input_details()
        wanted = self._interpreter.get_output_details()
        self.inputs = tuple(_port(details) for details in given)
        self.outputs = tuple(_port(details) for details in wanted)
        self._input = given[0]["index"]
        self._outputs = [details["index"] for details in wanted]

    def invoke(self, stored: Array) -> list[Array]:
        """Run it (see `Model.invoke`)."""
        self.check(stored)
        try:
            if None in self.inputs[0].shape:
                self._interpreter.resize_tensor_input(self._input, stored.shape)
                self._interpreter.allocate_tensors()
            self._interpreter.set_tensor(self._input, stored)
            self._interpreter.invoke()
        except (ValueError, RuntimeError) as error:
            raise RejectedError(f"LiteRT cannot run the model: {first_line(error)}") from None
        return [self._interpreter.get_tensor(index) for index in self._outputs]


def _loaded(litert: Any, delegate: str) -> Any:
    """A delegate by its name.

    Raises:
        RequestError: Nobody knows the name.
        UnavailableError: It is not installed.
    """
    if delegate not in DELEGATES:
        raise RequestError(f"unknown delegate {delegate!r} of LiteRT", hint=f"one of: {', '.join(DELEGATES)}")
    library = DELEGATES[delegate]
    try:
        ctypes.CDLL(library)  # LiteRT's own object prints an error of its own when this fails inside it
        return litert.load_delegate(library)
    except (OSError, ValueError) as error:
        raise UnavailableError(
            f"delegate {delegate}: {library} cannot be loaded: {first_line(error)}",
            hint="it comes with the board's software; without --delegate the model runs on the CPU",
        ) from None


def _port(details: dict[str, Any]) -> Port:
    import numpy as np

    scale, zero_point = details["quantization"]
    signature = details["shape_signature"]
    shape = signature if len(signature) else details["shape"]
    return Port(
        name=details["name"],
        # an open batch is run as 1, which is what the engine makes of it
        shape=tuple(int(size) if size >= 0 else (1 if axis == 0 else None) for axis, size in enumerate(shape)),
        dtype=np.dtype(details["dtype"]).name,
        scale=float(scale) or None,
        zero_point=int(zero_point),
    )
