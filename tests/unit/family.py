"""The reference family that comes with the package, as `zoo deploy` proves it before a board sees it."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import Any

from registry.card import Variant, merged
from registry.deployment.base import GoldenBytes, Subject
from registry.deployment.ports import ports_of
from registry.digest import Digest
from registry.document import Document, read
from registry.facts import Facts
from registry.fit import fit
from registry.footprint import Footprint, plan
from registry.inspect import read as inspected
from registry.preparation import preparation_of
from registry.resources import data_folder
from registry.target import Target

CARDS = Path(data_folder("cards"))


@functools.cache
def variants() -> dict[str, Variant]:
    """Variants of the family by name."""
    card = _card("zoo/deeplabv3-shapes.yaml")
    return {one["name"]: Variant.from_document(card, one) for one in merged(card)}


@functools.cache
def target(name: str) -> Target:
    """A target of the catalogue."""
    return Target.from_document(_card(f"targets/{name}.yaml"))


@functools.cache
def labels() -> tuple[str, ...]:
    """Names of the classes by id."""
    return tuple(_card("datasets/shapes.yaml")["classes"]["names"])


def model_file(name: str) -> Path:
    """The model file of a variant."""
    (digest,) = (one.digest for one in variants()[name].artifacts if one.role == "model")
    return _blob(digest)


@functools.cache
def golden(name: str) -> tuple[GoldenBytes, ...]:
    """The golden vectors of a variant, with their bytes."""
    variant = variants()[name]
    content = {one.file: _blob(one.digest).read_bytes() for one in variant.golden_files}
    return tuple(GoldenBytes(one, content[one.input.file], content[one.output.file]) for one in variant.golden)


def subject(name: str, where: str | Target = "linux", **changes: Any) -> Subject:
    """A variant on its way to a target, one of the catalogue where only its name is given."""
    variant, path, (facts, footprint) = variants()[name], model_file(name), _inspected(name)
    place = target(where) if isinstance(where, str) else where
    inputs, outputs = ports_of(facts.graph)
    made = Subject(
        name=f"{variant.model}-{name}",
        variant=variant,
        path=path,
        digest=Digest.of_file(path),
        facts=facts,
        footprint=footprint,
        target=place,
        fit=fit(facts, footprint, place, variant),
        inputs=inputs,
        outputs=outputs,
        preparation=preparation_of(inputs[0], facts.graph, variant),
        labels=labels(),
        golden=golden(name),
        alternatives=tuple(one for one in variants().values() if one.name != name),
    )
    return replace(made, **changes)


@functools.cache
def _inspected(name: str) -> tuple[Facts, Footprint]:
    graph = inspected(model_file(name), variants()[name].format)
    return Facts(graph), plan(graph)


def _card(path: str) -> dict[str, Any]:
    found = read(CARDS / path)
    assert isinstance(found, Document)
    value: dict[str, Any] = found.value
    return value


def _blob(digest: Digest | None) -> Path:
    assert digest is not None
    return CARDS / digest.blob_path
