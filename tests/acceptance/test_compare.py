"""Accuracy against latency: the installed command on a small catalogue and on the shipped one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.world import Cards, Zoo, assert_says, model_bytes, pinned
from tests.unit.builders import latency, metric


@pytest.fixture
def small(cards: Cards) -> Cards:
    """Three variants with both figures, and one without a latency."""
    cards.card(
        pinned("fast", model_bytes(seed=1), metrics=[metric(0.70)], latencies=[latency(40)]),
        pinned("beaten", model_bytes(seed=2), metrics=[metric(0.60)], latencies=[latency(50)]),
        pinned("slow", model_bytes(seed=3), metrics=[metric(0.80)], latencies=[latency(90, threads=4)]),
        pinned("untimed", model_bytes(seed=4), metrics=[metric(0.90)]),
    )
    return cards


def test_a_table_and_a_picture(zoo: Zoo, small: Cards) -> None:
    result = zoo("compare", "acme/net", "--target", "board", "--plot", "compare.svg")
    assert result.code == 0, result
    assert result.out == (
        "mean-iou on shapes val, protocol voc; latency on board\n"
        "NAME             PARETO  ACCURACY  LATENCY  ENGINE          ACCURACY BY      LATENCY BY\n"
        "acme/net/fast    yes       70.00%    40 ms  CPU             claimed by acme  claimed by acme\n"
        "acme/net/beaten            60.00%    50 ms  CPU             claimed by acme  claimed by acme\n"
        "acme/net/slow    yes       80.00%    90 ms  CPU, 4 threads  claimed by acme  claimed by acme\n"
        "\nLeft out\n"
        "  acme/net/untimed: no latency on board\n"
    )
    assert result.err == "drawn: compare.svg\n"
    assert (zoo.work / "compare.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_json_says_the_same(zoo: Zoo, small: Cards) -> None:
    found = zoo("compare", "acme/net/fast", "net", "--target", "board", "--format", "json").json()
    assert [(one["name"], one["pareto"]) for one in found["variants"]] == [
        ("acme/net/fast", True),
        ("acme/net/beaten", False),
        ("acme/net/slow", True),
    ]
    assert found["conditions"]["protocol"] == "voc"
    assert found["left-out"] == {"acme/net/untimed": "no latency on board"}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("net",), 2, "--target NAME"),
        (("net", "--target", "nowhere"), 2, "nowhere"),
        (("nothing", "--target", "board"), 2, "nothing"),
        (("net", "--target", "board", "--dataset", "streets"), 2, "streets"),
        (("net", "--target", "board", "--metric", "pixel-accuracy"), 1, "they have mean-iou on shapes val"),
        (("net", "--target", "board", "--protocol", "ti-global"), 1, "has mean-iou by protocol ti-global"),
        (("net", "--target", "board", "--plot", "compare.pdf"), 2, "ends in .png or .svg"),
    ],
)
def test_what_cannot_be_compared_is_told(
    zoo: Zoo, small: Cards, arguments: tuple[str, ...], code: int, told: str
) -> None:
    result = zoo("compare", *arguments)
    assert result.code == code, result
    assert_says(result, told)
    assert list(Path(zoo.work).iterdir()) == []


def test_the_shipped_figures_of_the_stm32n6(zoo: Zoo) -> None:
    result = zoo("compare", "st/deeplabv3", "--target", "stm32n6")
    assert result.code == 0, result
    assert "st/deeplabv3/person-320-aspp2-int8-qdq  yes       78.35%  44.99 ms  NPU/MCU" in result.out
    assert "st/deeplabv3/512-aspp1-int8-qdq: no latency on stm32n6, only on stm32mp2" in result.out
