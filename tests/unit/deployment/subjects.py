"""Subjects of deployment from the shipped reference family, as `zoo deploy` would make them."""

from __future__ import annotations

import functools
from pathlib import Path

from registry.capacity import Placement
from registry.card import Variant, merged
from registry.deployment.base import GoldenBytes, Subject
from registry.deployment.ports import ports_of
from registry.digest import Digest
from registry.document import Document, read
from registry.facts import Facts
from registry.fit import Fit, Memory
from registry.footprint import plan
from registry.inspect import read as inspected
from registry.preparation import preparation_of
from registry.resources import data_folder
from registry.target import Target
from tests.unit import builders

CARDS = Path(data_folder("cards"))
LABELS = ("background", "circle", "square")


@functools.cache
def variants() -> dict[str, Variant]:
    """Variants of the reference family by name."""
    card = read(CARDS / "zoo/deeplabv3-shapes.yaml")
    assert isinstance(card, Document)
    return {item["name"]: Variant.from_document(card.value, item) for item in merged(card.value)}


def blob(digest: Digest | None) -> Path:
    """Where the bytes of a digest lie."""
    assert digest is not None
    return CARDS / digest.blob_path


@functools.cache
def shapes(name: str = "128-int8-per-channel", target: str = "board") -> Subject:
    """A variant of the reference family on a target where it fits."""
    variant = variants()[name]
    artifact = next(one for one in variant.files if one.role == "model")
    path = blob(artifact.digest)
    facts = Facts(inspected(path, variant.format))
    inputs, outputs = ports_of(facts.graph)
    digests = {one.file: one.digest for one in variant.golden_files}
    golden = tuple(
        GoldenBytes(one, blob(digests[one.input.file]).read_bytes(), blob(digests[one.output.file]).read_bytes())
        for one in variant.golden
    )
    return Subject(
        name=f"{variant.model}-{name}",
        variant=variant,
        path=path,
        digest=Digest.of_file(path),
        facts=facts,
        footprint=plan(facts.graph),
        target=Target.from_document(builders.target(target)),
        fit=Fit(target, "yes", "cpu", (), (), Memory(1, 2, "estimated", 1, 1), Placement(True)),
        inputs=inputs,
        outputs=outputs,
        preparation=preparation_of(inputs[0], facts.graph, variant),
        labels=LABELS,
        golden=golden,
        texts={"card": ("net.card.yaml", b"card"), "licence": ("net.licence.txt", b"licence")},
    )
