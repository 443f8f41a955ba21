"""How long work reports its progress, without knowing who listens."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Advance(Protocol):
    """Called with the number of units done since the last call."""

    def __call__(self, amount: int, /) -> None:
        """Report `amount` more units; fewer than 0 take back what has to be done again."""


class Progress(Protocol):
    """A listener. `cli` shows bars on a terminal; the default is silent."""

    def task(
        self, title: str, total: int | None, *, unit: str = "B", done: int = 0
    ) -> AbstractContextManager[Advance]:
        """Start a task of `total` units (None when unknown), `done` of them already; bytes by default."""

    def note(self, message: str) -> None:
        """Say one thing that the user should know while work goes on."""


class Silent:
    """The default listener: hears everything, says nothing."""

    def task(
        self, title: str, total: int | None, *, unit: str = "B", done: int = 0
    ) -> AbstractContextManager[Advance]:
        """Return a context that ignores what is reported."""
        return nullcontext(lambda _amount: None)

    def note(self, message: str) -> None:
        """Ignore the message."""
