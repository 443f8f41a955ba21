from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.report.charts import Bar, bars, class_value, matrices
from tests.unit.report.documents import CONFUSION, document, scores
from tests.unit.strategies import PROPERTY

NAMES = ("background", "disc")
PROTOCOLS = document()["protocols"]


def test_a_class_that_a_protocol_counts_as_0_is_still_absent() -> None:
    assert PROTOCOLS["ti-global"]["class-iou"][2] == 0
    assert class_value(PROTOCOLS["ti-global"], 2) is None
    assert class_value(scores([[0, 1], [0, 0]], [0.0, 0.0]), 1) == 0  # predicted, so it occurs


def test_bars_have_names_and_numbers_where_names_end() -> None:
    assert bars(PROTOCOLS["per-image"], NAMES) == [
        Bar(0, "background", 0.8),
        Bar(1, "disc", 0.4),
        Bar(2, "2", None),
    ]


def test_protocols_that_share_a_matrix_share_the_drawing() -> None:
    (found,) = matrices(PROTOCOLS, NAMES)
    assert found.protocols == ("voc", "ti-global")
    assert [full for full, _short in found.labels] == ["0 background", "1 disc"]
    assert found.left_out == 1
    assert [(cell.row, cell.column, cell.share) for cell in found.cells] == [
        (0, 0, 0.9),
        (0, 1, 0.1),
        (1, 0, 0.25),
        (1, 1, 0.75),
    ]
    assert found.confusions == (("background", "disc", 10, 0.1), ("disc", "background", 5, 0.25))


def test_a_long_name_is_cut_in_labels_only() -> None:
    (found,) = matrices({"voc": scores(CONFUSION, [1, 1, None])}, ("b", "wall of a house made of bricks"))
    assert found.labels[1][0] == "1 wall of a house made of bricks"
    assert found.labels[1][1].endswith("…")
    assert found.confusions[0][1] == "wall of a house made of bricks"


square = st.integers(1, 30).flatmap(
    lambda size: st.lists(st.lists(st.integers(0, 9), min_size=size, max_size=size), min_size=size, max_size=size)
)


@PROPERTY
@given(square)
def test_shares_of_a_row_sum_to_one(confusion: list[list[int]]) -> None:
    (found,) = matrices({"voc": scores(confusion, [None] * len(confusion))}, ())
    sums: dict[int, float] = {}
    for cell in found.cells:
        sums[cell.row] = sums.get(cell.row, 0) + cell.share
    assert list(sums.values()) == [pytest.approx(1)] * sum(any(row) for row in confusion)
    assert len(found.labels) + found.left_out == len(confusion)
    assert len(found.confusions) <= 10
