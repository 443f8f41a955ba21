from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from registry.errors import RejectedError
from registry.training import network
from registry.training.configuration import from_plain
from registry.training.loop import Trainer
from tests.unit.training import runs


def test_a_loss_that_is_no_number_is_told_with_its_place() -> None:
    import tensorflow as tf

    how = from_plain(runs.plain())

    def loss(_masks: Any, logits: Any) -> Any:
        return tf.reduce_sum(logits) * float("nan"), tf.constant(1.0)

    trainer = Trainer(network.build(how.network, runs.CLASSES), how, loss, steps=2)
    batch = (np.zeros((2, 32, 32, 3), np.float32), np.zeros((2, 32, 32), np.uint8))
    with pytest.raises(RejectedError, match="loss of epoch 1, step 1 is nan, expected a number"):
        trainer.epoch(0, iter([batch]), None, lambda _amount: None)
