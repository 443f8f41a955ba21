"""How far an output is from the one that was expected, in the figures that tolerances speak of."""

from __future__ import annotations

from dataclasses import dataclass

from registry.errors import RejectedError
from registry.golden import GoldenTensor, Tolerance
from registry.runtime.base import Array


@dataclass(frozen=True)
class Deviation:
    """Differences of two tensors.

    Attributes:
        values: Number of elements.
        not_finite: Elements that are no numbers: NaN or infinite.
        differing: Share of elements that differ at all, fraction of 1.
        steps: Greatest difference in stored units; None for real numbers.
        absolute: Greatest difference in real units; None for integers without a scale, or without any number.
        best_class: Share of places whose best class differs, fraction of 1; None without an axis of classes.
    """

    values: int
    not_finite: int
    differing: float
    steps: int | None = None
    absolute: float | None = None
    best_class: float | None = None

    def breaches(self, tolerance: Tolerance) -> tuple[str, ...]:
        """What is beyond a tolerance, in words; empty when all is within."""
        found = [f"{self.not_finite} of {self.values} values are no numbers"] if self.not_finite else []
        for value, most, what, form in (
            (self.steps, tolerance.steps, "greatest difference in steps", "d"),
            (self.absolute, tolerance.absolute, "greatest difference", ".4g"),
            (self.differing, tolerance.differing, "share of values that differ", ".4%"),
            (self.best_class, tolerance.best_class, "share of places whose best class differs", ".4%"),
        ):
            if value is not None and most is not None and value > most:
                found.append(f"{what}: expected at most {most:{form}}, found {value:{form}}")
        return tuple(found)


def deviation(found: Array, expected: Array, tensor: GoldenTensor) -> Deviation:
    """Compare an output with the golden one.

    Args:
        found: Of the tensor's shape and type, as stored.
        expected: The same, with numbers only.
        tensor: What both are.

    Raises:
        RejectedError: The golden output holds NaN or infinite values.
    """
    import numpy as np

    real = np.issubdtype(expected.dtype, np.floating)
    if real and not np.isfinite(expected).all():
        raise RejectedError(
            f"{tensor.file}: the golden output holds values that are no numbers, so nothing can be compared",
            hint="record it again, from an input for which the model gives numbers",
        )
    numbers = np.isfinite(found)
    bad = int(found.size - numbers.sum())
    wide = np.float64 if real else np.int64
    apart = np.abs(found[numbers].astype(wide) - expected[numbers].astype(wide))
    greatest = apart.max() if apart.size else None
    scale = 1.0 if real else tensor.scale
    return Deviation(
        values=int(found.size),
        not_finite=bad,
        differing=(int(np.count_nonzero(apart)) + bad) / found.size,
        steps=None if real else int(apart.max()),
        absolute=None if greatest is None or scale is None else float(greatest) * scale,
        best_class=_other_class(found, expected, tensor.class_axis),
    )


def _other_class(found: Array, expected: Array, axis: int | None) -> float | None:
    if axis is None:
        return None
    return float((found.argmax(axis=axis) != expected.argmax(axis=axis)).mean())
