"""What memories a target has, and whether so much RAM and flash fits: one rule for figures and for estimates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from registry.target import Target
from registry.units import format_bytes

Kind = Literal["internal-ram", "external-ram", "internal-flash", "external-flash"]


@dataclass(frozen=True)
class Pool:
    """One memory of a target.

    Attributes:
        name: As the target card names it.
        kind: What it is.
        size: Bytes.
        board: The only board that has it; empty where all have.
    """

    name: str
    kind: str
    size: int
    board: str = ""


@dataclass(frozen=True)
class Placement:
    """Where RAM and flash would lie.

    Attributes:
        fits: Whether all of it has a place; None where the target's memories are not known.
        used: Bytes by pool, in the order in which they fill.
        spill: Bytes in external RAM, which is slower, where there is internal RAM.
        reason: Why it does not fit; what is not known; empty when it fits.
    """

    fits: bool | None
    used: tuple[tuple[Pool, int], ...] = ()
    spill: int = 0
    reason: str = ""


def pools_of(target: Target) -> tuple[Pool, ...]:
    """The memories that a target card states."""
    return tuple(
        Pool(item["name"], item["kind"], item["size"], item.get("board", ""))
        for item in target.document.get("memories", ())
    )


def totals(target: Target) -> tuple[int | None, int | None]:
    """Bytes of all RAM and of all flash; None where the target card states none."""
    pools = pools_of(target)
    sums = [sum(pool.size for pool in pools if pool.kind.endswith(what)) for what in ("ram", "flash")]
    return sums[0] or None, sums[1] or None


def exceeded(target: Target, ram: float | None, flash: float | None) -> str:
    """Which memory is too small for published figures, in words; empty where none is known to be."""
    for what, need, whole in zip(("RAM", "flash"), (ram, flash), totals(target), strict=True):
        if need is not None and whole is not None and need > whole:
            return f"needs {format_bytes(need)} of {what}, {target.name} has {format_bytes(whole)}"
    return ""


def place(target: Target, ram: float | None, flash: float | None) -> Placement:
    """Place activations and weights: internal memory first, the largest pool first.

    Weights lie in RAM where a target states no flash and only external RAM: it runs an operating system, which
    loads the file.

    A network is taken to spread over several pools, as the published reports of stm32n6 show; whether a single
    tensor may cross the border of a pool is the compiler's business.

    Args:
        target: Where.
        ram: Bytes of activations, None when unknown.
        flash: Bytes of weights, None when unknown.
    """
    pools = pools_of(target)
    if flash is not None and ram is not None and {pool.kind for pool in pools} == {"external-ram"}:
        ram, flash = ram + flash, 0
    used: list[tuple[Pool, int]] = []
    unknown: list[str] = []
    for what, need in (("ram", ram), ("flash", flash)):
        own = _in_order([pool for pool in pools if pool.kind.endswith(what)])
        if need == 0:
            continue
        if need is None or not own:
            unknown.append(f"the {what} is not known" if need is None else f"{target.name}'s {what} is not known")
            continue
        filled, left = _filled(own, round(need))
        used += filled
        if left:
            whole = sum(pool.size for pool in own)
            return Placement(
                False,
                tuple(used),
                reason=f"{what}: needs {format_bytes(need)}, {target.name} has {format_bytes(whole)}"
                f" ({', '.join(f'{pool.name} {format_bytes(pool.size)}' for pool in own)})",
            )
    internal = any(pool.kind == "internal-ram" for pool in pools)
    spill = sum(size for pool, size in used if pool.kind == "external-ram" and internal)
    return Placement(None if unknown else True, tuple(used), spill, "; ".join(unknown))


def _in_order(pools: list[Pool]) -> list[Pool]:
    return sorted(pools, key=lambda pool: (not pool.kind.startswith("internal"), -pool.size))


def _filled(pools: list[Pool], need: int) -> tuple[list[tuple[Pool, int]], int]:
    used = []
    for pool in pools:
        taken = min(pool.size, need)
        if taken:
            used.append((pool, taken))
        need -= taken
    return used, need
