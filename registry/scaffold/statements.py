"""What a person says of a card beforehand, and what becomes of it on the card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from registry.card import BLANK
from registry.dataset import Dataset
from registry.plausible import FLOAT_SCHEMES
from registry.scaffold.answer import require_classes, taken, with_value
from registry.scaffold.description import Plain, described
from registry.scaffold.model_file import ModelFile
from registry.scaffold.naming import MOST, model_name, quotable, variant_name

OF_THE_CARD = ("family", "title", "task", "licence.code", "licence.weights", "licence.dataset")
"""Properties that a card says once, and that a person may state."""

_NOTE = "What a model file tells was read from the bytes with the digests on this card; nothing was run."
_LICENCE = "The file's metadata says: {}"
_LONGEST_TEXT = 2000


@dataclass(frozen=True)
class Statements:
    """What a person said beforehand.

    Attributes:
        publisher, model: Names of the card.
        properties: Text by name, of those in `OF_THE_CARD`.
        variants: Names, one for each file; empty to derive them.
        urls: Public addresses of the files, one for each; empty for none.
        dataset: What it was trained on, and whose classes it tells apart.
        parent: Float variant that the quantized files were made from.
        targets: Targets that the publisher declares support of.
        keeps_bytes: Whether the files' bytes are handed over with the card, so that it needs no address.
    """

    publisher: str
    model: str
    properties: Mapping[str, str] = field(default_factory=dict)
    variants: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    dataset: Dataset | None = None
    parent: str | None = None
    targets: tuple[str, ...] = ()
    keeps_bytes: bool = False


def new_card(said: Statements, files: Sequence[ModelFile], datasets: Sequence[Dataset]) -> Plain:
    """A card without variants and sources: what was said, what the files say of themselves, and blanks.

    Raises:
        RequestError: Something that was said is not what a card may say.
    """
    card: Plain = {"schema": "model-card/1", "publisher": said.publisher, "model": said.model}
    card |= dict.fromkeys(("family", "title", "task", "summary"), BLANK)
    card["licence"] = dict.fromkeys(("code", "weights", "dataset"), BLANK)
    for name, text in _own_words(files).items():
        card = with_value(card, tuple(name.split(".")), text)
    for name, text in said.properties.items():
        path = tuple(name.split("."))
        card = with_value(card, path, taken(card, path, text, datasets))
    return card | {"notes": [_NOTE], "variants": []}


def _own_words(files: Sequence[ModelFile]) -> dict[str, str]:
    """Title and summary, and what is said of the licence, by the metadata that all TFLite files have in common."""
    places = {"title": ("name", "{}"), "summary": ("description", "{}"), "licence.note": ("license", _LICENCE)}
    found = {}
    for place, (key, form) in places.items():
        texts = {file.facts.graph.metadata.get(key, "") for file in files}
        text = form.format(texts.pop().strip()) if len(texts) == 1 and "" not in texts else ""
        tflite = all(file.facts.graph.format == "tflite" for file in files)
        if tflite and quotable(text, MOST if place == "title" else _LONGEST_TEXT):
            found[place] = text
    return found


def proposed_model(files: Sequence[ModelFile]) -> str:
    """Name of a model by the names of its files; empty where they have none in common."""
    names = {model_name(file.path, variant_name(described(file, None, (), ""))) for file in files}
    return names.pop() if len(names) == 1 else ""


def stated(variant: Plain, said: Statements, number: int, source: str) -> Plain:
    """Properties of a variant that a person said, or has to say.

    Args:
        variant: What its file says.
        said: What the person said.
        number: Of the variant's file.
        source: Key of the card itself among its sources.

    Raises:
        RequestError: The dataset has another number of classes than the file.
    """
    artifact = dict(variant["artifacts"][0])
    address = said.urls[number] if said.urls else "" if said.keeps_bytes else BLANK
    artifact["sources"] = [{"url": address, "kind": "file", "checked": "derived"}] if address else []
    found: Plain = {"artifacts": [artifact]}
    if said.dataset is not None:
        found |= {"training": {"technique": "unknown", "dataset": said.dataset.name}}
        found |= _classes_of(said.dataset, variant)
    if said.parent and variant["quantization"]["scheme"] not in (*FLOAT_SCHEMES, "unknown"):
        found["parent"] = said.parent
    if said.targets:
        declared = {"support": "declared", "provenance": {"source": source}}
        found["targets"] = [{"target": name, **declared} for name in said.targets]
    return found


def _classes_of(dataset: Dataset, variant: Plain) -> Plain:
    """The dataset as the list of a variant's classes; nothing where the file carries names of its own."""
    classes = variant.get("classes", {})
    count = classes.get("count")
    require_classes(dataset, count)
    return {"classes": {"count": count, "dataset": dataset.name}} if count and "names" not in classes else {}
