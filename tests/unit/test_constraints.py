from typing import Any

import pytest
from hypothesis import given

from registry.constraints import Constraints
from registry.target import Target
from registry.violation import violation
from tests.unit.builders import Plain, footprint, latency, metric, one, target, variants_of
from tests.unit.strategies import PROPERTY, cards, constraints

BOARD = Target.from_document(target())
MIB = 1 << 20


@PROPERTY
@given(cards())
def test_who_asks_for_nothing_gets_everything(card: Plain) -> None:
    for item in variants_of(card):
        assert violation(item, Constraints(), None) is None
        assert violation(item, Constraints(), BOARD) is None


@PROPERTY
@given(cards(), constraints())
def test_all_conditions_hold_when_each_of_them_does(card: Plain, wanted: Constraints) -> None:
    alone = [name for name in wanted._fields if name not in ("dataset", "metrics")]
    together = Constraints(dataset=wanted.dataset, metrics=wanted.metrics)
    for item in variants_of(card):
        each = [violation(item, Constraints(**{name: getattr(wanted, name)}), BOARD) for name in alone]
        each.append(violation(item, together, BOARD))
        reason = violation(item, wanted, BOARD)
        assert (reason is None) == all(one_reason is None for one_reason in each)
        assert reason is None or reason in each


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"publisher": "zeta"}, "publisher is acme, asked for zeta"),
        ({"format": "onnx"}, "format is tflite, asked for onnx"),
        ({"scheme": "int8"}, "quantization is float32, asked for int8"),
        ({"height": 96}, "input height is 64, asked for 96"),
        ({"classes": 3}, "number of classes is unknown, asked for 3"),
        ({"dataset": "streets"}, "not trained or measured on streets"),
        ({"licences": ("MIT", "ISC")}, "licence of the weights is Apache-2.0, asked for MIT or ISC"),
        ({"metrics": {"mean-iou": 0.8}}, "mean-iou is 0.7, asked for at least 0.8"),
        ({"metrics": {"pixel-accuracy": 0.1}}, "pixel-accuracy of this file is unknown, asked for at least 0.1"),
        ({"max_ram": MIB}, "RAM on board is 2 MiB, asked for at most 1 MiB"),
        ({"max_flash": MIB}, "flash on board is unknown, asked for at most 1 MiB"),
        ({"max_latency": 4}, "latency on board is 5 ms, asked for at most 4 ms"),
    ],
)
def test_the_reason_names_what_was_found_and_what_was_asked(asked: dict[str, Any], reason: str) -> None:
    found = one(
        metrics=[metric(0.7), metric(0.9, precision="int8")],
        footprints=[footprint("internal-ram", 2048)],
        latencies=[latency(5)],
    )
    assert violation(found, Constraints(**asked), BOARD) == reason


def test_a_limit_is_met_by_equality() -> None:
    found = one(metrics=[metric(0.7)], footprints=[footprint("internal-ram", 1024)], latencies=[latency(5)])
    asked = Constraints(metrics={"mean-iou": 0.7}, max_ram=MIB, max_latency=5, licences=("Apache-2.0",))
    assert violation(found, asked, BOARD) is None


def test_without_a_target_the_best_of_all_targets_counts() -> None:
    found = one(latencies=[latency(5), latency(3, target="stick")])
    assert violation(found, Constraints(max_latency=4), None) is None
    reason = violation(found, Constraints(max_latency=2), None)
    assert reason == "latency on any target is 3 ms, asked for at most 2 ms"


def test_a_metric_on_another_dataset_does_not_answer_for_the_one_asked_for() -> None:
    found = one(metrics=[metric(0.9, dataset="streets"), metric(0.5)])
    asked = Constraints(dataset="shapes", metrics={"mean-iou": 0.8})
    assert violation(found, asked, None) == "mean-iou is 0.5, asked for at least 0.8"
