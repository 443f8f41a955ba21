"""ONNX files, run by onnxruntime (https://onnxruntime.ai)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from registry.errors import RejectedError, UnavailableError
from registry.runtime.base import Array, Model, Port, first_line, missing

_DTYPES = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(double)": "float64"}


class OnnxRuntime(Model):
    """An ONNX model. Its quantization stands inside the graph, so inputs and outputs hold what their types say."""

    name = "onnxruntime"

    def __init__(self, path: Path, threads: int, delegate: str | None) -> None:
        """Load a file (see `registry.runtime.open_model`); a delegate is an execution provider."""
        try:
            import onnxruntime
        except ImportError:
            raise missing("onnxruntime", "eval") from None
        self.version = onnxruntime.__version__
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # errors come as exceptions; the engine would print them too
        chosen = [_provider(onnxruntime, delegate)] if delegate else []
        providers = list(dict.fromkeys([*chosen, "CPUExecutionProvider"]))
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=providers)
        except Exception as error:  # noqa: BLE001 - its exceptions have no common base but this
            raise RejectedError(f"{path}: onnxruntime does not take it: {first_line(error)}") from None
        self.inputs = tuple(_port(node) for node in self._session.get_inputs())
        self.outputs = tuple(_port(node) for node in self._session.get_outputs())

    def invoke(self, stored: Array) -> list[Array]:
        """Run it (see `Model.invoke`)."""
        self.check(stored)
        try:
            return list(self._session.run(None, {self.inputs[0].name: stored}))
        except Exception as error:  # noqa: BLE001 - its exceptions have no common base but this
            raise RejectedError(f"onnxruntime cannot run the model: {first_line(error)}") from None


def _provider(onnxruntime: Any, delegate: str) -> str:
    """The full name of an execution provider, which may be given without its ending.

    Raises:
        UnavailableError: The installed onnxruntime does not have it.
    """
    available: list[str] = onnxruntime.get_available_providers()
    names = {name.removesuffix("ExecutionProvider").lower(): name for name in available}
    found = names.get(delegate.removesuffix("ExecutionProvider").lower())
    if found is None:
        raise UnavailableError(
            f"the installed onnxruntime has no execution provider {delegate!r}",
            hint=f"it has: {', '.join(sorted(names))}",
        )
    return found


def _port(node: Any) -> Port:
    # a dimension that is open has a name or nothing; an open batch is run as 1
    shape = tuple(
        size if isinstance(size, int) and size > 0 else (1 if axis == 0 else None)
        for axis, size in enumerate(node.shape)
    )
    return Port(node.name, shape, _DTYPES.get(node.type) or node.type.removeprefix("tensor(").removesuffix(")"))
