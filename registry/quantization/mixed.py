"""Which layers stay float: each layer's loss is measured, then as few of those that lose most as hold the bound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from registry.errors import RejectedError
from registry.runtime.base import Array

PROBES = 4
"""Calibration images that a layer's loss is measured on."""

MEASURE = "root-mean-square difference of the output from the float model's, by the root-mean-square of that"


@dataclass(frozen=True)
class LayerLoss:
    """What a layer loses when it alone is quantized (see `MEASURE`)."""

    layer: str
    loss: float


@dataclass(frozen=True)
class Trial:
    """What the metric loses, as a fraction of 1, with so many layers float."""

    float_layers: int
    loss: float


@dataclass(frozen=True)
class Choice:
    """The layers that stay float, and why.

    Attributes:
        losses: Of every layer, the greatest first.
        float_layers: Names, the greatest loss first.
        trials: What was evaluated, in order.
    """

    losses: tuple[LayerLoss, ...]
    float_layers: tuple[str, ...]
    trials: tuple[Trial, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "measure": MEASURE,
            "probes": PROBES,
            "layers": [asdict(one) for one in self.losses],
            "float": list(self.float_layers),
            "trials": [asdict(one) for one in self.trials],
        }


def ranked(losses: Sequence[LayerLoss]) -> tuple[LayerLoss, ...]:
    """The greatest loss first; of equal ones the one that runs first."""
    return tuple(sorted(losses, key=lambda one: -one.loss))


def chosen(
    losses: Sequence[LayerLoss], metric_loss: Callable[[tuple[str, ...]], float], bound: float, most: int
) -> Choice:
    """Find the smallest number of layers with which the metric's loss holds the bound.

    Numbers are doubled until one holds, then halved between the last two: at most two evaluations for each binary
    digit of `most`. That more float layers lose less is taken for granted between two numbers that were evaluated.

    Args:
        losses: Of every layer.
        metric_loss: What the metric loses with these layers float.
        bound: Most that it may lose.
        most: Most layers that may stay float.

    Raises:
        RejectedError: Not even so many hold it.
    """
    order = ranked(losses)
    trials: list[Trial] = []

    def holds(count: int) -> bool:
        loss = metric_loss(tuple(one.layer for one in order[:count]))
        trials.append(Trial(count, loss))
        return loss <= bound

    most = min(most, len(order))
    below, count = -1, 0
    while not holds(count):
        if count == most:
            raise _unattainable(trials, bound)
        below, count = count, min(most, max(1, 2 * count))
    while count - below > 1:
        middle = (below + count) // 2
        below, count = (below, middle) if holds(middle) else (middle, count)
    return Choice(order, tuple(one.layer for one in order[:count]), tuple(trials))


def difference(reference: Sequence[Array], found: Sequence[Array]) -> float:
    """See `MEASURE`; of class ids, which have no distance, the share that changed. Over all images at once."""
    import numpy as np

    square = energy = 0.0
    for ours, theirs in zip(reference, found, strict=True):
        if np.issubdtype(ours.dtype, np.integer):
            square += float((ours != theirs).sum())
            energy += float(ours.size)
            continue
        exact = ours.astype(np.float64)
        square += float(np.square(theirs - exact).sum())
        energy += float(np.square(exact).sum())
    share = square / energy if energy else 0.0
    return float(share if np.issubdtype(reference[0].dtype, np.integer) else np.sqrt(share))


def _unattainable(trials: Sequence[Trial], bound: float) -> RejectedError:
    tried = ", ".join(f"{100 * one.loss:.2f} points with {one.float_layers}" for one in trials)
    return RejectedError(
        f"mixed: expected a loss of at most {100 * bound:.2f} points, found {tried} float layers",
        hint="allow more layers (mixed.most_layers), a greater loss (mixed.bound), or calibrate on more images",
    )
