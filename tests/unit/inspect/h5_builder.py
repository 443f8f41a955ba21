"""Small HDF5 files: Keras 2's form, and everything of the format that somebody may write."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import h5py
import numpy as np

from tests.unit.inspect import keras_builder as keras

Group = Mapping[str, Sequence[int]]


def old_layer(class_name: str, name: str, *sources: str, **config: Any) -> dict[str, Any]:
    """A layer as Keras 2 writes it, called once with these layers' values."""
    nodes = [[[source, 0, 0, {}] for source in sources]] if sources else []
    return {"class_name": class_name, "config": {"name": name, **config}, "name": name, "inbound_nodes": nodes}


def old_small() -> dict[str, Any]:
    """The small model in the words of Keras 2."""
    layers = [
        old_layer("InputLayer", "image", batch_input_shape=keras.IMAGE, dtype="float32"),
        old_layer("Conv2D", "conv", "image", filters=4, kernel_size=[3, 3], strides=[2, 2], **keras.SAME),
        old_layer("BatchNormalization", "norm", "conv", axis=[3]),
        old_layer("ReLU", "cut", "norm", max_value=6.0),
        old_layer("GlobalAveragePooling2D", "mean", "cut"),
        old_layer("Dense", "scores", "mean", units=5, activation="softmax"),
    ]
    ends = {"input_layers": [["image", 0, 0]], "output_layers": [["scores", 0, 0]]}
    return {"class_name": "Functional", "config": {"name": "net", "layers": layers, **ends}}


OLD_WEIGHTS: Mapping[str, Group] = {
    "conv": {"conv/kernel:0": (3, 3, 3, 4)},
    "norm": {f"norm/{role}:0": (4,) for role in ("gamma", "beta", "moving_mean", "moving_variance")},
    "scores": {"scores/kernel:0": (4, 5), "scores/bias:0": (5,)},
    "cut": {},
}


def model(config: Any, groups: Mapping[str, Group], **attributes: Any) -> bytes:
    """A model as Keras 2 writes it."""

    def fill(file: h5py.File) -> None:
        text = config if isinstance(config, str) else json.dumps(config)
        said = {"model_config": text, "keras_version": "2.4.0", "backend": "tensorflow", **attributes}
        for name, value in said.items():
            file.attrs[name] = value
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = [name.encode() for name in groups]
        for name, arrays in groups.items():
            group = weights.create_group(name)
            group.attrs["weight_names"] = [path.encode() for path in arrays]
            for path, shape in arrays.items():
                group[path] = np.zeros(shape, "float32")

    return written(fill)


def written(fill: Callable[[h5py.File], None], **options: Any) -> bytes:
    """The bytes of a file that a function fills."""
    out = io.BytesIO()
    with h5py.File(out, "w", **options) as file:
        fill(file)
    return out.getvalue()


def modern(file: h5py.File) -> None:
    """Links and attributes in heaps, arrays in every layout."""
    file.attrs["model_config"] = json.dumps(old_small())
    for number in range(40):
        file.attrs[f"attribute{number}"] = f"text {number}"
        file[f"group/array{number}"] = np.zeros((2, number), "float16")
    file.create_dataset("pieces", (8, 8), "float32", chunks=(2, 2), compression="gzip")
    file.create_dataset("bits", data=np.zeros(3, bool))
    file["soft"] = h5py.SoftLink("/group")
    file["outside"] = h5py.ExternalLink("other.h5", "/weights")


def odd(file: h5py.File) -> None:
    """What Keras never writes, in the old form."""
    file.attrs["model_config"] = json.dumps(keras.many())
    file.attrs["number"] = 7
    file.create_dataset("away", (4,), "int8", external=[("weights.bin", 0, 4)])
    file["loop/inner"] = np.zeros(2, "int64")
    file["loop/self"] = file["loop"]
    file["soft"] = h5py.SoftLink("/loop")
    layout = h5py.VirtualLayout((4,), "float32")
    layout[:] = h5py.VirtualSource("other.h5", "data", (4,))
    file.create_virtual_dataset("virtual", layout)


def seeds() -> Iterator[bytes]:
    """Files for the fuzzer to begin with."""
    yield model(old_small(), OLD_WEIGHTS, training_config=json.dumps({"loss": "mse", "optimizer_config": {}}))
    yield model(keras.nested(), {"inner": {"c/kernel:0": (1, 1, 3, 2), "c/bias:0": (2,)}})
    yield written(modern, libver="latest")
    yield written(modern)
    yield written(odd)
