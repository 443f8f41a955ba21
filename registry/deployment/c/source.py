"""A model file as code is generated from it: shapes, scales and constants, each checked when it is asked for."""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Sequence
from pathlib import Path

from registry.deployment.c.fixed_point import ACTIVATIONS, FLOAT_MOST
from registry.errors import RejectedError, UnavailableError
from registry.files import open_regular
from registry.inspect.bounds import MalformedError
from registry.inspect.graph import Graph, Operator, Tensor

C_TYPES = {"int8": "int8_t", "uint8": "uint8_t", "int32": "int32_t", "float32": "float"}
"""Types in C by dtype."""

BYTES = {"int8": 1, "uint8": 1, "int32": 4, "float32": 4}
_CODES = {"int8": "b", "uint8": "B", "int32": "i", "float32": "f"}
_RANGES = {"int8": (-128, 127), "uint8": (0, 255)}

MOST_VALUES = (1 << 31) - 1
"""Bytes of a tensor up to which the kernels' 32-bit indices reach."""


class NotCoveredError(Exception):
    """An operator is of a kind that no kernel computes; the text says what of it, or is empty."""


class Source:
    """A graph with the file that its constants lie in.

    Attributes:
        graph: What was read.
        path: The file.
    """

    def __init__(self, graph: Graph, path: Path) -> None:
        self.graph = graph
        self.path = path

    def tensor(self, number: int) -> Tensor:
        """A tensor by its number."""
        return self.graph.tensors[number]

    def shape(self, number: int) -> tuple[int, ...]:
        """Dimensions, an open batch as 1.

        Raises:
            NotCoveredError: Another one is open, or the tensor is too large for 32-bit indices.
        """
        tensor = self.tensor(number)
        if tensor.elements is None or tensor.shape is None:
            raise NotCoveredError("its shapes are not fixed")
        found = tuple(1 if size is None else size for size in tensor.shape)
        if not 0 < math.prod(found) * BYTES.get(tensor.dtype, 8) <= MOST_VALUES:
            raise NotCoveredError(f"a tensor of {'x'.join(map(str, found))}")
        return found

    def elements(self, number: int) -> int:
        """Number of values."""
        return math.prod(self.shape(number))

    def image(self, number: int) -> tuple[int, int, int]:
        """Rows, columns and channels of one image.

        Raises:
            NotCoveredError: It is something else.
        """
        shape = self.shape(number)
        if len(shape) != 4 or shape[0] != 1:
            raise NotCoveredError(f"a shape of {'x'.join(map(str, shape))}, expected one image")
        return shape[1:]

    def scale(self, number: int) -> tuple[float, int]:
        """Scale and zero point of an 8-bit tensor.

        Raises:
            NotCoveredError: It has none, or several.
        """
        tensor = self.tensor(number)
        stored, (least, most) = tensor.quantization, _RANGES[tensor.dtype]
        if stored is None or len(stored.scales) != 1:
            raise NotCoveredError(f"{tensor.dtype} values without one scale")
        if not 0 < stored.scales[0] <= FLOAT_MOST or not least <= stored.zero_points[0] <= most:
            raise NotCoveredError(f"a scale of {stored.scales[0]:g} with zero point {stored.zero_points[0]}")
        return stored.scales[0], stored.zero_points[0]

    def weight_scales(self, number: int, axis: int, outputs: int) -> tuple[float, ...]:
        """Scales of int8 weights, one for each output.

        Raises:
            NotCoveredError: They have others, or zero points.
        """
        stored = self.tensor(number).quantization
        if stored is None or any(stored.zero_points) or not all(0 < one <= FLOAT_MOST for one in stored.scales):
            raise NotCoveredError("weights that are not symmetric")
        if len(stored.scales) == 1:
            return stored.scales * outputs
        if stored.axis != axis or len(stored.scales) != outputs:
            raise NotCoveredError("weights with scales along another dimension than their outputs")
        return stored.scales

    def constant(self, number: int, dtype: str) -> array[int] | array[float]:
        """Values of a constant, read from the file.

        Raises:
            NotCoveredError: It is none, or not of this type.
            RejectedError: The file does not hold it whole, or it has values that are no numbers.
            UnavailableError: The file cannot be read.
        """
        tensor = self.tensor(number)
        if not tensor.constant or tensor.extent is None or tensor.dtype != dtype:
            raise NotCoveredError(f"{tensor.dtype} where constant {dtype} is expected")
        size = self.elements(number) * BYTES[dtype]
        if tensor.extent.member or tensor.extent.size != size:
            raise MalformedError(self.path.name, tensor.name[:80], f"{size} bytes", f"{tensor.extent.size}")
        found = array(_CODES[dtype], self._bytes(tensor.extent.offset, size, tensor.name))
        if sys.byteorder == "big":
            found.byteswap()
        if dtype == "float32" and not all(map(math.isfinite, found)):
            raise RejectedError(
                f"{self.path.name}: {tensor.name[:80]}: expected numbers, found NaN or infinity",
                hint="train or convert the model again",
            )
        return found

    def _bytes(self, offset: int, size: int, name: str) -> bytes:
        try:
            with open_regular(self.path) as file:
                file.seek(offset)
                data = file.read(size)
        except OSError as error:
            raise UnavailableError(f"{self.path}: cannot be read: {error.strerror or error}") from None
        if len(data) != size:
            raise MalformedError(self.path.name, name[:80], f"{size} bytes at {offset}", str(len(data)))
        return data


def dtypes(source: Source, numbers: Sequence[int]) -> tuple[str, ...]:
    """Types of tensors; `none` for one that is left out."""
    return tuple("none" if number < 0 else source.tensor(number).dtype for number in numbers)


def one_dtype(source: Source, numbers: Sequence[int]) -> str:
    """The type that all these tensors have: `int8` or `float32`, as kernels' names say it.

    Raises:
        NotCoveredError: They have others.
    """
    found = set(dtypes(source, numbers))
    if found == {"int8"}:
        return "int8"
    if found == {"float32"}:
        return "float"
    raise NotCoveredError(f"with {' and '.join(sorted(found))}")


def activation(operator: Operator) -> str:
    """The fused activation.

    Raises:
        NotCoveredError: It is no range.
    """
    found = str(operator.attributes.get("activation", "none"))
    if found not in ACTIVATIONS:
        raise NotCoveredError(f"with {found} inside")
    return found
