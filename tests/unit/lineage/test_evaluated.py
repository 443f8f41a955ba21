from __future__ import annotations

from typing import Any

from registry.digest import Digest
from registry.lineage.evaluated import evaluation_record

RESULT: dict[str, Any] = {
    "variant": "acme/net/small",
    "artifact": Digest.of(b"model").hex,
    "dataset": "shapes",
    "split": "val",
    "images": Digest.of(b"list").hex,
    "preprocessing": Digest.of(b"how").hex,
    "runtime": {"name": "litert", "version": "2.0", "threads": 2},
    "samples": 3,
    "bad": [{"image": "x", "reason": "damaged"}],
    "latency_ms": {"p50": 4.0},
    "protocols": {
        "voc": {
            "mean-iou": 0.5,
            "pixel-accuracy": 0.75,
            "mean-accuracy": None,
            "frequency-weighted-iou": 0.25,
            "class-iou": [0.5, None, 0.25],
        }
    },
}


def metrics(classes: list[str]) -> dict[str, float]:
    made = evaluation_record(RESULT, classes, {}, {}, (1, 2))
    return {one.name: one.value for one in made.metrics}


def test_figures_have_names_by_protocol_and_class() -> None:
    assert metrics(["background", "disc", "dining table"]) == {
        "voc/mean-iou": 0.5,
        "voc/pixel-accuracy": 0.75,
        "voc/frequency-weighted-iou": 0.25,
        "voc/iou/background": 0.5,
        "voc/iou/dining table": 0.25,
        "latency-ms/p50": 4.0,
        "images": 3,
        "images-left-out": 1,
    }


def test_names_of_classes_that_mlflow_would_not_take_stay_distinct() -> None:
    found = metrics(["a/b", "x", "a|b"])
    assert {name for name in found if "/iou/" in name} == {"voc/iou/a_b-0", "voc/iou/a_b-2"}
    assert "voc/iou/class" in metrics(["..", "x", "y"])


def test_variants_of_a_model_share_an_experiment_and_a_file_has_its_own() -> None:
    made = evaluation_record(RESULT, ["a", "b", "c"], {"limit": "5"}, {"version": "1"}, (1, 2))
    assert (made.experiment, made.name) == ("acme/net", "small on shapes val")
    assert made.params["protocols"] == "voc"
    assert (made.params["limit"], made.params["threads"]) == ("5", "2")
    assert made.tags == {"variant": "acme/net/small", "version": "1"}
    assert made.datasets[0].images == Digest.of(b"list")
    bare = evaluation_record(RESULT | {"variant": None}, ["a", "b", "c"], {}, {}, (1, 2))
    assert bare.experiment == str(Digest.of(b"model"))
    assert "variant" not in bare.tags
