"""The verb behind `zoo selftest --record`: golden vectors from pictures, and what a card says of them.

Same model, pictures and runtime give the same bytes.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import pictures
from registry.class_map import planes
from registry.digest import Digest
from registry.errors import RejectedError, UnavailableError
from registry.files import write_atomically
from registry.golden import INPUT_ROLE, ITEM_BYTES, OUTPUT_ROLE, GoldenTensor, Tolerance
from registry.runtime.base import Array, Port
from registry.segmenter import Segmenter

QUANTIZED_SHARE, FLOAT_SHARE = 0.02, 0.001
"""Share of places whose class may differ. Two kernel sets of LiteRT differed by 0.0075 for a quantized network."""

QUANTIZED_PART, FLOAT_PART = 1 / 16, 1e-5
"""Part of an output's range that a value may be off. Measured as above: 9 of 255 steps, and 2e-6 in float32."""


@dataclass(frozen=True)
class Recording:
    """Vectors that were written.

    Attributes:
        artifacts: Items for the variant's `artifacts`.
        golden: Items for its `golden`.
        uniform: Names of vectors whose output is one value everywhere, which proves little.
    """

    artifacts: tuple[Mapping[str, Any], ...]
    golden: tuple[Mapping[str, Any], ...]
    uniform: tuple[str, ...]


def record(
    segmenter: Segmenter,
    images: Sequence[Path],
    folder: Path,
    *,
    stem: str,
    model: Digest,
    quantized: bool,
    every: int = 1,
) -> Recording:
    """Run a model on pictures, and write what went in and what came out.

    Args:
        segmenter: The model.
        images: The pictures.
        folder: Where `STEM.PICTURE.input.bin` and `STEM.PICTURE.output.bin` go; made when missing.
        stem: What the names begin with.
        model: Digest of the model file.
        quantized: Whether the network computes in integers: kernels then differ more.
        every: Keep only each output pixel of so many in height and width, which keeps the file small.

    Raises:
        RejectedError: A picture is bad, or the model gives no classes, no numbers, or two answers to one input.
        UnavailableError: The folder cannot be written.
    """
    artifacts: list[Mapping[str, Any]] = []
    golden: list[Mapping[str, Any]] = []
    uniform = []
    runtime = {"name": segmenter.model.name, "version": segmenter.model.version}
    for image, name in zip(images, names_of(images), strict=True):
        stored, _view = segmenter.prepare(pictures.read(image))
        output = _steady_output(segmenter, stored, image)
        given = _tensor(
            stored, f"{stem}.{name}.input.bin", 0, segmenter.model.inputs[0], segmenter.preparation.layout
        )
        made = _tensor(
            output,
            f"{stem}.{name}.output.bin",
            segmenter.output,
            segmenter.model.outputs[segmenter.output],
            _layout(output, segmenter),
            every,
        )
        for tensor, array, role in ((given, stored, INPUT_ROLE), (made, output, OUTPUT_ROLE)):
            artifacts.append(_written(folder, tensor, array, role))
        golden.append(
            {
                "name": name,
                "input": given.to_document(),
                "output": made.to_document(),
                "tolerance": tolerance_for(made.kept(output), made, quantized=quantized).to_document(),
                "recorded": {"model": model.hex, "runtime": dict(runtime)},
            }
        )
        if (output == output.flat[0]).all():
            uniform.append(name)
    return Recording(tuple(artifacts), tuple(golden), tuple(uniform))


def tolerance_for(output: Array, tensor: GoldenTensor, *, quantized: bool) -> Tolerance:
    """A tolerance that other kernels of the same network keep, and another network does not.

    Args:
        output: What the model gave, as stored.
        tensor: What it is.
        quantized: Whether the network computes in integers.
    """
    share = QUANTIZED_SHARE if quantized else FLOAT_SHARE
    if tensor.dtype.startswith("float"):
        least, greatest = float(output.min()), float(output.max())
        part = QUANTIZED_PART if quantized else FLOAT_PART
        return Tolerance(absolute=_rounded_up((greatest - least) * part), best_class=_of(tensor, share))
    if tensor.scale is not None and tensor.dtype in ("uint8", "int8", "int16"):
        steps = 16 if ITEM_BYTES[tensor.dtype] == 1 else 256
        return Tolerance(steps=steps, best_class=_of(tensor, share))
    return Tolerance(differing=share)


