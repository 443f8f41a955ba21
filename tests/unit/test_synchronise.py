from __future__ import annotations

import re
from typing import Any

import pytest

from registry import synchronise
from registry.card import Variant
from registry.lineage.claimed import Entry
from registry.target import Target
from tests.unit import builders

BOARD = Target.from_document(builders.target(accepts=[builders.rule("cpu", ["tflite"], ["float32"])]))
PINNED = builders.artifact(size=10, sha256="a" * 64)


def entry(**changes: Any) -> Entry:
    card = builders.card(builders.variant(**changes))
    (found,) = synchronise.entries(builders.variants_of(card), {"acme/net": card}, [BOARD])
    return found


def metric(value: float | None, **changes: Any) -> builders.Plain:
    return builders.metric(value, **{"protocol": "voc", **changes})


def test_figures_of_two_protocols_datasets_or_publishers_are_never_one_metric() -> None:
    found = entry(metrics=[metric(0.5), metric(0.4, protocol="unstated"), metric(0.3, split="train")])
    assert {name: value for name, value in found.metrics.items() if name.startswith("mean")} == {
        "mean-iou/shapes/val/voc": 0.5,
        "mean-iou/shapes/val/unstated-by-acme": 0.4,
        "mean-iou/shapes/train/voc": 0.3,
    }


def test_where_sources_disagree_the_worse_figure_counts() -> None:
    found = entry(
        metrics=[metric(0.5, status="contradicted"), metric(0.4, status="contradicted"), metric(None)],
        latencies=[builders.latency(9.0), builders.latency(7.0)],
        footprints=[
            builders.footprint("parameters", 5.0, unit="count"),
            builders.footprint("parameters", 6.0, unit="count"),
        ],
    )
    assert found.metrics["mean-iou/shapes/val/voc"] == 0.4
    assert found.metrics["latency-ms/board"] == 7.0  # the fastest configuration, as everywhere
    assert max(value for name, value in found.metrics.items() if name.startswith("parameters")) == 6.0
    assert "contradicted" in found.tags["figures"]
    assert found.tags["source.mean-iou/shapes/val/voc"].startswith("contradicted: ")


def test_a_figure_of_another_network_is_not_the_variants() -> None:
    assert not [name for name in entry(metrics=[metric(0.5, precision="int8")]).metrics if name.startswith("mean")]


def test_other_bytes_are_another_identity_and_other_figures_only_another_state() -> None:
    one, other = entry(artifacts=[PINNED]), entry(artifacts=[builders.artifact(size=10, sha256="b" * 64)])
    better = entry(artifacts=[PINNED], metrics=[metric(0.9)])
    assert one.identity != other.identity
    assert one.identity == better.identity
    assert one.state != better.state
    assert one.params["digest"] == "a" * 64
    assert entry(artifacts=[]).params["digest"] == "unpinned"


def variants(*changes: builders.Plain) -> tuple[builders.Plain, list[Variant]]:
    card = builders.card(*(builders.variant(f"v{number}", **one) for number, one in enumerate(changes)))
    return card, builders.variants_of(card)


def test_an_alias_is_what_would_be_pulled_and_none_where_nothing_can_be_verified() -> None:
    card, found = variants({"artifacts": [PINNED]}, {"artifacts": [PINNED], "metrics": [metric(0.9)]})
    (model,) = synchronise.models(found, {"acme/net": card}, [BOARD])
    assert (model.name, model.aliases) == ("acme.net", {"board": "acme/net/v1"})
    card, found = variants({"artifacts": [builders.artifact(sha256="unpinned")]})
    (model,) = synchronise.models(found, {"acme/net": card}, [BOARD])
    assert model.aliases == {}


@pytest.mark.parametrize(
    ("target", "alias"),
    [("stm32n6", "stm32n6"), ("i.mx8", "i-mx8"), ("latest", "target-latest"), ("v5", "target-v5"), ("v5a", "v5a")],
)
def test_an_alias_has_letters_that_mlflow_takes(target: str, alias: str) -> None:
    assert synchronise.alias_of(target) == alias
    assert re.fullmatch(r"[\w-]+", alias)


def test_a_digest_of_the_catalogue_changes_with_anything_in_it() -> None:
    card, found = variants({"artifacts": [PINNED]})
    cards = {"acme/net": card}
    before = synchronise.digest_of(found, cards, [BOARD])
    assert before == synchronise.digest_of(found, cards, [BOARD])
    changed = variants({"artifacts": [PINNED], "metrics": [metric(0.9)]})[1]
    assert before != synchronise.digest_of(changed, cards, [BOARD])
    assert before != synchronise.digest_of(found, cards, [])
