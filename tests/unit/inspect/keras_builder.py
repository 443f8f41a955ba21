"""Small Keras files, written as Keras writes them: h5py for the weights, zip and JSON for the rest."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import h5py
import numpy as np

Shapes = Mapping[str, Sequence[int]]
WEIGHTS = "model.weights.h5"
IMAGE = [None, 8, 8, 3]


def tensor(layer: str, shape: Sequence[int | None] = (), call: int = 0, output: int = 0) -> dict[str, Any]:
    """A reference as Keras 3 writes it."""
    history = [layer, call, output]
    return {
        "class_name": "__keras_tensor__",
        "config": {"shape": list(shape), "dtype": "float32", "keras_history": history},
    }


def layer(class_name: str, name: str, *calls: Any, **config: Any) -> dict[str, Any]:
    """A layer as Keras 3 writes it; each call is one reference or a list of them."""
    return {
        "module": "keras.layers",
        "class_name": class_name,
        "config": {"name": name, "trainable": True, "dtype": "float32", **config},
        "registered_name": None,
        "name": name,
        "inbound_nodes": [{"args": [call], "kwargs": {}} for call in calls],
    }


def given(name: str = "image", shape: Sequence[int | None] = IMAGE) -> dict[str, Any]:
    """An input."""
    return layer("InputLayer", name, batch_shape=list(shape))


def functional(
    layers: Sequence[Any], inputs: Sequence[str], outputs: Sequence[Any], name: str = "net"
) -> dict[str, Any]:
    """A functional model; an output is a name, or a name with call and output."""
    return {
        "module": "keras",
        "class_name": "Functional",
        "config": {
            "name": name,
            "trainable": True,
            "layers": list(layers),
            "input_layers": [[one, 0, 0] for one in inputs],
            "output_layers": [[one, 0, 0] if isinstance(one, str) else one for one in outputs],
        },
        "registered_name": "Functional",
        "name": name,
        "inbound_nodes": [],
    }


def sequential(*layers: Any, name: str = "net") -> dict[str, Any]:
    """A sequential model."""
    config = {"name": name, "trainable": True, "layers": list(layers)}
    return {"module": "keras", "class_name": "Sequential", "config": config, "name": name, "inbound_nodes": []}


def weights_file(shapes: Shapes, dtype: str = "float32") -> bytes:
    """A weights file as Keras 3 writes it: arrays by path."""
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        for path, shape in shapes.items():
            file[path] = np.zeros(shape, dtype)
    return out.getvalue()


def archive(
    config: Any,
    weights: Shapes | None = None,
    members: Mapping[str, bytes] | None = None,
    *,
    compression: int = zipfile.ZIP_STORED,
) -> bytes:
    """A `.keras` file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as file:
        file.writestr("metadata.json", json.dumps({"keras_version": "3.5.0", "date_saved": "2025-01-02@03:04:05"}))
        file.writestr("config.json", config if isinstance(config, str | bytes) else json.dumps(config))
        file.writestr(WEIGHTS, weights_file(weights or {}))
        for name, data in (members or {}).items():
            file.writestr(name, data)
    return out.getvalue()


def small() -> dict[str, Any]:
    """A convolution, its normalisation and a classifier."""
    return functional(
        [
            given(),
            layer("Conv2D", "conv", tensor("image", IMAGE), filters=4, kernel_size=[3, 3], strides=[2, 2], **SAME),
            layer("BatchNormalization", "norm", tensor("conv", (None, 4, 4, 4)), axis=-1),
            layer("ReLU", "cut", tensor("norm", (None, 4, 4, 4)), max_value=6.0),
            layer("GlobalAveragePooling2D", "mean", tensor("cut", (None, 4, 4, 4)), keepdims=False),
            layer("Dense", "scores", tensor("mean", (None, 4)), units=5, activation="softmax"),
        ],
        ["image"],
        ["scores"],
    )


SAME = {"padding": "same", "activation": "linear", "use_bias": False}
SMALL_WEIGHTS: Shapes = {
    "layers/conv2d/vars/0": (3, 3, 3, 4),
    **{f"layers/batch_normalization/vars/{number}": (4,) for number in range(4)},
    "layers/dense/vars/0": (4, 5),
    "layers/dense/vars/1": (5,),
}


