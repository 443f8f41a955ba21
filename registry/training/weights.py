"""Weights as arrays: their digest, and where a run takes its first ones from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from registry.digest import Digest
from registry.errors import MismatchError, RejectedError, RequestError
from registry.training.configuration import Configuration, Parent
from registry.training.network import LAST, backbone_layers

_SHOWN = 4


def digest(model: Any) -> Digest:
    """SHA-256 over path, type, shape and values of every weight, in the model's order."""
    import numpy as np

    found = hashlib.sha256()
    for weight in model.weights:
        values = np.ascontiguousarray(weight.numpy())
        found.update(f"{weight.path} {values.dtype.str} {values.shape}\n".encode())
        found.update(values.tobytes())
    return Digest(found.hexdigest())


def proven(parent: Parent) -> Digest:
    """Digest of a parent's file, which must be the one that is stated.

    Raises:
        RequestError: There is no such file.
        MismatchError: It has other bytes.
    """
    path = Path(parent.file)
    if not path.is_file():
        raise RequestError(f"parent {path}: no such file", hint="correct parent.file in the configuration")
    found = Digest.of_file(path)
    if parent.sha256 not in (None, found.hex):
        raise MismatchError(
            f"parent {path}",
            expected=f"sha256:{parent.sha256}",
            found=str(found),
            hint="the file has changed since the configuration was written",
        )
    return found


def inherit(model: Any, configuration: Configuration) -> list[str]:
    """Give a model its parent's weights, and freeze what its technique does not train.

    `tl` needs the backbone, takes of the head what fits, and trains the last layer alone. `fft` needs all layers,
    and trains all. `tfs` has no parent.

    Returns:
        Names of frozen layers that keep their random weights, since the parent does not have them.

    Raises:
        RejectedError: The parent is dangerous to load, is no Keras model, or lacks layers.
    """
    if configuration.parent is None:
        return []
    given = _layers(Path(configuration.parent.file))
    last = model.get_layer(LAST)
    weighty = [layer for layer in model.layers if layer.weights]
    if configuration.technique == "fft":
        wanted = needed = weighty
    else:
        wanted = [layer for layer in weighty if layer is not last]
        needed = [layer for layer in backbone_layers(model, configuration.network) if layer.weights]
    missing = [layer.name for layer in needed if not _fits(layer, given)]
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        raise RejectedError(
            f"parent {configuration.parent.file}: expected the layers of this network, found none that fit "
            f"{', '.join(missing[:_SHOWN])}{more}",
            hint="backbone, width, head and classes must be those of the parent; `zoo inspect` shows it",
        )
    taken = [layer for layer in wanted if _fits(layer, given)]
    for layer in taken:
        layer.set_weights(given[layer.name])
    if configuration.technique == "fft":
        return []
    for layer in model.layers:
        layer.trainable = layer is last
    names = {layer.name for layer in taken}
    return [layer.name for layer in wanted if layer.name not in names]


def _fits(layer: Any, given: Mapping[str, list[Any]]) -> bool:
    stored = given.get(layer.name, [])
    return [value.shape for value in stored] == [tuple(weight.shape) for weight in layer.weights]


def _layers(path: Path) -> dict[str, list[Any]]:
    """Weights of a Keras model by layer, after the file has been found harmless."""
    import keras

    from registry.inspect import read

    graph = read(path)
    if dangers := [finding for finding in graph.findings if finding.severity == "danger"]:
        raise RejectedError(f"{path}: not loaded, since it may do harm: {dangers[0].where}: {dangers[0].message}")
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise RejectedError(
            f"{path}: expected a Keras model, found what Keras cannot load: {_first(error)}"
        ) from None
    return {layer.name: layer.get_weights() for layer in model.layers if layer.weights}


def _first(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]
