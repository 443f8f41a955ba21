"""The picture of a footprint."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from registry.errors import RequestError, UnavailableError
from registry.footprint import Footprint, plan
from registry.footprint.chart import chart
from tests.unit.footprint.graphs import Draft


def footprint(layers: int = 3) -> Footprint:
    draft = Draft()
    value = draft.input(1, 8, 8, 4)
    for _ in range(layers):
        value = draft.conv(value, 8)
    return plan(draft.graph(value))


def test_a_png_is_written(tmp_path: Path) -> None:
    path = tmp_path / "live.png"
    chart(footprint(), path)
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    assert width > 2 * height > 0


def test_other_memory_gives_another_picture(tmp_path: Path) -> None:
    for layers in (3, 5):
        chart(footprint(layers), tmp_path / f"{layers}.png")
    assert (tmp_path / "3.png").read_bytes() != (tmp_path / "5.png").read_bytes()


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"ends in \.png"):
        chart(footprint(), tmp_path / "live.pdf")


def test_nothing_to_draw_is_said(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no operators"):
        chart(footprint(0), tmp_path / "live.png")


def test_a_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="cannot be written"):
        chart(footprint(), tmp_path / "missing" / "live.png")


def test_the_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(UnavailableError, match="matplotlib") as caught:
        chart(footprint(), tmp_path / "live.png")
    assert caught.value.hint == "pip install 'edge-model-zoo[plot]'"
