"""`zoo eval --report` and the tables of `zoo eval`: a small network on generated images."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.acceptance.test_terminal import on_terminal
from tests.acceptance.world import Cards, Zoo, assert_says, files_below, pinned, without_colour
from tests.unit.onnx_models import brightness_classes
from tests.unit.report.documents import Page

EVAL = ("eval", "net.onnx", "--data", "shapes")
ATTACK = "<img src=x onerror=alert(1)>"


@pytest.fixture
def data(zoo: Zoo, cards: Cards) -> Path:
    """Generated images, and a network of two of their classes with its card."""
    net = brightness_classes(zoo.work / "net.onnx", height=32, width=32)
    preprocessing = {"mean": 127.5, "scale": 1 / 127.5, "resize": "stretch", "interpolation": "nearest"}
    cards.card(pinned("net", net.read_bytes(), format="onnx", preprocessing=preprocessing))
    made = zoo("dataset", "make", "shapes", "shapes", "--count", "70", "--size", "64")
    assert made.code == 0, made
    return zoo.work / "shapes"


def reported(zoo: Zoo, *options: str) -> tuple[Page, dict[str, Any]]:
    result = zoo(*EVAL, "--report", "report", "--format", "json", *options)
    assert result.code == 0, result
    assert_says(result, "report: report/index.html")
    assert [path.name for path in files_below(zoo.work / "report")] == ["evaluation.json", "index.html"]
    assert (zoo.work / "report/evaluation.json").read_text(encoding="utf-8") == result.out
    page = Page((zoo.work / "report/index.html").read_text(encoding="utf-8"))
    page.assert_self_contained()
    return page, result.json()


def test_the_page_shows_the_evaluation_and_the_worst_images(zoo: Zoo, data: Path) -> None:
    page, found = reported(zoo)
    for key in ("artifact", "images", "preprocessing"):
        assert f"sha256:{found[key]}" in page.texts
    assert f"{found['protocols']['voc']['mean-iou']:.2%}" in page.texts
    assert "acme/net/net" in page.texts
    images = page.of("img")
    assert len(images) == 12 * 4
    assert len({one["alt"] for one in images}) == 12 * 4
    assert all(0 < int(one["width"] or 0) <= 320 for one in images)
    shares = [float(share) for share in re.findall(r"mean IoU ([0-9.]+)%", page.text)]
    assert len(shares) == 12
    assert shares == sorted(shares)


def test_a_second_report_takes_the_place_of_the_first(zoo: Zoo, data: Path) -> None:
    reported(zoo)
    page, found = reported(zoo, "--limit", "2", "--protocol", "per-image", "--check")
    assert found["samples"] == 2
    assert len(page.of("img")) == 8
    assert page.of("svg") == []
    assert "Figures of the card" in page.texts


def test_names_of_images_and_classes_stay_text(zoo: Zoo, data: Path) -> None:
    (listed,) = data.rglob("val.txt")
    first = listed.read_text().split()[0]
    listed.write_text(f"{ATTACK}\n")
    for path in list(data.rglob(f"{first}.*")):
        path.rename(path.with_name(ATTACK + path.suffix))
    card = yaml.safe_load((data / "dataset.yaml").read_text())
    card["classes"]["names"][1] = "</style><script>alert(2)</script>"
    (data / "dataset.yaml").write_text(yaml.safe_dump(card))
    page, _found = reported(zoo)
    assert ATTACK in page.texts
    assert "</style><script>alert(2)</script>" in page.texts
    assert len(page.of("img")) == 4


def test_a_foreign_folder_is_refused_before_the_work(zoo: Zoo, data: Path) -> None:
    (zoo.work / "mine").mkdir()
    (zoo.work / "mine/index.html").write_text("mine")
    result = zoo("eval", "nowhere.onnx", "--data", "nowhere", "--report", "mine")
    assert result.code == 2, result
    assert_says(result, "mine: expected a new or empty folder or an earlier report", "name a new folder")
    assert (zoo.work / "mine/index.html").read_text() == "mine"


def test_the_text_has_each_class_that_occurs_and_counts_the_others(zoo: Zoo, data: Path) -> None:
    result = zoo(*EVAL, "--limit", "1")
    assert result.code == 0, result
    found = zoo(*EVAL, "--limit", "1", "--format", "json").json()["protocols"]["voc"]
    names = yaml.safe_load((data / "dataset.yaml").read_text())["classes"]["names"]
    occurring = {str(one): value for one, value in enumerate(found["class-iou"]) if value is not None}
    lines = result.out.splitlines()
    start = next(number for number, line in enumerate(lines) if line.split()[:2] == ["ID", "CLASS"])
    rows = {line.split()[0]: line.split() for line in lines[start + 1 : start + 1 + len(occurring)]}
    assert {key: row[2] for key, row in rows.items()} == {key: f"{value:.2%}" for key, value in occurring.items()}
    assert {key: row[1] for key, row in rows.items()} == {key: names[int(key)] for key in occurring}
    absent = len(names) - len(occurring)
    assert absent > 1
    assert lines[start + 1 + len(occurring)] == f"{absent} further classes never occur"
    heading, voc = (next(line for line in lines if line.startswith(word)) for word in ("PROTOCOL", "voc"))
    assert heading.endswith("FW IOU")
    assert voc.split()[-1] == f"{found['frequency-weighted-iou']:.2%}"


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_the_tables_fit_the_terminal(zoo: Zoo, data: Path, columns: int) -> None:
    whole = without_colour(on_terminal(zoo, *EVAL, "--limit", "2", columns=columns)).splitlines()
    tables = whole[next(number for number, line in enumerate(whole) if line.startswith("PROTOCOL")) :]
    assert [line for line in tables if len(line) > columns] == []
    assert any("VOC" in line and "CLASS" in line for line in tables)
