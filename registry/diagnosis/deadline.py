"""Questions that may get no answer: all asked at the same time, none waited for beyond a deadline."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from typing import TypeVar

Answer = TypeVar("Answer")


def answers(questions: Sequence[Callable[[], Answer]], seconds: float) -> list[Answer | None]:
    """The answer to each question, in their order; None of one that has not been answered in time.

    A thread that is still waiting then is left behind and holds up nothing: not even a resolver or a file system
    that hangs, which know no timeout, keeps the process alive.

    Args:
        questions: What to ask; called in a thread each.
        seconds: How long to wait for all of them together.

    Raises:
        BaseException: What the first failing question raised.
    """
    asked = [_ask(question) for question in questions]
    wait(asked, timeout=seconds)
    return [one.result() if one.done() else None for one in asked]


def _ask(question: Callable[[], Answer]) -> Future[Answer]:
    future: Future[Answer] = Future()

    def run() -> None:
        try:
            future.set_result(question())
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future
