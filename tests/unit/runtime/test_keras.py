from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow

from registry.errors import RejectedError, RequestError, UnavailableError
from registry.inspect import read
from registry.runtime import open_model
from registry.runtime.base import Model
from registry.segmenter import open_segmenter
from tests.acceptance.world import SHARED
from tests.unit.keras_models import brightness_classes, layers, saved, scores, written

REAL = SHARED / "inspect/mobilenet_v1_0.25_96.h5"
ENDINGS = ("keras", "h5")

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


def threads() -> int:
    """What TensorFlow has in this process, where another test may have started it."""
    chosen: int = tensorflow.config.threading.get_intra_op_parallelism_threads()
    return chosen or os.cpu_count() or 1


def opened(path: Path) -> Model:
    return open_model(path, "keras-h5" if path.suffix == ".h5" else "keras", threads=threads())


def some(*shape: int) -> Any:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_model_says_its_ports_and_runs(tmp_path: Path, ending: str) -> None:
    model = opened(brightness_classes(tmp_path / f"net.{ending}", stride=2))
    assert (model.name, model.inputs[0].shape, model.inputs[0].dtype) == ("tensorflow", (1, 8, 8, 3), "float32")
    assert model.version == f"{tensorflow.__version__}, Keras {keras.__version__}"
    image = some(1, 8, 8, 3)
    (found,) = model.run(image)
    assert found.shape == model.outputs[0].shape
    assert np.allclose(found[..., 1], image[:, ::2, ::2, 0])
    assert np.allclose(found[..., 0], -image[:, ::2, ::2, 0])


@pytest.mark.parametrize("ending", ENDINGS)
def test_channels_may_come_first(tmp_path: Path, ending: str) -> None:
    model = opened(brightness_classes(tmp_path / f"net.{ending}", (3, 8, 6), channels_first=True))
    assert (model.inputs[0].shape, model.outputs[0].shape) == ((1, 3, 8, 6), (1, 2, 8, 6))
    image = some(1, 3, 8, 6)
    assert np.allclose(model.run(image)[0][:, 1], image[:, 0])


def test_open_sizes_are_open(tmp_path: Path) -> None:
    model = opened(brightness_classes(tmp_path / "net.keras", (None, None, 3)))
    assert model.inputs[0].shape == (1, None, None, 3)
    for height, width in ((5, 7), (2, 3)):
        assert model.run(np.zeros((1, height, width, 3)))[0].shape == (1, height, width, 2)


def test_a_sequential_model(tmp_path: Path) -> None:
    path = written(keras.Sequential([keras.Input((4, 4, 3)), scores(activation="softmax")]), tmp_path / "net.keras")
    image = some(1, 4, 4, 3)
    (found,) = opened(path).run(image)
    assert np.allclose(found[..., 1], 1 / (1 + np.exp(-2 * image[..., 0])), atol=1e-6)


def test_what_a_model_contains_of_preprocessing_is_its_own(tmp_path: Path) -> None:
    image = keras.Input((4, 4, 3), dtype="uint8")
    model = opened(saved(image, scores()(layers.Rescaling(1 / 255)(image)), tmp_path / "net.keras"))
    assert model.inputs[0].dtype == "uint8"
    pixels = np.arange(48, dtype=np.uint8).reshape(1, 4, 4, 3)
    assert np.allclose(model.run(pixels)[0][..., 1], pixels[..., 0] / 255)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("arrange", [lambda a, b: {"z": a, "b": b}, lambda a, b: [a, [b]], lambda a, b: (a, b)])
def test_outputs_come_in_the_files_order(tmp_path: Path, ending: str, arrange: Any) -> None:
    image = keras.Input((4, 4, 3), name="image")
    first, second = scores()(image), layers.ReLU()(image)
    path = saved(image, arrange(first, second), tmp_path / f"net.{ending}")
    model = opened(path)
    assert [port.shape for port in model.outputs] == [(1, 4, 4, 2), (1, 4, 4, 3)]
    assert [found.shape for found in model.run(some(1, 4, 4, 3))] == [(1, 4, 4, 2), (1, 4, 4, 3)]


@pytest.mark.parametrize("arrange", [lambda one: [one], lambda one: {"only": one}])
def test_one_input_and_output_may_stand_in_a_list_or_dictionary(tmp_path: Path, arrange: Any) -> None:
    image = keras.Input((4, 4, 3), name="only")
    model = opened(saved(arrange(image), arrange(scores()(image)), tmp_path / "net.keras"))
    given = some(1, 4, 4, 3)
    assert np.allclose(model.run(given)[0][..., 1], given[..., 0])


