"""Kinds of steps, and which orders of them make sense: pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from registry.document import Document
from registry.problem import Problem
from registry.quantization import configuration as quantization
from registry.training import document as training

Judge = Callable[[Document], list[Problem]]


@dataclass(frozen=True)
class Kind:
    """A kind of step.

    Attributes:
        section: Section of the document that says how.
        required: Whether the section must be there.
        makes: Whether the model after it is another one.
        schema: Kind of document that the section is without its envelope; empty where the pipeline's schema has it.
        judge: Finds every breach in such a document.
    """

    section: str
    required: bool = True
    makes: bool = False
    schema: str = ""
    judge: Judge | None = None


KINDS = {
    "train": Kind("training", makes=True, schema="training/1", judge=training.check),
    "quantize": Kind("quantization", makes=True, schema="quantization/1", judge=quantization.check),
    "evaluate": Kind("evaluation", required=False),
    "benchmark": Kind("benchmark"),
    "deploy": Kind("deployment"),
    "predict": Kind("prediction"),
}


class Misplaced(NamedTuple):
    """A step that makes no sense where it stands: its place in the chain from 0, why, and what would."""

    place: int
    message: str
    expected: str


def misplaced(chain: Sequence[str], *, model: bool) -> Iterator[Misplaced]:
    """Steps of a chain that make no sense where they stand.

    Args:
        chain: Names of `KINDS`.
        model: Whether the chain is given a model to begin with.
    """
    there, quantized = model, False
    done: set[str] = set()  # with the model as it is now
    for place, kind in enumerate(chain):
        if kind == "train":
            if place:
                yield Misplaced(place, "training makes a new model, so nothing can come before it", "'train' first")
        elif not there:
            yield Misplaced(place, f"there is no model to {kind}", "'train' before it, or a section 'model'")
        elif kind == "quantize" and quantized:
            yield Misplaced(place, "the model is quantized already", "one 'quantize', which takes a float model")
        elif kind in done:
            yield Misplaced(place, f"the same model has been through {kind!r} already", f"{kind!r} once a model")
        there, quantized = there or kind == "train", quantized or kind == "quantize"
        done = set() if KINDS[kind].makes else done | {kind}
