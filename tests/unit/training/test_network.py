from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from registry.errors import RejectedError
from registry.inspect import read
from registry.training import network, weights
from registry.training.configuration import Network, from_plain
from tests.unit.training import runs

# what Keras 3.15 does with numpy 2 when it writes or reads a file
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ALLOWED = {"CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "PAD", "RESIZE_BILINEAR", "AVERAGE_POOL_2D", "CONCATENATION"}


def small(**changes: Any) -> Network:
    return Network(
        **{"backbone": "mobilenet-v2", "height": 64, "width": 96, "multiplier": 0.35, "aspp_filters": 8, **changes}
    )


@pytest.mark.parametrize(
    ("changes", "last", "features"),
    [
        ({}, "block_13_expand_relu", (4, 6)),
        ({"output_stride": 8, "aspp": "v1"}, "block_6_expand_relu", (8, 12)),
        ({"output_stride": 8, "aspp": "none"}, "block_6_expand_relu", (8, 12)),
        ({"backbone": "resnet50"}, "conv4_block6_out", (4, 6)),
        ({"backbone": "resnet50", "output_stride": 8}, "conv3_block4_out", (8, 12)),
    ],
)
def test_the_backbone_is_cut_where_its_stride_is_the_one_asked_for(
    changes: dict[str, Any], last: str, features: tuple[int, int]
) -> None:
    how = small(**changes)
    model = network.build(how, 5)
    assert network.backbone_layers(model, how)[-1].name == last
    assert model.get_layer(last).output.shape[1:3] == features
    assert model.output_shape == (None, 64, 96, 5)


def test_the_rates_come_from_the_height_of_the_features() -> None:
    assert (network.rates(16), network.rates(32), network.rates(4)) == ((3, 6, 9), (6, 12, 18), (1, 2, 3))
    model = network.build(small(height=256, width=160), 5)
    rates = [model.get_layer(f"aspp_{number}_depthwise").dilation_rate for number in (1, 2, 3)]
    assert rates == [(3, 3), (6, 6), (9, 9)]


def test_batch_normalization_moves_as_fast_as_asked() -> None:
    model = network.build(small(batch_norm_momentum=0.9), 5)
    assert {layer.momentum for layer in model.layers if "BatchNormalization" in type(layer).__name__} == {0.9}


@pytest.mark.parametrize("aspp", ["v1", "v2"])
def test_it_becomes_a_quantized_file_of_plain_operators(tmp_path: Path, aspp: str) -> None:
    import tensorflow as tf

    model = network.build(small(width=64, output_stride=8, aspp=aspp), 5)
    signature = [tf.TensorSpec((1, 64, 64, 3))]
    model.export(tmp_path / "saved", format="tf_saved_model", input_signature=signature, verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved"))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: iter([[np.zeros((1, 64, 64, 3), np.float32)]])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    path = tmp_path / "net.tflite"
    path.write_bytes(converter.convert())
    found = {operator.native for operator in read(path).operators}
    assert found <= ALLOWED | {"QUANTIZE", "DEQUANTIZE"}


def configuration(technique: str, parent: Path, **changes: Any) -> Any:
    named = {"technique": technique, "parent": {"file": str(parent)}, "model": runs.HEAD}
    return from_plain(runs.plain(**{**named, **changes}))


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = network.build(from_plain(runs.plain(model=runs.HEAD)).network, runs.CLASSES)
    path = tmp_path_factory.mktemp("parent") / "parent.keras"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        model.save(path)
    return path


def test_transfer_takes_the_backbone_and_trains_the_last_layer_alone(parent: Path) -> None:
    import keras

    how = configuration("tl", parent)
    model = network.build(how.network, 7)  # another number of classes is what transfer is for
    assert weights.inherit(model, how) == []
    given = keras.saving.load_model(parent, compile=False)
    for name in ("Conv1", "block_6_expand", "aspp_1_conv"):
        assert np.array_equal(model.get_layer(name).get_weights()[0], given.get_layer(name).get_weights()[0])
    assert [weight.path for weight in model.trainable_weights] == ["logits/kernel", "logits/bias"]


def test_transfer_from_another_head_tells_what_stays_random(parent: Path) -> None:
    how = configuration("tl", parent, model={**runs.HEAD, "aspp_filters": 16})
    random = weights.inherit(network.build(how.network, 7), how)
    assert "aspp_1_conv" in random
    assert not any(name.startswith("block_") for name in random)


def test_fine_tuning_takes_everything_and_trains_everything(parent: Path) -> None:
    how = configuration("fft", parent)
    model = network.build(how.network, runs.CLASSES)
    weights.inherit(model, how)
    import keras

    assert weights.digest(model) == weights.digest(keras.saving.load_model(parent, compile=False))
    assert len(model.trainable_weights) > 50


def test_a_parent_that_does_not_fit_is_refused_with_the_layers(parent: Path) -> None:
    how = configuration("fft", parent)
    with pytest.raises(RejectedError, match="none that fit logits"):
        weights.inherit(network.build(how.network, 7), how)
    wide = configuration("tl", parent, model={**runs.HEAD, "width": 0.75})
    with pytest.raises(RejectedError, match="none that fit Conv1,"):
        weights.inherit(network.build(wide.network, 7), wide)


def test_a_dangerous_parent_is_never_loaded(tmp_path: Path) -> None:
    import keras

    image = keras.Input((32, 32, 3))
    path = tmp_path / "bad.keras"
    keras.Model(image, keras.layers.Lambda(lambda one: one)(image)).save(path)
    how = configuration("tl", path)
    with pytest.raises(RejectedError, match="may do harm"):
        weights.inherit(network.build(how.network, 3), how)
