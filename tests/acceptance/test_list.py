"""`zoo list` on the shipped catalogue: counts, filters, orders and forms."""

from __future__ import annotations

import csv
import io
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry.resources import data_folder
from tests.acceptance.world import Zoo, assert_says, by_name

Row = Mapping[str, Any]
FIGURES = ("metrics", "footprints", "latencies", "compute")


def listed(zoo: Zoo, *arguments: str) -> list[Row]:
    result = zoo("list", "--format", "json", *arguments)
    assert result.code == 0, result
    rows: list[Row] = result.json()
    return rows


def names(rows: list[Row]) -> list[str]:
    return [row["name"] for row in rows]


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> list[Row]:
    """The whole catalogue, as the command lists it by name."""
    zoo = Zoo(tmp_path_factory.mktemp("everything"))
    shutil.copytree(compiled, zoo.cache / "catalogue")
    return listed(zoo)


@pytest.fixture(scope="module")
def licences() -> dict[str, str]:
    """Licence of each variant's weights, read from the cards by another way than the command's."""
    found = {}
    for path in Path(data_folder("cards")).glob("*/*.yaml"):
        card = yaml.safe_load(path.read_text(encoding="utf-8"))
        for variant in card.get("variants", ()):
            whole = {**card.get("common", {}), **variant}
            licence = whole.get("licence", {}).get("weights", card["licence"]["weights"])
            found[f"{card['publisher']}/{card['model']}/{variant['name']}"] = licence
    return found


def test_every_row_of_the_vendors_tables_is_there(everything: list[Row]) -> None:
    counts = Counter(row["publisher"] for row in everything)
    assert counts == {"st": 11, "nxp": 1, "ti": 37, "google": 2, "zoo": 10}
    vendors = [row for row in everything if row["publisher"] not in ("google", "zoo")]
    assert {kind: sum(len(row[kind]) for row in vendors) for kind in FIGURES} == {
        "metrics": 70,
        "footprints": 19,
        "latencies": 10,
        "compute": 36,
    }
    assert Counter(item["unit"] for row in vendors for item in row["compute"]) == {"GMAC": 34, "GOP": 2}
    assert names(everything) == sorted(set(names(everything)))
    assert all(item["provenance"]["source"] for row in everything for kind in FIGURES for item in row[kind])


def datasets_of(row: Row) -> set[str]:
    training = row.get("training", {}).get("dataset")
    return {item["dataset"] for item in row["metrics"]} | ({training} if training else set())


def metric_at_least(row: Row, name: str, bound: float, dataset: str | None = None) -> bool:
    """Whether a metric of this very file reaches the bound, by the lowest of contradicting sources."""
    values = defaultdict(list)
    for item in row["metrics"]:
        own = item["name"] == name and item["precision"] == row["quantization"]["scheme"]
        if own and item["value"] is not None and dataset in (None, item["dataset"]):
            values[item["dataset"], item["split"], item["protocol"]].append(item["value"])
    return any(min(group) >= bound for group in values.values())


UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "kB": 1000, "MB": 10**6}


def footprint(row: Row, target: str, *kinds: str) -> float | None:
    """Sum of the worst figures of these kinds on a target, in bytes; None when there is none."""
    found = [
        max(
            (
                item["value"] * UNITS[item["unit"]]
                for item in row["footprints"]
                if item["name"] == kind and item.get("target") == target and item["value"] is not None
            ),
            default=None,
        )
        for kind in kinds
    ]
    known = [value for value in found if value is not None]
    return sum(known) if known else None


def ram(row: Row, target: str) -> float | None:
    return footprint(row, target, "internal-ram", "external-ram") or footprint(row, target, "activation-ram")


def latency(row: Row, target: str) -> float | None:
    return min((item["value"] for item in row["latencies"] if item["target"] == target), default=None)


def within(value: float | None, bound: float) -> bool:
    return value is not None and value <= bound