def test_a_model_of_two_inputs_is_told(tmp_path: Path) -> None:
    one, other = keras.Input((4, 4, 3), name="one"), keras.Input((4, 4, 3), name="other")
    model = opened(saved([one, other], layers.Add()([one, other]), tmp_path / "net.keras"))
    with pytest.raises(RejectedError, match="takes 2 inputs, expected one image"):
        model.run(some(1, 4, 4, 3))


def test_a_blob_needs_no_ending(tmp_path: Path) -> None:
    for ending, format_ in (("keras", "keras"), ("h5", "keras-h5")):
        shutil.copy(brightness_classes(tmp_path / f"net.{ending}"), tmp_path / "0123abcd")
        path = tmp_path / "0123abcd"
        assert read(path).format == format_
        assert open_model(path, format_, threads=threads()).inputs[0].shape == (1, 8, 8, 3)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("shape", [(8, 8, 3), (None, None, 3), (6, None, 3)])
def test_ports_are_those_that_inspection_finds(tmp_path: Path, ending: str, shape: tuple[int | None, ...]) -> None:
    image = keras.Input(shape, name="image")
    small = layers.MaxPooling2D()(scores(stride=2)(image))
    path = saved(image, [small, layers.UpSampling2D(4)(small)], tmp_path / f"net.{ending}")
    graph, model = read(path), opened(path)
    for found, ports in ((graph.inputs, model.inputs), (graph.outputs, model.outputs)):
        tensors = [graph.tensors[number] for number in found]
        shapes = [(1, *tensor.shape[1:]) for tensor in tensors if tensor.shape]
        assert shapes == [port.shape for port in ports]
        assert [tensor.dtype for tensor in tensors] == [port.dtype for port in ports]


@pytest.mark.skipif(not REAL.is_file(), reason="needs ../shared/inspect")
def test_a_real_file_of_keras_2(tmp_path: Path) -> None:
    model = opened(REAL)
    assert (model.inputs[0].shape, model.outputs[0].shape) == ((1, 96, 96, 3), (1, 2))
    (found,) = model.run(some(1, 96, 96, 3))
    assert found.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("ending", ENDINGS)
def test_code_of_the_file_never_runs(tmp_path: Path, ending: str) -> None:
    mark = tmp_path / "ran"
    image = keras.Input((4, 4, 3))
    source = f"lambda x: (open({str(mark)!r}, 'w').close(), x)[1]"
    outputs = layers.Lambda(eval(source), output_shape=(4, 4, 3))(image)
    path = saved(image, outputs, tmp_path / f"net.{ending}")
    with pytest.raises(RejectedError, match="Lambda"):
        opened(path)
    with pytest.raises(RejectedError, match="may do harm"):
        open_segmenter(path, read(path), None, threads=threads())
    assert not mark.exists()
    keras.saving.load_model(path, compile=False, safe_mode=False)(np.zeros((1, 4, 4, 3)))
    assert mark.exists(), "the file is one that would"


def test_training_settings_are_not_looked_at(tmp_path: Path) -> None:
    """A loss that only its author's code has."""

    def own_loss(true: Any, found: Any) -> Any:
        return (true - found) ** 2

    model = keras.Sequential([keras.Input((4, 4, 3)), scores()])
    model.compile(loss=own_loss)
    assert opened(written(model, tmp_path / "net.keras")).run(some(1, 4, 4, 3))[0].shape == (1, 4, 4, 2)


def test_threads_are_those_of_the_process(tmp_path: Path) -> None:
    path = brightness_classes(tmp_path / "net.keras")
    opened(path)
    with pytest.raises(RequestError, match=f"runs with {threads()} threads in this process already") as caught:
        open_model(path, "keras", threads=threads() + 1)
    assert "another process" in str(caught.value.hint)
    assert opened(path).inputs[0].shape == (1, 8, 8, 3)


def test_there_are_no_delegates(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="'vx': TensorFlow has none"):
        open_model(brightness_classes(tmp_path / "net.keras"), "keras", threads=threads(), delegate="vx")


def test_another_backend_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(UnavailableError, match="set to jax") as caught:
        open_model(tmp_path / "net.keras", "keras")
    assert "KERAS_BACKEND" in str(caught.value.hint)


@pytest.mark.parametrize("format_", ["keras", "keras-h5"])
@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 no model", b"\x89HDF\r\n\x1a\n no model"])
def test_a_broken_file_is_rejected(tmp_path: Path, format_: str, data: bytes) -> None:
    path = tmp_path / "net"
    path.write_bytes(data)
    with pytest.raises(RejectedError, match="does not take it"):
        open_model(path, format_, threads=threads())


def test_a_missing_engine_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(UnavailableError, match="TensorFlow is not installed") as caught:
        open_model(tmp_path / "net.keras", "keras")
    assert "edge-model-zoo[train]" in str(caught.value.hint)
