"""What a card claims of a file against what the file says: each claim confirmed, contradicted, or not checkable.

Pure: a card's variant and facts in, findings out. Nothing is run, so accuracy and time are never checkable here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from registry.card import Variant
from registry.facts import Facts
from registry.footprint import Footprint
from registry.inspect.graph import Tensor
from registry.units import BYTES, format_bytes

State = Literal["confirmed", "contradicted", "unchecked"]

SCALE_TOLERANCE = 1e-6
"""Relative difference of two scales that are the same: files have single precision, cards a few digits."""

FIGURE_TOLERANCE = 0.02
"""Relative difference up to which a rounded figure of work or size is the same."""

WEIGHTS_APART = 0.1
"""Relative difference of weights beyond which no compiler's padding explains it."""


@dataclass(frozen=True)
class Claim:
    """One claim and its fate.

    Attributes:
        about: Property of the card, such as `quantization.scheme`.
        state: `confirmed`, `contradicted` or `unchecked`.
        stated: What the card says.
        found: What the file says; empty where it says nothing.
        reason: Why it cannot be checked, or what the comparison allows for.
    """

    about: str
    state: State
    stated: str
    found: str = ""
    reason: str = ""


def judge(variant: Variant, facts: Facts) -> list[Claim]:
    """Every claim of a variant that a file could bear out, in the card's order.

    Args:
        variant: What the card says.
        facts: What the file says.
    """
    found: list[Claim] = []
    for part in _PARTS:
        found += part(variant, facts)
    return [*found, *_memory(variant, facts)]


def _said(about: str, stated: Any, found: Any, absent: str = "the file does not say") -> Claim:
    """A claim with a value to compare with; None was not found, for the reason `absent`."""
    if found is None or found == "unknown":
        return Claim(about, "unchecked", _shown(stated), "", absent)
    return Claim(about, "confirmed" if stated == found else "contradicted", _shown(stated), _shown(found))


def _about(about: str, stated: float, found: float, unit: str, tolerance: float = FIGURE_TOLERANCE) -> Claim:
    """A figure that was rounded when it was written down."""
    near = abs(stated - found) <= tolerance * max(abs(stated), abs(found))
    told = f"within {tolerance:.0%}" if near else f"more than {tolerance:.0%} apart"
    return Claim(about, "confirmed" if near else "contradicted", f"{stated:g} {unit}", f"{found:g} {unit}", told)


