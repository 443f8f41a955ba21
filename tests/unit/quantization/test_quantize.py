from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from registry.digest import Digest
from registry.errors import MismatchError, RejectedError, RequestError
from registry.evaluate import Entrant, evaluate
from registry.evaluation import Outcome, Subject
from registry.facts import Facts
from registry.inspect import read
from registry.metrics import Run
from registry.progress import Silent
from registry.quantization import configuration
from registry.quantization.configuration import Measured
from registry.quantization.maker import layer_name
from registry.quantization.run import Candidate, Parent, Tools
from registry.quantize import Quantized, quantize
from registry.samples import VocFolder
from tests.unit.quantization import networks
from tests.unit.quantization.networks import World

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

GATE = {"split": "val", "overall": 0.9, "per_class": 1.0}
BOUND = 0.1
MIXED = {"split": "val", "bound": BOUND, "most_layers": 3}


def measure(candidates: Sequence[Candidate], on: Measured) -> tuple[Outcome, Sequence[str]]:
    """Evaluate as `zoo` does."""
    none = Digest.of(b"")
    entrants = [
        Entrant(one.segmenter, Subject("", Digest.of_file(one.path), "seen", on.split, none, none, "", "", 1))
        for one in candidates
    ]
    samples = list(VocFolder(Path(on.data)).samples(on.split))
    return evaluate(entrants, samples, lambda: Run(3, [on.protocol]), Silent()), ("one", "two", "three")


def quantized(
    world: World, folder: Path, *, keep: bool = False, file: Path | None = None, **changes: Any
) -> Quantized:
    path = file or world.keras
    config = networks.written(folder / "config.yaml", networks.plain(world.data, **changes))
    parent = Parent(path, read(path), None)
    tools = Tools(Silent(), networks.quiet, measure, networks.threads())
    return quantize(parent, configuration.read(config), folder / "made", folder, tools, keep=keep)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_record_names_all_that_the_file_is_made_of(world: World, tmp_path: Path) -> None:
    found = quantized(world, tmp_path, gate=GATE)
    assert names(tmp_path / "made") == ["model.tflite", "quantization.json"]
    record = json.loads((tmp_path / "made" / "quantization.json").read_text(encoding="utf-8"))
    assert record == json.loads(json.dumps(found.record))
    assert record["model"]["sha256"] == Digest.of_file(tmp_path / "made" / "model.tflite").hex
    made_of = record["made_of"]
    assert made_of["parent"] == {"variant": None, "format": "keras", "sha256": Digest.of_file(world.keras).hex}
    assert made_of["calibration"]["ids"] == list("abcd")
    assert made_of["calibration"]["sha256"] == Digest.of(b"a\nb\nc\nd\n").hex
    assert made_of["preprocessing"]["mean"] == [127.5] * 3
    gate = record["gate"]
    assert gate["passed"]
    assert gate["parent"] == 1.0  # the masks are what the parent sees
    assert gate["subject"]["artifact"] == record["model"]["sha256"]
    assert {"tensorflow", "numpy", "threads"} <= record["environment"].keys()


@pytest.mark.parametrize("changes", [{}, {"representation": "onnx-qdq", "method": "moving-average"}])
def test_the_same_bytes_twice_and_an_earlier_result_is_replaced(
    world: World,
    tmp_path: Path,
    changes: dict[str, Any],
) -> None:
    first, second = (quantized(world, tmp_path, **changes).record["model"]["sha256"] for _ in range(2))
    assert first == second
    assert len(names(tmp_path / "made")) == 2


@pytest.mark.parametrize("changes", [{}, {"representation": "onnx-qdq", "method": "min-max"}])
def test_mixed_keeps_the_layer_that_loses_most_float(world: World, tmp_path: Path, changes: dict[str, Any]) -> None:
    plain = quantized(world, tmp_path, granularity="per-tensor", gate=GATE, **changes)
    assert plain.verdict is not None
    assert plain.verdict.loss > BOUND
    found = quantized(world, tmp_path, scheme="mixed", granularity="per-tensor", mixed=MIXED, gate=GATE, **changes)
    mixed = found.record["mixed"]
    assert [one["loss"] for one in mixed["layers"]] == sorted(
        (one["loss"] for one in mixed["layers"]), reverse=True
    )
    assert any(name in mixed["layers"][0]["layer"] for name in networks.AWKWARD)
    assert 1 <= len(mixed["float"]) <= 3
    assert mixed["float"] == [one["layer"] for one in mixed["layers"]][: len(mixed["float"])]
    assert mixed["trials"][0] == {"float_layers": 0, "loss": pytest.approx(plain.verdict.loss)}
    facts = Facts(read(tmp_path / "made" / found.record["model"]["file"]))
    assert {layer_name(facts.graph, layer) for layer in facts.scheme.float_layers} == set(mixed["float"])
    assert found.verdict is not None
    assert found.verdict.loss <= BOUND


