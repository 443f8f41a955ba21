"""A TFLite operator as its attributes see it: options, and tensors with the constants among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from registry.inspect.graph import Shape, Tensor
from registry.inspect.tflite.flatbuffer import BOOL, INT8, INT32, Table

Attributes = dict[str, Any]


@dataclass(frozen=True)
class Node:
    """What an operator's attributes follow from.

    Attributes:
        native: Name in the schema.
        options: Its options, None when the file has none or those of another operator.
        inputs: Its input tensors in the file's order, None for one that is left out.
        outputs: Its output tensors.
    """

    native: str
    options: Table | None
    inputs: Sequence[Tensor | None]
    outputs: Sequence[Tensor | None]

    def integer(self, field: int, default: int = 0) -> int:
        """An integer of the options."""
        return default if self.options is None else self.options.integer(field, INT32, default)

    def flag(self, field: int) -> bool:
        """A truth value of the options."""
        return self.options is not None and bool(self.options.integer(field, BOOL))

    def word(self, field: int, words: Sequence[str]) -> str:
        """A value of an enumeration."""
        code = 0 if self.options is None else self.options.integer(field, INT8)
        return words[code] if 0 <= code < len(words) else f"unknown-{code}"

    def shape(self, number: int) -> Shape:
        """Shape of an input; empty when it is left out or has none."""
        tensor = self.inputs[number] if number < len(self.inputs) else None
        return tensor.shape or () if tensor else ()

    def values(self, number: int) -> tuple[int, ...] | None:
        """Whole numbers of a small constant input."""
        tensor = self.inputs[number] if number < len(self.inputs) else None
        if tensor is None or tensor.values is None or tensor.dtype not in ("int32", "int64"):
            return None
        return tuple(map(int, tensor.values))


def dimension(shape: Shape, number: int) -> int | None:
    """A dimension by number, None when there is none or it is open."""
    return shape[number] if -len(shape) <= number < len(shape) else None


def from_front(axis: int, rank: int) -> int:
    """An axis counted from the front."""
    return axis + rank if axis < 0 <= axis + rank else axis