FILTERS: dict[str, tuple[list[str], Callable[[Row], bool]]] = {
    "publisher": (["--publisher", "st"], lambda row: row["publisher"] == "st"),
    "format": (["--file-format", "tflite"], lambda row: row["format"] == "tflite"),
    "quantization": (["--quantization", "int8"], lambda row: row["quantization"]["scheme"] == "int8"),
    "granularity": (
        ["--granularity", "per-channel"],
        lambda row: row["quantization"]["granularity"] == "per-channel",
    ),
    "square-resolution": (
        ["--resolution", "512"],
        lambda row: (row["resolution"]["height"], row["resolution"]["width"]) == (512, 512),
    ),
    "wide-resolution": (
        ["--resolution", "768x384"],
        lambda row: (row["resolution"]["height"], row["resolution"]["width"]) == (384, 768),
    ),
    "dataset": (["--dataset", "cityscapes"], lambda row: "cityscapes" in datasets_of(row)),
    "classes": (["--classes", "2"], lambda row: row.get("classes", {}).get("count") == 2),
    "metric": (["--min-metric", "mean-iou=0.7"], lambda row: metric_at_least(row, "mean-iou", 0.7)),
    "metric-in-per-cent": (["--min-metric", "mean-iou=70%"], lambda row: metric_at_least(row, "mean-iou", 0.7)),
    "two-metrics": (
        ["--min-metric", "mean-iou=0.7", "--min-metric", "pixel-accuracy=0.94"],
        lambda row: metric_at_least(row, "mean-iou", 0.7) and metric_at_least(row, "pixel-accuracy", 0.94),
    ),
    "metric-on-a-dataset": (
        ["--min-metric", "mean-iou=0.5", "--dataset", "ade20k32"],
        lambda row: "ade20k32" in datasets_of(row) and metric_at_least(row, "mean-iou", 0.5, "ade20k32"),
    ),
    "availability": (
        ["--availability", "reference-only"],
        lambda row: row["availability"] == "reference-only",
    ),
    "pinned": (
        ["--pinned"],
        lambda row: row["artifacts"][0]["sha256"] != "unpinned" if row["artifacts"] else False,
    ),
    "name": (["person-256-aspp2-int8-qdq"], lambda row: row["variant"] == "person-256-aspp2-int8-qdq"),
    "ram": (
        ["--target", "stm32n6", "--max-ram", "3MiB"],
        lambda row: within(ram(row, "stm32n6"), 3 << 20),
    ),
    "flash": (
        ["--target", "stm32mp2", "--max-flash", "3 MiB"],
        lambda row: within(footprint(row, "stm32mp2", "weights-flash"), 3 << 20),
    ),
    "latency": (
        ["--target", "stm32n6", "--max-latency", "50ms"],
        lambda row: within(latency(row, "stm32n6"), 50),
    ),
    "latency-in-seconds": (
        ["--target", "imx8mp", "--max-latency", "0.5s"],
        lambda row: within(latency(row, "imx8mp"), 500),
    ),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_keeps_what_it_says_and_nothing_else(shipped: Zoo, everything: list[Row], name: str) -> None:
    arguments, passes = FILTERS[name]
    found = listed(shipped, *arguments)
    assert names(found) == names([row for row in everything if passes(row)])
    assert 0 < len(found) < len(everything)


def test_pinned_and_unpinned_are_two_halves(shipped: Zoo, everything: list[Row]) -> None:
    pinned, unpinned = listed(shipped, "--pinned"), listed(shipped, "--unpinned")
    assert sorted(names(pinned) + names(unpinned)) == names(everything)
    assert {row["publisher"] for row in pinned} == {"google", "zoo"}


def test_the_task_filter(shipped: Zoo, everything: list[Row]) -> None:
    assert listed(shipped, "--task", "semantic-segmentation") == everything
    assert listed(shipped, "--task", "image-classification") == []


def test_the_licence_filter_looks_at_the_weights(shipped: Zoo, licences: Mapping[str, str]) -> None:
    for wanted in (["Apache-2.0"], ["LicenseRef-SLA0044"], ["Apache-2.0", "BSD-3-Clause"]):
        arguments = [word for licence in wanted for word in ("--licence", licence)]
        found = names(listed(shipped, *arguments))
        assert found == sorted(name for name, licence in licences.items() if licence in wanted)
        assert 0 < len(found) < len(licences)
    assert names(listed(shipped, "--license", "Apache-2.0")) == names(listed(shipped, "--licence", "Apache-2.0"))


def test_the_target_filter_gives_the_level_of_support(shipped: Zoo) -> None:
    rows = by_name(listed(shipped, "--target", "stm32n6"))
    levels = {name: row["derived"]["support"] for name, row in rows.items()}
    measured = {f"st/deeplabv3/person-{size}-aspp2-int8-qdq" for size in (256, 320, 416)}
    assert {name for name, level in levels.items() if level == "measured"} == measured
    for name, row in rows.items():
        timed = any(item["target"] == "stm32n6" for item in row["latencies"])
        assert timed == (levels[name] == "measured")
        if levels[name] == "declared":
            said = {item["target"]: item["support"] for item in row["targets"]}
            assert said["stm32n6"] == "declared"
    assert set(levels.values()) <= {"measured", "declared", "compatible"}
    assert "st/deeplabv3/person-256-aspp2-float32" not in rows
    assert listed(shipped, "--target", "stm32h7") == []


def test_a_target_answers_to_its_board(shipped: Zoo) -> None:
    assert listed(shipped, "--target", "STM32N6570-DK") == listed(shipped, "--target", "stm32n6")


def test_filters_together_narrow_further(shipped: Zoo) -> None:
    found = listed(shipped, "deeplabv3", "--publisher", "st", "--quantization", "int8", "--resolution", "512")
    both = ["st/deeplabv3/512-aspp1-int8-per-channel", "st/deeplabv3/512-aspp1-int8-qdq"]
    assert names(found) == both
    assert listed(shipped, "--publisher", "nxp", "--quantization", "float32") == []


def value(row: Row, sort: str) -> float | None:
    if sort == "resolution":
        height, width = row["resolution"]["height"], row["resolution"]["width"]
        return height * width if height and width else None
    keys = {"latency": "latency_ms", "ram": "ram_bytes", "flash": "flash_bytes", "size": "size_bytes"}
    found: float | None = row["derived"][keys[sort]]
    return found


@pytest.mark.parametrize("sort", ["latency", "ram", "flash", "size", "resolution"])
def test_an_order_is_by_its_figure_and_the_unknown_come_last_either_way(
    shipped: Zoo, everything: list[Row], sort: str
) -> None:
    upwards = listed(shipped, "--sort", sort)
    downwards = listed(shipped, "--sort", sort, "--reverse")
    for rows in (upwards, downwards):
        assert sorted(names(rows)) == names(everything)
        known = [value(row, sort) is not None for row in rows]
        assert known == sorted(known, reverse=True)
    rising = [found for row in upwards if (found := value(row, sort)) is not None]
    falling = [found for row in downwards if (found := value(row, sort)) is not None]
    assert len(set(rising)) > 1
    assert rising == sorted(rising)
    assert falling == sorted(rising, reverse=True)


def test_the_figures_of_an_order_are_those_of_the_target(shipped: Zoo) -> None:
    rows = listed(shipped, "--target", "stm32n6", "--sort", "latency")
    assert [row["derived"]["latency_ms"] for row in rows[:3]] == [latency(row, "stm32n6") for row in rows[:3]]
    assert [row["derived"]["ram_bytes"] for row in rows[:3]] == [ram(row, "stm32n6") for row in rows[:3]]
    assert [row["variant"] for row in rows[:3]] == [f"person-{size}-aspp2-int8-qdq" for size in (256, 320, 416)]


def test_accuracies_are_ordered_only_within_one_dataset_split_and_protocol(shipped: Zoo) -> None:
    rows = [row["derived"] for row in listed(shipped, "--sort", "accuracy")]
    known = [row for row in rows if row["mean_iou"] is not None]
    assert rows[: len(known)] == known
    conditions = [row["mean_iou_conditions"] for row in known]
    blocks = [one for one, following in pairwise([*conditions, None]) if one != following]
    assert len(blocks) == len(set(blocks)) > 1
    for one, following in pairwise(known):
        if one["mean_iou_conditions"] == following["mean_iou_conditions"]:
            assert one["mean_iou"] >= following["mean_iou"]


def test_names_are_ordered_both_ways(shipped: Zoo, everything: list[Row]) -> None:
    assert names(listed(shipped, "--reverse")) == sorted(names(everything), reverse=True)


def test_the_limit_cuts_after_the_order(shipped: Zoo) -> None:
    assert listed(shipped, "--sort", "size", "--limit", "3") == listed(shipped, "--sort", "size")[:3]


def test_csv_says_what_json_says(shipped: Zoo) -> None:
    result = shipped("list", "--format", "csv", "--target", "stm32n6", "--sort", "ram")
    assert result.code == 0, result
    table = list(csv.DictReader(io.StringIO(result.out)))
    rows = listed(shipped, "--target", "stm32n6", "--sort", "ram")
    assert [line["name"] for line in table] == names(rows)
    for line, row in zip(table, rows, strict=True):
        assert None not in line
        derived = row["derived"]
        assert (line["format"], line["quantization"]) == (row["format"], row["quantization"]["scheme"])
        assert (line["height"], line["width"]) == tuple(str(row["resolution"][key]) for key in ("height", "width"))
        assert line["support"] == derived["support"]
        for key in ("latency_ms", "ram_bytes", "flash_bytes", "size_bytes", "mean_iou"):
            assert (float(line[key]) if line[key] else None) == derived[key]


@pytest.mark.parametrize("form", ["text", "json", "csv"])
def test_nothing_found_is_no_error(shipped: Zoo, form: str) -> None:
    result = shipped("list", "--publisher", "nxp", "--quantization", "float32", "--format", form)
    assert result.code == 0, result
    if form == "json":
        assert result.json() == []
    assert len(result.out.splitlines()) == {"text": 0, "json": 2, "csv": 1}[form]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["deeplabv4"], ["unknown model 'deeplabv4'", "did you mean", "deeplabv3"]),
        (["--target", "stm32n7"], ["unknown target 'stm32n7'", "did you mean stm32n6"]),
        (["--target", "toaster"], ["unknown target 'toaster'", "zoo targets"]),
        (["--sort", "beauty"], ["beauty", "accuracy"]),
        (["--limit", "0"], ["0"]),
        (["--max-ram", "much"], ["much", "2.5MiB"]),
        (["--min-metric", "mean-iou"], ["mean-iou", "NAME=VALUE"]),
        (["--min-metric", "mean-iou=1.5"], ["1.5", "70%"]),
        (["--resolution", "512x"], ["512x"]),
        (["--resolution", "-1"], ["-1"]),
        (["--classes", "0"], ["0", "whole number"]),
        (["--format", "xml"], ["xml", "json"]),
    ],
    ids=" ".join,
)
def test_a_wrong_question_is_answered_with_the_right_form(
    shipped: Zoo, arguments: list[str], said: list[str]
) -> None:
    result = shipped("list", *arguments)
    assert result.code == 2, result
    assert_says(result, *said)
    assert result.out == ""


@pytest.mark.parametrize(
    ("option", "typed", "meant"),
    [
        ("--publisher", "googel", "google"),
        ("--dataset", "cityscape", "cityscapes"),
        ("--quantization", "int4", "int8"),
        ("--file-format", "tflit", "tflite"),
        ("--granularity", "per-chanel", "per-channel"),
        ("--task", "segmentation", "semantic-segmentation"),
    ],
)
def test_a_mistyped_word_is_told_from_one_that_matches_nothing(
    shipped: Zoo, option: str, typed: str, meant: str
) -> None:
    result = shipped("list", option, typed, "--format", "json")
    assert result.code == 2
    assert result.out == ""
    assert repr(typed) in result.err
    assert meant in result.err
    assert shipped("list", "--publisher", "nxp", "--dataset", "cityscapes").code == 0
