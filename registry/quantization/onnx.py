"""ONNX files: TensorFlow Lite and Keras models by tf2onnx, quantized by onnxruntime's tools.

tf2onnx names tensors by counters and picks one of equal constants by chance, so that no two runs of it write the
same bytes. `canonical` gives the same graph the same bytes.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from registry.errors import RejectedError
from registry.facts import Facts
from registry.inspect import read
from registry.quantization.configuration import Quantization
from registry.quantization.maker import Hush, Inputs, Maker, aloud, layer_name, library
from registry.runtime.base import Array

_TOOLS = "onnxruntime"
_METHODS = {"min-max": "MinMax", "moving-average": "MinMax", "percentile": "Percentile", "entropy": "Entropy"}
_COUNTER = re.compile(r"__\d+")


def from_tflite(data: bytes, opset: int, work: Path, hush: Hush) -> Any:
    """A TensorFlow Lite file as an ONNX model, the same each time.

    Raises:
        RejectedError: tf2onnx does not take it.
    """
    path = work / "float.tflite"
    path.write_bytes(data)
    with library("tf2onnx", hush):
        from tf2onnx import convert

        model, _storage = convert.from_tflite(str(path), opset=opset)
        return canonical(model)


def opened(path: Path, opset: int) -> Any:
    """An ONNX model of the opset that is asked for.

    Raises:
        RejectedError: It has another.
    """
    import onnx

    model = onnx.load(path)
    found = next((one.version for one in model.opset_import if not one.domain), None)
    if found != opset:
        raise RejectedError(
            f"{path}: expected opset {opset}, found {found}", hint=f"ask for opset {found}, or export the file anew"
        )
    return model


def canonical(model: Any) -> Any:
    """The model with nodes in one order, and names that follow from that order alone; what nothing reads is gone.

    Inputs and outputs keep their names. Nodes keep theirs without tf2onnx's counters; a constant is named by the
    first node that reads it, and a tensor by the node that writes it.
    """
    graph = model.graph
    nodes, constants = _ordered(graph), {one.name: one for one in graph.initializer}
    names = {one.name: one.name for one in (*graph.input, *graph.output)} | {"": ""}
    taken, known, kept = set(names), set[str](), []
    for node in nodes:
        node.name = _free(_COUNTER.sub("", node.name) or node.op_type, known)
        for number, name in enumerate(node.input):
            if name in constants and name not in names:
                names[name] = _free(f"{node.name}/{number}", taken)
                kept.append(constants[name])
        for number, name in enumerate(node.output):
            names.setdefault(name, _free(f"{node.name}:{number}", taken))
        for ends in (node.input, node.output):
            ends[:] = [names[name] for name in ends]
    for one in kept:
        one.name = names[one.name]
    _replace(graph.node, nodes)
    _replace(graph.initializer, kept)
    graph.ClearField("value_info")  # inferred anew when it is needed
    graph.name, graph.doc_string = "model", ""
    used = {node.domain for node in nodes}
    _replace(model.opset_import, [one for one in model.opset_import if one.domain in used])
    return model


def _ordered(graph: Any) -> list[Any]:
    """Nodes that the outputs need, each after those that it reads from, found from the outputs on."""
    makers = {name: number for number, node in enumerate(graph.node) for name in node.output if name}
    order: dict[int, Any] = {}
    waiting = [(makers.get(one.name), False) for one in reversed(graph.output)]
    while waiting:
        number, ready = waiting.pop()
        if number is None or number in order:
            continue
        if ready:
            order[number] = graph.node[number]
        else:
            waiting.append((number, True))
            waiting += [(makers.get(name), False) for name in reversed(graph.node[number].input)]
    return list(order.values())


def _free(base: str, taken: set[str]) -> str:
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    taken.add(name)
    return name


def _replace(field: Any, items: list[Any]) -> None:
    """Give a repeated field some of its own messages, in another order."""
    copies = [type(one).FromString(one.SerializeToString()) for one in items]
    del field[:]
    field.extend(copies)


class Qdq(Maker):
    """int8 weights, symmetric, and int8 activations, asymmetric, between QuantizeLinear and DequantizeLinear."""

    def __init__(self, model: Any, asked: Quantization, inputs: Inputs, work: Path, hush: Hush) -> None:
        """Prepare a float model, and run it over the calibration set.

        Raises:
            RejectedError: onnxruntime does not take it.
        """
        self._asked, self._hush = asked, hush
        self._path = _prepared(model, work, hush)
        graph = read(self._path)
        self.layers = tuple(layer_name(graph, layer) for layer in Facts(graph).scheme.layers)
        self._ranges = self._measured(graph.tensors[graph.inputs[0]].name, inputs)

    def make(self, floats: Collection[str] = ()) -> bytes:
        """See `Maker.make`."""
        return self._quantized([], sorted(floats))

    def only(self, layer: str) -> bytes:
        """See `Maker.only`."""
        return self._quantized([layer], [])

    def _measured(self, name: str, inputs: Inputs) -> Any:
        """Ranges of the activations.

        Least and greatest values are two numbers a tensor and image, so all images go in at once, as a moving
        average over them needs. Histograms would keep every tensor of every image, so these take one by one.
        """
        method = _METHODS[self._asked.method]
        options: dict[str, Any] = {"moving_average": self._asked.method == "moving-average"}
        if method == "Percentile":
            options = {"percentile": self._asked.percentile, "symmetric": False}
        with library(_TOOLS, self._hush):
            from onnxruntime.quantization import CalibrationMethod, create_calibrator

            calibrator = create_calibrator(
                self._path,
                _operators(),
                augmented_model_path=str(self._path.with_name("augmented.onnx")),
                calibrate_method=CalibrationMethod[method],
                extra_options=options,
            )
        with library(_TOOLS, aloud), contextlib.redirect_stdout(io.StringIO()):  # it prints what it does
            if method == "MinMax":
                calibrator.collect_data(_Reader(name, iter(inputs())))
            else:
                for one in inputs():
                    calibrator.collect_data(_Reader(name, iter([one])))
            return calibrator.compute_data()

    def _quantized(self, only: list[str], floats: list[str]) -> bytes:
        with library(_TOOLS, self._hush):
            import onnx
            from onnxruntime.quantization import QuantType
            from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
            from onnxruntime.quantization.quant_utils import load_model_with_shape_infer

            quantizer = QDQQuantizer(
                load_model_with_shape_infer(self._path),
                self._asked.granularity == "per-channel",
                False,  # whole range of 8 bits
                QuantType.QInt8,
                QuantType.QInt8,
                self._ranges,
                only,
                floats,
                _operators(),
                {"WeightSymmetric": True, "ActivationSymmetric": False},
            )
            quantizer.quantize_model()
            quantizer.model.topological_sort()
            made: onnx.ModelProto = quantizer.model.model
            used = {node.domain for node in made.graph.node}
            _replace(made.opset_import, [one for one in made.opset_import if one.domain in used])
            return bytes(made.SerializeToString(deterministic=True))


class _Reader:
    """A calibration data reader of onnxruntime, which asks until there is nothing more."""

    def __init__(self, name: str, arrays: Iterator[Array]) -> None:
        self._name, self._arrays = name, arrays

    def get_next(self) -> dict[str, Array] | None:
        array = next(self._arrays, None)
        return None if array is None else {self._name: array}


def _prepared(model: Any, work: Path, hush: Hush) -> Path:
    """The model with shapes inferred and operators fused, as the tools want it."""
    with library(_TOOLS, hush):
        import onnx
        from onnxruntime.quantization.preprocess import quant_pre_process

        onnx.save(model, work / "float.onnx")
        quant_pre_process(work / "float.onnx", work / "prepared.onnx", skip_symbolic_shape=True)
    return work / "prepared.onnx"


def _operators() -> list[str]:
    """Every type of operator that the tools can quantize."""
    from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry

    return sorted({*QLinearOpsRegistry, *QDQRegistry})
