from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from registry.errors import RequestError
from registry.quantization.configuration import read
from tests.unit.quantization import networks

QDQ = {"representation": "onnx-qdq", "method": "entropy"}
MIXED = {"split": "val", "bound": 0.1, "most_layers": 2}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scheme": "int4"}, "'scheme' is not one of the allowed values"),
        ({"sheme": "int8"}, "unknown property 'sheme'"),
        ({"granularity": None}, "int8 as tflite needs 'granularity'"),
        ({"calibration": None}, "int8 as tflite needs 'calibration'"),
        ({"method": "entropy"}, "int8 as tflite has no 'method'"),
        ({"representation": "onnx-qdq"}, "int8 as onnx-qdq needs 'method'"),
        ({**QDQ, "percentile": 99}, "has no 'percentile'"),
        ({**QDQ, "scheme": "int16x8"}, "onnx-qdq has no such scheme"),
        ({**QDQ, "input": "uint8"}, "int8 as onnx-qdq has float ends"),
        ({"scheme": "int16x8", "output": "int8"}, "int16x8 as tflite has float ends"),
        ({"scheme": "int16x8", "granularity": "per-tensor"}, "int16x8 per channel only"),
        ({"scheme": "float16", "granularity": None}, "float16 as tflite has no 'calibration'"),
        ({"mixed": MIXED}, "int8 as tflite has no 'mixed'"),
        ({"scheme": "mixed"}, "mixed as tflite needs 'mixed'"),
        ({"opset": 17}, "has no 'opset'"),
        ({"calibration": {"split": "train"}}, "the images must be named in one way"),
        ({"calibration": {"split": "train", "ids": ["a"], "count": 1}}, "the images must be named in one way"),
        ({"calibration": {"split": "train", "ids": ["a"], "seed": 1}}, "a list of ids has no 'seed'"),
        ({"calibration": {"split": "train", "count": 1}}, "names no folder of images"),
        ({"gate": {"split": "val", "overall": 2}}, "'overall' is too large"),
    ],
)
def test_a_problem_is_told_with_its_place(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    path = networks.written(tmp_path / "config.yaml", networks.plain("seen", **changes))
    with pytest.raises(RequestError) as caught:
        read(path)
    assert said in caught.value.message
    assert f"{path}:" in caught.value.message


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    document = networks.plain("seen", method="entropy", opset=17, mixed=MIXED)
    with pytest.raises(RequestError) as caught:
        read(networks.written(tmp_path / "config.yaml", document))
    assert caught.value.message.count("error:") == 3


def test_a_problem_of_the_command_line_is_told_of_it(tmp_path: Path) -> None:
    path = networks.written(tmp_path / "config.yaml", networks.plain("seen"))
    with pytest.raises(RequestError, match=r"--set gate.overall:1:1.*'overall' is of the wrong type"):
        read(path, {"gate.overall": "much", "gate.split": "val"})


def test_one_folder_serves_all_sections(tmp_path: Path) -> None:
    gate = {"split": "val", "overall": 0.1}
    path = networks.written(tmp_path / "config.yaml", networks.plain("seen", gate=gate))
    usual = read(path)
    assert usual.gate is not None
    assert usual.gate.on.data == "seen"
    told = read(path, data=Path("elsewhere"))
    assert told.gate is not None
    assert told.calibration is not None
    assert (told.gate.on.data, told.calibration.data) == ("elsewhere", "elsewhere")
