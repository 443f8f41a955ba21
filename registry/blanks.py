"""Blanks of a card: places that wait for a person, each marked by one word, and what has to be said there.

A blank is an error with a rule of its own, so that nobody reads the schema's opinion of the mark instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from registry import schema
from registry.card import BLANK
from registry.document import Document, Step, pointer
from registry.problem import Problem

WANTED: Mapping[str, str] = {
    "family": "the named network that people search for, such as deeplabv3",
    "title": "what people call the model, such as DeepLabV3 on MobileNetV2, 257 px",
    "task": "what it does: semantic-segmentation, image-classification, object-detection or other",
    "summary": "what it is, in one or two sentences, such as its network, its training data and its use",
    "licence.code": "the SPDX licence of the code that makes it, such as Apache-2.0; unknown where nobody says",
    "licence.weights": "the SPDX licence of the weights, such as Apache-2.0; unknown where nobody says",
    "licence.dataset": "the SPDX licence of the training data, such as CC-BY-4.0; unknown where nobody says",
    "quantization.method": "how its scales came about: post-training, quantization-aware-training or unknown",
    "preprocessing.resize": "how a picture reaches the input size: stretch, shorter-side, pad, none or unknown",
    "preprocessing.interpolation": "the resize's interpolation: nearest, bilinear, bicubic, area or unknown",
    "preprocessing.mean": "what is subtracted from a pixel of 0 to 255, such as 127.5 or [123.7, 116.3, 103.5]",
    "preprocessing.scale": "what the difference is multiplied by, such as 0.00784313725490196",
    "preprocessing.colour_mode": "the order of the colours: RGB, BGR, grey or unknown",
    "classes.dataset": "the dataset card whose class list it is, such as pascal-voc-2012, or give 'names' instead",
    "training.dataset": "the dataset card that it was trained on, such as pascal-voc-2012",
    "parent": "the float variant that it was made from, such as 512-float32 or google/deeplabv3/257-float32",
    "artifacts.sources.url": "the public address of the file itself, such as https://example.org/net.tflite",
}
"""What has to be said, by property: of the card, or of a variant."""

_TEXTS = ("title", "summary", "licence.code", "licence.weights", "licence.dataset")
"""Properties that any word fits, so that their schema does not mind the mark."""


@dataclass(frozen=True)
class Blank:
    """A place that waits for a person.

    Attributes:
        path: Where it is in the document.
        wants: What has to be said there.
    """

    path: tuple[Step, ...]
    wants: str

    @property
    def name(self) -> str:
        """Its property, such as `preprocessing.mean`: the same in every variant."""
        return _name(self.path)

    def problem(self, document: Document) -> Problem:
        """The blank as what keeps the document from being valid."""
        told = f"{str(self.path[-1])!r} is left blank: say {self.wants}"
        return document.problem(self.path, "blank", told, found=BLANK)


def of(document: Document, kind: str = "model-card") -> list[Blank]:
    """The blanks of a document, in its order."""
    return _found(document, schema.check(document, kind))


def explain(document: Document, problems: list[Problem]) -> list[Problem]:
    """What the schema found, with each blank told as one.

    Args:
        document: What was judged.
        problems: What the schema found in it.
    """
    blanks = _found(document, problems)
    if not blanks:
        return problems
    places = {pointer(blank.path) for blank in blanks}
    others = [one for one in problems if one.pointer not in places]
    found = [*others, *(blank.problem(document) for blank in blanks)]
    return sorted(found, key=lambda one: (one.line, one.column, one.pointer, one.message))


def _found(document: Document, problems: list[Problem]) -> list[Blank]:
    """Marks where any word fits, and marks that the schema minds; a mark in quoted text is that text's own."""
    minded = {problem.pointer: problem for problem in problems}
    blanks = []
    for path in _marks(document.value, ()):
        problem = minded.get(pointer(path))
        if problem or _name(path) in _TEXTS:
            wants = WANTED.get(_name(path)) or (problem.expected if problem else "") or "what belongs there"
            blanks.append(Blank(path, wants))
    return blanks


def _marks(value: Any, path: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    """Paths of all marks."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        if item == BLANK:
            yield (*path, step)
        elif isinstance(item, dict | list):
            yield from _marks(item, (*path, step))


def _name(path: tuple[Step, ...]) -> str:
    words = [step for step in path if isinstance(step, str)]
    return ".".join(words[1:] if words[:1] in (["variants"], ["common"]) else words)
