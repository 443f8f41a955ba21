"""What a single card says that cannot be, or hardly can be, true. Looks at a document that its schema accepts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from registry.card import UNPINNED
from registry.document import Document, Step
from registry.problem import Problem
from registry.units import BYTES

Place = tuple[Step, ...]

FLOAT_SCHEMES = ("float32", "float16")

_RANGES = {"uint8": (0, 255), "int8": (-128, 127), "int16": (-32768, 32767), "int32": (-(2**31), 2**31 - 1)}
_SUFFIXES = {
    "tflite": (".tflite", ".lite"),
    "onnx": (".onnx",),
    "keras": (".keras",),
    "keras-h5": (".h5", ".hdf5"),
    "pytorch": (".pt", ".pth"),
}
_MAX_BYTES = 64 << 30
_MAX_GIGA = 1e6
_MAX_MILLISECONDS = 3.6e6


def check(document: Document) -> list[Problem]:
    """Errors and warnings of a model card's content, variant by variant."""
    card = document.value
    problems = list(_licences(document, (), card["licence"]))
    for number, variant in enumerate(card["variants"]):
        whole = {**card.get("common", {}), **variant}
        place: Place = ("variants", number)
        for rule in _RULES:
            problems += rule(document, place, whole)
    return problems


def _licences(document: Document, place: Place, licence: dict[str, str]) -> Iterator[Problem]:
    for part in ("code", "weights", "dataset"):
        yield from licence_problems(document, (*place, "licence", part), licence.get(part, "unknown"))


def licence_problems(document: Document, place: Place, expression: str) -> Iterator[Problem]:
    """A problem where an expression is neither SPDX nor `unknown`."""
    if expression == "unknown":
        return
    try:
        canonicalize_license_expression(expression)
    except InvalidLicenseExpression:
        yield document.problem(
            place,
            "licence",
            "not an SPDX licence expression",
            expected="SPDX identifiers joined by AND, OR, WITH; LicenseRef-NAME where none exists; or unknown",
            found=expression,
        )


def _own_licences(document: Document, place: Place, whole: dict[str, Any]) -> Iterator[Problem]:
    yield from _licences(document, place, whole.get("licence", {}))


def _quantization(document: Document, place: Place, whole: dict[str, Any]) -> Iterator[Problem]:
    described, format_ = whole["quantization"], whole["format"]
    scheme, granularity, representation = (described[key] for key in ("scheme", "granularity", "representation"))
    at = (*place, "quantization")
    if scheme in FLOAT_SCHEMES and granularity not in ("none", "unknown"):
        yield document.problem(
            (*at, "granularity"),
            "quantization",
            f"a {scheme} variant has no granularity",
            expected="none",
            found=granularity,
        )
    if scheme not in (*FLOAT_SCHEMES, "unknown") and granularity == "none":
        yield document.problem(
            (*at, "granularity"),
            "quantization",
            f"an {scheme} variant has a granularity",
            expected="per-tensor, per-channel, mixed or unknown",
            found=granularity,
        )
    allowed = {"tflite": ("tflite", "none", "unknown"), "onnx": ("qdq", "qoperator", "none", "unknown")}.get(
        format_
    )
    if allowed and representation not in allowed:
        yield document.problem(
            (*at, "representation"),
            "quantization",
            f"{format_} has no such representation",
            expected=" or ".join(allowed),
            found=representation,
        )


def _tensors(document: Document, place: Place, whole: dict[str, Any]) -> Iterator[Problem]:
    for side in ("inputs", "outputs"):
        for number, tensor in enumerate(whole.get("tensors", {}).get(side, ())):
            at = (*place, "tensors", side, number)
            points = tensor.get("zero_point", ())
            low, high = _RANGES.get(tensor["dtype"], (float("-inf"), float("inf")))
            if any(not low <= point <= high for point in ([points] if isinstance(points, int) else points)):
                yield document.problem(
                    (*at, "zero_point"),
                    "range",
                    f"the zero point is no {tensor['dtype']} value",
                    expected=f"{low} to {high}",
                    found=str(points),
                )
            bounds = tensor.get("value_range", (0, 1))
            if bounds[0] >= bounds[1]:
                yield document.problem(
                    (*at, "value_range"),
                    "range",
                    "the value range is empty",
                    expected="least value first",
                    found=str(bounds),
                )


