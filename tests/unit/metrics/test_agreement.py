"""Two models against each other: by a plain count over pixels, stored and merged in any order."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import RejectedError
from registry.metrics import Agreement, Sight, lowest
from registry.metrics.agreement import VERDICTS
from registry.metrics.sight import MOST
from registry.samples.pictures import VOID
from tests.unit.strategies import PROPERTY

CLASSES = 3
seen = st.sampled_from([0, 1, 2, VOID])


@st.composite
def triples(draw: st.DrawFn) -> tuple[Any, Any, Any]:
    height, width = draw(st.integers(0, 4)), draw(st.integers(0, 4))
    maps = [
        np.array(draw(st.lists(seen, min_size=height * width, max_size=height * width)), np.uint8) for _ in range(3)
    ]
    first, second, mask = (one.reshape(height, width) for one in maps)
    return first, second, mask


def agreement_of(images: list[tuple[Any, Any, Any]]) -> Agreement:
    found = Agreement(CLASSES)
    for number, (first, second, mask) in enumerate(images):
        found.take(found.look(f"image {number}", (first, second), mask))
    return found


def verdict(first: int, second: int, mask: int) -> str:
    if first == mask:
        return "both-right" if second == mask else "only-first-right"
    if second == mask:
        return "only-second-right"
    return "both-wrong-alike" if first == second else "both-wrong-apart"


@PROPERTY
@given(st.lists(triples(), max_size=4))
def test_each_pixel_is_counted_once(images: list[tuple[Any, Any, Any]]) -> None:
    found = agreement_of(images)
    pixels = [
        tuple(int(part) for part in pixel)
        for image in images
        for pixel in zip(*(one.ravel() for one in image), strict=True)
    ]
    both = [(first, second, mask) for first, second, mask in pixels if VOID not in (first, second)]
    counts = Counter((first, second) for first, second, _mask in both)
    assert {(row, column): found.matrix[row, column] for row, column in counts} == dict(counts)
    assert found.matrix.sum() == len(both)
    verdicts = Counter(verdict(*pixel) for pixel in both if pixel[2] != VOID)
    assert dict(zip(VERDICTS, found.verdicts, strict=True)) == {name: verdicts[name] for name in VERDICTS}
    alike = sum(first == second for first, second, _mask in both)
    assert found.share == (pytest.approx(alike / len(both)) if both else None)


@PROPERTY
@given(st.lists(triples(), max_size=4))
def test_a_stored_state_is_the_same(images: list[tuple[Any, Any, Any]]) -> None:
    found = agreement_of(images)
    again = Agreement.from_json(json.loads(json.dumps(found.to_json())))
    assert again.to_json() == found.to_json()
    assert again.changes() == found.changes()


@pytest.mark.parametrize(
    "state",
    [{}, {"classes": "many"}, {"classes": 2, "confusion": [[1]], "pixels": {}, "apart": []}],
)
def test_a_damaged_state_is_refused(state: dict[str, Any]) -> None:
    with pytest.raises(RejectedError, match="damaged"):
        Agreement.from_json(state)


def test_a_state_of_another_shape_or_below_nothing_is_refused() -> None:
    state = agreement_of([]).to_json()
    for confusion in ([[0, 0], [0, 0]], [[0, 0, 0], [0, -1, 0], [0, 0, 0]]):
        with pytest.raises(RejectedError, match="damaged"):
            Agreement.from_json({**state, "confusion": confusion})


def test_changes_come_with_the_most_frequent_first() -> None:
    first = np.array([[0, 0, 0, 1, 1, 2]], np.uint8)
    second = np.array([[1, 1, 0, 1, 2, 2]], np.uint8)
    found = agreement_of([(first, second, first)])
    assert found.changes() == [(0, 1, 2), (1, 2, 1)]
    assert found.changes(most=1) == [(0, 1, 2)]


@PROPERTY
@given(st.lists(st.floats(0, 1), max_size=40), st.randoms())
def test_the_lowest_are_kept_whatever_their_order(values: list[float], random: Any) -> None:
    sights = [Sight(f"{number}", value, 1.0) for number, value in enumerate(values)]
    shuffled = list(sights)
    random.shuffle(shuffled)
    kept: tuple[Sight, ...] = ()
    for sight in shuffled:
        kept = lowest(kept, sight)
    assert list(kept) == sorted(sights, key=lambda sight: (sight.mean_iou, sight.name))[:MOST]


def test_an_image_without_pixels_is_no_sight() -> None:
    assert Sight.of("empty", np.zeros((2, 3), np.int64)) is None
    assert lowest((), None) == ()
