"""Reading a pipeline: every problem with file, line and column, those of its sections included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import document, schema
from registry.document import Document
from registry.errors import RequestError
from registry.pipeline.kinds import KINDS, misplaced
from registry.problem import Problem

KIND = "pipeline"
_SET_BY_THE_RUN = {"train": ("schema", "name", "summary", "output"), "quantize": ("schema", "name", "summary")}


@dataclass(frozen=True)
class Pipeline:
    """A valid pipeline.

    Attributes:
        document: Where it stands.
    """

    document: Document

    @property
    def plain(self) -> dict[str, Any]:
        """The document as plain data."""
        value: dict[str, Any] = self.document.value
        return value

    @property
    def name(self) -> str:
        """Name of the run."""
        return str(self.plain["name"])

    @property
    def chain(self) -> tuple[str, ...]:
        """Kinds of its steps, in order."""
        return tuple(self.plain["chain"])

    def section(self, kind: str) -> Document:
        """What says how a step of a kind is done, with the envelope of the document that it is elsewhere."""
        return _section(self.document, kind)


def read(path: Path) -> Pipeline:
    """Read and judge a pipeline.

    Raises:
        RequestError: It is not valid; the message has every problem with its place.
    """
    found = document.read(path)
    if isinstance(found, Problem):
        raise refused([found])
    return judged(found)


def judged(found: Document) -> Pipeline:
    """A document that is a valid pipeline.

    Raises:
        RequestError: It is not; the message has every problem with its place.
    """
    if problems := schema.check(found, KIND) or list(_rules(found)):
        raise refused(problems)
    return Pipeline(found)


def refused(problems: list[Problem]) -> RequestError:
    """The error of a document with problems."""
    return RequestError(
        "\n".join(["not a valid pipeline:", *map(str, problems)]),
        hint="schemas/pipeline.json describes every property",
    )


def _section(found: Document, kind: str) -> Document:
    how = KINDS[kind]
    envelope = {"schema": how.schema, "name": found.value["name"]} if how.schema else {}
    if how.section not in found.value:
        return Document(found.file, envelope)
    return found.section(how.section, **envelope)


def _rules(found: Document) -> Iterator[Problem]:
    """What the schema cannot say."""
    plain = found.value
    chain, model = plain["chain"], "model" in plain
    for one in misplaced(chain, model=model):
        yield found.problem(
            ("chain", one.place), "order", one.message, expected=one.expected, found=chain[one.place]
        )
    if model and "train" in chain:
        message = "the chain trains its model; what training begins with stands in the section 'training'"
        yield found.problem(("model",), "model", message, expected="no 'model', or 'training.parent'")
    yield from _sections(found, chain)
    if (
        "quantize" in chain
        and "train" not in chain
        and "data" not in plain.get("quantization", {}).get("calibration", {"data": None})
    ):
        expected = "'data', since nothing was trained on any"
        place = ("quantization", "calibration")
        yield found.problem(place, "data", "names no folder of images", expected=expected)
    if "evaluate" in chain and "train" not in chain and "data" not in plain.get("evaluation", {}):
        expected = "'data' in the section 'evaluation', since nothing was trained on any"
        yield found.problem(("evaluation",), "data", "names no folder of images", expected=expected)


def _sections(found: Document, chain: list[str]) -> Iterator[Problem]:
    plain = found.value
    for kind, how in KINDS.items():
        used, stated = kind in chain, how.section in plain
        if stated and not used:
            message = f"no step of the chain uses the section {how.section!r}"
            yield found.problem((how.section,), "unused", message, expected=f"{kind!r} in the chain, or no section")
        elif used and not stated and how.required:
            place = ("chain", chain.index(kind))
            message = f"the section {how.section!r} is missing"
            yield found.problem(place, "required", message, expected=f"a section that says how to {kind}")
        elif used and stated and how.schema:
            for key in _SET_BY_THE_RUN[kind]:
                if key in plain[how.section]:
                    message = f"{key!r} is the pipeline's own"
                    yield found.problem((how.section, key), "unused", message, expected=f"no {key!r} here")
            if how.judge:
                yield from how.judge(_section(found, kind))
