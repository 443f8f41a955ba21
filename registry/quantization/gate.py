"""The gate: what a quantized model may lose against its float parent, overall and in each class. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from registry.errors import RejectedError
from registry.metrics import Scores


@dataclass(frozen=True)
class ClassLoss:
    """What a class loses, as fractions of 1.

    Attributes:
        id: Of the class.
        name: Its name.
        parent, result: IoU of the float model and of the quantized one; None where the class never occurs.
        loss: `parent` less `result`; None where one of them is.
    """

    id: int
    name: str
    parent: float | None
    result: float | None
    loss: float | None


@dataclass(frozen=True)
class Verdict:
    """What the gate says.

    Attributes:
        passed: Whether every bound holds.
        reasons: One for each that does not.
        protocol: How the IoU is computed.
        parent, result: Mean IoU of the float model and of the quantized one, fractions of 1.
        loss: `parent` less `result`: below 0 where the quantized one is better.
        overall, per_class: The bounds; `per_class` None for none.
        classes: Of all classes.
    """

    passed: bool
    reasons: tuple[str, ...]
    protocol: str
    parent: float
    result: float
    loss: float
    overall: float
    per_class: float | None
    classes: tuple[ClassLoss, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def judge(
    parent: Scores, result: Scores, names: Sequence[str], *, overall: float, per_class: float | None
) -> Verdict:
    """Hold a quantized model's accuracy against its float parent's, under one protocol and on the same images.

    Args:
        parent: Scores of the float model.
        result: Scores of the quantized one.
        names: Of the classes by id.
        overall: Most that the mean IoU may lose, as a fraction of 1.
        per_class: Most that the IoU of any class may lose; None for no bound.

    Raises:
        RejectedError: Two protocols, or nothing was counted.
    """
    if parent.protocol != result.protocol:
        raise RejectedError(f"gate: figures of {parent.protocol} and {result.protocol} are not comparable")
    if parent.mean_iou is None or result.mean_iou is None:
        raise RejectedError("gate: no pixel was counted, so nothing is known", hint="name a split with masks")
    loss = parent.mean_iou - result.mean_iou
    classes = tuple(
        ClassLoss(number, name, ours, theirs, None if ours is None or theirs is None else ours - theirs)
        for number, (name, ours, theirs) in enumerate(zip(names, parent.class_iou, result.class_iou, strict=True))
    )
    reasons = [_reason("mean IoU", loss, overall)] if loss > overall else []
    if per_class is not None:
        reasons += [
            _reason(f"IoU of {one.name}", one.loss, per_class)
            for one in classes
            if one.loss is not None and one.loss > per_class
        ]
    return Verdict(
        not reasons,
        tuple(reasons),
        parent.protocol,
        parent.mean_iou,
        result.mean_iou,
        loss,
        overall,
        per_class,
        classes,
    )


def _reason(what: str, loss: float, bound: float) -> str:
    return f"{what} loses {100 * loss:.2f} points, expected at most {100 * bound:.2f}"
