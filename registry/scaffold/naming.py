"""Names that a card gives: of the model, its variants and its files, from what the files are called and hold."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from registry.document import speakable

MOST = 300
"""Letters of a name that a card quotes."""

_LONGEST_SLUG, _LONGEST_FILE = 64, 200

_SUFFIXES = {"tflite": (".tflite", ".lite"), "onnx": (".onnx",), "keras": (".keras",), "keras-h5": (".h5", ".hdf5")}
_ENDING = {"onnx": "onnx", "keras": "keras", "keras-h5": "h5"}
"""Last word of the name of a float variant, where the format is not the usual one."""

_PASSING = frozenset(["quant", "quantized", "float", "f32", "fp32", "qdq", "channel", "tensor", "per", "model"])
"""Words at the end of a file's name that say which variant it is, and not which model."""


def quotable(text: str, most: int = MOST) -> bool:
    """Whether a card can hold a name from a file as it is."""
    return len(text) <= most and speakable(text)


def slug(text: str) -> str:
    """A text as a name of a card: lower case, digits, dots between digits, hyphens; empty where nothing is left."""
    plain = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return "-".join(re.findall(r"[a-z0-9]+(?:\.[0-9]+)*", plain))[:_LONGEST_SLUG].strip("-.")


def variant_name(variant: Mapping[str, Any]) -> str:
    """Name of a variant by its input size and numbers, such as `256-int8-per-channel` or `257-float32`."""
    height, width = variant["resolution"]["height"], variant["resolution"]["width"]
    quantization, format_ = variant["quantization"], variant["format"]
    size = "" if None in (height, width) else str(height) if height == width else f"{height}x{width}"
    scheme = quantization["scheme"] if quantization["scheme"] != "unknown" else ""
    ending = _ENDING.get(format_, "")
    if quantization["representation"] in ("qdq", "qoperator"):
        ending = quantization["representation"]
    granularity = quantization["granularity"] if scheme == "int8" else ""
    # a QDQ file has a scale for each channel unless it says otherwise
    usual = granularity in ("none", "unknown") or (ending == "qdq" and granularity == "per-channel")
    return slug("-".join(filter(None, (size, scheme, "" if usual else granularity, ending))) or format_)


def model_name(path: Path, variant: str) -> str:
    """Name of a model by its file's name, without the words at its end that tell the variant."""
    words = slug(path.stem).split("-")
    while len(words) > 1 and (words[-1] in _PASSING or words[-1] in variant.split("-")):
        words.pop()
    return "-".join(words)


def file_name(path: Path, format_: str) -> str:
    """Name of an artifact: the file's own, without what no file of a card may have in its name."""
    endings = _SUFFIXES[format_]
    ending = path.suffix if path.suffix.lower() in endings else ""
    stem = re.sub(r"[^A-Za-z0-9._+-]", "-", path.name.removesuffix(ending)).lstrip(".+-") or "model"
    return stem[: _LONGEST_FILE - len(ending or endings[0])] + (ending or endings[0])
