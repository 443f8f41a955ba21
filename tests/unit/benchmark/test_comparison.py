"""Which variants are compared, under which conditions, and why the others are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.benchmark.comparison import Comparison, Wanted, compare
from registry.errors import RejectedError
from tests.unit import builders
from tests.unit.builders import latency, metric, variant
from tests.unit.strategies import PROPERTY


def compared(*variants: builders.Plain, wanted: Wanted | None = None, target: str = "board") -> Comparison:
    return compare(builders.variants_of(builders.card(*variants)), target, wanted or Wanted())


def names(found: Comparison) -> list[str]:
    return [row.variant.name for row in found.rows]


def test_the_fastest_comes_first_and_the_beaten_is_marked() -> None:
    found = compared(
        variant("slow", metrics=[metric(0.8)], latencies=[latency(90)]),
        variant("beaten", metrics=[metric(0.6)], latencies=[latency(50)]),
        variant("fast", metrics=[metric(0.7)], latencies=[latency(40), latency(45, engine="NPU", threads=2)]),
    )
    assert [(row.variant.name, row.milliseconds, row.on_front) for row in found.rows] == [
        ("fast", 40, True),
        ("beaten", 50, False),
        ("slow", 90, True),
    ]
    assert found.left_out == {}
    assert found.sources == ("accuracy: claimed by acme", "latency: claimed by acme")


def test_the_conditions_that_most_have_are_chosen_and_the_others_told() -> None:
    found = compared(
        variant("one", metrics=[metric(0.8, protocol="per-image"), metric(0.7)], latencies=[latency(1)]),
        variant("two", metrics=[metric(0.6, protocol="per-image")], latencies=[latency(2)]),
        variant("three", metrics=[metric(0.5, dataset="other")], latencies=[latency(3)]),
        variant("untimed", metrics=[metric(0.9, dataset="other")]),
        variant("untimed2", metrics=[metric(0.9, dataset="other")]),
    )
    assert names(found) == ["one", "two"]
    assert found.conditions.protocol == "per-image"
    assert {str(key): count for key, count in found.others.items()} == {
        "mean-iou on shapes val, protocol voc": 1,
        "mean-iou on other val, protocol voc": 1,
    }
    assert found.left_out["acme/net/three"] == "under other conditions: mean-iou on other val, protocol voc"
    assert found.left_out["acme/net/untimed"] == "no latency on board"


def test_of_as_many_the_protocol_of_most_of_the_field_is_chosen() -> None:
    both = [metric(0.8, protocol="per-image"), metric(0.7)]
    assert compared(variant("one", metrics=both, latencies=[latency(1)])).conditions.protocol == "voc"


def test_what_is_asked_for_is_compared() -> None:
    both = [metric(0.8, protocol="per-image"), metric(0.7), metric(0.4, dataset="other")]
    one = variant("one", metrics=both, latencies=[latency(1)])
    assert compared(one, wanted=Wanted(protocol="per-image")).rows[0].accuracy == 0.8
    assert compared(one, wanted=Wanted(dataset="other")).rows[0].accuracy == 0.4


def test_an_accuracy_of_the_float_parent_is_not_the_quantized_files() -> None:
    quantized = variant("int8", quantization=builders.INT8, metrics=[metric(0.8)], latencies=[latency(1)])
    found = compared(quantized, variant("float", metrics=[metric(0.7)], latencies=[latency(9)]))
    assert names(found) == ["float"]
    assert found.left_out == {"acme/net/int8": "its mean-iou is of the float32 network, not of this file"}


def test_a_latency_on_another_target_is_none_here() -> None:
    found = compared(
        variant("one", metrics=[metric(0.8)], latencies=[latency(1)]),
        variant("other", metrics=[metric(0.8)], latencies=[latency(1, target="elsewhere"), latency(None)]),
        variant("blind", latencies=[latency(2)]),
    )
    assert found.left_out == {
        "acme/net/other": "no latency on board, only on elsewhere",
        "acme/net/blind": "no mean-iou",
    }


@pytest.mark.parametrize(
    ("variants", "told", "hint"),
    [
        ([variant(metrics=[metric(0.8)])], "none of 1 variants has mean-iou and a latency on board", "zoo bench"),
        ([variant(latencies=[latency(1, target="x")])], "a latency on board", "they have latencies on x"),
        ([variant(latencies=[latency(1)])], "has mean-iou", "none of those with a latency has any mean-iou"),
        (
            [variant(latencies=[latency(1)], metrics=[metric(0.5, name="pixel-accuracy")])],
            "has mean-iou",
            "they have pixel-accuracy on shapes val, protocol voc",
        ),
    ],
)
def test_nothing_to_compare_is_told_with_what_there_is(
    variants: list[builders.Plain], told: str, hint: str
) -> None:
    with pytest.raises(RejectedError, match=told) as caught:
        compared(*variants)
    assert hint in str(caught.value.hint)


FIGURES = st.tuples(st.sampled_from([None, 1.0, 2.0, 3.0]), st.sampled_from([None, 0.1, 0.2, 0.3]), st.booleans())


@PROPERTY
@given(st.lists(FIGURES, min_size=1, max_size=8))
def test_each_variant_is_compared_or_left_out_with_a_reason(
    figures: list[tuple[float | None, float | None, bool]],
) -> None:
    variants = [
        variant(
            f"v{number}",
            latencies=[latency(time)],
            metrics=[metric(worth, protocol="voc" if common else "ti-global")],
        )
        for number, (time, worth, common) in enumerate(figures)
    ]
    try:
        found = compared(*variants)
    except RejectedError:
        assert not any(time and worth for time, worth, _ in figures)
        return
    assert {*(row.variant.full_name for row in found.rows), *found.left_out} == {
        f"acme/net/v{number}" for number in range(len(figures))
    }
    assert all(found.left_out.values())
    assert any(row.on_front for row in found.rows)
