from __future__ import annotations

from dataclasses import replace

import pytest

from registry.deployment.board import better, cores, engine_warnings, labels_file, model_file, runs_on_fastest
from tests.unit.deployment.packages import HOSTILE
from tests.unit.family import subject, target, variants


def test_files_are_named_by_the_package_and_not_by_the_cache() -> None:
    made = subject("256-int8-per-channel", "imx8mp")
    assert model_file(made).path == "deeplabv3-shapes-256-int8-per-channel.tflite"
    assert model_file(made, "model/").content == made.path
    onnx = subject("256-int8-qdq", "stm32mp2")
    assert model_file(onnx, "model/").path == "model/deeplabv3-shapes-256-int8-qdq.onnx"


def test_labels_keep_their_ids_whatever_is_in_them() -> None:
    made = labels_file(subject("256-int8-per-tensor", "stm32mp2", labels=HOSTILE))
    assert isinstance(made.content, bytes)
    lines = made.content.decode().split("\n")
    assert lines[:-1] == [" ".join(label.split()) for label in HOSTILE]
    assert lines[2] == "two lines"
    assert lines[-1] == ""


def test_half_a_letter_in_a_label_is_no_error() -> None:
    made = labels_file(subject("256-int8-per-tensor", "stm32mp2", labels=("a\ud800b",)))
    assert made.content == b"a?b\n"


@pytest.mark.parametrize(
    ("variant", "where", "alternative"),
    [
        ("256-int8-per-channel", "stm32mp2", "256-int8-per-tensor"),
        ("256-int8-qdq", "stm32mp2", "256-int8-per-tensor"),
        ("128-int8-per-channel", "stm32mp2", "256-int8-per-tensor"),
        ("256-float32", "imx8mp", "256-int8-per-channel"),
        ("256-mixed", "imx8mp", "256-int8-per-channel"),
    ],
)
def test_what_the_npu_refuses_is_told_with_what_it_takes(variant: str, where: str, alternative: str) -> None:
    made = subject(variant, where)
    refused, instead = engine_warnings(made)
    assert refused.startswith(f"The npu of {target(where).title} refuses {variants()[variant].format} ")
    assert refused.endswith(f"this one runs on the {made.fit.engine}.")
    assert instead.startswith(f"zoo/deeplabv3-shapes/{alternative} ")


def test_the_same_resolution_comes_first() -> None:
    small = replace(variants()["256-int8-per-tensor"], name="128-int8-per-tensor", height=128, width=128)
    others = (variants()["256-int8-per-tensor"], small)
    for variant, expected in (("128-int8-per-channel", small), ("256-int8-per-channel", others[0])):
        assert better(subject(variant, "stm32mp2", alternatives=others)) is expected


def test_without_alternatives_only_the_refusal_is_told() -> None:
    made = subject("256-int8-per-channel", "stm32mp2", alternatives=(variants()["256-float32"],))
    (refused,) = engine_warnings(made)
    assert refused == "The npu of STM32MP2 refuses tflite int8 per-channel files; this one runs on the gpu."


@pytest.mark.parametrize(
    ("variant", "where"), [("256-int8-per-tensor", "stm32mp2"), ("256-int8-per-channel", "imx8mp")]
)
def test_nothing_is_told_where_the_npu_takes_the_file(variant: str, where: str) -> None:
    made = subject(variant, where)
    assert runs_on_fastest(made)
    assert list(engine_warnings(made)) == []


def test_cores_are_those_of_the_targets_card() -> None:
    assert cores(subject("256-float32", "imx8mp")) == 4
    assert cores(subject("256-float32", "am62")) == 1
