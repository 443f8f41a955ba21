"""What a quantization is asked to do; schemas/quantization.json describes each property."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import configuration, schema
from registry.document import Document, Step
from registry.problem import Problem

KIND = "quantization"

INTEGER = ("int8", "int16x8", "mixed")
"""Schemes whose activations are quantized, so that they need a calibration set."""

_REPRESENTATIONS = {"tflite": (), "onnx-qdq": ("int8", "mixed"), "onnx": ("float32",)}
"""Schemes that a representation has; none named for all."""


@dataclass(frozen=True)
class Calibration:
    """Which images activations are measured on: `ids`, or `count` or `share` of them; see the schema."""

    data: str
    split: str
    ids: tuple[str, ...] = ()
    count: int | None = None
    share: float | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Measured:
    """What accuracy is measured on, and how.

    Attributes:
        data: Folder.
        dataset: Name of its card, None for the usual one.
        split: List of images.
        limit: Only so many of them.
        protocol: How the metric is computed.
    """

    data: str
    dataset: str | None
    split: str
    limit: int | None
    protocol: str


@dataclass(frozen=True)
class Mixed:
    """How the float layers are chosen: the bound on the loss is a fraction of 1."""

    on: Measured
    metric: str
    bound: float
    most_layers: int


@dataclass(frozen=True)
class Gate:
    """What may be lost, as fractions of 1; `per_class` None for no bound."""

    on: Measured
    overall: float
    per_class: float | None


@dataclass(frozen=True)
class Quantization:
    """A quantization; see the schema.

    Attributes:
        plain: The configuration as plain data, with what the command line has set.
        parent: Digest that the float model must have, None for any.
    """

    plain: Mapping[str, Any]
    name: str
    parent: str | None
    scheme: str
    granularity: str
    representation: str
    method: str
    percentile: float
    input: str
    output: str
    opset: int
    preprocessing: Mapping[str, Any]
    calibration: Calibration | None
    mixed: Mixed | None
    gate: Gate | None

    @property
    def ending(self) -> str:
        """Ending of the result's file name."""
        return ".tflite" if self.representation == "tflite" else ".onnx"


def read(path: Path, overrides: Mapping[str, str] | None = None, data: Path | None = None) -> Quantization:
    """Read and judge a configuration (see `registry.configuration.read`).

    Args:
        path: YAML document.
        overrides: Values by dotted key.
        data: Folder that goes before all that are stated.

    Raises:
        RequestError: It is not valid; the message has every problem with its place.
    """
    return _read(configuration.read(path, KIND, _rules, overrides), data, None)


def check(found: Document) -> list[Problem]:
    """Every breach of the schema, or, where there is none, of the rules that it cannot say."""
    return schema.check(found, KIND) or list(_rules(found))


def valid(found: Document, usual: Path | None = None) -> Quantization:
    """The configuration of a document in which `check` finds nothing.

    Args:
        found: The document.
        usual: Folder of images where none is stated.

    Raises:
        RequestError: There is none.
    """
    return _read(configuration.Read(KIND, found, ()), None, usual)


def _read(found: configuration.Read, data: Path | None, other: Path | None) -> Quantization:
    stated: dict[str, Any] = found.document.value
    plain = {key: dict(value) if isinstance(value, dict) else value for key, value in stated.items()}
    if data is not None:
        for section in ("calibration", "mixed", "gate"):
            if section in plain:
                plain[section]["data"] = str(data)
    usual = plain.get("calibration", {}).get("data", None if other is None else str(other))
    for section in ("calibration", "mixed", "gate"):
        if section in plain and plain[section].setdefault("data", usual) is None:
            raise found.error(
                (section,),
                "data",
                "names no folder of images",
                expected="'data' here or --data DIR",
                found="neither",
            )
    return _from_plain(plain)


