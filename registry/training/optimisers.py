"""Optimisers by their names in a configuration."""

from __future__ import annotations

from typing import Any

from registry.training.configuration import Optimiser


def make(optimiser: Optimiser) -> Any:
    """A Keras optimiser; its learning rate is a variable that the run sets before each step."""
    import keras

    common = {"learning_rate": optimiser.learning_rate, "global_clipnorm": optimiser.clip_norm}
    if optimiser.name == "sgd":
        return keras.optimizers.SGD(momentum=optimiser.momentum, **common)
    if optimiser.name == "rmsprop":
        return keras.optimizers.RMSprop(momentum=optimiser.momentum, **common)
    if optimiser.name == "adamw":
        return keras.optimizers.AdamW(weight_decay=optimiser.weight_decay, **common)
    return keras.optimizers.Adam(**common)