def _artifacts(document: Document, place: Place, whole: dict[str, Any]) -> Iterator[Problem]:
    artifacts = whole["artifacts"]
    names = [artifact["file"].lower() for artifact in artifacts]
    for number, artifact in enumerate(artifacts):
        at = (*place, "artifacts", number)
        if names.index(artifact["file"].lower()) < number:
            yield document.problem(
                (*at, "file"),
                "duplicate-name",
                "two files of the variant have the same name",
                expected="a name of its own, whatever the case of the letters",
                found=artifact["file"],
            )
        suffixes = _SUFFIXES.get(whole["format"], ())
        if artifact["role"] == "model" and suffixes and not artifact["file"].lower().endswith(suffixes):
            yield document.problem(
                (*at, "file"),
                "file-format",
                f"not the name of a {whole['format']} file",
                expected=" or ".join(suffixes),
                found=artifact["file"],
                severity="warning",
            )
        if artifact["sha256"] != UNPINNED and artifact["size"] is None:
            yield document.problem((*at, "size"), "size", "a pinned file has no size", expected="its size in bytes")
    if artifacts and artifacts[0]["role"] != "model":
        yield document.problem(
            (*place, "artifacts", 0, "role"),
            "artifact-order",
            "the first file is not the model",
            expected="model",
            found=artifacts[0]["role"],
        )


def _figures(document: Document, place: Place, whole: dict[str, Any]) -> Iterator[Problem]:
    digests = {artifact["sha256"] for artifact in whole["artifacts"]} - {UNPINNED}
    for kind in ("metrics", "footprints", "latencies", "compute"):
        for number, figure in enumerate(whole.get(kind, ())):
            at = (*place, kind, number)
            measured = figure.get("measurement")
            if figure["status"] == "reproduced" and not measured:
                yield document.problem(
                    (*at, "status"),
                    "measurement",
                    "a reproduced figure says no measurement",
                    expected="a 'measurement' bound to the file's digest",
                )
            if measured and measured["artifact"] not in digests:
                yield document.problem(
                    (*at, "measurement", "artifact"),
                    "measurement",
                    "measured on bytes that are not this variant's",
                    expected=" or ".join(sorted(digests)) or "a pinned file",
                    found=measured["artifact"],
                )
            value = figure["value"]
            if value is not None and value * BYTES.get(figure["unit"], 1) > _most(kind, figure["unit"]):
                yield document.problem(
                    (*at, "value"),
                    "range",
                    "the value is not plausible",
                    found=f"{value} {figure['unit']}",
                    severity="warning",
                )


def _most(kind: str, unit: str) -> float:
    if unit in BYTES:
        return _MAX_BYTES
    return {"latencies": _MAX_MILLISECONDS, "compute": _MAX_GIGA}.get(kind, float("inf"))


def _latencies(document: Document, place: Place, whole: dict[str, Any]) -> Iterator[Problem]:
    for number, latency in enumerate(whole.get("latencies", ())):
        at = (*place, "latencies", number)
        share, value, rate = latency.get("share"), latency["value"], latency.get("throughput")
        if share and abs(sum(share.values()) - 1) > 0.02:
            yield document.problem(
                (*at, "share"),
                "range",
                "the shares do not add up to 1",
                expected="1",
                found=f"{sum(share.values()):g}",
                severity="warning",
            )
        if value and rate and abs(rate * value / 1000 - 1) > 0.05:
            yield document.problem(
                (*at, "throughput"),
                "range",
                "the throughput does not belong to the time",
                expected=f"about {1000 / value:.4g} per second",
                found=f"{rate:g}",
                severity="warning",
            )


def _sizes(document: Document, place: Place, whole: dict[str, Any]) -> Iterator[Problem]:
    """A stated file size against the pinned file's."""
    actual = next((item["size"] for item in whole["artifacts"] if item["role"] == "model"), None)
    for number, figure in enumerate(whole.get("footprints", ())):
        same = figure.get("precision", whole["quantization"]["scheme"]) == whole["quantization"]["scheme"]
        if figure["name"] == "file-size" and same and actual and figure["value"]:
            stated = figure["value"] * BYTES.get(figure["unit"], 1)
            if abs(stated / actual - 1) > 0.06:  # kB taken for KiB is off by 2.4 %, MB for MiB by 4.9 %
                yield document.problem(
                    (*place, "footprints", number, "value"),
                    "range",
                    "not the size of the file",
                    expected=f"about {actual} bytes",
                    found=f"{stated:.0f} bytes",
                    severity="warning",
                )


def _silent_contradictions(document: Document, place: Place, whole: dict[str, Any]) -> Iterator[Problem]:
    seen: dict[tuple[Any, ...], tuple[float, int]] = {}
    for number, metric in enumerate(whole.get("metrics", ())):
        key = tuple(metric[name] for name in ("name", "dataset", "split", "protocol", "precision"))
        if metric["value"] is None or metric["status"] == "contradicted":
            continue
        value, first = seen.setdefault(key, (metric["value"], number))
        if value != metric["value"]:
            yield document.problem(
                (*place, "metrics", number),
                "contradiction",
                "two figures of the same conditions differ and are not marked",
                expected="status contradicted on both, and an entry in 'contradictions'",
                found=f"{metric['value']} here, {value} in metrics/{first}",
                severity="warning",
            )


_RULES: tuple[Callable[[Document, Place, dict[str, Any]], Iterator[Problem]], ...] = (
    _own_licences,
    _quantization,
    _tensors,
    _artifacts,
    _figures,
    _latencies,
    _sizes,
    _silent_contradictions,
)
