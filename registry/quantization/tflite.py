"""TensorFlow Lite files by TensorFlow's converter (https://ai.google.dev/edge/litert/conversion).

Integer schemes are quantized in two steps, as the converter itself does: the float file is run over the calibration
set, then its operators are rewritten. So a float .tflite of anybody is taken as well as a Keras model, and a choice
of float layers needs one calibration. `disable_per_channel` of the second step is what the converter's setting
`_experimental_disable_per_channel` becomes.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from registry.errors import RequestError
from registry.facts import Facts
from registry.inspect import read
from registry.quantization.configuration import Quantization
from registry.quantization.maker import Hush, Inputs, Maker, aloud, layer_name, library
from registry.runtime.keras import load

_NAME = "TensorFlow's converter"


def float_file(path: Path, format_: str, hush: Hush) -> bytes:
    """A float model as a TensorFlow Lite file: as it is, or converted from Keras.

    Raises:
        RejectedError: The converter does not take it.
    """
    return path.read_bytes() if format_ == "tflite" else converted(path, format_, "float32", "none", hush)


def converted(path: Path, format_: str, scheme: str, granularity: str, hush: Hush) -> bytes:
    """A Keras model as a TensorFlow Lite file for one image at a time.

    Args:
        path: The model.
        format_: `keras` or `keras-h5`.
        scheme: `float32`, `float16` or `dynamic-range`.
        granularity: `per-channel`, `per-tensor` or `none`.
        hush: Keeps the converter's own lines away.

    Raises:
        RequestError: It is no Keras model.
        RejectedError: The converter does not take it.
    """
    if format_ not in ("keras", "keras-h5"):
        raise RequestError(
            f"{path}: {scheme} is converted from a Keras model, found {format_}",
            hint="name the Keras model that the file was made from, or another scheme",
        )
    with library(_NAME, hush):
        import tensorflow

        with tensorflow.device("/CPU:0"):
            model = load(path, format_)
            converter = _converter(tensorflow, model)
            if scheme != "float32":
                converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
            if scheme == "float16":
                converter.target_spec.supported_types = [tensorflow.float16]
            converter._experimental_disable_per_channel = granularity == "per-tensor"
            return bytes(converter.convert())


def _converter(tensorflow: Any, model: Any) -> Any:
    """A converter of one graph for a batch of one: boards have no other.

    Without the model itself it freezes the variables first; with it, Keras 3's stay variables in the file.
    """
    (given,) = model.inputs
    specification = tensorflow.TensorSpec((1, *given.shape[1:]), given.dtype, name=given.name)
    function = tensorflow.function(lambda image: model(image, training=False))
    concrete = function.get_concrete_function(specification)
    return tensorflow.lite.TFLiteConverter.from_concrete_functions([concrete])


class Int8(Maker):
    """int8 weights and activations, some layers float if asked."""

    def __init__(self, data: bytes, asked: Quantization, inputs: Inputs, work: Path, hush: Hush) -> None:
        """Run a float file over the calibration set.

        Raises:
            RejectedError: TensorFlow does not take the file.
        """
        self._asked, self._hush = asked, hush
        with library(_NAME, hush):
            calibrator = _calibrator(data)
        with library(_NAME, aloud):
            self._calibrated = bytes(calibrator.calibrate(lambda: ([one] for one in inputs())))
        path = work / "calibrated.tflite"
        path.write_bytes(self._calibrated)
        graph = read(path)
        self.layers = tuple(layer_name(graph, layer) for layer in Facts(graph).scheme.layers)
        self._operators = tuple(graph.tensors[operator.outputs[0]].name for operator in graph.operators)

    def make(self, floats: Collection[str] = ()) -> bytes:
        """See `Maker.make`."""
        return self._rewritten(floats, self._asked.input, self._asked.output)

    def only(self, layer: str) -> bytes:
        """See `Maker.only`."""
        return self._rewritten([name for name in self._operators if name != layer], "float32", "float32")

    def _rewritten(self, floats: Collection[str], given: str, wanted: str) -> bytes:
        with library(_NAME, self._hush):
            import tensorflow
            from tensorflow.lite.python.convert import mlir_quantize

            data = mlir_quantize(
                self._calibrated,
                disable_per_channel=self._asked.granularity == "per-tensor",
                input_data_type=getattr(tensorflow, given),
                output_data_type=getattr(tensorflow, wanted),
                denylisted_nodes=sorted(floats),
            )
            return bytes(data)


def int16x8(data: bytes, asked: Quantization, inputs: Inputs, hush: Hush) -> bytes:
    """int8 weights, int16 activations.

    Raises:
        RejectedError: TensorFlow does not take the file.
    """
    with library(_NAME, hush):
        import tensorflow

        calibrator = _calibrator(data)
    with library(_NAME, aloud):
        found = calibrator.calibrate_and_quantize(
            lambda: ([one] for one in inputs()),
            tensorflow.float32,
            tensorflow.float32,
            allow_float=True,
            activations_type=tensorflow.int16,
            bias_type=tensorflow.int64,
            disable_per_channel=asked.granularity == "per-tensor",
        )
        return bytes(found)


def _calibrator(data: bytes) -> Any:
    from tensorflow.lite.python.optimize import calibrator

    return calibrator.Calibrator(calibrator.add_intermediate_tensors(data), [], [])
