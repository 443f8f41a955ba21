from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from registry.errors import RejectedError, RequestError
from registry.facts import Facts
from registry.inspect import read
from registry.progress import Silent
from registry.quantization import configuration, tflite
from registry.quantization.calibration import calibration_set
from registry.quantization.configuration import Quantization
from registry.quantization.maker import layer_name
from tests.unit.quantization import networks
from tests.unit.quantization.conftest import World

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def asked(world: World, folder: Path, **changes: Any) -> Quantization:
    return configuration.read(networks.written(folder / "config.yaml", networks.plain(world.data, **changes)))


def inputs(world: World, how: Quantization) -> Iterator[Any]:
    assert how.calibration
    return calibration_set(how.calibration).inputs(world.segmenter, Silent())


def tensors(data: bytes, found: Facts) -> list[Any]:
    """Everything of a file's tensors, with constants' bytes but not where they lie."""
    return [
        (
            dataclasses.replace(one, extent=None),
            data[one.extent.offset : one.extent.offset + one.extent.size] if one.extent else None,
        )
        for one in found.graph.tensors
    ]


def facts(data: bytes, folder: Path) -> Facts:
    (folder / "made.tflite").write_bytes(data)
    return Facts(read(folder / "made.tflite"))


def int8(world: World, folder: Path, **changes: Any) -> tflite.Int8:
    how = asked(world, folder, **changes)
    return tflite.Int8(world.tflite.read_bytes(), how, lambda: inputs(world, how), folder, networks.quiet)


def by_the_converter(world: World, folder: Path, granularity: str, *, wide: bool = False) -> bytes:
    """What TensorFlow's own converter makes of the Keras model in one go."""
    how = asked(world, folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = tf.keras.models.load_model(world.keras, compile=False)
        converter = tflite._converter(tf, model)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([one] for one in inputs(world, how))
        converter._experimental_disable_per_channel = granularity == "per-tensor"
        if wide:
            wide_ = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
            converter.target_spec.supported_ops = [wide_, tf.lite.OpsSet.TFLITE_BUILTINS]
        else:
            converter.inference_input_type = tf.uint8
        data: bytes = converter.convert()
        return data


@pytest.mark.parametrize("granularity", ["per-channel", "per-tensor"])
def test_int8_is_what_the_converter_makes_in_one_go(world: World, tmp_path: Path, granularity: str) -> None:
    data = int8(world, tmp_path, granularity=granularity, input="uint8").make()
    whole = by_the_converter(world, tmp_path, granularity)
    ours, theirs = facts(data, tmp_path), facts(whole, tmp_path)
    assert tensors(data, ours) == tensors(whole, theirs)
    assert ours.graph.operators == theirs.graph.operators
    assert (ours.scheme.scheme, ours.scheme.granularity) == ("int8", granularity)
    assert ours.graph.tensors[ours.graph.inputs[0]].dtype == "uint8"


def test_int16x8_is_what_the_converter_makes_in_one_go(world: World, tmp_path: Path) -> None:
    how = asked(world, tmp_path, scheme="int16x8")
    data = tflite.int16x8(world.tflite.read_bytes(), how, lambda: inputs(world, how), networks.quiet)
    whole = by_the_converter(world, tmp_path, "", wide=True)
    ours, theirs = facts(data, tmp_path), facts(whole, tmp_path)
    assert tensors(data, ours) == tensors(whole, theirs)
    assert ours.graph.operators == theirs.graph.operators
    assert ours.scheme.scheme == "int16x8"


def test_the_layers_that_are_asked_for_stay_float(world: World, tmp_path: Path) -> None:
    maker = int8(world, tmp_path)
    assert len(maker.layers) == 4
    for kept in (maker.layers[:1], maker.layers[1:3]):
        found = facts(maker.make(kept), tmp_path)
        assert {layer_name(found.graph, layer) for layer in found.scheme.float_layers} == set(kept)
    alone = facts(maker.only(maker.layers[2]), tmp_path).scheme
    assert [layer.scheme for layer in alone.layers] == ["float32", "float32", "int8", "float32"]


@pytest.mark.parametrize(
    ("scheme", "granularity"),
    [("float16", "none"), ("dynamic-range", "per-channel"), ("dynamic-range", "per-tensor")],
)
def test_schemes_without_calibration(tmp_path: Path, scheme: str, granularity: str) -> None:
    path = tmp_path / "wide.keras"
    given = tf.keras.Input((8, 8, 3))
    tf.keras.Model(given, tf.keras.layers.Conv2D(64, 5)(given)).save(path)  # small layers stay float
    found = facts(tflite.converted(path, "keras", scheme, granularity, networks.quiet), tmp_path).scheme
    assert (found.scheme, found.granularity) == (scheme, granularity)


def test_a_file_for_one_image_at_a_time_the_same_each_time(world: World, tmp_path: Path) -> None:
    graph = read(world.tflite)
    assert graph.tensors[graph.inputs[0]].shape == (1, networks.SIDE, networks.SIDE, 3)
    assert tflite.float_file(world.keras, "keras", networks.quiet) == world.tflite.read_bytes()
    assert int8(world, tmp_path).make() == int8(world, tmp_path).make()


def test_schemes_that_need_keras_and_bytes_that_are_no_model(world: World, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="float16 is converted from a Keras model, found tflite"):
        tflite.converted(world.tflite, "tflite", "float16", "none", networks.quiet)
    how = asked(world, tmp_path)
    with pytest.raises(RejectedError, match="TensorFlow's converter does not take the model"):
        tflite.Int8(b"no model", how, lambda: inputs(world, how), tmp_path, networks.quiet)
