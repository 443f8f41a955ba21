from __future__ import annotations

from pathlib import Path

import numpy as np

from registry.predict import Share, shares_of, stems


def test_names_that_collide_get_numbers_that_are_free() -> None:
    images = map(Path, ["a/cat.jpg", "b/cat.png", "cat-2.jpg", "c/CAT.jpg", "dog.tar.png"])
    assert stems(images) == ["cat", "cat-2", "cat-2-2", "CAT-3", "dog.tar"]


def test_shares_are_of_all_pixels_the_most_first() -> None:
    class_map = np.array([[0, 0, 2, 2], [2, 9, 255, 0]], np.uint8)
    found = shares_of(class_map, ["background", "one", "two"])
    assert [(one.id, one.name, one.pixels, one.share) for one in found] == [
        (0, "background", 3, 0.375),
        (2, "two", 3, 0.375),
        (9, "9", 1, 0.125),
        (255, "not seen", 1, 0.125),
    ]


def test_a_share_too_small_to_show_is_not_zero() -> None:
    assert str(Share(3, "bird", 1, 0.0001)) == "bird <0.1%"
    assert str(Share(3, "bird", 1, 0.202)) == "bird 20.2%"
