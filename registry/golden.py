"""Golden vectors as values: an input of a model, the output that it gave, and by how much another may differ.

Their bytes are files of the variant, raw as the tensors store them, so that C on a board reads them too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

INPUT_ROLE, OUTPUT_ROLE = "golden-input", "golden-output"
ROLES = (INPUT_ROLE, OUTPUT_ROLE)
"""Roles of their artifacts."""

ITEM_BYTES = {
    "uint8": 1,
    "int8": 1,
    "bool": 1,
    "int16": 2,
    "float16": 2,
    "int32": 4,
    "float32": 4,
    "int64": 8,
}
"""Bytes of an element by type."""


@dataclass(frozen=True)
class GoldenTensor:
    """One side of a vector.

    Attributes:
        file: Name of the artifact.
        number: Which input or output it is in the model file's order, from 0.
        shape: Elements of the model's tensor, batch first.
        dtype: Element type, a key of `ITEM_BYTES`.
        layout: Order of the axes, such as `NHWC`; empty when nobody says.
        scale: Real numbers between two neighbouring stored integers; None where values are stored as they are.
        zero_point: The stored integer that stands for 0.
        every: Only each pixel of so many is in the file, in height and width, beginning with the first.
    """

    file: str
    number: int
    shape: tuple[int, ...]
    dtype: str
    layout: str = ""
    scale: float | None = None
    zero_point: int = 0
    every: int = 1

    @property
    def steps(self) -> tuple[int, ...]:
        """For each axis, how far the elements of the file lie apart in the model's tensor."""
        named = self.layout if len(self.layout) == len(self.shape) else " " * len(self.shape)
        return tuple(self.every if axis in "HW" else 1 for axis in named)

    @property
    def kept_shape(self) -> tuple[int, ...]:
        """Elements of the file."""
        return tuple(-(-size // step) for size, step in zip(self.shape, self.steps, strict=True))

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return math.prod(self.kept_shape) * ITEM_BYTES[self.dtype]

    @property
    def class_axis(self) -> int | None:
        """The axis of channels or classes, where the layout says it."""
        found = self.layout.find("C")
        return found if found >= 0 and len(self.layout) == len(self.shape) else None

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> GoldenTensor:
        """Read the `input` or `output` of a valid card's vector."""
        return cls(
            document["file"],
            document.get("number", 0),
            tuple(document["shape"]),
            document["dtype"],
            document.get("layout", ""),
            document.get("scale"),
            document.get("zero_point", 0),
            document.get("every", 1),
        )

    def kept(self, array: Any) -> Any:
        """What of a model's tensor stands in the file."""
        return array[tuple(slice(None, None, step) for step in self.steps)]

    def to_document(self) -> dict[str, Any]:
        """The same as a card says it."""
        said = {"file": self.file, "number": self.number, "shape": list(self.shape), "dtype": self.dtype}
        if self.layout:
            said["layout"] = self.layout
        if self.every > 1:
            said["every"] = self.every
        if self.scale is not None:
            said |= {"scale": self.scale, "zero_point": self.zero_point}
        return said


@dataclass(frozen=True)
class Tolerance:
    """By how much an output may differ; every bound that is not None must hold.

    Attributes:
        steps: Greatest difference of an element in stored units.
        absolute: Greatest difference of an element in real units.
        differing: Greatest share of elements that differ at all, fraction of 1.
        best_class: Greatest share of places whose best class differs, fraction of 1.
    """

    steps: int | None = None
    absolute: float | None = None
    differing: float | None = None
    best_class: float | None = None

    def to_document(self) -> dict[str, Any]:
        """The same as a card says it."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class Vector:
    """A golden vector.

    Attributes:
        name: Its own within the variant.
        input: What goes in.
        output: What must come out.
        tolerance: By how much it may differ.
    """

    name: str
    input: GoldenTensor
    output: GoldenTensor
    tolerance: Tolerance

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Vector:
        """Read a `golden` item of a valid card."""
        return cls(
            document["name"],
            GoldenTensor.from_document(document["input"]),
            GoldenTensor.from_document(document["output"]),
            Tolerance(**document["tolerance"]),
        )
