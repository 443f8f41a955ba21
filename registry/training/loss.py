"""Cross-entropy of the pixels that have a class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Loss = Callable[[Any, Any], tuple[Any, Any]]


def cross_entropy(class_weights: tuple[float, ...] | None = None) -> Loss:
    """A function from class ids (N, H, W) and logits (N, H, W, C) to two scalars: sum of losses, sum of weights.

    The mean over counted pixels is their ratio; both are 0 where every pixel is void. A pixel's weight is that of
    its class, 1 without weights, and 0 where it is void.
    """
    import tensorflow as tf

    table = None if class_weights is None else tf.constant(class_weights, tf.float32)

    def sums(ids: Any, logits: Any) -> tuple[Any, Any]:
        chosen = tf.one_hot(tf.cast(ids, tf.int32), logits.shape[-1])  # of void nothing but zeros
        if table is not None:
            chosen *= table
        # whole products: taking one score a pixel out has a gradient that keeps a single core busy
        return -tf.reduce_sum(chosen * tf.nn.log_softmax(logits)), tf.reduce_sum(chosen)

    return sums


def mean(total: Any, weight: Any) -> Any:
    """Their ratio; 0 where nothing was counted."""
    import tensorflow as tf

    return tf.math.divide_no_nan(total, weight)
