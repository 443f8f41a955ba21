"""What every inference engine gives: tensors in, tensors out, batch 1, as on a device.

A quantized tensor holds stored integers that stand for real numbers: real = scale * (stored - zero point). `run`
takes and gives real numbers; `invoke` takes and gives what is stored, for who has that already.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from registry.errors import RejectedError, UnavailableError

Array = Any
"""A numpy array; numpy is an extra, and its types would have to be imported."""


@dataclass(frozen=True)
class Port:
    """An input or output of a model.

    Attributes:
        name: As the engine names it.
        shape: Dimensions, batch included; None for an open one.
        dtype: Element type as numpy names it, such as `uint8` or `float32`.
        scale: Real numbers between two neighbouring stored integers; None where values are stored as they are.
        zero_point: The stored integer that stands for 0.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    scale: float | None = None
    zero_point: int = 0

    def stored(self, real: Array) -> Array:
        """Real numbers as this tensor stores them: rounded to the nearest, limited to what its type holds."""
        import numpy as np

        if self.scale is None:
            return np.asarray(real).astype(self.dtype)
        limits = np.iinfo(self.dtype)
        steps = np.rint(np.asarray(real, dtype=np.float64) / self.scale) + self.zero_point
        return np.clip(steps, limits.min, limits.max).astype(self.dtype)

    def real(self, stored: Array) -> Array:
        """Stored values as real numbers, float32; integers without a scale, such as class ids, stay as they are."""
        import numpy as np

        if self.scale is None:
            return stored
        return (stored.astype(np.float32) - np.float32(self.zero_point)) * np.float32(self.scale)


class Model(ABC):
    """A model that an engine has loaded.

    Attributes:
        name: The engine, such as `litert`.
        version: Its version.
        inputs: What it takes.
        outputs: What it gives, in the file's order.
    """

    name: str
    version: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    def run(self, array: Array) -> list[Array]:
        """Run a model of one input on real numbers and give real numbers.

        Args:
            array: Of the input's shape, batch included, as real numbers.

        Raises:
            RejectedError: The model takes another shape, or more than one input.
        """
        results = self.invoke(self.inputs[0].stored(array))
        return [port.real(one) for port, one in zip(self.outputs, results, strict=True)]

    @abstractmethod
    def invoke(self, stored: Array) -> list[Array]:
        """Run a model of one input on what the input stores, and give what the outputs store.

        Args:
            stored: Of the input's shape, batch included, and of its type.

        Raises:
            RejectedError: The model takes another shape or type, or more than one input, or cannot be run.
        """

    def check(self, stored: Array) -> None:
        """See that an array is what the only input takes.

        Raises:
            RejectedError: It is not.
        """
        if len(self.inputs) != 1:
            raise RejectedError(f"the model takes {len(self.inputs)} inputs, expected one image")
        (port,) = self.inputs
        fits = len(stored.shape) == len(port.shape) and all(
            wanted is None or wanted == given for wanted, given in zip(port.shape, stored.shape, strict=True)
        )
        if not fits or str(stored.dtype) != port.dtype:
            raise RejectedError(
                f"input {port.name}: expected {port.dtype} {_sizes(port.shape)}, "
                f"found {stored.dtype} {_sizes(stored.shape)}"
            )


def _sizes(shape: Sequence[int | None]) -> str:
    return "x".join("?" if size is None else str(size) for size in shape)


def missing(engine: str, extra: str) -> UnavailableError:
    """The error of an engine that is not installed."""
    return UnavailableError(
        f"{engine} is not installed, so the model cannot be run",
        hint=f"pip install 'edge-model-zoo[{extra}]'",
    )


def first_line(error: Exception) -> str:
    """What an engine says of an error, short."""
    return str(error).strip().partition("\n")[0][:300] or type(error).__name__
