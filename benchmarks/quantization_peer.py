"""What `zoo quantize` is held against: a script as somebody would write it. Imports nothing of zoo.

python quantization_peer.py MODEL DATA IMAGES OUTPUT  TFLite to ONNX by tf2onnx, quantized by onnxruntime
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.preprocess import quant_pre_process
from PIL import Image
from tf2onnx import convert


class Reader(CalibrationDataReader):  # type: ignore[misc]
    """Pictures at the network's size, in -1 to 1, one after the other."""

    def __init__(self, name: str, side: int, images: list[Path]) -> None:
        self._inputs = self._prepared(name, side, images)

    def get_next(self) -> dict[str, Any] | None:
        """The next one."""
        return next(self._inputs, None)

    @staticmethod
    def _prepared(name: str, side: int, images: list[Path]) -> Iterator[dict[str, Any]]:
        for path in images:
            picture = Image.open(path).convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
            yield {name: ((np.asarray(picture, np.float32) - 127.5) / 127.5)[np.newaxis]}


def main(model: str, data: str, images: str, output: str) -> None:
    """Quantize."""
    names = sorted(Path(data, "ImageSets", "Segmentation", "train.txt").read_text(encoding="utf-8").split())
    paths = [next(Path(data, "JPEGImages").glob(f"{name}.*")) for name in names[: int(images)]]
    with tempfile.TemporaryDirectory() as folder:
        converted, prepared = Path(folder, "float.onnx"), Path(folder, "prepared.onnx")
        found, _storage = convert.from_tflite(model, opset=17, output_path=str(converted))
        quant_pre_process(converted, prepared, skip_symbolic_shape=True)
        (given,) = found.graph.input
        quantize_static(
            prepared,
            output,
            Reader(given.name, given.type.tensor_type.shape.dim[1].dim_value, paths),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            extra_options={"CalibMovingAverage": True, "WeightSymmetric": True, "ActivationSymmetric": False},
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
