"""What changed between two models: their files' facts, their weights byte by byte, and what their cards say."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from registry.card import Plain
from registry.digest import CHUNK
from registry.facts import Facts
from registry.files import open_regular
from registry.footprint import Footprint
from registry.inspect.graph import Extent, Tensor

CARD_PARTS = (
    *("summary", "availability", "classes", "preprocessing", "postprocessing", "training", "parent", "licence"),
    *("targets", "metrics", "footprints", "latencies", "compute"),
)
"""Parts of a card that a file does not say itself."""


@dataclass(frozen=True)
class Model:
    """One side of a comparison.

    Attributes:
        path: The file.
        facts: What it says.
        footprint: What it needs.
        document: The card's variant as plain data; empty without a card.
    """

    path: Path
    facts: Facts
    footprint: Footprint
    document: Plain


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        part: `file`, `tensors`, `quantization`, `structure`, `operators`, `weights`, `footprint` or `card`.
        about: What differs.
        one, other: Both values in words; empty where a side has none.
    """

    part: str
    about: str
    one: str
    other: str


def compare(one: Model, other: Model) -> list[Change]:
    """Every difference, by part. Two copies of one file give none.

    Raises:
        UnavailableError: A file cannot be read.
    """
    changes: list[Change] = []
    for part, about in (("file", _file), ("tensors", _tensors), ("quantization", _quantization)):
        changes += _differences(part, about(one), about(other))
    changes += _differences("structure", _structure(one), _structure(other))
    changes += _differences("operators", _operators(one), _operators(other))
    changes += _weights(one, other)
    changes += _differences("footprint", _needs(one), _needs(other))
    changes += _differences("card", _card(one), _card(other))
    return changes


def _differences(part: str, one: Mapping[str, str], other: Mapping[str, str]) -> Iterator[Change]:
    for about in dict.fromkeys((*one, *other)):
        if one.get(about, "") != other.get(about, ""):
            yield Change(part, about, one.get(about, ""), other.get(about, ""))


def _file(model: Model) -> dict[str, str]:
    graph = model.facts.graph
    versions = {f"version of {name or 'opset'}": str(version) for name, version in graph.versions.items()}
    return {"format": graph.format, "producer": graph.producer, **versions, **graph.metadata}


def _tensors(model: Model) -> dict[str, str]:
    graph = model.facts.graph
    return {
        f"{kind} {number}": shown(graph.tensors[index])
        for kind, indexes in (("input", graph.inputs), ("output", graph.outputs))
        for number, index in enumerate(indexes)
    }


def shown(tensor: Tensor) -> str:
    """A tensor in words: dtype, shape, scale and zero point."""
    shape = "?" if tensor.shape is None else "x".join("?" if one is None else str(one) for one in tensor.shape)
    quantization = tensor.quantization
    if quantization is None:
        return f"{tensor.dtype} {shape}"
    if len(quantization.scales) > 1:
        return f"{tensor.dtype} {shape}, {len(quantization.scales)} scales along axis {quantization.axis}"
    return f"{tensor.dtype} {shape}, scale {quantization.scales[0]:.9g}, zero point {quantization.zero_points[0]}"


def _quantization(model: Model) -> dict[str, str]:
    scheme = model.facts.scheme
    names = (model.facts.graph.tensors[layer.operator.outputs[0]].name for layer in scheme.float_layers)
    return {
        "scheme": scheme.scheme,
        "granularity": scheme.granularity,
        "representation": scheme.representation,
        "weights symmetric": str(scheme.weights_symmetric),
        "activations symmetric": str(scheme.activations_symmetric),
        "float layers": ", ".join(names),
    }


def _structure(model: Model) -> dict[str, str]:
    found = model.facts.structure
    return {
        "backbone": found.backbone or "",
        "width": "" if found.width is None else f"{found.width:g}",
        "output stride": str(found.output_stride or ""),
        "dilations": ", ".join(map(str, found.dilations)),
        "branches": ", ".join(f"{one.kind} rate {one.rate}" for one in found.branches),
        "ASPP": found.aspp,
        "ArgMax": "in the graph" if found.argmax else "",
    }


