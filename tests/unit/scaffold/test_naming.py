"""Names of models, variants and files that a card may have, from whatever files are called."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.scaffold.naming import file_name, model_name, slug, variant_name
from registry.schema import load_schema
from tests.unit import builders
from tests.unit.strategies import PROPERTY

SCHEMA = load_schema("model-card")
MODEL = re.compile(SCHEMA["properties"]["model"]["pattern"].removesuffix("$") + r"\Z")
FILE = re.compile(SCHEMA["$defs"]["artifact"]["properties"]["file"]["pattern"].removesuffix("$") + r"\Z")


@pytest.mark.parametrize(
    ("name", "variant", "model"),
    [
        ("deeplabv3-shapes-256-int8-per-channel.tflite", "256-int8-per-channel", "deeplabv3-shapes"),
        ("mobilenet_v1_0.25_96_int8.tflite", "96-int8-per-channel", "mobilenet-v1-0.25"),
        ("DeepLab V3+ (Größe).onnx", "64-float32-onnx", "deeplab-v3-grosse"),
        ("int8.onnx", "int8-qdq", "int8"),
        ("deeplabv3_mnv2_dm05_pascal_quant.tflite", "513-uint8", "deeplabv3-mnv2-dm05-pascal"),
        ("---.onnx", "float32-onnx", ""),
        ("模型.onnx", "float32-onnx", ""),
    ],
)
def test_a_model_is_called_as_its_file_without_the_words_of_the_variant(
    name: str, variant: str, model: str
) -> None:
    assert model_name(Path(name), variant) == model


FLOAT = {"scheme": "float32", "granularity": "none", "representation": "none"}
INT8 = {"scheme": "int8", "granularity": "per-channel", "representation": "tflite"}


@pytest.mark.parametrize(
    ("quantization", "format_", "size", "name"),
    [
        (FLOAT, "tflite", (257, 257), "257-float32"),
        (FLOAT, "keras", (256, 256), "256-float32-keras"),
        (FLOAT, "keras-h5", (64, 96), "64x96-float32-h5"),
        (FLOAT, "onnx", (None, None), "float32-onnx"),
        (INT8, "tflite", (256, 256), "256-int8-per-channel"),
        ({**INT8, "granularity": "per-tensor"}, "tflite", (256, 256), "256-int8-per-tensor"),
        ({**INT8, "representation": "qdq"}, "onnx", (256, 256), "256-int8-qdq"),
        ({**INT8, "representation": "qdq", "granularity": "per-tensor"}, "onnx", (8, 8), "8-int8-per-tensor-qdq"),
        ({**INT8, "scheme": "uint8", "granularity": "per-tensor"}, "tflite", (513, 513), "513-uint8"),
        ({**INT8, "scheme": "mixed"}, "tflite", (256, 256), "256-mixed"),
        ({**FLOAT, "scheme": "unknown"}, "tflite", (None, None), "tflite"),
    ],
)
def test_a_variant_is_called_by_size_and_numbers(
    quantization: builders.Plain, format_: str, size: tuple[int | None, int | None], name: str
) -> None:
    resolution = dict(zip(("height", "width"), size, strict=True))
    assert variant_name({"quantization": quantization, "format": format_, "resolution": resolution}) == name


@pytest.mark.parametrize(
    ("name", "format_", "expected"),
    [
        ("net.tflite", "tflite", "net.tflite"),
        ("net.lite", "tflite", "net.lite"),
        ("my net (1).onnx", "onnx", "my-net--1-.onnx"),
        (".hidden.onnx", "onnx", "hidden.onnx"),
        ("9711334d", "tflite", "9711334d.tflite"),
        ("模型.keras", "keras", "model.keras"),
    ],
)
def test_a_file_keeps_its_name_where_a_card_can_have_it(name: str, format_: str, expected: str) -> None:
    assert file_name(Path(name), format_) == expected


@PROPERTY
@given(
    st.text(min_size=1, max_size=300).filter(lambda name: "/" not in name and "\0" not in name),
    st.sampled_from(["tflite", "onnx", "keras", "keras-h5"]),
)
def test_any_name_of_a_file_gives_names_that_a_card_takes(name: str, format_: str) -> None:
    assert FILE.match(file_name(Path(name), format_))
    assert slug(name) == "" or MODEL.match(slug(name))
