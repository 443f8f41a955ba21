"""Keras files, `.keras` and `.h5`: read without Keras, TensorFlow or the HDF5 library; nothing of them is run."""

from __future__ import annotations

from collections.abc import Mapping
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from registry.errors import RejectedError, UnavailableError
from registry.files import open_regular
from registry.inspect.bounds import MAX_METADATA_BYTES, MalformedError
from registry.inspect.findings import Findings
from registry.inspect.graph import Graph, Layout
from registry.inspect.hdf5.reader import Contents, contents
from registry.inspect.keras.archive import CONFIG, METADATA, WEIGHTS, Archive
from registry.inspect.keras.build import Builder
from registry.inspect.keras.config import Layer, layer_of, parse, printable
from registry.inspect.keras.network import Unfolder
from registry.inspect.keras.safety import examine
from registry.inspect.keras.weights import Weights

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


def read(path: Path) -> Graph:
    """Read a Keras file as a graph. Weights are not read.

    Raises:
        MalformedError: The file is no Keras file, or breaks its format.
        RejectedError: It holds weights without a model.
        UnavailableError: It cannot be read.
    """
    try:
        with open_regular(path) as file:
            size = file.seek(0, 2)
            if not size:
                raise MalformedError(str(path), "offset 0", "a Keras file", "an empty file")
            # not closed here: an error on its way up still holds parts of it
            view = memoryview(mmap(file.fileno(), 0, access=ACCESS_READ))
            findings = Findings()
            if bytes(view[:4]) in _ZIP:
                return _read_archive(Archive(file, size, str(path), findings), view, str(path), findings)
            return _read_hdf5(view, str(path), findings)
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be read: {error.strerror or error}") from error


def _read_archive(archive: Archive, data: memoryview, name: str, findings: Findings) -> Graph:
    metadata = parse(archive.text(METADATA), name, METADATA) if METADATA in archive else {}
    found = Contents()
    if WEIGHTS in archive:
        found = contents(archive.mapped(WEIGHTS, data), f"{name}: {WEIGHTS}", findings, member=WEIGHTS)
        if archive.is_packed(WEIGHTS):
            found = found.without_extents()
    else:
        findings.add("note", "keras-weights", WEIGHTS, "the file has no weights in the form that is read")
    return _graph("keras", name, archive.text(CONFIG), found, findings, metadata)


def _read_hdf5(data: memoryview, name: str, findings: Findings) -> Graph:
    found = contents(data, name, findings)
    attributes = found.attributes.get("", {})
    text = attributes.get("model_config")
    if not isinstance(text, str):
        raise RejectedError(
            f"{name}: expected a Keras model, found an HDF5 file without model_config: weights, or other data",
            hint="save the whole model, with model.save(...), not its weights alone",
        )
    training = attributes.get("training_config")
    if isinstance(training, str):
        examine(parse(training, name, "training_config"), "training_config", findings, training=True)
    return _graph("keras-h5", name, text, found, findings, attributes)


def _graph(kind: str, name: str, text: str, found: Contents, findings: Findings, said: Mapping[str, Any]) -> Graph:
    where = CONFIG if kind == "keras" else "model_config"
    config = parse(text, name, where)
    examine(config, where, findings)
    model = layer_of(config, name, "the model")
    if not model.options.has("layers"):
        _reject_subclass(model, name)
    builder = Builder(name, findings, Weights(found), len(text))
    inputs, outputs = Unfolder(builder).model(model)
    version = printable(said.get("keras_version") or config.get("keras_version") or "")[:80]
    backend = printable(said.get("backend") or config.get("backend") or "")[:80]
    return Graph(
        format=kind,
        layout=_layout(builder.formats),
        tensors=tuple(builder.tensors),
        operators=tuple(builder.operators),
        inputs=inputs,
        outputs=outputs,
        producer=f"Keras {version}".strip() + (f" ({backend})" if backend else ""),
        versions={"keras": version} if version else {},
        metadata=_metadata(model, said),
        findings=findings.all(),
    )


def _reject_subclass(model: Layer, name: str) -> None:
    """A model that is a class of its own has its layers in code that the file does not hold."""
    raise RejectedError(
        f"{name}: expected a sequential or functional model, found class {model.class_name!r} without layers: "
        "what it computes stands in code that the file does not hold",
        hint="export it as a functional model, or as TFLite or ONNX",
    )


def _layout(formats: set[str]) -> Layout:
    """Keras's own default where no layer says more."""
    if len(formats) > 1:
        return "unknown"
    return "NCHW" if "channels_first" in formats else "NHWC"


def _metadata(model: Layer, said: Mapping[str, Any]) -> dict[str, str]:
    """What the file says about itself."""
    found = {
        "name": model.name,
        "date_saved": said.get("date_saved"),
        "training_config": said.get("training_config"),
    }
    return {key: value[:MAX_METADATA_BYTES] for key, value in found.items() if isinstance(value, str) and value}
