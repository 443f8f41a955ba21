"""What is in a model file, without running it: one reader for each format, one graph for all."""

from __future__ import annotations

from pathlib import Path

from registry.errors import RejectedError, RequestError, UnavailableError
from registry.files import open_regular
from registry.inspect.graph import Graph

FORMATS = ("tflite", "onnx", "keras", "keras-h5")
"""Formats that are read."""

_ENDINGS = {".tflite": "tflite", ".lite": "tflite", ".onnx": "onnx", ".keras": "keras", ".h5": "keras-h5"}


def read(path: Path, format_: str | None = None) -> Graph:
    """Read a model file of any format.

    Args:
        path: The file.
        format_: Its format; None goes by its first bytes, then by its ending.

    Raises:
        RequestError: There is no such file.
        RejectedError: It is no model of a known format, or breaks its format.
        UnavailableError: It cannot be read.
    """
    match format_ or format_of(path):
        case "tflite":
            from registry.inspect.tflite import reader as tflite

            return tflite.read(path)
        case "onnx":
            from registry.inspect.onnx import reader as onnx

            return onnx.read(path)
        case "keras" | "keras-h5":
            from registry.inspect.keras import reader as keras

            return keras.read(path)
    raise RejectedError(
        f"{path}: expected a model file ({', '.join(FORMATS)}), found none of these",
        hint="a file without a known ending is known by its first bytes; see that it is the right one",
    )


def format_of(path: Path) -> str | None:
    """Format of a file by its first bytes, then by its ending; None for no known one.

    Raises:
        RequestError: There is no such file.
        UnavailableError: It cannot be read.
    """
    try:
        with open_regular(path) as file:
            head = file.read(16)
    except FileNotFoundError:
        raise RequestError(f"no such file: {path}", hint="give a model file or the name of a variant") from None
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be read: {error.strerror or error}") from None
    if head[4:8] == b"TFL3":
        return "tflite"
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return "keras-h5"
    if head.startswith(b"PK\x03\x04"):
        return "keras"
    return _ENDINGS.get(path.suffix.lower())