def recurrent() -> dict[str, Any]:
    """Text: a table, a layer in both directions, one for each step, one to the end."""
    inner = layer("LSTM", "lstm", units=3, return_sequences=True)
    each = layer("Dense", "each", units=2)
    return sequential(
        layer("InputLayer", "words", batch_shape=[None, 6]),
        layer("Embedding", "table", input_dim=9, output_dim=4),
        layer("Bidirectional", "both", layer=inner, merge_mode="concat"),
        layer("TimeDistributed", "steps", layer=each),
        layer("GRU", "last", units=3),
    )


RECURRENT_WEIGHTS: Shapes = {
    "layers/embedding/vars/0": (9, 4),
    **{
        f"layers/bidirectional/{way}_layer/cell/vars/{number}": shape
        for way in ("forward", "backward")
        for number, shape in enumerate([(4, 12), (3, 12), (12,)])
    },
    "layers/time_distributed/layer/vars/0": (6, 2),
    "layers/time_distributed/layer/vars/1": (2,),
    **{f"layers/gru/cell/vars/{number}": shape for number, shape in enumerate([(2, 9), (3, 9), (2, 9)])},
}


def nested() -> dict[str, Any]:
    """A model that is used twice in another, with a function of Keras's on top."""
    inner = functional(
        [given("in"), layer("Conv2D", "c", tensor("in", IMAGE), filters=2, kernel_size=[1, 1])],
        ["in"],
        ["c"],
        "inner",
    )
    inner["inbound_nodes"] = [{"args": [tensor(name, IMAGE)], "kwargs": {}} for name in ("one", "two")]
    add = layer("Add", "sum", [tensor("inner", (None, 8, 8, 2)), tensor("inner", (None, 8, 8, 2), 1)])
    mean = layer("Mean", "mean", tensor("sum", (None, 8, 8, 2)), axis=[1, 2], keepdims=False)
    mean["module"] = "keras.src.ops.numpy"
    return functional([given("one"), given("two"), inner, add, mean], ["one", "two"], ["mean"])


NESTED_WEIGHTS: Shapes = {
    "layers/functional/layers/conv2d/vars/0": (1, 1, 3, 2),
    "layers/functional/layers/conv2d/vars/1": (2,),
}


def seeds() -> Iterator[bytes]:
    """Files for the fuzzer to begin with."""
    yield archive(small(), SMALL_WEIGHTS)
    yield archive(recurrent(), RECURRENT_WEIGHTS)
    yield archive(nested(), NESTED_WEIGHTS, compression=zipfile.ZIP_DEFLATED)
    yield archive(many(), {"layers/a/vars/0": (2,)}, {"assets/words/vocabulary.txt": b"a\nb\n"})


def many() -> dict[str, Any]:
    """Layers of many kinds, one after the other, and dangerous ones at the end."""
    code = "4wEAAAAAAAAAAAAAAAIAAAATAAAA8wwAAACXAHwAZAF6BQAAUwApAk7pAgAAAKkAKQHaAXRz"
    return sequential(
        given(),
        layer("SeparableConv2D", "s", filters=4, kernel_size=3, padding="same", activation="relu"),
        layer("DepthwiseConv2D", "d", kernel_size=[3, 3], depth_multiplier=2, padding="same"),
        layer("ZeroPadding2D", "z", padding=[[1, 1], [0, 2]]),
        layer("Conv2DTranspose", "t", filters=3, kernel_size=[2, 2], strides=[2, 2], output_padding=None),
        layer("UpSampling2D", "u", size=[2, 2], interpolation="bilinear"),
        layer("Cropping2D", "c", cropping=[[1, 1], [2, 2]]),
        layer("Resizing", "r", height=8, width=8),
        layer("MaxPooling2D", "m", pool_size=[2, 2], strides=None),
        layer("PReLU", "p", shared_axes=[1, 2]),
        layer("Permute", "o", dims=[3, 1, 2]),
        layer("Reshape", "v", target_shape=[-1, 4]),
        layer("EinsumDense", "e", equation="abc,cd->abd", output_shape=[None, 6], bias_axes="d"),
        layer("QuantizeWrapperV2", "q", layer=layer("Dense", "dense", units=3)),
        layer("Lambda", "l", function={"class_name": "__lambda__", "config": {"code": code}}),
        layer("StringLookup", "w", vocabulary="/etc/passwd"),
    )
