"""Figures that are watched between epochs: the state is plain data, so that a run can be taken up again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.training.configuration import Watch


@dataclass
class Watcher:
    """The best value of a figure so far, and for how many evaluations it has stood still.

    Attributes:
        watch: What is watched.
        best: Best value; None before the first.
        still: Evaluations since then.
    """

    watch: Watch
    best: float | None = None
    still: int = 0

    def see(self, figures: Mapping[str, float | None]) -> bool:
        """Take in an epoch's figures; whether the one that is watched is the best so far.

        An epoch that was not evaluated says nothing, unless the figure is of the training itself.
        """
        value = figures.get(self.watch.monitor)
        if value is None or value != value:  # noqa: PLR0124 - not a number
            return False
        if self.best is None or (value > self.best if self.watch.grows else value < self.best):
            self.best, self.still = value, 0
            return True
        self.still += 1
        return False

    @property
    def tired(self) -> bool:
        """Whether it has stood still for as long as it may."""
        return self.still >= self.watch.patience

    def to_json(self) -> dict[str, Any]:
        """The state."""
        return {"best": self.best, "still": self.still}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `to_json`."""
        self.best, self.still = state["best"], state["still"]


@dataclass
class Plateau:
    """Lowers the learning rate when a figure stands still.

    Attributes:
        watcher: What is watched.
        share: What is left of the scheduled rate.
    """

    watcher: Watcher
    share: float = 1.0

    def see(self, figures: Mapping[str, float | None]) -> None:
        """Take in an epoch's figures."""
        self.watcher.see(figures)
        if self.watcher.tired:
            self.share *= self.watcher.watch.factor
            self.watcher.still = 0

    def applied(self, rate: float) -> float:
        """A scheduled rate, lowered, but not below the least."""
        return min(rate, max(rate * self.share, self.watcher.watch.end))

    def to_json(self) -> dict[str, Any]:
        """The state."""
        return {**self.watcher.to_json(), "share": self.share}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `to_json`."""
        self.watcher.restore(state)
        self.share = state["share"]