def _of(tensor: GoldenTensor, share: float) -> float | None:
    return None if tensor.class_axis is None else share


def _rounded_up(value: float) -> float:
    """To one digit, so that a card says no more than is meant."""
    if value <= 0:
        return FLOAT_PART
    unit = 10.0 ** math.floor(math.log10(value))
    return float(f"{math.ceil(value / unit) * unit:.1g}")


def _steady_output(segmenter: Segmenter, stored: Array, image: Path) -> Array:
    """What the model gives, the same twice and numbers only."""
    import numpy as np

    first, again = (segmenter.model.invoke(stored)[segmenter.output].copy() for _ in range(2))
    if np.issubdtype(first.dtype, np.floating) and not np.isfinite(first).all():
        raise RejectedError(
            f"{image}: the model gives values that are no numbers, which nothing can be compared with",
            hint="give a picture for which it gives numbers; `zoo inspect` shows the input's normalization",
        )
    if not np.array_equal(first, again):
        raise RejectedError(
            f"{image}: the model gives two answers to one input, so there is no golden one",
            hint="export it without dropout and random operators",
        )
    return first


def _tensor(array: Array, file: str, number: int, port: Port, layout: str, every: int = 1) -> GoldenTensor:
    dtype = str(array.dtype)
    if dtype not in ITEM_BYTES:
        raise RejectedError(f"{port.name}: expected one of {', '.join(ITEM_BYTES)}, found {dtype}")
    shape = tuple(map(int, array.shape))
    return GoldenTensor(file, number, shape, dtype, layout, port.scale, port.zero_point, every if layout else 1)


def _layout(output: Array, segmenter: Segmenter) -> str:
    """Order of the axes of scores, or of a class map without an axis of channels; empty for any other."""
    found = planes(output, segmenter.classes, segmenter.preparation.layout)
    if found.ndim == 3 and output.ndim == 4:
        return "NHWC" if found.strides == output[0].strides else "NCHW"
    return "NHW" if found.ndim == 2 and output.ndim == 3 else ""


def _written(folder: Path, tensor: GoldenTensor, array: Array, role: str) -> Mapping[str, Any]:
    data = tensor.kept(array).astype(array.dtype.newbyteorder("<")).tobytes()
    path = folder / tensor.file
    write(path, data)
    return {"file": tensor.file, "role": role, "size": len(data), "sha256": Digest.of(data).hex, "sources": []}


def write(path: Path, data: bytes) -> None:
    """Write a file of a recording.

    Raises:
        UnavailableError: It cannot be written.
    """
    try:
        write_atomically(path, data)
    except OSError as error:
        raise UnavailableError(
            f"{path}: cannot be written: {error.strerror or error}", hint="choose another folder with -o DIR"
        ) from None


def names_of(images: Sequence[Path]) -> list[str]:
    """A name for each picture's vector: its own in plain letters, with a number where that is taken."""
    found: list[str] = []
    for image in images:
        plain = re.sub(r"[^a-z0-9]+", "-", image.stem.lower())[:40].strip("-") or "picture"
        name, number = plain, 1
        while name in found:
            number += 1
            name = f"{plain}-{number}"
        found.append(name)
    return found


def snippet(recording: Recording, about: str) -> bytes:
    """What a card says of a recording, as YAML that is indented as the properties of a variant are.

    Args:
        recording: What was written.
        about: Which variant or file it is of.
    """
    import yaml

    document = {"artifacts": list(recording.artifacts), "golden": list(recording.golden)}
    body = yaml.safe_dump(document, sort_keys=False, default_flow_style=None, width=110)
    head = f"golden vectors of {about}\nadd these artifacts to those of its variant, and 'golden' as it is\n"
    return (textwrap.indent(head, "# ") + textwrap.indent(body, "    ")).encode()