def _operators(model: Model) -> dict[str, str]:
    counts = Counter(operator.native for operator in model.facts.graph.operators)
    totals = {"MACs": f"{model.facts.macs:,}", "operations": f"{model.facts.operations:,}"}
    return {**{name: str(count) for name, count in sorted(counts.items())}, **totals}


def _needs(model: Model) -> dict[str, str]:
    found = model.footprint
    return {
        "weights, bytes": f"{found.weights_bytes:,}",
        "activations, bytes (estimate)": f"{found.estimate_bytes:,}",
        "activations, bytes (bounds)": f"{found.lower_bytes:,} to {found.upper_bytes:,}",
        "peak": found.peak.type if found.peak else "",
    }


def _weights(one: Model, other: Model) -> Iterator[Change]:
    """Learned constants, matched by name where both sides name them, else by their place in the order."""
    yield from _differences(
        "weights",
        {"parameters": f"{one.facts.parameter_count:,}", **_by_dtype(one)},
        {"parameters": f"{other.facts.parameter_count:,}", **_by_dtype(other)},
    )
    left, right = _named(one), _named(other)
    shared = [name for name in left if name in right]
    if len(shared) < min(len(left), len(right)) / 2:
        left = dict(enumerate(left.values()))
        right = dict(enumerate(right.values()))
        shared = [name for name in left if name in right]
    changed = [name for name in shared if left[name] != right[name]]
    if changed or len(left) != len(right):
        told = f"{len(shared) - len(changed)} of {len(left)} the same, {len(changed)} changed"
        yield Change("weights", "constants", told, f"{len(right)} in all")
    for name in changed[:12] if len(changed) < len(shared) else ():
        yield Change(
            "weights", f"constant {name}", *(value or "not readable" for value in (left[name], right[name]))
        )


def _by_dtype(model: Model) -> dict[str, str]:
    return {f"{dtype}, bytes": f"{size:,}" for dtype, size in model.facts.weight_bytes.items()}


def _named(model: Model) -> dict[Any, str]:
    """A digest of each learned constant with its shape, by name; empty where the bytes are in no plain place."""
    found: dict[Any, str] = {}
    with open_regular(model.path) as file:
        for index, tensor in model.facts.parameters.items():
            told = ""
            if tensor.extent is not None and not tensor.extent.member:
                told = _digest(file, tensor.extent)
            found[tensor.name or index] = f"{shown(tensor)} {told}".strip()
    return found


def _digest(file: IO[bytes], extent: Extent) -> str:
    """The beginning of the digest of a piece of a file, read in pieces."""
    file.seek(extent.offset)
    hasher, left = hashlib.sha256(), extent.size
    while left > 0 and (chunk := file.read(min(left, CHUNK))):
        hasher.update(chunk)
        left -= len(chunk)
    return hasher.hexdigest()[:12]


def _card(model: Model) -> dict[str, str]:
    """What the card says, flattened to paths and words."""
    found: dict[str, str] = {}
    for part in CARD_PARTS:
        if part in model.document:
            found |= _flat(part, model.document[part])
    return found


def _flat(path: str, value: Any) -> dict[str, str]:
    if isinstance(value, dict):
        flat: dict[str, str] = {}
        for key, item in value.items():
            if key != "provenance":
                flat |= _flat(f"{path}.{key}", item)
        return flat
    if isinstance(value, list):
        if value and isinstance(value[0], dict):
            flat = {}
            for item in value:
                flat |= _flat(
                    f"{path} {_conditions(item)}".strip(), {key: item[key] for key in item if key in _VALUES}
                )
            return flat
        return {path: ", ".join(map(str, value))}
    return {path: str(value)}


_VALUES = ("value", "unit", "status", "support")
_CONDITIONS = ("name", "dataset", "split", "protocol", "precision", "target", "board", "engine")


def _conditions(item: Mapping[str, Any]) -> str:
    return " ".join(str(item[key]) for key in _CONDITIONS if key in item)
