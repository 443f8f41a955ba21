"""How well a target supports a variant: measured on it > declared by the publisher > compatible by its rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from registry import figures
from registry.capacity import exceeded
from registry.card import Variant
from registry.target import Target

SEGMENTATION = "semantic-segmentation"

Level = Literal["measured", "declared", "compatible"]

LEVELS: tuple[Level, ...] = ("measured", "declared", "compatible")
"""Best first."""


@dataclass(frozen=True)
class Support:
    """The answer for one variant on one target.

    Attributes:
        level: `measured`, `declared`, `compatible`, or None for not supported.
        engine: Engine that the target's rules give it, or None when no rule matches.
        reason: Why it is not supported; empty when it is.
    """

    level: Level | None
    engine: str | None
    reason: str = ""

    @property
    def rank(self) -> tuple[int, int]:
        """Sorts the better supported first: by level, then accelerators before the CPU."""
        level = LEVELS.index(self.level) if self.level else len(LEVELS)
        return level, {"npu": 0, "gpu": 1, "cpu": 2, None: 3}[self.engine]


def support_of(variant: Variant, target: Target) -> Support:
    """Judge a variant on a target. A latency figure on the target is proof that it ran there."""
    engine = target.engine_for(variant.format, variant.scheme, variant.granularity, variant.representation)
    if any(item.target == target.name for item in variant.latencies):
        return Support("measured", engine)
    declared = variant.support.get(target.name)
    if declared == "unsupported":
        return Support(None, engine, f"its publisher declares {target.name} unsupported")
    if engine is None:
        return Support(None, None, f"{target.name} takes no {describe(variant)} file")
    if variant.task == SEGMENTATION and not target.segments:
        return Support(None, engine, f"its vendor does not support {SEGMENTATION} on {target.name}")
    reason = exceeded(target, figures.ram_bytes(variant, target.name), figures.flash_bytes(variant, target.name))
    if reason:
        return Support(None, engine, reason)
    return Support("declared" if declared else "compatible", engine)


def describe(variant: Variant) -> str:
    """Format and quantization in words, such as `onnx int8 per-channel qdq`."""
    words = dict.fromkeys((variant.format, variant.scheme, variant.granularity, variant.representation))
    return " ".join(word for word in words if word not in ("none", "unknown")) or "unknown"
