"""What every way of quantizing gives: the file, with some layers left float, or with one layer quantized alone."""

from __future__ import annotations

import contextlib
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from importlib.util import find_spec

from registry.errors import RejectedError, UnavailableError, ZooError
from registry.inspect.graph import Graph
from registry.inspect.scheme import Layer
from registry.runtime.base import Array, first_line

Hush = Callable[[], AbstractContextManager[object]]
"""Keeps away what libraries write by themselves, for as long as it is entered."""
Inputs = Callable[[], Iterable[Array]]
"""Gives what the float model's input stores for each calibration image."""


class Maker(ABC):
    """A float model with the ranges of its activations, found once.

    Attributes:
        layers: Names of its layers with weights, in the order in which they run.
    """

    layers: tuple[str, ...]

    @abstractmethod
    def make(self, floats: Collection[str] = ()) -> bytes:
        """The quantized file, with these layers left float."""

    @abstractmethod
    def only(self, layer: str) -> bytes:
        """The file with one layer quantized and all else float."""


def layer_name(graph: Graph, layer: Layer) -> str:
    """What a converter calls a layer: its node in ONNX, else the tensor that it writes."""
    return layer.operator.name if graph.format == "onnx" else graph.tensors[layer.operator.outputs[0]].name


def require(*packages: str) -> None:
    """See that Python packages of the extra are installed.

    Raises:
        UnavailableError: One is missing.
    """
    for name in packages:
        if find_spec(name) is None:
            raise UnavailableError(
                f"quantization needs the Python package {name}, which is not installed",
                hint="pip install 'edge-model-zoo[train]'",
            )


@contextlib.contextmanager
def library(name: str, hush: Hush) -> Iterator[None]:
    """Calls into a library: its noise is kept away, and what it raises becomes a verdict on the model.

    Raises:
        RejectedError: It does not take the model.
    """
    with hush(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own deprecations
        try:
            yield
        except (ZooError, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - the exceptions of these libraries have no common base but this
            raise RejectedError(f"{name} does not take the model: {first_line(error)}") from None


def aloud() -> AbstractContextManager[object]:
    """A hush that is none: for work that reports its progress."""
    return contextlib.nullcontext()
