"""The family's files against cards that say something else of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from registry.card import merged
from registry.document import Document, parse
from registry.submission.flaw import subjects
from registry.submission.proof import Evidence, Proof, prove
from tests.unit import family

Plain = dict[str, Any]


def proven(variant: Plain, files: Mapping[str, Path], *targets: str) -> Proof:
    card = {
        "schema": "model-card/1",
        "publisher": "acme",
        "model": "net",
        "family": "net",
        "title": "Net",
        "task": "semantic-segmentation",
        "licence": {"code": "unknown", "weights": "unknown", "dataset": "unknown"},
        "variants": [variant],
    }
    read = parse(json.dumps(card).encode(), "net.yaml")
    assert isinstance(read, Document)
    (subject,) = subjects(read, merged(card))
    return prove(Evidence(subject, files, tuple(family.target(name) for name in targets)))


def claimed(name: str, **changes: Any) -> tuple[Plain, dict[str, Path]]:
    """A variant of the family as its card has it, with changes, and its files."""
    own = family.variants()[name]
    files = {one.file: family.CARDS / "blobs/sha256" / one.digest.hex for one in own.artifacts if one.digest}
    return {**copy.deepcopy(dict(own.document)), **changes}, files


@pytest.mark.parametrize("name", ["128-int8-per-channel", "128-int8-qdq", "128-float32-keras"])
def test_what_its_own_card_says_is_proven(name: str) -> None:
    proof = proven(*claimed(name))
    assert proof.flaws == ()
    outcomes = {check.name: check.outcome for check in proof.checks}
    assert outcomes == dict.fromkeys(("safety", "claims", "lineage"), "passed")


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"format": "onnx"}, ("variants", 0, "format")),
        ({"resolution": {"height": 128, "width": 96}}, ("variants", 0, "resolution", "width")),
        ({"classes": {"count": 21}}, ("variants", 0, "classes", "count")),
        ({"postprocessing": {"kind": "class-map"}}, ("variants", 0, "postprocessing", "kind")),
    ],
)
def test_a_claim_that_the_file_contradicts_is_found_where_it_stands(changes: Plain, path: tuple[Any, ...]) -> None:
    (flaw,) = proven(*claimed("128-int8-per-channel", **changes)).flaws
    assert (flaw.rule, flaw.severity, flaw.path) == ("claim", "error", path)


def test_a_claim_within_a_list_is_found_at_its_item() -> None:
    variant, files = claimed("128-int8-per-channel")
    variant["tensors"]["outputs"][0]["shape"] = [1, 128, 128, 21]
    (flaw,) = proven(variant, files).flaws
    assert flaw.path == ("variants", 0, "tensors", "outputs", 0, "shape")
    assert (flaw.expected, flaw.found) == ("1x128x128x9", "1x128x128x21")


def test_a_target_that_takes_no_such_file() -> None:
    declared = [{"target": "stm32l0", "support": "declared", "provenance": {"source": "evaluation"}}]
    proof = proven(*claimed("128-int8-per-channel", targets=declared), "stm32l0", "imx8mp")
    (flaw,) = proof.flaws
    assert (flaw.rule, flaw.path) == ("does-not-fit", ("variants", 0, "targets", 0, "target"))
    outcomes = {check.name: check.outcome for check in proof.checks}
    assert (outcomes["fit stm32l0"], outcomes["fit imx8mp"]) == ("failed", "passed")


def test_what_was_measured_on_a_target_is_only_doubted() -> None:
    time = {"value": 1.0, "unit": "ms", "target": "stm32l0", "engine": "cpu", "status": "claimed"}
    variant, files = claimed("128-int8-per-channel", latencies=[{**time, "provenance": {"source": "evaluation"}}])
    (flaw,) = proven(variant, files, "stm32l0").flaws
    assert (flaw.rule, flaw.severity) == ("fit-unlikely", "warning")
    assert flaw.path == ("variants", 0, "latencies", 0, "target")


def test_a_file_that_breaks_its_format(tmp_path: Path) -> None:
    variant, files = claimed("128-int8-per-channel")
    model = variant["artifacts"][0]["file"]
    short = tmp_path / "short"
    short.write_bytes(files[model].read_bytes()[:1000])
    (flaw,) = proven(variant, {**files, model: short}).flaws
    assert flaw.rule == "unreadable-model"
    assert str(tmp_path) not in flaw.message, "the card's name of the file is what its author knows"


def test_a_format_that_nobody_reads_cannot_be_told(tmp_path: Path) -> None:
    variant, files = claimed("128-float32-keras", format="pytorch")
    model = variant["artifacts"][0]["file"]
    pickled = tmp_path / "pickled"
    pickled.write_bytes(b"\x80\x02.")
    (flaw,) = [one for one in proven(variant, {**files, model: pickled}).flaws if one.rule == "no-verdict"]
    assert flaw.severity == "unknown"


def test_a_lineage_record_of_another_file() -> None:
    variant, files = claimed("128-int8-per-channel")
    other = family.variants()["256-mixed"].lineage_file
    record = next(item["file"] for item in variant["artifacts"] if item["role"] == "lineage")
    assert other is not None
    assert other.digest is not None
    (flaw,) = proven(variant, {**files, record: family.CARDS / "blobs/sha256" / other.digest.hex}).flaws
    assert flaw.rule == "lineage-mismatch"


def test_a_lineage_record_without_a_model() -> None:
    variant, files = claimed("128-int8-per-channel")
    variant["artifacts"] = [item for item in variant["artifacts"] if item["role"] == "lineage"]
    (flaw,) = proven(variant, files).flaws
    assert flaw.rule == "lineage-mismatch"


def test_a_figure_of_the_images_that_its_lineage_trained_on() -> None:
    variant, files = claimed("128-float32-keras")
    record = next(item["file"] for item in variant["artifacts"] if item["role"] == "lineage")
    steps = json.loads(files[record].read_text())["steps"]
    (images,) = [item["sha256"] for step in steps if step["kind"] == "training" for item in step["inputs"]]
    variant["metrics"][0]["measurement"]["images"] = images
    (flaw,) = proven(variant, files).flaws
    assert (flaw.rule, flaw.path[-3:]) == ("leaked-images", (0, "measurement", "images"))


def test_without_a_file_there_is_nothing_to_prove() -> None:
    variant, _ = claimed("128-int8-per-channel")
    assert proven(variant, {}).checks == ()
