"""What a model file tells of itself, as a variant of a card says it: the reverse of `registry.claims`.

Only what the claims of a card can confirm or leave open is said; a place that needs a person gets the mark.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from registry.card import BLANK
from registry.dataset import Dataset
from registry.facts import Facts
from registry.inspect.graph import Graph, Operator
from registry.scaffold.model_file import ModelFile
from registry.scaffold.naming import file_name, quotable
from registry.scaffold.preprocessing import preprocessing_of
from registry.scaffold.tensors import Task, scores_place, tensors_of

SOURCE = {
    "document": "zoo inspect",
    "kind": "tool",
    "note": "Read from the bytes whose digest the variant names; nothing was run.",
}
"""Item of `sources` of what was read from a file."""

_SCHEMES = frozenset(["float32", "float16", "int8", "uint8", "int16x8", "mixed", "dynamic-range"])
_STRIDES = (4, 8, 16, 32)
_LONGEST_SIDE, _MOST_CHANNELS, _MOST_CLASSES, _MOST_LAYERS = 1 << 20, 16, 100_000, 10_000
_LONGEST_LAYER = 2000
_PROBABILITIES = ("quantize", "dequantize", "reshape", "cast", "identity", "squeeze", "flatten")

_TOLD = (
    *("format", "quantization", "resolution", "architecture", "tensors", "preprocessing", "postprocessing"),
    *("classes", "artifacts", "compute"),
)
"""Properties of a variant that its file tells, as far as they are no blanks."""

Plain = dict[str, Any]


def described(file: ModelFile, task: Task | None, datasets: Sequence[Dataset], source: str) -> Plain:
    """A variant without its name, in the order that cards have.

    Args:
        file: The model file.
        task: What the model does, where a person said it; else what the file is sure of counts.
        datasets: Those of the catalogue, to know a list of classes by.
        source: Key of `SOURCE` in the card.
    """
    facts = file.facts
    task = task or task_of(facts)
    parts = {
        "summary": _summary(facts, task),
        "known_as": [file.path.name] if quotable(file.path.name) else None,
        "availability": "available",
        "format": facts.graph.format,
        "quantization": _quantization(facts),
        "resolution": _resolution(facts),
        "architecture": _architecture(facts),
        "tensors": tensors_of(facts, task),
        "preprocessing": preprocessing_of(facts, source),
        "postprocessing": _postprocessing(facts, task),
        "classes": _classes(facts, task, datasets),
        "artifacts": [_artifact(file)],
        "compute": _compute(facts, source),
    }
    return {key: value for key, value in parts.items() if value}


def task_of(facts: Facts) -> Task | None:
    """What the model does, where its graph leaves no doubt."""
    outputs = [facts.graph.tensors[index].shape or () for index in facts.graph.outputs]
    if len(outputs) != 1 or not facts.image:
        return None
    rank = len(outputs[0])
    if rank in (3, 4) and facts.structure.argmax:
        return "semantic-segmentation"
    if rank == 4 and (facts.structure.branches or (facts.labels and len(facts.labels) == facts.class_count)):
        return "semantic-segmentation"
    return "image-classification" if rank == 2 and _ends_in_softmax(facts.graph) else None


def _ends_in_softmax(graph: Graph) -> bool:
    maker: Operator | None = graph.producers.get(graph.outputs[0])
    for _step in range(8):
        if maker is None or maker.type not in _PROBABILITIES or not maker.inputs:
            break
        maker = graph.producers.get(maker.inputs[0])
    return maker is not None and maker.type == "softmax"


def _summary(facts: Facts, task: Task | None) -> str:
    """One sentence for a list, such as `float32; float32 in, scores of 21 classes out`, with a full stop."""
    scheme = facts.scheme
    scales = {"per-channel": " with a scale for each channel", "per-tensor": " with a scale for each tensor"}
    numbers = scheme.scheme + scales.get(scheme.granularity, "")
    given = [facts.graph.tensors[index].dtype for index in facts.graph.inputs[:1]]
    place = scores_place(facts, task)
    count = facts.class_count
    what = "class map" if facts.structure.argmax else f"scores of {count} classes"
    ends = [f"{given[0]} in" if given else "", f"{what} out" if place and count else ""]
    return "; ".join(filter(None, (numbers, ", ".join(filter(None, ends))))) + "."


def _quantization(facts: Facts) -> Plain:
    scheme = facts.scheme
    known = scheme.scheme in _SCHEMES
    real = scheme.scheme in ("float32", "float16")
    found: Plain = {
        "scheme": scheme.scheme if known else "unknown",
        "granularity": "none" if real else scheme.granularity,
        "representation": scheme.representation,
        "method": "none" if real else "unknown" if not known else _method(facts),
    }
    if not known and scheme.scheme != "unknown":
        found["note"] = f"The file's scheme is {scheme.scheme}, for which cards have no word."
    if not real:
        symmetric = {
            "weights_symmetric": scheme.weights_symmetric,
            "activations_symmetric": scheme.activations_symmetric,
        }
        found |= {key: value for key, value in symmetric.items() if value is not None}
    layers = facts.float_layer_names
    if scheme.scheme == "mixed" and len(layers) <= _MOST_LAYERS:
        found |= {"float_layers": layers} if all(quotable(one, _LONGEST_LAYER) for one in layers) else {}
    return found


def _method(facts: Facts) -> str:
    """How the scales came about, as the converter of a TFLite file notes it; else a person has to say."""
    said = facts.graph.metadata.get("optimizations", "")
    if "QUANTIZATION_AWARE_TRAINING" in said:
        return "quantization-aware-training"
    return "post-training" if "PTQ_" in said else BLANK


def _resolution(facts: Facts) -> Plain:
    image = facts.image
    found: Plain = {side: _within(image.get(side), _LONGEST_SIDE) for side in ("height", "width")}
    channels = _within(image.get("channels"), _MOST_CHANNELS)
    return found | ({"channels": channels} if channels else {})


def _within(size: int | None, most: int) -> int | None:
    return size if size is not None and 0 < size <= most else None


def _architecture(facts: Facts) -> Plain:
    structure = facts.structure
    found: Plain = {}
    if structure.backbone:
        found |= {"backbone": structure.backbone} | ({"width": structure.width} if structure.width else {})
        found |= {"output_stride": structure.output_stride} if structure.output_stride in _STRIDES else {}
    if structure.branches:
        found["aspp"] = structure.aspp
        found |= {"aspp_rates": list(structure.rates)} if 0 < len(structure.rates) <= 8 else {}
    return found


def _postprocessing(facts: Facts, task: Task | None) -> Plain | None:
    place = scores_place(facts, task)
    if place is None or task != "semantic-segmentation":
        return None
    number, layout = place
    shape = facts.graph.tensors[facts.graph.outputs[number]].shape or ()
    size = [shape[layout.index(axis)] for axis in "HW"]
    whole = None not in size and size == [facts.image.get("height"), facts.image.get("width")]
    kind = {"kind": "class-map" if facts.structure.argmax else "argmax"}
    return kind | ({"upsample": "none"} if whole else {})


def _classes(facts: Facts, task: Task | None, datasets: Sequence[Dataset]) -> Plain | None:
    """How many classes, and which: a dataset's own, the file's labels, or what a person has to say."""
    count = facts.class_count
    if scores_place(facts, task) is None or not count or count > _MOST_CLASSES:
        return None
    labels = facts.labels if len(facts.labels) == count else []
    same = [one.name for one in datasets if labels and _alike(one.class_names, labels)]
    if len(same) == 1:
        return {"count": count, "dataset": same[0]}
    if labels and all(map(quotable, labels)):
        return {"count": count, "names": labels}
    return {"count": count, "dataset": BLANK}


def _alike(names: Sequence[str], labels: Sequence[str]) -> bool:
    """Whether two lists are of the same classes; a name such as `tv/monitor` allows either word."""
    if len(names) != len(labels):
        return False
    allowed = ({_folded(name), *map(_folded, name.split("/"))} for name in names)
    return all(_folded(label) in words for label, words in zip(labels, allowed, strict=True))


def _folded(name: str) -> str:
    """A class's name without what people write differently: case, blanks and signs."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _artifact(file: ModelFile) -> Plain:
    name = file_name(file.path, file.facts.graph.format)
    return {"file": name, "role": "model", "size": file.size, "sha256": file.digest.hex, "sources": []}


def _compute(facts: Facts, source: str) -> list[Plain]:
    """Multiply-accumulates, where every operator's could be counted."""
    if facts.uncounted or not facts.macs:
        return []
    value = float(f"{facts.macs / 1e9:.4g}")
    figure = {"name": "multiply-accumulates", "value": value, "unit": "GMAC", "status": "claimed"}
    return [figure | {"provenance": {"source": source}}]


def told(variant: Plain) -> Iterator[str]:
    """Properties of a variant that its file told, down to the second level."""
    for key in _TOLD:
        value = variant.get(key)
        if isinstance(value, dict):
            named = cast("Plain", value).items()
            yield from (
                f"{key}.{name}" for name, item in named if item != BLANK and name not in ("note", "provenance")
            )
        elif value is not None:
            yield key
