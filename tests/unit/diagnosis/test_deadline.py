from __future__ import annotations

import threading

import pytest

from registry.diagnosis.deadline import answers


def test_answers_come_in_the_order_of_the_questions() -> None:
    later = threading.Event()

    def first() -> int:
        later.wait()
        return 1

    def second() -> int:
        later.set()
        return 2

    assert answers([first, second], 60) == [1, 2]


def test_what_does_not_answer_is_left_behind() -> None:
    never = threading.Event()
    try:
        assert answers([never.wait, never.wait], 0.1) == [None, None]
    finally:
        never.set()


def test_nothing_asked() -> None:
    assert answers([], 0) == []


def test_a_question_that_fails() -> None:
    with pytest.raises(ZeroDivisionError):
        answers([lambda: 1 // 0], 60)
