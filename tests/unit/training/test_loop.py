from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from registry.errors import RejectedError
from registry.training.configuration import from_plain
from registry.training.loop import Trainer
from tests.unit.training import runs


def test_a_loss_that_is_no_number_is_told_with_its_place() -> None:
    import keras
    import tensorflow as tf

    image = keras.Input((8, 8, 3))
    model = keras.Model(image, keras.layers.Conv2D(runs.CLASSES, 1)(image))
    how = from_plain(runs.plain())

    def loss(_masks: Any, logits: Any) -> Any:
        return tf.reduce_sum(logits) * float("nan"), tf.constant(1.0)

    trainer = Trainer(model, how, loss, steps=2)
    batch = (np.zeros((2, 8, 8, 3), np.float32), np.zeros((2, 8, 8), np.uint8))
    with pytest.raises(RejectedError, match="loss of epoch 1, step 1 is nan, expected a number"):
        trainer.epoch(0, iter([batch]), None, lambda _amount: None)
