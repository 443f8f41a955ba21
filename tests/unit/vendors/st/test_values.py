from __future__ import annotations

from typing import Any

import pytest

from registry.vendors.st.values import empty, interpolated, number, numbers


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (3, 3), ("3", 3), ("1/127.5", 1 / 127.5), ("1./255", 1 / 255), (" -1 ", -1), ("5.0e-05", 5e-5), (".5", 0.5),
        (True, None), ("1/0", None), ("one", None), ("__import__('os')", None), ("1/2/3", None), (None, None),
        ([1], None),
    ],
)  # fmt: skip
def test_numbers_and_fractions(written: Any, expected: float | None) -> None:
    assert number(written) == expected
    assert type(number(written)) is type(expected)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("(512, 256, 3)", [512, 256, 3]),
        ("(4, 8,)", [4, 8]),
        ([1, "1/4"], [1, 0.25]),
        ("(0:-1)", None),
        ("4, 8", None),
        (4, None),
        (["a"], None),
    ],
)
def test_tuples(written: Any, expected: list[float] | None) -> None:
    assert numbers(written) == expected


def test_what_says_nothing_and_what_hydra_says() -> None:
    nothing: list[Any] = [None, "None", "none", "", {}]
    something: list[Any] = [0, False, "no"]
    assert all(empty(one) for one in nothing)
    assert not any(empty(one) for one in something)
    assert interpolated("${now:%Y}")
    assert interpolated(["a", "${b}"])
    assert not interpolated("a")
    assert not interpolated(3)
