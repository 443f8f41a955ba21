"""Where places lie in memory: what any allocation needs at least, and what a simple allocator makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

Lifetime = tuple[int, int]
"""First and last step, both included."""


def peak(sizes: Mapping[int, int], lifetimes: Mapping[int, Lifetime]) -> int:
    """Most bytes alive in one step: no allocation of places that do not overlap needs less.

    Args:
        sizes: Bytes by place.
        lifetimes: By place.
    """
    changes: dict[int, int] = {}
    for place, (first, last) in lifetimes.items():
        changes[first] = changes.get(first, 0) + sizes[place]
        changes[last + 1] = changes.get(last + 1, 0) - sizes[place]
    most = alive = 0
    for step in sorted(changes):
        alive += changes[step]
        most = max(most, alive)
    return most


def offsets(order: Iterable[int], sizes: Mapping[int, int], lifetimes: Mapping[int, Lifetime]) -> Mapping[int, int]:
    """First byte of each place when it goes to the lowest gap that is free during its life, in the given order."""
    placed: list[tuple[int, int, Lifetime]] = []
    found = {}
    for place in order:
        size, (first, last) = sizes[place], lifetimes[place]
        offset = 0
        for start, stop, (other_first, other_last) in placed:
            if other_first <= last and first <= other_last:
                if start - offset >= size:
                    break
                offset = max(offset, stop)
        found[place] = offset
        placed.append((offset, offset + size, (first, last)))
        placed.sort()
    return found


def first_fit(order: Iterable[int], sizes: Mapping[int, int], lifetimes: Mapping[int, Lifetime]) -> int:
    """Bytes that `offsets` needs for all places together."""
    return max((start + sizes[place] for place, start in offsets(order, sizes, lifetimes).items()), default=0)


def by_size(sizes: Mapping[int, int], lifetimes: Mapping[int, Lifetime]) -> Sequence[int]:
    """Largest first, as TensorFlow Lite Micro's greedy memory planner orders them (docs/memory_management.md)."""
    return sorted(lifetimes, key=lambda place: (-sizes[place], lifetimes[place]))


def by_first_use(sizes: Mapping[int, int], lifetimes: Mapping[int, Lifetime]) -> Sequence[int]:
    """In order of execution, as an allocator without foresight meets them."""
    return sorted(lifetimes, key=lambda place: (lifetimes[place], -sizes[place]))
