from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from registry.training.loss import cross_entropy, mean


def reference(ids: Any, logits: Any, weights: Any) -> float:
    """The definition, pixel by pixel."""
    total = counted = 0.0
    for place in np.ndindex(ids.shape):
        if ids[place] != 255:
            scores = logits[place].astype(np.float64)
            total += weights[ids[place]] * (np.log(np.exp(scores).sum()) - scores[ids[place]])
            counted += weights[ids[place]]
    return total / counted


@pytest.mark.parametrize("weights", [None, (0.5, 1.0, 2.0)])
def test_it_is_the_mean_over_the_pixels_that_have_a_class(weights: tuple[float, ...] | None) -> None:
    random = np.random.default_rng(1)
    ids = random.choice(np.array([0, 1, 2, 255], np.uint8), (2, 4, 5))
    logits = random.normal(size=(2, 4, 5, 3)).astype(np.float32)
    found = mean(*cross_entropy(weights)(ids, logits))
    assert float(found) == pytest.approx(reference(ids, logits, weights or (1, 1, 1)), rel=1e-5)


def test_void_has_no_part_in_the_loss_or_its_gradient() -> None:
    import tensorflow as tf

    ids = np.array([[[0, 255]]], np.uint8)
    logits = tf.Variable(np.array([[[[1.0, 2.0], [5.0, -5.0]]]], np.float32))
    with tf.GradientTape() as tape:
        value = mean(*cross_entropy()(ids, logits))
    gradient = tape.gradient(value, logits).numpy()
    assert np.all(gradient[0, 0, 1] == 0)
    assert np.all(gradient[0, 0, 0] != 0)


def test_an_image_of_void_alone_has_a_loss_and_a_gradient_of_zero() -> None:
    import tensorflow as tf

    logits = tf.Variable(np.ones((1, 2, 2, 3), np.float32))
    with tf.GradientTape() as tape:
        value = mean(*cross_entropy()(np.full((1, 2, 2), 255, np.uint8), logits))
    assert float(value) == 0
    assert np.all(tape.gradient(value, logits).numpy() == 0)
