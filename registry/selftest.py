"""The verb behind `zoo selftest`: does a model give, here, what its golden vectors say? No dataset is needed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.deviation import Deviation, deviation
from registry.errors import RejectedError
from registry.golden import GoldenTensor, Vector
from registry.runtime.base import Array, Model, Port

_SCALE_TOLERANCE = 1e-6
"""Relative; a file keeps scales as float32."""


@dataclass(frozen=True)
class Outcome:
    """What came of one vector.

    Attributes:
        vector: The vector.
        deviation: How near the output came; None where nothing could be compared.
        failures: What is wrong; empty when it passed.
    """

    vector: Vector
    deviation: Deviation | None
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the output is within the tolerance."""
        return not self.failures


def selftest(model: Model, vectors: Sequence[Vector], contents: Mapping[str, bytes]) -> tuple[Outcome, ...]:
    """Feed each stored input to a model and compare what comes out.

    A vector that does not fit the model fails, with the reason.

    Args:
        model: Loaded.
        vectors: What it is held to.
        contents: The proven bytes of their files by name.
    """
    return tuple(_outcome(model, vector, contents) for vector in vectors)


def _outcome(model: Model, vector: Vector, contents: Mapping[str, bytes]) -> Outcome:
    try:
        stored, expected = (array_of(side, contents[side.file]) for side in (vector.input, vector.output))
        _require_port(model.inputs, vector.input, "input")
        _require_port(model.outputs, vector.output, "output")
        found = model.invoke(stored)[vector.output.number]
        if found.shape != vector.output.shape or found.dtype != expected.dtype:
            name, wanted = model.outputs[vector.output.number].name, _sizes(vector.output.shape)
            raise RejectedError(
                f"output {name}: expected {expected.dtype} {wanted} as in {vector.output.file},"
                f" found {found.dtype} {_sizes(found.shape)}"
            )
        _require_telling_bound(vector, expected)
        figures = deviation(vector.output.kept(found), expected, vector.output)
    except RejectedError as error:
        return Outcome(vector, None, (error.message,))
    return Outcome(vector, figures, figures.breaches(vector.tolerance))


def array_of(tensor: GoldenTensor, data: bytes) -> Array:
    """A tensor from the bytes of its file.

    Raises:
        RejectedError: They are not as many as its shape and type make.
    """
    import numpy as np

    if len(data) != tensor.size:
        raise RejectedError(
            f"{tensor.file}: expected {tensor.size} bytes for {tensor.dtype} {_sizes(tensor.kept_shape)},"
            f" found {len(data)}"
        )
    little = np.dtype(tensor.dtype).newbyteorder("<")
    return np.frombuffer(data, little).astype(tensor.dtype).reshape(tensor.kept_shape)


def _require_port(ports: Sequence[Port], tensor: GoldenTensor, side: str) -> None:
    """The model has the tensor, of this type and with this quantization.

    Raises:
        RejectedError: It does not.
    """
    if tensor.number >= len(ports):
        raise RejectedError(
            f"{tensor.file}: expected a model with {side} number {tensor.number}, found {len(ports)} {side}s"
        )
    port = ports[tensor.number]
    if port.dtype != tensor.dtype:
        raise RejectedError(f"{side} {port.name}: expected {tensor.dtype} as in {tensor.file}, found {port.dtype}")
    ours, theirs = tensor.scale or 0.0, port.scale or 0.0
    points_differ = port.scale is not None and tensor.zero_point != port.zero_point
    if not math.isclose(ours, theirs, rel_tol=_SCALE_TOLERANCE) or points_differ:
        raise RejectedError(
            f"{side} {port.name}: expected scale {ours:.9g} and zero point {tensor.zero_point} as in {tensor.file},"
            f" found {theirs:.9g} and {port.zero_point}"
        )


def _require_telling_bound(vector: Vector, expected: Array) -> None:
    """A bound in real units is narrow enough that another model does not pass.

    Raises:
        RejectedError: It is more than a quarter of what the golden output spans.
    """
    span = (float(expected.max()) - float(expected.min())) * (vector.output.scale or 1.0)
    if vector.tolerance.absolute is not None and vector.tolerance.absolute > span / 4 > 0:
        raise RejectedError(
            f"tolerance of {vector.name}: expected 'absolute' at most a quarter of what {vector.output.file} spans"
            f" ({span:.4g}), found {vector.tolerance.absolute:.4g}"
        )


def _sizes(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))
