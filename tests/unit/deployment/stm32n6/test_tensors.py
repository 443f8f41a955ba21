"""What goes into the compiled network is what the published one sees."""

from __future__ import annotations

from typing import Any

import numpy as np

from registry import runtime
from registry.deployment.stm32n6.tensors import input_of, output_of
from tests.unit.deployment.stm32n6.subjects import QDQ, SMALL_QDQ, TFLITE, stored, subject
from tests.unit.family import golden


def golden_pixels() -> Any:
    """uint8 (128, 128, 3): the picture of the small variant's golden vector."""
    (found,) = golden(SMALL_QDQ)
    real = np.frombuffer(found.input, found.vector.input.dtype).reshape(found.vector.input.shape)[0]
    return np.rint(real * 127.5 + 127.5).astype(np.uint8)


def test_the_table_is_what_a_camera_pipeline_has_to_apply() -> None:
    given, pixels = subject(SMALL_QDQ), golden_pixels()
    model, image = runtime.open_inspected(given.path, given.facts.graph), input_of(given)
    assert image.furthest > 1

    def classes(stored: Any) -> Any:
        """What the network sees in a stored input."""
        return model.run(image.port.real(stored)[np.newaxis])[0].argmax(-1)

    real = (pixels.astype(np.float64) - given.preparation.mean) * given.preparation.scale
    wanted = model.run(real[np.newaxis])[0].argmax(-1)
    by_table = np.stack([image.table[pixels[..., channel], channel] for channel in range(3)], axis=-1)
    assert (classes(by_table) == wanted).all()
    assert (classes(pixels) != wanted).mean() > 0.01


def test_the_quantizer_behind_a_float_input() -> None:
    port = input_of(subject(QDQ)).port
    assert (port.dtype, port.shape) == ("uint8", (1, 256, 256, 3))
    assert (port.scale, port.zero_point) == stored(QDQ)[0]


def test_scores_that_were_only_just_made_float_stay_8_bits() -> None:
    found = output_of(subject(QDQ))
    assert (found.kind, found.port.dtype, found.converted, found.classes) == ("int8", "int8", True, 9)
    assert (found.port.scale, found.port.zero_point) == stored(QDQ)[1]
    whole = output_of(subject(TFLITE))
    assert (whole.kind, whole.converted, whole.port.scale) == ("int8", False, subject(TFLITE).outputs[0].scale)


def test_the_scores_are_the_models_in_steps_of_their_scale() -> None:
    given = subject(SMALL_QDQ)
    model, port = runtime.open_inspected(given.path, given.facts.graph), output_of(given).port
    real = (golden_pixels().astype(np.float64) - 127.5) / 127.5
    scores = model.run(real[np.newaxis])[0]
    stored = port.stored(scores)
    assert stored.dtype == np.int8
    assert np.abs(port.real(stored) - scores).max() < 1e-5
