from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from registry.digest import Digest
from registry.lineage import Address, Connection, Spool, Tracker
from registry.lineage.step import Figure, Item, Step
from registry.lineage.stepped import Port, signature_file, step_file, step_record
from tests.unit.lineage.records import record
from tests.unit.lineage.test_walk import EVALUATION, LIST, TRAINING

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")


def test_a_step_becomes_a_record_with_a_curve() -> None:
    made = step_record(TRAINING, "acme/net", "training", tags={"variant": "acme/net/float"})
    assert (made.kind, made.ended - made.started) == ("training", 12_500)
    assert made.subjects == {"input.images": LIST.digest, "output.model": Digest.of(b"net.keras")}
    assert [(one.name, one.value, one.step) for one in made.metrics] == [("loss", 2.0, 0), ("loss", 0.5, 1)]
    assert made.params == {"version tensorflow": "2.20.0", "host": "x86_64 Linux, 2 CPUs", "seed": "0"}
    assert made.tags == {
        "configuration": Digest.of(b"configuration").hex,
        "commit": "c0ffee0",
        "variant": "acme/net/float",
    }
    assert [(one.name, one.context) for one in made.datasets] == [("shapes train", "images")]


def test_figures_of_two_protocols_have_two_names_and_classes_names_of_their_own() -> None:
    started = Step(**(vars(EVALUATION) | {"started": "2026-01-31T12:00:00Z"}))
    names = [one.name for one in step_record(started, "acme/net", "x").metrics]
    assert names == ["voc/mean-iou", "voc/iou/disc"]
    odd = Step("export", (), (), figures=(Figure("a|b", 1.0, label="c/d"),), started="2026-01-31T12:00:00Z")
    assert [one.name for one in step_record(odd, "acme/net", "x").metrics] == ["a_b/c_d"]


def test_a_role_that_comes_twice_is_counted() -> None:
    twice = (Item("images", "a", Digest.of(b"a")), Item("images", "b", Digest.of(b"b")))
    made = step_record(Step("training", twice, (), started="2026-01-31T12:00:00Z"), "acme/net", "x")
    assert set(made.subjects) == {"input.images", "input.images-2"}


def test_the_same_dataset_is_the_same_record_whenever_it_is_used() -> None:
    step = Step("dataset", (), (LIST,), name="shapes", parameters={"count": 600})
    made = step_record(step, "acme/net", "shapes")
    assert (made.started, made.ended) == (0, 0)
    assert made.digest == step_record(step, "acme/net", "shapes").digest


def test_runs_name_the_runs_that_they_follow_and_the_one_that_they_are_part_of(tmp_path: Path) -> None:
    tracker = Tracker(Connection(Address.parse(f"sqlite:///{tmp_path}/runs.db", tmp_path), {}))
    spool = Spool(tmp_path / "spool")

    def logged(made: Any, files: dict[str, Path | bytes]) -> str:
        spool.keep(made, files, tracker.address)
        (delivery,) = spool.deliver(tracker)
        assert delivery.run is not None
        return delivery.run.run

    pipeline = record(name="pipeline", files=())
    outer = logged(pipeline, {})
    first = logged(step_record(TRAINING, "acme/net", "training", parent=pipeline.digest), {})
    quantized = Step(
        "quantization",
        (Item("model", "net.keras", Digest.of(b"net.keras")), Item("calibration", "shapes train", LIST.digest)),
        (Item("model", "net.tflite", Digest.of(b"net.tflite")),),
        started="2026-01-31T12:00:00Z",
    )
    signature = signature_file([Port("image", "uint8", (None, 8, 8, 3))], [Port("mask", "int8", (1, 8, 8, 2))])
    files: dict[str, Path | bytes] = {"step.json": step_file(quantized), "signature.json": signature}
    second = logged(step_record(quantized, "acme/other", "quantization"), files)

    from mlflow import MlflowClient
    from mlflow.models import ModelSignature

    client = MlflowClient(tracking_uri=tracker.address.uri)
    assert client.get_run(first).data.tags["mlflow.parentRunId"] == outer
    tags = client.get_run(second).data.tags
    assert tags["zoo.from.model"] == first
    assert "zoo.from.calibration" not in tags
    assert tags["zoo.input.calibration"] == LIST.digest.hex
    stored = client.download_artifacts(second, "signature.json", str(tmp_path))
    read = ModelSignature.from_dict(json.loads(Path(stored).read_text()))
    assert [(one.name, str(one.type), one.shape) for one in read.inputs.inputs] == [
        ("image", "uint8", (-1, 8, 8, 3))
    ]
