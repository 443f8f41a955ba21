from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from registry.training.execution import bilinear, for_training


def network(size: int = 8, **normalization: Any) -> Any:
    import keras

    keras.utils.set_random_seed(3)
    image = keras.Input((size, size, 3))
    found = keras.layers.Conv2D(4, 3, padding="same", use_bias=False, name="convolution")(image)
    found = keras.layers.BatchNormalization(momentum=0.9, name="normalization", **normalization)(found)
    found = keras.layers.AveragePooling2D(2)(keras.layers.ReLU()(found))
    return keras.Model(image, keras.layers.UpSampling2D((4, 2), interpolation="bilinear")(found))


def images() -> Any:
    return np.random.default_rng(4).normal(2, 3, (5, 8, 8, 3)).astype(np.float32)


def trained(model: Any) -> tuple[Any, list[Any]]:
    """The output in training and the gradient of each variable, for a sum that weighs every value otherwise."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        output = model(images(), training=True)
        total = tf.reduce_sum(output * tf.reshape(tf.range(tf.size(output), dtype=tf.float32) / 999, output.shape))
    return output.numpy(), [one.numpy() for one in tape.gradient(total, model.trainable_variables)]


def test_outputs_gradients_and_moving_averages_are_those_of_keras() -> None:
    model = network()
    copy = for_training(model)
    (output, gradients), (expected, wanted) = trained(copy), trained(model)
    np.testing.assert_allclose(output, expected, atol=1e-5)
    for one, other in zip(gradients, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3)
    for one, other in zip(copy.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_the_copy_has_the_same_weights_in_the_same_order_and_shares_none() -> None:
    model = network()
    before = [value.copy() for value in model.get_weights()]
    copy = for_training(model)
    assert [weight.path for weight in copy.weights] == [weight.path for weight in model.weights]
    trained(copy)
    for one, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(copy.get_layer("normalization").moving_mean, before[3])


def test_a_frozen_normalization_keeps_its_averages() -> None:
    model = network()
    model.get_layer("normalization").trainable = False
    copy = for_training(model)
    output, _ = trained(copy)
    np.testing.assert_allclose(output, model(images(), training=False).numpy(), atol=1e-5)
    np.testing.assert_array_equal(copy.get_layer("normalization").moving_mean, np.zeros(4))


@pytest.mark.parametrize("left_out", ["scale", "center"])
def test_a_normalization_without_one_of_its_factors_is_the_one_of_keras(left_out: str) -> None:
    model = network(**{left_out: False})
    np.testing.assert_allclose(trained(for_training(model))[0], trained(model)[0], atol=1e-5)


@pytest.mark.parametrize(("size", "factor"), [(1, 4), (2, 2), (5, 8), (32, 8)])
def test_an_axis_is_enlarged_as_tensorflow_does_it(size: int, factor: int) -> None:
    import tensorflow as tf

    row = np.random.default_rng(5).normal(size=size).astype(np.float32)
    expected = tf.image.resize(row[np.newaxis, :, np.newaxis, np.newaxis], (size * factor, 1)).numpy()
    np.testing.assert_allclose(bilinear(size, factor) @ row, expected.ravel(), atol=1e-6)
