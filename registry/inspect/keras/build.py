"""A graph while it is built: tensors, operators, and what a layer needs to add its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from registry.inspect.bounds import MAX_OPERATORS, MAX_TENSORS, MalformedError
from registry.inspect.findings import Findings
from registry.inspect.graph import Operator, Shape, Tensor
from registry.inspect.keras.config import Call, Layer, policy_dtype, printable
from registry.inspect.keras.options import Options
from registry.inspect.keras.weights import Place, Weight, Weights

_LEAST_STEPS, _STEP_BYTES = 2000, 64
_MOST_WEIGHTS = 4096
"""Arrays of one layer; a transformer that is one layer has hundreds."""

_ALIASES = {
    "kernel": ("depthwise_kernel", "embeddings"),
    "depthwise_kernel": ("kernel",),
    "moving_mean": ("mean",),
    "moving_variance": ("variance",),
}
"""Other names of a role: Keras 3 renamed some."""


@dataclass
class Builder:
    """What was built so far.

    Attributes:
        file: What messages call the file.
        findings: What a user must know.
        weights: Arrays of the weights file.
        size: Bytes of the configuration, which bounds how many operators its models may unfold to: a layer takes
            hundreds of bytes, so that each may be used several times.
    """

    file: str
    findings: Findings
    weights: Weights
    size: int
    tensors: list[Tensor] = field(default_factory=list)
    operators: list[Operator] = field(default_factory=list)
    steps: int = 0
    formats: set[str] = field(default_factory=set)
    _constants: dict[str, int] = field(default_factory=dict)

    def tensor(self, name: str, shape: Shape | None, dtype: str) -> int:
        """Add a value."""
        if len(self.tensors) >= MAX_TENSORS:
            raise MalformedError(self.file, "layers", f"at most {MAX_TENSORS} tensors", "more")
        self.tensors.append(Tensor(name, shape, dtype))
        return len(self.tensors) - 1

    def constant(self, weight: Weight) -> int:
        """Add an array of the weights file; one that layers share, once."""
        if weight.path not in self._constants:
            index = self.tensor(weight.path, weight.dataset.shape, weight.dataset.dtype)
            self.tensors[index] = replace(
                self.tensors[index],
                constant=True,
                extent=weight.dataset.extent,
                stored_bytes=weight.dataset.stored_bytes,
            )
            self._constants[weight.path] = index
        return self._constants[weight.path]

    def add(self, operator: Operator) -> None:
        """Add an operator."""
        if len(self.operators) >= MAX_OPERATORS:
            raise MalformedError(self.file, "layers", f"at most {MAX_OPERATORS} operators", "more")
        self.operators.append(operator)

    def count_step(self) -> None:
        """Count one use of a layer.

        Raises:
            MalformedError: Models in models unfold to more than any honest one.
        """
        self.steps += 1
        if self.steps > _LEAST_STEPS + self.size // _STEP_BYTES:
            raise MalformedError(self.file, "layers", "a model that can be unfolded", "too many uses of its layers")


Runner = Callable[[Layer, tuple[int, ...], Place], tuple[int, ...]]


class Step:
    """One use of a layer: what it is given, and how it adds operators.

    Attributes:
        layer: The layer.
        inputs: Tensors that it is given.
        options: Configuration of the layer.
        place: Where it stands.
        arguments: Other arguments of the call.
        run: Runs another layer, for those that wrap one.
    """

    def __init__(
        self, builder: Builder, layer: Layer, inputs: tuple[int, ...], place: Place, call: Call, run: Runner
    ) -> None:
        self.builder, self.layer, self.inputs, self.place, self.run = builder, layer, inputs, place, run
        self.options: Options = layer.options
        self.arguments: Mapping[str, Any] = call.arguments
        self.weights = builder.weights.of(place)
        if len(self.weights) > _MOST_WEIGHTS:
            self.note("keras-weights", f"{len(self.weights)} arrays; the first {_MOST_WEIGHTS} are shown")
            self.weights = self.weights[:_MOST_WEIGHTS]
        self._used: set[str] = set()
        fallback = builder.tensors[inputs[0]].dtype if inputs else "float32"
        self.dtype = policy_dtype(layer.options.raw("dtype")) or fallback

    @property
    def native(self) -> str:
        """Name of the layer's class."""
        return self.layer.class_name

    def malformed(self, key: str, expected: str, found: object) -> MalformedError:
        """An error of this layer."""
        return self.options.malformed(key, expected, found)

    def given(self, number: int = 0) -> int:
        """The index of an input.

        Raises:
            MalformedError: There are not so many.
        """
        if number >= len(self.inputs):
            raise self.malformed("inputs", f"at least {number + 1}", len(self.inputs))
        return self.inputs[number]

    def shape(self, number: int = 0, *, rank: int | None = None) -> Shape | None:
        """Shape of an input.

        Raises:
            MalformedError: It has another rank, or there is no such input.
        """
        shape = self.builder.tensors[self.given(number)].shape
        if rank is not None and shape is not None and len(shape) != rank:
            raise self.malformed("input", f"{rank} dimensions", len(shape))
        return shape

    def shape_of(self, index: int) -> Shape | None:
        """Shape of any tensor."""
        return self.builder.tensors[index].shape

    def roles(self, *roles: str, under: str = "") -> tuple[int, ...]:
        """Arrays of the layer by role, in Keras's order; -1 for one that the file lacks, which is noted."""
        mine = [one for one in self.weights if under in one.path]
        found = tuple(self._role(role, number, mine) for number, role in enumerate(roles))
        if -1 in found:
            missing = ", ".join(role for role, index in zip(roles, found, strict=True) if index < 0)
            self.note("keras-weights", f"the weights file has no {missing} for it")
        return found

    def _role(self, role: str, number: int, mine: Sequence[Weight]) -> int:
        if mine and not mine[0].role:
            chosen = mine[number] if number < len(mine) else None
        else:
            names = (role, *_ALIASES.get(role, ()))
            chosen = next((one for name in names for one in mine if one.role == name), None)
        if chosen is None:
            return -1
        self._used.add(chosen.path)
        return self.builder.constant(chosen)

    def rest(self) -> tuple[int, ...]:
        """Arrays of the layer that no role has taken."""
        left = [one for one in self.weights if one.path not in self._used]
        self._used.update(one.path for one in left)
        return tuple(self.builder.constant(one) for one in left)

    def emit(
        self,
        kind: str,
        inputs: Sequence[int],
        shape: Shape | None,
        *,
        native: str = "",
        dtype: str = "",
        custom: bool = False,
        **attributes: Any,
    ) -> int:
        """Add an operator with one output; give the output."""
        return self.emit_all(
            kind, inputs, [shape], native=native, dtype=dtype, custom=custom, attributes=attributes
        )[0]

    def emit_all(
        self,
        kind: str,
        inputs: Sequence[int],
        shapes: Sequence[Shape | None],
        *,
        native: str = "",
        dtype: str = "",
        custom: bool = False,
        attributes: Mapping[str, Any] | None = None,
    ) -> tuple[int, ...]:
        """Add an operator; give its outputs."""
        name = self.place.name
        outputs = tuple(self.builder.tensor(name, shape, dtype or self.dtype) for shape in shapes)
        kept = tuple(inputs)
        while kept and kept[-1] < 0:
            kept = kept[:-1]
        self.builder.add(
            Operator(
                type=kind,
                native=native or self.native,
                inputs=kept,
                outputs=outputs,
                attributes=attributes or {},
                domain=self.layer.package,
                custom=custom,
                name=name,
            )
        )
        return outputs

    def note(self, rule: str, message: str) -> None:
        """Note something about this layer."""
        self.builder.findings.add("note", rule, self.place.name, message)

    def unsupported(self, rule: str, message: str) -> None:
        """Keep that only special code can run this layer."""
        self.builder.findings.add("unsupported", rule, self.place.name, message)

    def channels_first(self) -> bool:
        """Whether the layer's images have their channels first."""
        where = self.options.word("data_format", "channels_last")
        if where not in ("channels_first", "channels_last"):
            raise self.malformed("data_format", "channels_first or channels_last", printable(where))
        self.builder.formats.add(where)
        return where == "channels_first"