def test_a_bound_that_no_choice_holds_leaves_nothing(world: World, tmp_path: Path) -> None:
    mixed = {"split": "val", "bound": 0.0, "most_layers": 1}
    with pytest.raises(RejectedError, match=r"points with 0, .* points with 1 float layers"):
        quantized(world, tmp_path, scheme="mixed", granularity="per-tensor", mixed=mixed)
    assert names(tmp_path) == ["config.yaml"]


@pytest.mark.parametrize("keep", [False, True])
def test_a_rejected_result_leaves_its_record_and_the_file_only_if_kept(
    world: World,
    tmp_path: Path,
    keep: bool,
) -> None:
    gate = {"split": "val", "overall": 0.0, "per_class": 0.0}
    found = quantized(world, tmp_path, granularity="per-tensor", gate=gate, keep=keep)
    assert found.verdict is not None
    assert not found.verdict.passed
    assert found.verdict.reasons[0].startswith("mean IoU loses")
    assert names(tmp_path / "made") == (["model.tflite"] if keep else []) + ["quantization.json"]
    assert found.record["model"]["file"] == ("model.tflite" if keep else None)
    assert len(found.record["model"]["sha256"]) == 64


def test_a_file_that_is_not_what_was_asked_for_leaves_nothing(world: World, tmp_path: Path) -> None:
    # the converter leaves layers of fewer than 1024 weights float, and here are no others
    with pytest.raises(RejectedError, match="scheme: expected dynamic-range, found"):
        quantized(world, tmp_path, scheme="dynamic-range", calibration=None)
    assert names(tmp_path) == ["config.yaml"]


def test_a_parent_that_changed_or_is_not_float(world: World, tmp_path: Path) -> None:
    with pytest.raises(MismatchError) as caught:
        quantized(world, tmp_path, parent={"sha256": "0" * 64})
    assert caught.value.expected == f"the parent sha256:{'0' * 64}"
    assert caught.value.found == str(Digest.of_file(world.keras))
    assert names(tmp_path) == ["config.yaml"]
    again = tmp_path / "again"
    again.mkdir()
    done = quantized(world, tmp_path, parent={"sha256": Digest.of_file(world.keras).hex})
    with pytest.raises(RejectedError, match="expected a float32 model, found int8"):
        quantized(world, again, file=done.folder / "model.tflite")


def test_a_folder_with_something_else_is_left_alone(world: World, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "thesis.txt").touch()
    with pytest.raises(RequestError, match="exists already"):
        quantized(world, tmp_path)
    assert names(tmp_path / "made") == ["thesis.txt"]


def test_float_conversions(world: World, tmp_path: Path) -> None:
    bare: dict[str, Any] = {"granularity": None, "calibration": None, "scheme": "float32"}
    gate = {**GATE, "data": str(world.data), "overall": 0.001}
    found = quantized(world, tmp_path, representation="onnx", gate=gate, **bare)
    assert (found.record["model"]["format"], found.record["model"]["scheme"]) == ("onnx", "float32")
    made = tmp_path / "made" / "model.onnx"
    for representation, said in (
        ("tflite", "is converted from a Keras model, found onnx"),
        ("onnx", "does not become onnx"),
    ):
        folder = tmp_path / representation
        folder.mkdir()
        with pytest.raises(RequestError, match=said):
            quantized(world, folder, file=made, representation=representation, **bare)
    onward = tmp_path / "onward"
    onward.mkdir()
    qdq = quantized(world, onward, file=made, representation="onnx-qdq", method="moving-average", gate=GATE)
    direct = quantized(world, tmp_path, representation="onnx-qdq", method="moving-average", gate=GATE)
    assert qdq.record["model"]["sha256"] == direct.record["model"]["sha256"]
