"""The picture of a comparison."""

from __future__ import annotations

import sys
import xml.etree.ElementTree
from pathlib import Path

import pytest

from registry.benchmark.chart import chart
from registry.benchmark.comparison import Comparison, Wanted, compare
from registry.errors import RequestError, UnavailableError
from tests.unit import builders

POINTS = [(20.0 + 3 * number, 0.5 + 0.03 * (number * 7 % 12)) for number in range(12)]


def comparison(points: list[tuple[float, float]] = POINTS) -> Comparison:
    variants = [
        builders.variant(
            f"256-aspp2-int8-{number}",
            metrics=[builders.metric(worth)],
            latencies=[builders.latency(time)],
        )
        for number, (time, worth) in enumerate(points)
    ]
    return compare(builders.variants_of(builders.card(*variants)), "board", Wanted())


def words(path: Path) -> list[str]:
    """All texts of an SVG."""
    root = xml.etree.ElementTree.parse(path).getroot()
    return ["".join(one.itertext()).strip() for one in root.iter("{http://www.w3.org/2000/svg}text")]


def test_every_point_and_both_axes_are_named(tmp_path: Path) -> None:
    path = tmp_path / "compare.svg"
    chart(comparison(), path)
    said = words(path)
    assert {f"256-aspp2-int8-{number}" for number in range(12)} <= set(said)
    assert "latency on board, ms (less is better)" in said
    assert "mean-iou, % (more is better)" in said
    assert "shapes, split val, protocol voc" in said
    assert "latency: claimed by acme" in said


def test_a_png_is_written_and_the_same_each_time(tmp_path: Path) -> None:
    for name in ("one.png", "two.png"):
        chart(comparison(), tmp_path / name)
    data = (tmp_path / "one.png").read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert data == (tmp_path / "two.png").read_bytes()


@pytest.mark.parametrize("points", [[(5.0, 0.5)], [(1.0, 0.5), (1000.0, 0.9)], [(3.0, 0.5)] * 4])
def test_few_equal_or_far_points_are_drawn(tmp_path: Path, points: list[tuple[float, float]]) -> None:
    path = tmp_path / "compare.svg"
    chart(comparison(points), path)
    assert len([one for one in words(path) if one.startswith("256-aspp2")]) == len(points)


def test_names_are_no_formulas(tmp_path: Path) -> None:
    found = comparison()
    strange = builders.one(name="a$b_{$<&", metrics=[builders.metric(0.9)], latencies=[builders.latency(9)])
    row = type(found.rows[0])(strange, 0.9, 9.0, "claimed by acme", "claimed by acme", "CPU", True)
    path = tmp_path / "compare.svg"
    chart(Comparison("board", found.conditions, {}, (row,), {}), path)
    assert "a$b_{$<&" in words(path)


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"ends in \.png or \.svg"):
        chart(comparison(), tmp_path / "compare.pdf")


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RequestError, match="cannot be written"):
        chart(comparison(), tmp_path / "file/compare.svg")


def test_the_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(UnavailableError, match="matplotlib") as caught:
        chart(comparison(), tmp_path / "compare.png")
    assert caught.value.hint == "pip install 'edge-model-zoo[plot]'"