def _shown(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "x".join("?" if one is None else str(one) for one in value) if value else "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def _unknown(value: Any) -> bool:
    return value is None or value == "unknown"


def _format(variant: Variant, facts: Facts) -> Iterator[Claim]:
    yield _said("format", variant.format, facts.graph.format)


def _quantization(variant: Variant, facts: Facts) -> Iterator[Claim]:
    stated: Mapping[str, Any] = variant.document["quantization"]
    scheme = facts.scheme
    pairs = {
        "scheme": scheme.scheme,
        "granularity": scheme.granularity,
        "representation": scheme.representation,
        "weights_symmetric": scheme.weights_symmetric,
        "activations_symmetric": scheme.activations_symmetric,
    }
    for key, value in pairs.items():
        if not _unknown(stated.get(key)):
            yield _said(f"quantization.{key}", stated[key], value)
    if "float_layers" in stated:
        yield _said("quantization.float_layers", sorted(stated["float_layers"]), facts.float_layer_names)
    if stated.get("method") not in (None, "none", "unknown"):
        told = "a file does not say how its scales came about"
        yield Claim("quantization.method", "unchecked", stated["method"], "", told)
    if "calibration" in stated:
        told = "a file does not say which images set its ranges"
        yield Claim("quantization.calibration", "unchecked", "stated", "", told)


def _resolution(variant: Variant, facts: Facts) -> Iterator[Claim]:
    sides = facts.image
    for key in ("height", "width", "channels"):
        stated = variant.document["resolution"].get(key)
        if stated is not None:
            yield _said(f"resolution.{key}", stated, sides.get(key), "the input's size is open in the file")


def _tensors(variant: Variant, facts: Facts) -> Iterator[Claim]:
    graph = facts.graph
    for kind, indexes in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        stated = variant.document.get("tensors", {}).get(kind)
        if not stated:
            continue
        yield _said(f"tensors.{kind}", len(stated), len(indexes))
        for number, (item, index) in enumerate(zip(stated, indexes, strict=False)):
            yield from _tensor(f"tensors.{kind}[{number}]", item, graph.tensors[index])


def _tensor(about: str, stated: Mapping[str, Any], tensor: Tensor) -> Iterator[Claim]:
    if "name" in stated:
        yield _said(f"{about}.name", stated["name"], tensor.name)
    shape = (
        None
        if tensor.shape is None
        else [1 if number == 0 and one is None else one for number, one in enumerate(tensor.shape)]
    )
    yield _said(f"{about}.shape", stated["shape"], shape)
    if not _unknown(stated["dtype"]):
        yield _said(f"{about}.dtype", stated["dtype"], tensor.dtype)
    quantization = tensor.quantization
    if "scale" in stated:
        found = list(quantization.scales) if quantization else None
        yield _scale(f"{about}.scale", _listed(stated["scale"]), found)
    if "zero_point" in stated:
        points = list(quantization.zero_points) if quantization else None
        yield _said(f"{about}.zero_point", _listed(stated["zero_point"]), points, "the tensor is not quantized")
    if "value_range" in stated and not quantization:
        told = "a float tensor has no range of its own"
        yield Claim(f"{about}.value_range", "unchecked", " to ".join(map(_shown, stated["value_range"])), "", told)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


def _scale(about: str, stated: list[float], found: list[float] | None) -> Claim:
    if found is None:
        return Claim(about, "contradicted", _shown(stated), "none", "the tensor is not quantized")
    same = len(stated) == len(found) and all(
        abs(one - other) <= SCALE_TOLERANCE * abs(other) for one, other in zip(stated, found, strict=True)
    )
    return Claim(about, "confirmed" if same else "contradicted", _some(stated), _some(found))


def _some(values: list[float]) -> str:
    return ", ".join(f"{value:.9g}" for value in values[:3]) + (f", ... ({len(values)})" if len(values) > 3 else "")


def _architecture(variant: Variant, facts: Facts) -> Iterator[Claim]:
    stated: Mapping[str, Any] = variant.document.get("architecture", {})
    structure = facts.structure
    told = "not recognised in the graph"
    pyramid = structure.aspp if structure.branches else None
    pairs = {
        "backbone": structure.backbone,
        "width": structure.width,
        "output_stride": structure.output_stride,
        "aspp": pyramid,
        "aspp_rates": list(structure.rates) if structure.branches else None,
    }
    for key, value in pairs.items():
        if not _unknown(stated.get(key)):
            yield _said(f"architecture.{key}", stated[key], value, told)


def _postprocessing(variant: Variant, facts: Facts) -> Iterator[Claim]:
    kind = variant.document.get("postprocessing", {}).get("kind")
    if not _unknown(kind):
        found = "class-map" if facts.structure.argmax else "argmax"
        yield _said("postprocessing.kind", kind, found)


def _preprocessing(variant: Variant, facts: Facts) -> Iterator[Claim]:
    stated = variant.document.get("preprocessing", {})
    for key in ("mean", "scale"):
        if not _unknown(stated.get(key)):
            yield _normalisation(key, stated, facts)
    if not _unknown(stated.get("colour_mode")):
        word = facts.graph.metadata.get("input.0.content", "").partition(" ")[0].upper()
        found = {"RGB": "RGB", "BGR": "BGR", "GRAYSCALE": "grey", "GREYSCALE": "grey"}.get(word)
        yield _said("preprocessing.colour_mode", stated["colour_mode"], found)
    for key in ("resize", "interpolation"):
        if not _unknown(stated.get(key)):
            told = "it happens before the file is run"
            yield Claim(f"preprocessing.{key}", "unchecked", _shown(stated[key]), "", told)


def _normalisation(key: str, stated: Mapping[str, Any], facts: Facts) -> Claim:
    """A card says (pixel - mean) * scale; so does a quantized input, and metadata say (pixel - mean) / std."""
    about = f"preprocessing.{key}"
    found, told = facts.normalisation.get(key, []), "by its metadata"
    if not found and facts.graph.inputs:
        tensor = facts.graph.tensors[facts.graph.inputs[0]]
        if tensor.quantization and tensor.dtype == "uint8":
            points, scales = tensor.quantization.zero_points, tensor.quantization.scales
            found, told = [float(one) for one in (points if key == "mean" else scales)], _OWN_SCALE
    if not found:
        return Claim(about, "unchecked", _shown(stated[key]), "", "the file carries no normalisation")
    wanted = [float(one) for one in _listed(stated[key])]
    same = all(
        abs(one - other) <= 1e-4 * max(abs(one), abs(other), 1e-9)
        for one, other in zip(_wide(wanted), _wide(found), strict=False)
    )
    if not same and told == _OWN_SCALE and _near(key, wanted, found):
        return Claim(about, "unchecked", _some(wanted), _some(found), "its input's scale comes from calibration")
    return Claim(about, "confirmed" if same else "contradicted", _some(wanted), _some(found), told)


def _near(key: str, wanted: list[float], found: list[float]) -> bool:
    """Whether a quantized input stores about the values that the card means: within a twentieth of their range."""
    pairs = zip(_wide(wanted), _wide(found), strict=False)
    if key == "mean":
        return all(abs(one - other) <= 255 * _CALIBRATED for one, other in pairs)
    return all(abs(one - other) <= _CALIBRATED * abs(one) for one, other in pairs)


_CALIBRATED = 0.05
_OWN_SCALE = "by its input's own scale"


def _wide(values: list[float]) -> list[float]:
    return values * 3 if len(values) == 1 else values


def _classes(variant: Variant, facts: Facts) -> Iterator[Claim]:
    stated = variant.document.get("classes", {})
    if "count" in stated:
        yield _said("classes.count", stated["count"], facts.class_count, "the output has no dimension of classes")
    if "names" in stated and facts.labels:
        yield _said("classes.names", list(stated["names"]), facts.labels)


def _figures(variant: Variant, facts: Facts) -> Iterator[Claim]:
    for item in variant.document.get("compute", ()):
        if item["value"] is not None:
            found = facts.macs if item["name"] == "multiply-accumulates" else facts.operations
            yield _about(f"compute.{item['name']}", item["value"], float(f"{found / 1e9:.4g}"), item["unit"], 0.05)
    for item in variant.document.get("footprints", ()):
        if item["name"] == "parameters" and item["value"] is not None:
            yield _about("footprints.parameters", item["value"], facts.parameter_count, item["unit"])
    for kind, told in (
        ("metrics", "accuracy needs images: evaluate it"),
        ("latencies", "time needs the board"),
    ):
        count = sum(item["value"] is not None for item in variant.document.get(kind, ()))
        if count:
            yield Claim(kind, "unchecked", f"{count} stated", "", told)


def _memory(variant: Variant, facts: Facts) -> Iterator[Claim]:
    """Published weights against the exact ones; activations against the bounds of every sound plan."""
    for item in variant.document.get("footprints", ()):
        if item["value"] is None or item.get("precision", variant.scheme) != variant.scheme:
            continue
        stated = item["value"] * BYTES.get(item["unit"], 1)
        about = f"footprints.{item['name']}" + (f" on {item['target']}" if "target" in item else "")
        if item["name"] == "weights-flash":
            yield _weights(about, stated, facts.footprint.weights_bytes)
        elif item["name"] == "activation-ram":
            yield _activations(about, stated, facts.footprint)


def _weights(about: str, stated: float, found: int) -> Claim:
    apart = abs(stated - found) / max(stated, found, 1)
    words = format_bytes(stated), format_bytes(found)
    if apart <= FIGURE_TOLERANCE:
        return Claim(about, "confirmed", *words, f"within {FIGURE_TOLERANCE:.0%}")
    if apart <= WEIGHTS_APART:
        return Claim(about, "unchecked", *words, "compilers store weights differently by as much")
    return Claim(
        about, "contradicted", *words, f"more than {WEIGHTS_APART:.0%} apart: other weights than the card's"
    )


def _activations(about: str, stated: float, footprint: Footprint) -> Claim:
    least, most = footprint.lower_bytes, footprint.upper_bytes
    words = format_bytes(stated), f"{format_bytes(least)} to {format_bytes(most)}"
    if least <= stated <= most:
        return Claim(about, "confirmed", *words, "within the bounds of any sound plan")
    return Claim(
        about, "unchecked", *words, "outside the planner's bounds: the compiler may fuse or place otherwise"
    )


_PARTS: tuple[Callable[[Variant, Facts], Iterator[Claim]], ...] = (
    _format,
    _quantization,
    _resolution,
    _tensors,
    _architecture,
    _preprocessing,
    _postprocessing,
    _classes,
    _figures,
)
