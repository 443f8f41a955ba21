"""What the fuzzer knows of each format: its reader, what to begin with, how to break it, its memory."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fuzz.keras_ways import HDF5, KERAS
from tests.fuzz.mutate import BLIND, Mutation

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
CASES = Path(__file__).parent / "cases"
SMALL = 1 << 16
"""Bytes up to which a real file is worth its time as a seed."""


@dataclass(frozen=True)
class Format:
    """A format and its reader.

    Attributes:
        name: Name, which is its folder in `cases` too.
        reader: Module whose `read(path)` reads it.
        builder: Module of the tests whose `seeds()` gives small files.
        suffixes: How names of its files end.
        ways: Mutations.
        memory_factor: Times the file's size that reading may take at most, beside `memory_base` bytes.
        memory_base: Bytes.
    """

    name: str
    reader: str
    builder: str
    suffixes: tuple[str, ...]
    ways: Sequence[Mutation] = BLIND
    memory_factor: int = 32
    memory_base: int = 2 << 20

    def read(self) -> Callable[[Path], Any]:
        """The reader."""
        read: Callable[[Path], Any] = importlib.import_module(self.reader).read
        return read

    def seeds(self) -> list[bytes]:
        """Files to begin with: made ones, kept cases, small real ones."""
        made: Iterator[bytes] = importlib.import_module(self.builder).seeds()
        kept = [path.read_bytes() for path in sorted((CASES / self.name).glob("*")) if path.is_file()]
        real = [path for path in sorted(SHARED.glob("inspect/*")) if path.suffix in self.suffixes]
        return [*made, *kept, *(path.read_bytes() for path in real if path.stat().st_size <= SMALL)]


FORMATS = {
    "tflite": Format("tflite", "registry.inspect.tflite.reader", "tests.unit.inspect.tflite_builder", (".tflite",)),
    "onnx": Format("onnx", "registry.inspect.onnx.reader", "tests.unit.inspect.onnx_builder", (".onnx",)),
    "keras": Format(
        "keras",
        "registry.inspect.keras.reader",
        "tests.unit.inspect.keras_builder",
        (".keras",),
        KERAS,
        memory_base=16 << 20,
    ),
    "h5": Format(
        "h5", "registry.inspect.keras.reader", "tests.unit.inspect.h5_builder", (".h5",), HDF5, memory_base=4 << 20
    ),
}
