from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest

from registry.lineage import charts

LAYERS = [{"layer": f"net/block_{number}/conv;net/block_{number}/add", "loss": number / 10} for number in range(60)]


def pixels(data: bytes) -> Any:
    from PIL import Image

    return np.asarray(Image.open(BytesIO(data)).convert("RGB")).astype(int)


def test_curves_leave_out_what_was_not_measured_and_are_the_same_bytes_twice() -> None:
    epochs: list[dict[str, Any]] = [
        {"epoch": 1, "loss": 2.0, "learning_rate": 0.1},
        {"epoch": 2, "loss": 1.0, "val_mean_iou": None},
    ]
    assert charts.learning_curves(epochs) == charts.learning_curves(epochs)
    measured = [{**epochs[0], "val_mean_iou": 0.3}, {**epochs[1], "val_mean_iou": 0.5}]
    assert not np.array_equal(pixels(charts.learning_curves(epochs)), pixels(charts.learning_curves(measured)))


def test_layers_that_stay_float_have_another_colour() -> None:
    plain = pixels(charts.layer_losses({"layers": LAYERS, "float": []}))
    marked = pixels(charts.layer_losses({"layers": LAYERS, "float": [LAYERS[-1]["layer"]]}))
    orange = np.array([255, 127, 14])
    assert not (plain == orange).all(axis=2).any()
    assert (marked == orange).all(axis=2).any()


@pytest.mark.parametrize(
    "classes",
    [[], [{"name": "sky", "loss": None}], [{"name": "sky", "loss": -0.1}], [{"name": "$\\frac$", "loss": 0.1}]],
)
def test_classes_without_a_loss_are_left_out(classes: list[dict[str, object]]) -> None:
    assert pixels(charts.class_losses(classes, "voc")).shape[2] == 3
