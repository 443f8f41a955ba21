"""Networks of ST's model zoo rebuilt from their public descriptions, weights random: footprints need no training.

Needs TensorFlow (the `train` extra). Sizes follow the papers and the layer lists that ST publishes with its zoo.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Tensor = Any
"""A symbolic Keras tensor; TensorFlow ships no usable types."""


def build(network: str, height: int, width: int, channels: int, classes: int) -> Any:
    """A Keras model by the name of its network, such as `mobilenetv1-0.25`."""
    import keras
    import numpy

    inputs = keras.Input((height, width, channels), batch_size=1)
    family, _, variant = network.partition("-")
    model = keras.Model(inputs, _FAMILIES[family](inputs, variant, classes))
    noise = numpy.random.default_rng(0)
    # a converter drops a bias of zeros, which no trained network has
    model.set_weights([0.01 + 0.1 * noise.random(weight.shape) for weight in model.get_weights()])
    return model


def _conv(
    x: Tensor, filters: int, kernel: Any = 3, strides: int = 1, act: str | None = "relu", **more: Any
) -> Tensor:
    from keras import layers

    x = layers.Conv2D(filters, kernel, strides, **{"padding": "same"} | more)(x)
    x = layers.BatchNormalization()(x)
    return _activation(x, act)


def _depthwise(x: Tensor, kernel: int = 3, strides: int = 1, act: str | None = "relu") -> Tensor:
    from keras import layers

    x = layers.DepthwiseConv2D(kernel, strides, padding="same")(x)
    return _activation(layers.BatchNormalization()(x), act)


def _activation(x: Tensor, name: str | None) -> Tensor:
    from keras import layers

    if name is None:
        return x
    return layers.ReLU(6.0)(x) if name == "relu6" else layers.Activation(name)(x)


def _head(x: Tensor, classes: int, activation: str = "softmax") -> Tensor:
    from keras import layers

    return layers.Dense(classes, activation=activation)(layers.GlobalAveragePooling2D()(x))


def _mobilenet_v1(x: Tensor, alpha: str, classes: int) -> Tensor:
    import keras

    backbone = keras.applications.MobileNet(
        input_tensor=x, alpha=float(alpha), include_top=False, weights=None, pooling=None
    )
    return _head(backbone.output, classes)


def _mobilenet_v2(x: Tensor, alpha: str, classes: int) -> Tensor:
    import keras

    backbone = keras.applications.MobileNetV2(input_tensor=x, alpha=float(alpha), include_top=False, weights=None)
    return _head(backbone.output, classes)


def _fd_mobilenet(x: Tensor, variant: str, classes: int) -> Tensor:
    from keras import layers

    widths = (32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 1024)
    custom = (0.5, 0.75, 0.625, 0.5, 0.375, *[0.25] * 7)
    factors = custom if variant == "st" else (float(variant),) * 12
    strides = (2, 2, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1)
    x = _conv(x, int(widths[0] * factors[0]), 3, strides[0])
    for width, factor, stride in zip(widths[1:], factors[1:], strides[1:], strict=True):
        x = layers.DepthwiseConv2D(3, stride, padding="same")(x)
        x = _conv(x, int(width * factor), 1)
    return _head(x, classes)


def _resnet(x: Tensor, depth: str, classes: int) -> Tensor:
    from keras import layers

    x = _conv(x, 16)
    for stage in range(3):
        for block in range((int(depth) - 2) // 6):
            stride, filters = (2 if stage and not block else 1), 16 << stage
            y = _conv(_conv(x, filters, 3, stride), filters, act=None)
            skip = layers.Conv2D(filters, 1, stride, padding="same")(x) if stride == 2 else x
            x = layers.ReLU()(layers.add([skip, y]))
    return layers.Dense(classes, activation="softmax")(layers.Flatten()(layers.AveragePooling2D(8)(x)))


def _squeezenet(x: Tensor, version: str, classes: int) -> Tensor:
    from keras import layers

    def fire(x: Tensor, squeeze: int, expand: int) -> Tensor:
        x = layers.Conv2D(squeeze, 1, activation="relu")(x)
        left = layers.Conv2D(expand, 1, activation="relu")(x)
        right = layers.Conv2D(expand, 3, padding="same", activation="relu")(x)
        return layers.concatenate([left, right])

    x = layers.MaxPooling2D(3, 2)(layers.Conv2D(64, 3, 2, activation="relu")(x))
    for squeeze, repeats in ((16, 2), (32, 2)):
        for _ in range(repeats):
            x = fire(x, squeeze, squeeze * 4)
        x = layers.MaxPooling2D(3, 2)(x)
    for squeeze in (48, 48, 64, 64):
        x = fire(x, squeeze, squeeze * 4)
    x = layers.Conv2D(classes, 1, activation="relu")(x)
    return layers.Softmax()(layers.GlobalAveragePooling2D()(x))


def _efficientnet_lc(x: Tensor, _variant: str, classes: int) -> Tensor:
    from keras import layers

    stages = (
        (1, 8, 1, 3),
        (2, 16, 2, 3),
        (2, 24, 2, 5),
        (3, 40, 2, 3),
        (3, 48, 1, 5),
        (4, 88, 2, 5),
        (1, 144, 1, 3),
    )
    x = _conv(x, 16, 3, 2, "relu6")
    for number, (repeats, filters, stride, kernel) in enumerate(stages):
        for block in range(repeats):
            x = _squeeze_excite_block(x, filters, stride if not block else 1, kernel, 3 if number else 1)
    x = _conv(x, 576, 1, act="relu6")
    return layers.Dense(classes, activation="softmax")(layers.GlobalAveragePooling2D()(x))


def _squeeze_excite_block(x: Tensor, filters: int, stride: int, kernel: int, expansion: int) -> Tensor:
    from keras import layers

    channels = x.shape[-1]
    y = _conv(x, channels * expansion, 1, act="relu6") if expansion > 1 else x
    y = _depthwise(y, kernel, stride, "relu6")
    gate = layers.Reshape((1, 1, channels * expansion))(layers.GlobalAveragePooling2D()(y))
    gate = layers.Conv2D(max(1, channels // 4), 1)(gate)
    gate = layers.Conv2D(channels * expansion, 1)(layers.ReLU(6.0)(gate))
    y = layers.multiply([y, layers.Activation("sigmoid")(gate)])
    y = _conv(y, filters, 1, act=None)
    return layers.add([y, x]) if stride == 1 and channels == filters else y


def _st_mnist(x: Tensor, _variant: str, classes: int) -> Tensor:
    x = _depthwise(_conv(x, 16, 3, 2))
    x = _depthwise(_conv(x, 32), strides=2)
    return _head(_conv(x, 64, 1), classes)


def _yamnet(x: Tensor, _variant: str, classes: int) -> Tensor:
    from keras import layers

    x = _conv(layers.Permute((2, 1, 3))(x), 32, 3, 2)
    for filters, stride in ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1)):
        x = _conv(_depthwise(x, strides=stride), filters, 1)
    return _head(x, classes)


def _mini_resnet(x: Tensor, stacks: str, classes: int) -> Tensor:
    from keras import layers

    x = layers.Conv2D(64, 7, 2)(layers.ZeroPadding2D(3)(x))
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    for stack in range(int(stacks)):
        for block in range(2):
            filters, stride = 64 << stack, 2 if not block else 1
            y = _conv(_conv(x, filters, 1, stride), filters)
            skip = _conv(x, filters, 1, stride, None) if not block else x
            x = layers.ReLU()(layers.add([skip, y]))
    return layers.Dense(classes, activation="softmax")(layers.Flatten()(x))


def _tiny_yolo_v2(x: Tensor, _variant: str, outputs: int) -> Tensor:
    from keras import layers

    for filters, stride in ((16, 2), (32, 2), (64, 2), (128, 2), (256, 2), (512, 1)):
        x = layers.LeakyReLU()(_conv(x, filters, act=None))
        x = layers.MaxPooling2D(2, stride, padding="same")(x)
    for filters in (1024, 512):
        x = layers.LeakyReLU()(_conv(x, filters, act=None))
    return _conv(x, outputs, 1, act=None)


def _yolo_lc(x: Tensor, _variant: str, outputs: int) -> Tensor:
    from keras import layers

    for filters in (16, 32, 64, 128):
        x = _conv(x, filters, 3, 2)
    for filters in (256, 256):
        x = _conv(_depthwise(x, act=None), filters, 1)
    x = layers.MaxPooling2D(2, 1, padding="same")(x)
    for filters in (128, 256):
        x = _conv(_depthwise(x, act=None), filters, 1)
    return _conv(x, outputs, 1, act=None)


def _gmp(x: Tensor, _variant: str, classes: int) -> Tensor:
    from keras import layers

    x = layers.Conv2D(16, (5, 1))(layers.BatchNormalization()(x))
    x = layers.Conv2D(16, (5, 1))(layers.BatchNormalization()(x))
    return layers.Softmax()(layers.Dense(classes)(layers.GlobalMaxPooling2D()(x)))


def _ign(x: Tensor, _variant: str, classes: int) -> Tensor:
    from keras import layers

    x = layers.MaxPooling2D((3, 1))(layers.Conv2D(24, (16, 1), activation="relu")(x))
    return layers.Dense(classes, activation="softmax")(layers.Dense(12)(layers.Flatten()(x)))


def _hand_posture(x: Tensor, _variant: str, classes: int) -> Tensor:
    from keras import layers

    x = layers.Flatten()(layers.MaxPooling2D(2)(layers.Conv2D(8, 3, activation="relu")(x)))
    return layers.Dense(classes, activation="softmax")(layers.Dense(32, activation="relu")(x))


_FAMILIES: dict[str, Callable[[Tensor, str, int], Tensor]] = {
    "mobilenetv1": _mobilenet_v1,
    "mobilenetv2": _mobilenet_v2,
    "fdmobilenet": _fd_mobilenet,
    "resnet": _resnet,
    "squeezenet": _squeezenet,
    "efficientnetlc": _efficientnet_lc,
    "stmnist": _st_mnist,
    "yamnet": _yamnet,
    "miniresnet": _mini_resnet,
    "tinyyolov2": _tiny_yolo_v2,
    "yololc": _yolo_lc,
    "gmp": _gmp,
    "ign": _ign,
    "handposture": _hand_posture,
}


def tflite(model: Any, *, quantized: bool, input_type: str) -> bytes:
    """The model as a TFLite file: float, or int8 per channel calibrated on noise.

    Args:
        model: A Keras model.
        quantized: Whether weights and activations become int8.
        input_type: `uint8`, `int8` or `float32`.
    """
    import numpy
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if quantized:
        noise = numpy.random.default_rng(0)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = getattr(tf, input_type)
        converter.representative_dataset = lambda: (
            [noise.random(model.input_shape, dtype=numpy.float32)] for _ in range(2)
        )
    return bytes(converter.convert())
