"""Keras files, `.keras` and HDF5, run by TensorFlow (https://keras.io).

TensorFlow has one set of threads for the whole process, which cannot be changed once it has begun to compute: the
first model that is opened decides, and a later one that asks for another number is refused.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from registry.errors import RejectedError, RequestError, UnavailableError
from registry.runtime.base import Array, Model, Port, first_line, missing

ENDINGS = {"keras": ".keras", "keras-h5": ".h5"}
"""Keras tells the formats apart by the name of the file, whatever stands in it."""


class KerasModel(Model):
    """A Keras model, on the CPU. What it contains of preprocessing, such as Rescaling, is part of the model."""

    name = "tensorflow"

    def __init__(self, path: Path, format_: str, threads: int, delegate: str | None) -> None:
        """Load a file (see `registry.runtime.open_model`); training settings are not read, Python is not run."""
        try:
            import keras
            import tensorflow
        except ImportError:
            raise missing("TensorFlow", "train") from None
        if delegate:
            raise RequestError(
                f"unknown delegate {delegate!r}: TensorFlow has none",
                hint="without --delegate the model runs on the CPU",
            )
        if keras.backend.backend() != "tensorflow":
            raise UnavailableError(
                f"expected Keras with the backend tensorflow, found it set to {keras.backend.backend()}",
                hint="KERAS_BACKEND=tensorflow chooses it",
            )
        self.version = f"{tensorflow.__version__}, Keras {keras.__version__}"
        _set_threads(tensorflow, threads)
        self._tensorflow = tensorflow
        try:
            with tensorflow.device("/CPU:0"):
                model = load(path, format_)
                wanted = _leaves(_ends(model)[1], _ends(model)[1])
                self.inputs = tuple(_port(tensor) for tensor in model.inputs)
                self.outputs = tuple(_port(tensor) for tensor in wanted)
                self._call = self._traced(keras, model) if len(self.inputs) == 1 else None
        except Exception as error:  # noqa: BLE001 - it raises whatever a configuration makes its layers raise
            raise RejectedError(
                f"{path}: Keras {keras.__version__} does not take it: {first_line(error)}",
                hint="a file of Keras 2 may need a new export, as .keras, TFLite or ONNX",
            ) from None

    def invoke(self, stored: Array) -> list[Array]:
        """Run it (see `Model.invoke`)."""
        self.check(stored)
        assert self._call is not None  # noqa: S101 - `check` has seen that there is one input
        try:
            return [one.numpy() for one in self._call(self._tensorflow.constant(stored))]
        except Exception as error:  # noqa: BLE001 - its exceptions have no common base but this
            raise RejectedError(f"TensorFlow cannot run the model: {first_line(error)}") from None

    def _traced(self, keras: Any, model: Any) -> Any:
        """The model as one graph, made once: `predict` builds a data pipeline for each call."""
        (port,) = self.inputs
        taken, wanted = _ends(model)

        def call(array: Any) -> list[Any]:
            given = keras.tree.map_structure(lambda _: array, taken)
            return _leaves(wanted, model(given, training=False))

        specification = self._tensorflow.TensorSpec(port.shape, port.dtype)
        return self._tensorflow.function(call).get_concrete_function(specification)


def load(path: Path, format_: str) -> Any:
    """The Keras model in a file, by way of a name that says its format: a blob of a store is named by its digest.

    Safe mode: no Python of the file is run.
    """
    import keras

    with tempfile.TemporaryDirectory() as folder:
        named = Path(folder, f"model{ENDINGS[format_]}")
        try:
            named.symlink_to(path.absolute())
        except OSError:  # Windows wants a privilege for this
            os.link(path, named)
        own = {"DepthwiseConv2D": _depthwise(keras)} if format_ == "keras-h5" else None
        return keras.saving.load_model(named, custom_objects=own, compile=False, safe_mode=True)


def _depthwise(keras: Any) -> Any:
    """The layer as Keras 3 has it, which also takes what Keras 2 wrote of it: groups, always 1."""

    class DepthwiseConv2D(keras.layers.DepthwiseConv2D):  # type: ignore[misc]
        def __init__(self, *arguments: Any, groups: int = 1, **options: Any) -> None:
            if groups != 1:
                raise ValueError(f"a depthwise convolution of {groups} groups")
            super().__init__(*arguments, **options)

    return DepthwiseConv2D


def _set_threads(tensorflow: Any, threads: int) -> None:
    """Let TensorFlow use so many threads.

    Raises:
        RequestError: It computes already, with another number.
    """
    threading = tensorflow.config.threading
    try:
        threading.set_intra_op_parallelism_threads(threads)
        threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        running = threading.get_intra_op_parallelism_threads() or os.cpu_count() or 1
        if running != threads:
            raise RequestError(
                f"TensorFlow runs with {running} threads in this process already, so not with {threads}",
                hint="its threads are chosen by its first model; another number needs another process",
            ) from None


def _ends(model: Any) -> tuple[Any, Any]:
    """How inputs and outputs are arranged; a sequential model has one of each and no arrangement."""
    if hasattr(model, "add"):
        return model.inputs[0], model.outputs[0]
    return model.input, model.output


def _leaves(structure: Any, value: Any) -> list[Any]:
    """Tensors of an output that may be a list or a dictionary, in the file's order; Keras itself sorts keys."""
    if isinstance(structure, dict):
        return [leaf for key, inner in structure.items() for leaf in _leaves(inner, value[key])]
    if isinstance(structure, list | tuple) and isinstance(value, list | tuple):  # a list of one comes without it
        return [leaf for inner, one in zip(structure, value, strict=True) for leaf in _leaves(inner, one)]
    return [value]


def _port(tensor: Any) -> Port:
    # an open batch is run as 1
    shape = tuple(1 if axis == 0 and size is None else size for axis, size in enumerate(tensor.shape))
    return Port(tensor.name, shape, tensor.dtype)