def _from_plain(plain: Mapping[str, Any]) -> Quantization:
    calibration, mixed, gate = plain.get("calibration"), plain.get("mixed"), plain.get("gate")
    integer = plain["scheme"] in (*INTEGER, "dynamic-range")
    return Quantization(
        plain=plain,
        name=plain["name"],
        parent=plain.get("parent", {}).get("sha256"),
        scheme=plain["scheme"],
        granularity=plain.get("granularity", "per-channel") if integer else "none",
        representation=plain["representation"],
        method=plain.get("method", "min-max"),
        percentile=plain.get("percentile", 99.999),
        input=plain.get("input", "float32"),
        output=plain.get("output", "float32"),
        opset=plain.get("opset", 17),
        preprocessing=plain.get("preprocessing", {}),
        calibration=calibration and Calibration(**{**calibration, "ids": tuple(calibration.get("ids", ()))}),
        mixed=mixed
        and Mixed(_measured(mixed), mixed.get("metric", "mean-iou"), mixed["bound"], mixed["most_layers"]),
        gate=gate and Gate(_measured(gate), gate["overall"], gate.get("per_class")),
    )


def _measured(section: Mapping[str, Any]) -> Measured:
    return Measured(
        section["data"],
        section.get("dataset"),
        section["split"],
        section.get("limit"),
        section.get("protocol", "voc"),
    )


def _rules(found: Document) -> Iterator[Problem]:
    """What the schema cannot say."""
    plain = found.value
    scheme, representation = plain["scheme"], plain["representation"]
    allowed = _REPRESENTATIONS[representation]
    if allowed and scheme not in allowed:
        yield found.problem(
            ("scheme",),
            "scheme",
            f"{representation} has no such scheme",
            expected=" or ".join(allowed),
            found=scheme,
        )
        return
    integer = scheme in INTEGER
    for key, used, needed in (
        ("calibration", integer, integer),
        ("granularity", integer or scheme == "dynamic-range", integer),
        ("mixed", scheme == "mixed", scheme == "mixed"),
        ("method", representation == "onnx-qdq", representation == "onnx-qdq"),
        ("percentile", plain.get("method") == "percentile", False),
        ("opset", representation != "tflite", False),
    ):
        if key in plain and not used:
            yield _unused(found, (key,), f"{scheme} as {representation}")
        if needed and key not in plain:
            message = f"{scheme} as {representation} needs {key!r}"
            yield found.problem((), "required", message, expected=f"a property {key!r}", found="none")
    if scheme == "int16x8" and plain.get("granularity") == "per-tensor":
        message = "TensorFlow quantizes int16x8 per channel only"
        yield found.problem(("granularity",), "granularity", message, expected="per-channel", found="per-tensor")
    yield from _ends(found)
    yield from _calibration_rules(found, plain.get("calibration"))


def _ends(found: Document) -> Iterator[Problem]:
    """Integer inputs and outputs belong to int8 in TensorFlow Lite: elsewhere the graph itself quantizes."""
    plain = found.value
    possible = plain["representation"] == "tflite" and plain["scheme"] in ("int8", "mixed")
    for key in ("input", "output"):
        if not possible and plain.get(key, "float32") != "float32":
            place = f"{plain['scheme']} as {plain['representation']}"
            yield found.problem((key,), "type", f"{place} has float ends", expected="float32", found=plain[key])


def _calibration_rules(found: Document, section: Mapping[str, Any] | None) -> Iterator[Problem]:
    if section is None:
        return
    if len({"ids", "count", "share"} & section.keys()) != 1:
        message = "the images must be named in one way"
        yield found.problem(("calibration",), "calibration", message, expected="'ids', 'count' or 'share'")
    if "seed" in section and "ids" in section:
        yield _unused(found, ("calibration", "seed"), "a list of ids")


def _unused(found: Document, path: tuple[Step, ...], by: str) -> Problem:
    return found.problem(path, "unused", f"{by} has no {path[-1]!r}", expected=f"no {path[-1]!r}")
