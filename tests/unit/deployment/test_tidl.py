from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry.deployment import FAMILIES, tidl
from registry.deployment.base import Package
from registry.errors import RejectedError
from tests.unit.deployment.packages import HOSTILE, NOTHING, contents
from tests.unit.family import subject, variants

NAME = "deeplabv3-shapes-256-float32"
ACCELERATED = ("am62a", "am67a", "am68a", "am69a", "tda4vm")
NOWHERE = Path("/nowhere")


def packaged(where: str, name: str = "256-float32", **changes: Any) -> Package:
    return tidl.package(subject(name, where, **changes), NOTHING, NOWHERE)


def document(package: Package, name: str = "param.yaml") -> dict[str, Any]:
    found = yaml.safe_load(contents(package)[name])
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("where", ACCELERATED)
def test_a_package_has_the_folders_of_tis_model_zoo(where: str) -> None:
    package = packaged(where)
    assert set(contents(package)) == {
        *(f"model/{NAME}.tflite", "param.yaml", "dataset.yaml", "import_tidl.py", "artifacts/README.txt"),
    }
    assert any(f"root@BOARD:/opt/model_zoo/{NAME}/" in one.command for one in package.instructions)
    assert [(one.name, one.found) for one in package.tools] == [("tidl_tools", False)]
    assert package.warnings[0].startswith("TIDL's tools are closed and not here, so artifacts/ is empty")


@pytest.mark.parametrize("where", [*ACCELERATED, "am62"])
def test_every_target_of_the_family_is_served_by_this_module(where: str) -> None:
    assert FAMILIES[where] == "tidl"
    assert document(packaged(where))["target_device"] == where.upper()


def test_the_parameters_are_those_of_the_card_and_of_the_file() -> None:
    found = document(packaged("am68a"))
    session = found["session"]
    assert found["task_type"] == "segmentation"
    assert (found["preprocess"]["resize"], found["preprocess"]["crop"]) == ([256, 256], [256, 256])
    assert (found["preprocess"]["data_layout"], found["preprocess"]["reverse_channels"]) == ("NHWC", False)
    assert (session["session_name"], session["model_path"]) == ("tflitert", f"model/{NAME}.tflite")
    assert (session["input_mean"], session["input_optimization"]) == ([127.5] * 3, False)
    assert session["input_scale"] == [pytest.approx(1 / 127.5)] * 3
    assert session["input_details"] == [
        {"name": "input_layer", "shape": [1, 256, 256, 3], "type": "float32"},
    ]
    assert found["metric"] == {"label_offset_pred": 0}
    assert found["input_dataset"] == {"name": "shapes"}


@pytest.mark.parametrize("where", ACCELERATED)
def test_asymmetric_quantization_is_asked_for_where_the_target_has_it(where: str) -> None:
    options = document(packaged(where))["session"]["runtime_options"]
    assert options == {
        "tensor_bits": 8,
        "accuracy_level": 1,
        "advanced_options:calibration_frames": 20,
        "advanced_options:calibration_iterations": 50,
        "advanced_options:quantization_scale_type": 0 if where == "tda4vm" else 4,
    }


def test_a_target_without_accelerator_gets_nothing_of_tidl() -> None:
    package = packaged("am62")
    assert set(contents(package)) == {f"model/{NAME}.tflite", "param.yaml", "dataset.yaml"}
    assert "runtime_options" not in document(package)["session"]
    assert (package.tools, package.warnings) == ((), ())
    assert not any("import_tidl.py" in one.command for one in package.instructions)


def test_an_onnx_model_runs_in_the_other_session() -> None:
    found = document(packaged("am62a", "256-int8-qdq"))["session"]
    assert (found["session_name"], found["model_path"]) == (
        *("onnxrt", "model/deeplabv3-shapes-256-int8-qdq.onnx"),
    )


def test_hostile_labels_are_still_the_same_in_yaml() -> None:
    package = packaged("am62a", labels=HOSTILE)
    found = document(package, "dataset.yaml")["categories"]
    assert [(one["id"], one["name"]) for one in found] == list(enumerate(HOSTILE))


def test_half_a_letter_in_a_label_is_no_error() -> None:
    assert len(document(packaged("am62a", labels=("a\ud800b",)), "dataset.yaml")["categories"]) == 1


@pytest.mark.parametrize(
    ("resize", "expected"),
    [
        ("stretch", {"resize": [96, 128], "crop": [96, 128], "resize_with_pad": False}),
        ("shorter-side", {"resize": 96, "crop": [96, 128], "resize_with_pad": False}),
        ("pad", {"resize": [96, 128], "crop": [96, 128], "resize_with_pad": True, "pad_color": [1, 2, 3]}),
        ("none", {"resize": [96, 128], "crop": [96, 128], "resize_with_pad": False}),
    ],
)
def test_sizes_are_height_first(resize: str, expected: dict[str, Any]) -> None:
    made = subject("256-float32", "am62a")
    how = replace(made.preparation, resize=resize, height=96, width=128, mean=(1.0, 2.0, 3.0))
    package = tidl.package(replace(made, preparation=how), NOTHING, NOWHERE)
    found = document(package)["preprocess"]
    assert {name: found[name] for name in expected} == expected
    told = [one for one in package.warnings if "edgeai-dl-inferer stretches" in one]
    assert bool(told) == (resize in ("shorter-side", "pad"))
    assert b"&id" not in contents(package)["param.yaml"]


def test_a_model_of_any_size_is_refused() -> None:
    made = subject("256-float32", "am62a")
    how = replace(made.preparation, height=None)
    with pytest.raises(RejectedError, match="takes pictures of any size, expected one size"):
        tidl.package(replace(made, preparation=how), NOTHING, NOWHERE)


def test_the_offset_of_class_ids_is_the_cards() -> None:
    variant = variants()["256-float32"]
    shifted = replace(variant, document={**variant.document, "postprocessing": {"label_offset": 1}})
    assert document(packaged("am62a", variant=shifted))["metric"] == {"label_offset_pred": 1}
    assert document(packaged("am62a", variant=None))["metric"] == {"label_offset_pred": 0}
