"""A file that a card is begun from is refused by name where it is dangerous, broken or not there."""

from __future__ import annotations

import os
from pathlib import Path

import onnx
import onnx.external_data_helper
import pytest

from registry.errors import RejectedError, RequestError, ZooError
from registry.scaffold.model_file import opened
from tests.unit import family
from tests.unit.inspect import keras_builder
from tests.unit.onnx_models import brightness_classes


def test_digest_size_and_facts_are_of_the_bytes() -> None:
    path = family.model_file("256-float32")
    file = opened(path)
    assert (file.digest.hex, file.size) == (path.name, path.stat().st_size)
    assert file.facts.graph.format == "tflite"


def test_a_keras_lambda_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.keras"
    lambda_ = keras_builder.layer(
        "Lambda", "evil", function={"class_name": "__lambda__", "config": {"code": "4w=="}}
    )
    path.write_bytes(keras_builder.archive(keras_builder.sequential(keras_builder.given(), lambda_), {}))
    with pytest.raises(RejectedError, match=r"net\.keras: dangerous to load.*keras-lambda.*evil"):
        opened(path)


def with_weights_at(place: str, path: Path) -> Path:
    """An ONNX file whose kernel lies in another file."""
    proto = onnx.load(str(brightness_classes(path)))
    kernel = proto.graph.initializer[0]
    kernel.raw_data = onnx.numpy_helper.to_array(kernel).tobytes()
    kernel.ClearField("float_data")
    onnx.external_data_helper.set_external_data(kernel, place)
    kernel.ClearField("raw_data")
    path.write_bytes(proto.SerializeToString())
    return path


def test_external_data_outside_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RejectedError, match=r"net\.onnx: dangerous to load.*onnx-external-outside.*secret"):
        opened(with_weights_at("../secret", tmp_path / "net.onnx"))


def test_weights_in_other_files_are_no_variant(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(bytes(24))
    with pytest.raises(RejectedError, match="its weights lie in other files: weights"):
        opened(with_weights_at("weights", tmp_path / "net.onnx"))


@pytest.mark.parametrize(
    ("name", "data", "kind", "told"),
    [
        (
            "net.tflite",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
            RejectedError,
            "Git LFS pointer",
        ),
        ("net.onnx", b"<!DOCTYPE html><html>", RejectedError, "a web page"),
        ("net.tflite", b"", RejectedError, "nothing: the body is empty"),
        ("net.tflite", b"\x1c\x00\x00\x00TFL3", RejectedError, "net.tflite"),
        ("net.keras", b"PK\x03\x04", RejectedError, "net.keras"),
        ("notes.txt", b"hello", RejectedError, "expected a model file"),
    ],
)
def test_what_is_no_model_is_told(name: str, data: bytes, kind: type[ZooError], told: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(kind, match=told):
        opened(path)


def test_neither_a_folder_nor_a_pipe_nor_nothing_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tflite")
    for name, kind in (("", RequestError), ("none.tflite", RequestError), ("pipe.tflite", ZooError)):
        with pytest.raises(kind):
            opened(tmp_path / name)
