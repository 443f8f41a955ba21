"""How a network is computed while it is trained: the same formulas by operators that a CPU is quicker with.

Keras 3 makes a dozen operators of a batch normalization, a third of a training step where channels are few; and
TensorFlow's gradient of a bilinear resize keeps one core busy while the other waits.
"""

from __future__ import annotations

from typing import Any


def for_training(model: Any) -> Any:
    """A copy of a Keras model with the same weights, in the same order, and none of them shared."""
    import keras

    quicker = {keras.layers.BatchNormalization: _normalization(), keras.layers.UpSampling2D: _upsampling()}

    def copied(layer: Any) -> Any:
        return quicker.get(type(layer), type(layer)).from_config(layer.get_config())

    copy = keras.models.clone_model(model, clone_function=copied)
    copy.set_weights(model.get_weights())
    return copy


def _normalization() -> Any:
    import keras
    import tensorflow as tf

    class FusedBatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]
        """Of images, (N, height, width, channels), along their channels, as one operator."""

        def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
            whole = len(inputs.shape) == 4 and self.scale and self.center and mask is None
            if not (training and self.trainable and whole):
                return super().call(inputs, training=training, mask=mask)
            found, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
                x=inputs,
                scale=keras.ops.convert_to_tensor(self.gamma),
                offset=keras.ops.convert_to_tensor(self.beta),
                mean=tf.zeros((0,)),
                variance=tf.zeros((0,)),
                epsilon=self.epsilon,
                is_training=True,
            )
            count = tf.cast(tf.reduce_prod(tf.shape(inputs)[:3]), tf.float32)
            # the operator gives the unbiased variance of the batch, Keras keeps the biased one
            for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance * (count - 1) / count)):
                moving.assign(moving * self.momentum + value * (1 - self.momentum))
            return found

    return FusedBatchNormalization


def _upsampling() -> Any:
    import keras
    import tensorflow as tf

    class MultipliedUpSampling(keras.layers.UpSampling2D):  # type: ignore[misc]
        """Bilinear, as one product with a matrix for each axis, and so is its gradient."""

        def call(self, inputs: Any) -> Any:
            height, width, channels = inputs.shape[1:]
            if self.interpolation != "bilinear" or None in (height, width, channels):
                return super().call(inputs)
            down, across = (tf.constant(bilinear(*one)) for one in ((height, self.size[0]), (width, self.size[1])))
            # across first, while there is little to transpose; the second product has the layout that is wanted
            wide = tf.matmul(across, tf.reshape(tf.transpose(inputs, (0, 2, 1, 3)), (-1, width, height * channels)))
            wide = tf.reshape(wide, (-1, width * self.size[1], height, channels))
            rows = tf.reshape(tf.transpose(wide, (0, 2, 1, 3)), (-1, height, width * self.size[1] * channels))
            return tf.reshape(tf.matmul(down, rows), (-1, height * self.size[0], width * self.size[1], channels))

    return MultipliedUpSampling


def bilinear(size: int, factor: int) -> Any:
    """The matrix that enlarges an axis with half-pixel centres, as Keras does; float32 (size * factor, size)."""
    import numpy as np

    places = np.clip((np.arange(size * factor) + 0.5) / factor - 0.5, 0, size - 1)
    return np.maximum(0, 1 - np.abs(places[:, np.newaxis] - np.arange(size))).astype(np.float32)
