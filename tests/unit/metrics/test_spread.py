"""The standard error of a sample's figures."""

from __future__ import annotations

import numpy as np
import pytest

from registry.metrics import Run
from registry.metrics.confusion import Pair
from registry.metrics.spread import Recorded

PROTOCOLS = ("voc", "per-image")


def recorded(images: int, seed: int = 0, classes: int = 3) -> Recorded:
    """Images of 8x8 pixels on which a model is right as often as a coin that is loaded anew for each."""
    chance = np.random.default_rng(seed)
    run = Recorded(classes, PROTOCOLS)
    for number in range(images):
        mask = chance.integers(0, classes, (8, 8), dtype=np.uint8)
        right = chance.random((8, 8)) < chance.uniform(0.3, 1.0)
        guess = np.where(right, mask, chance.integers(0, classes, (8, 8))).astype(np.uint8)
        run.add(str(number), Pair(guess, mask))
    return run


def test_it_counts_as_any_run_does() -> None:
    mask = np.array([[0, 1, 2]], np.uint8)
    pairs = [Pair(np.array([guess], np.uint8), mask) for guess in ([0, 1, 1], [2, 1, 2], [0, 0, 0])]
    run, plain = Recorded(3, PROTOCOLS), Run(3, PROTOCOLS)
    for number, pair in enumerate(pairs):
        run.add(str(number), pair)
        plain.add(str(number), pair)
    assert run.scores() == plain.scores()


def test_of_the_whole_there_is_no_error() -> None:
    assert recorded(5).errors(5) == {}


def test_the_error_is_that_of_samples_drawn_again_and_again() -> None:
    whole = 4000
    means = [recorded(40, seed).scores()["per-image"].mean_iou for seed in range(60)]
    seen = float(np.std([value for value in means if value is not None], ddof=1))
    told = recorded(40, 99).errors(whole)["per-image", "mean-iou"]
    assert told == pytest.approx(seen, rel=0.35)


def test_the_more_of_the_whole_was_looked_at_the_smaller_it_is() -> None:
    run = recorded(20)
    errors = [run.errors(whole)["voc", "mean-iou"] for whole in (21, 30, 100, 10_000)]
    assert errors == sorted(errors)
    assert errors[0] == pytest.approx(errors[-1] * (1 / 21) ** 0.5, rel=0.01)


def test_the_same_run_gives_the_same_errors() -> None:
    assert recorded(10).errors(100) == recorded(10).errors(100)
