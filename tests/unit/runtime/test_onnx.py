from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from registry.errors import RejectedError, RequestError, UnavailableError
from registry.runtime import open_model
from tests.unit.onnx_models import brightness_classes


def test_a_model_says_its_ports_and_runs(tmp_path: Path) -> None:
    model = open_model(brightness_classes(tmp_path / "net.onnx", stride=2), "onnx", threads=2)
    assert (model.name, model.inputs[0].shape, model.inputs[0].dtype) == ("onnxruntime", (1, 3, 8, 8), "float32")
    image = np.random.default_rng(1).normal(size=(1, 3, 8, 8)).astype(np.float32)
    (scores,) = model.run(image)
    assert np.allclose(scores[:, 1], image[:, 0, ::2, ::2])
    assert np.allclose(scores[:, 0], -image[:, 0, ::2, ::2])


def test_open_sizes_are_open(tmp_path: Path) -> None:
    model = open_model(brightness_classes(tmp_path / "net.onnx", height=None, width=None), "onnx")
    assert model.inputs[0].shape == (1, 3, None, None)
    (scores,) = model.run(np.zeros((1, 3, 5, 7)))
    assert scores.shape == (1, 2, 5, 7)


def test_the_cpu_may_be_named_as_the_provider(tmp_path: Path) -> None:
    model = open_model(brightness_classes(tmp_path / "net.onnx"), "onnx", delegate="cpu")
    assert model.run(np.zeros((1, 3, 8, 8)))[0].shape == (1, 2, 8, 8)


def test_a_provider_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="'warp'") as caught:
        open_model(brightness_classes(tmp_path / "net.onnx"), "onnx", delegate="warp")
    assert "cpu" in str(caught.value.hint)


def test_a_broken_file_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"\x08\x09 no model")
    with pytest.raises(RejectedError, match="onnxruntime does not take it"):
        open_model(path, "onnx")


def test_a_missing_engine_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UnavailableError, match="onnxruntime is not installed") as caught:
        open_model(tmp_path / "net.onnx", "onnx")
    assert "edge-model-zoo[eval]" in str(caught.value.hint)


def test_a_format_that_no_engine_runs(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="pytorch"):
        open_model(tmp_path / "net.pt", "pytorch")
