"""The work on one model: convert, calibrate, choose what stays float, quantize, measure."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from registry.card import Variant
from registry.digest import Digest
from registry.errors import RejectedError, RequestError
from registry.evaluation import Outcome
from registry.inspect import read
from registry.inspect.graph import Graph
from registry.progress import Progress
from registry.quantization import gate, mixed, onnx, tflite
from registry.quantization.calibration import CalibrationSet
from registry.quantization.configuration import Measured, Quantization
from registry.quantization.maker import Hush, Maker, require
from registry.segmenter import Segmenter, open_descendant, open_segmenter


class Candidate(NamedTuple):
    """A model that is measured: its file, and how it is run."""

    path: Path
    segmenter: Segmenter


Measure = Callable[[Sequence[Candidate], Measured], tuple[Outcome, Sequence[str]]]
"""Evaluates models on the same images; gives the names of the dataset's classes too."""


@dataclass(frozen=True)
class Parent:
    """A float model.

    Attributes:
        path: Its file.
        graph: What inspection found in it.
        variant: Whose card says how pictures go in; None where no card does.
    """

    path: Path
    graph: Graph
    variant: Variant | None

    @property
    def name(self) -> str:
        """Full name of the variant, or the path."""
        return self.variant.full_name if self.variant else str(self.path)

    def to_json(self) -> dict[str, Any]:
        """As plain data, without paths."""
        return {"variant": self.variant.full_name if self.variant else None, "format": self.graph.format}


@dataclass(frozen=True)
class Tools:
    """What the work is done with.

    Attributes:
        progress: Hears of long work.
        hush: Keeps away what libraries write by themselves.
        measure: Evaluates models.
        threads: CPU threads of the engines.
    """

    progress: Progress
    hush: Hush
    measure: Measure
    threads: int


class Run:
    """A parent, what is asked for, and the calibration set."""

    def __init__(
        self, parent: Parent, asked: Quantization, chosen: CalibrationSet | None, work: Path, tools: Tools
    ) -> None:
        require("numpy", "tensorflow", *(() if asked.representation == "tflite" else ("tf2onnx", "onnxruntime")))
        self._parent, self._asked, self._calibration, self._work = parent, asked, chosen, work
        self._tools = tools
        with tools.hush():
            self._segmenter = open_segmenter(
                parent.path,
                parent.graph,
                parent.variant,
                threads=tools.threads,
                preprocessing=asked.preprocessing,
            )
        self._number = 0

    @property
    def preprocessing(self) -> dict[str, Any]:
        """How pictures go in, and its digest as evaluations name it."""
        how = asdict(self._segmenter.preparation)
        return {"sha256": Digest.of(json.dumps(how, sort_keys=True).encode()).hex, **how}

    def made(self) -> tuple[bytes, mixed.Choice | None]:
        """The file, and which layers stay float where that was to be found out."""
        asked, tools, path = self._asked, self._tools, self._parent.path
        format_ = self._parent.graph.format
        if asked.representation == "onnx":
            return self._onnx().SerializeToString(deterministic=True), None
        if asked.scheme in ("float32", "float16", "dynamic-range"):
            return tflite.converted(path, format_, asked.scheme, asked.granularity, tools.hush), None
        if asked.scheme == "int16x8":
            return tflite.int16x8(self._float_file(), asked, self._inputs, tools.hush), None
        maker = self._maker()
        choice = self._choice(maker) if asked.mixed else None
        return maker.make(choice.float_layers if choice else ()), choice

    def gated(self, path: Path) -> tuple[gate.Verdict | None, dict[str, Any]]:
        """What the gate says of the file, and what it was measured on."""
        asked = self._asked.gate
        if asked is None:
            return None, {}
        outcome, names = self._tools.measure([self._own, self._candidate(path)], asked.on)
        parent, result = outcome.evaluations
        verdict = gate.judge(
            parent.scores[asked.on.protocol],
            result.scores[asked.on.protocol],
            names,
            overall=asked.overall,
            per_class=asked.per_class,
        )
        told = {"samples": result.samples, "agreement": outcome.agreement and outcome.agreement.share}
        return verdict, {**told, "subject": result.subject.to_json()}

    @property
    def _own(self) -> Candidate:
        return Candidate(self._parent.path, self._segmenter)

    def _candidate(self, path: Path) -> Candidate:
        with self._tools.hush():
            segmenter = open_descendant(path, read(path), self._segmenter, threads=self._tools.threads)
        return Candidate(path, segmenter)

    def _written(self, data: bytes) -> Candidate:
        """A file that is only measured."""
        self._number += 1
        path = self._work / f"candidate-{self._number}{self._asked.ending}"
        path.write_bytes(data)
        return self._candidate(path)

    def _inputs(self, most: int | None = None) -> Any:
        assert self._calibration is not None, "the configuration's rules ask for it"  # noqa: S101
        return self._calibration.inputs(self._segmenter, self._tools.progress, most=most)

    def _float_file(self) -> bytes:
        format_ = self._parent.graph.format
        if format_ == "onnx":
            raise RequestError(
                f"{self._parent.name}: an ONNX file does not become {self._asked.representation}",
                hint="name the TFLite or Keras model, or ask for onnx-qdq",
            )
        return tflite.float_file(self._parent.path, format_, self._tools.hush)

    def _onnx(self) -> Any:
        if self._parent.graph.format == "onnx" and self._asked.representation == "onnx-qdq":
            return onnx.opened(self._parent.path, self._asked.opset)
        return onnx.from_tflite(self._float_file(), self._asked.opset, self._work, self._tools.hush)

    def _maker(self) -> Maker:
        asked, hush = self._asked, self._tools.hush
        if asked.representation == "onnx-qdq":
            return onnx.Qdq(self._onnx(), asked, self._inputs, self._work, hush)
        return tflite.Int8(self._float_file(), asked, self._inputs, self._work, hush)

    def _choice(self, maker: Maker) -> mixed.Choice:
        """Which layers stay float."""
        asked = self._asked.mixed
        assert asked is not None, "asked for only where there is one"  # noqa: S101
        losses = self._losses(maker)
        figure, (outcome, _names) = asked.metric.replace("-", "_"), self._tools.measure([self._own], asked.on)
        before = getattr(outcome.evaluations[0].scores[asked.on.protocol], figure)

        def metric_loss(floats: tuple[str, ...]) -> float:
            found, _ = self._tools.measure([self._written(maker.make(floats))], asked.on)
            after = getattr(found.evaluations[0].scores[asked.on.protocol], figure)
            if before is None or after is None:
                raise RejectedError("mixed: no pixel was counted, so nothing is known")
            return float(before - after)

        return mixed.chosen(losses, metric_loss, asked.bound, asked.most_layers)

    def _losses(self, maker: Maker) -> list[mixed.LayerLoss]:
        """What each layer loses when it alone is quantized."""
        probes = list(self._inputs(mixed.PROBES))
        port, number = self._segmenter.model.outputs[self._segmenter.output], self._segmenter.output
        reference = [port.real(self._segmenter.model.invoke(one)[number]) for one in probes]
        losses = []
        with self._tools.progress.task("layers", len(maker.layers), unit="layers") as advance:
            for layer in maker.layers:
                _path, found = candidate = self._written(maker.only(layer))
                outputs = [found.model.invoke(one)[found.output] for one in probes]
                losses.append(mixed.LayerLoss(layer, mixed.difference(reference, outputs)))
                candidate.path.unlink()
                advance(1)
        return losses
