"""DeepLabV3 for boards, as one flat graph of operators that TensorFlow Lite, ONNX and NPUs have.

Chen, Papandreou, Schroff, Adam: Rethinking Atrous Convolution for Semantic Image Segmentation (2017). The cuts of
the backbones, the rates and the two forms of ASPP are those of ST's model zoo. Logits leave the network: softmax
and argmax are not in the graph.
"""

from __future__ import annotations

from typing import Any

from registry.errors import UnavailableError
from registry.training.configuration import Network

CUTS = {
    ("mobilenet-v2", 16): "block_13_expand_relu",
    ("mobilenet-v2", 8): "block_6_expand_relu",
    ("resnet50", 16): "conv4_block6_out",
    ("resnet50", 8): "conv3_block4_out",
}
"""Last layer of a backbone before its stride grows beyond the one asked for."""

LAST = "logits"
"""Name of the layer that knows the classes."""


def require_extra() -> None:
    """See that TensorFlow and Keras are installed.

    Raises:
        UnavailableError: One is missing.
    """
    import importlib.util

    for name in ("tensorflow", "keras", "numpy", "PIL"):
        if importlib.util.find_spec(name) is None:
            raise UnavailableError(
                f"training needs the Python package {name}, which is not installed",
                hint="pip install 'edge-model-zoo[train]'",
            )


def build(network: Network, classes: int) -> Any:
    """A Keras model with random weights.

    Returns:
        Functional model from images, float32 (N, height, width, 3) of -1 to 1, to logits, float32
        (N, height, width, classes).

    Raises:
        UnavailableError: The extra [train] is missing.
    """
    require_extra()
    import keras

    backbone = _backbone(network)
    features = backbone.get_layer(CUTS[network.backbone, network.output_stride]).output
    features = _aspp(features, network) if network.aspp != "none" else features
    if network.dropout:
        features = keras.layers.Dropout(network.dropout, name="dropout")(features)
    logits = keras.layers.Conv2D(classes, 1, name=LAST)(features)
    upsampled = keras.layers.UpSampling2D(network.output_stride, interpolation="bilinear", name="upsampling")(
        logits
    )
    model = keras.Model(backbone.input, upsampled, name="deeplabv3")
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = network.batch_norm_momentum
    return model


def backbone_layers(model: Any, network: Network) -> list[Any]:
    """Layers of a model from its input to the backbone's cut, in order."""
    names = [layer.name for layer in model.layers]
    return list(model.layers[: names.index(CUTS[network.backbone, network.output_stride]) + 1])


def _backbone(network: Network) -> Any:
    import keras

    shape = (network.height, network.width, 3)
    if network.backbone == "resnet50":
        return keras.applications.ResNet50(include_top=False, weights=None, input_shape=shape)
    return keras.applications.MobileNetV2(
        include_top=False, weights=None, input_shape=shape, alpha=network.multiplier
    )


def rates(height: int) -> tuple[int, int, int]:
    """Rates of the three dilated branches for features of a height in pixels."""
    rate = max(1, height // 5)
    return rate, 2 * rate, 3 * rate


def _aspp(features: Any, network: Network) -> Any:
    """Atrous spatial pyramid pooling: five views of the features, side by side, then mixed."""
    import keras

    height, width = features.shape[1:3]
    branches = [_mixed(features, network.aspp_filters, "aspp_0")]
    for number, rate in enumerate(rates(height), 1):
        branches.append(_dilated(features, network, rate, f"aspp_{number}"))
    # of a fixed size: NPUs have average pooling, few have a mean over axes
    pooled = keras.layers.AveragePooling2D((height, width), name="aspp_pool")(features)
    pooled = _mixed(pooled, network.aspp_filters, "aspp_4")
    branches.append(
        keras.layers.UpSampling2D((height, width), interpolation="bilinear", name="aspp_spread")(pooled)
    )
    together = keras.layers.Concatenate(name="aspp_concat")(branches)
    return _mixed(together, network.aspp_filters, "aspp_projection")


def _dilated(features: Any, network: Network, rate: int, name: str) -> Any:
    import keras

    common = {"padding": "same", "dilation_rate": rate, "use_bias": False}
    if network.aspp == "v1":
        found = keras.layers.Conv2D(network.aspp_filters, 3, name=f"{name}_conv", **common)(features)
        return _normalized(found, name)
    found = keras.layers.DepthwiseConv2D(3, name=f"{name}_depthwise", **common)(features)
    return _mixed(_normalized(found, f"{name}_depthwise"), network.aspp_filters, name)


def _mixed(features: Any, filters: int, name: str) -> Any:
    """A 1x1 convolution, normalized."""
    import keras

    return _normalized(keras.layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_conv")(features), name)


def _normalized(features: Any, name: str) -> Any:
    import keras

    found = keras.layers.BatchNormalization(name=f"{name}_bn")(features)
    return keras.layers.ReLU(name=f"{name}_relu")(found)
