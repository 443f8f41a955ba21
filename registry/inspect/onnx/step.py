"""A node of an ONNX graph with its values, as the rules for shapes, small values and words see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from registry.inspect.graph import Shape
from registry.inspect.onnx.constants import Known, Value
from registry.inspect.onnx.messages import GraphMessage, NamedShape, NamedSize, NodeMessage, TensorMessage
from registry.inspect.onnx.schema import CONTRIBUTED, STANDARD

LARGEST = 1 << 63


@dataclass(slots=True)
class Step:
    """A node in its place.

    Attributes:
        node: The node.
        opset: Version of its domain's operators; 0 where the file does not say.
        inputs: Values in ONNX's order; None for one that is left out.
        outputs: Likewise.
        filling: The element that `ConstantOfShape` repeats.
    """

    node: NodeMessage
    opset: int
    inputs: Sequence[Value | None]
    outputs: Sequence[Value | None]
    filling: Known = None

    @property
    def type(self) -> str:
        """ONNX's name of the operator; empty in domains whose operators no rule here knows."""
        return self.node.type if self.node.domain in (STANDARD, CONTRIBUTED) else ""

    def value(self, number: int) -> Value | None:
        """An input, None where it is left out."""
        return self.inputs[number] if number < len(self.inputs) else None

    def shape(self, number: int) -> NamedShape | None:
        """Shape of an input."""
        value = self.value(number)
        return value.shape if value else None

    def rank(self, number: int) -> int | None:
        """Number of dimensions of an input."""
        shape = self.shape(number)
        return None if shape is None else len(shape)

    def known(self, number: int) -> tuple[Known, ...] | None:
        """Elements of a small input, as far as known."""
        value = self.value(number)
        return value.values if value else None

    def given(self, number: int) -> bool:
        """Whether an input is there."""
        return self.value(number) is not None

    def integer(self, name: str, default: int) -> int:
        """An attribute that is a whole number."""
        attribute = self.node.attributes.get(name)
        number = attribute.number if attribute else None
        return number if isinstance(number, int) else default

    def real(self, name: str, default: float) -> float:
        """An attribute that is a real number."""
        attribute = self.node.attributes.get(name)
        return default if attribute is None or attribute.number is None else float(attribute.number)

    def text(self, name: str, default: str) -> str:
        """An attribute that is text."""
        attribute = self.node.attributes.get(name)
        return default if attribute is None or attribute.text is None else attribute.text

    def integers(self, name: str) -> tuple[int, ...] | None:
        """An attribute that is a list of whole numbers; None where it is not there."""
        attribute = self.node.attributes.get(name)
        if attribute is None or not attribute.numbers:
            return None
        return tuple(number for number in attribute.numbers if isinstance(number, int))

    def tensor(self, name: str) -> TensorMessage | None:
        """An attribute that is a tensor."""
        attribute = self.node.attributes.get(name)
        return attribute.tensor if attribute else None

    def graphs(self) -> list[GraphMessage]:
        """Graphs in the attributes."""
        return [graph for attribute in self.node.attributes.values() for graph in attribute.graphs]

    def list_of(self, name: str, number: int) -> tuple[int, ...] | None:
        """Whole numbers that older operator sets have as an attribute and newer ones as an input."""
        own = self.integers(name)
        return own if own is not None else whole(self.known(number))

    def axis(self, default: int, number: int = 0) -> int | None:
        """The attribute `axis` counted from the front of an input; None where that cannot be said."""
        rank = self.rank(number)
        return None if rank is None else counted(self.integer("axis", default), rank)


def counted(axis: int, rank: int) -> int | None:
    """An axis from the front; None for one that the rank does not have."""
    axis = axis + rank if axis < 0 else axis
    return axis if 0 <= axis < max(rank, 1) else None


def axes_of(axes: Sequence[int], rank: int) -> tuple[int, ...] | None:
    """Axes from the front, None if one is out of range."""
    found = tuple(axis for axis in (counted(axis, rank) for axis in axes) if axis is not None)
    return found if len(found) == len(axes) else None


def whole(values: Sequence[Known] | None) -> tuple[int, ...] | None:
    """Elements that are all known whole numbers, else None."""
    if values is None:
        return None
    found = tuple(value for value in values if isinstance(value, int))
    return found if len(found) == len(values) else None


def size(number: object) -> NamedSize:
    """A dimension, None for what cannot be one."""
    if isinstance(number, int):
        return number if 0 <= number < LARGEST else None
    return number if isinstance(number, str) else None


def plain(shape: NamedShape | None) -> Shape | None:
    """A shape whose open dimensions have lost their names."""
    return None if shape is None else tuple(each if isinstance(each, int) else None for each in shape)
