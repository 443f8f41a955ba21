"""Every table row of the documents that the catalogue starts from has its place in the cards.

The documents are not part of the project; without them beside it these tests are skipped. Both directions are
held: a figure that a card lacks and a figure that no document states are failures alike.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SEEDS = ROOT.parent / "shared" / "seeds"
CARDS = ROOT / "cards"

pytestmark = pytest.mark.skipif(not SEEDS.is_dir(), reason="the seed documents are not beside the project")

ROWS = {"000": 4, "001": 34, "002": 1, "003": 11, "004": 37}
PUBLISHERS = {"st": 11, "nxp": 1, "ti": 37}
TABLES = 18

COLUMNS = {
    "metrics": {
        "Accuracy (%)", "average IoU", "Accuracy", "Averaed IoU", "MeanIoU%", "mIoU FP32", "mIoU INT8",
    },
    "footprints": {
        "Activation RAM (MiB)", "Weights Flash (MiB)", "Internal RAM (KiB)", "External RAM (KiB)",
        "Weights Flash (KiB)", "Params", "FP32 Size", "INT8 Size",
    },
    "latencies": {"Inference time (ms)", "Average latency"},
    "compute": {"GigaMACs", "GigaMACS", "OPS"},
    "targets": {"Supported", "Compatibility"},
}  # fmt: skip
"""Columns whose cells are figures or statements about a target, by the list of the card that takes them."""

INFORMATION = {"FLOPS": "compute", "File size (int8)": "footprints"}
"""Rows of the one table that holds figures by row instead of by column."""

NO_FIGURE = {"", "/"}
PROSE = ("metrics", "003", "Training and evaluation", "70.19%")
"""The one figure that stands in a sentence."""


@dataclass(frozen=True)
class Row:
    """One row of a table: the document's number, the heading it stands under, cells by column."""

    document: str
    heading: str
    cells: tuple[tuple[str, str], ...]

    @property
    def by_column(self) -> dict[str, str]:
        return dict(self.cells)

    def is_called(self, label: str) -> bool:
        """Whether a label is the first cell, followed by others in their order, joined by commas."""
        texts = [plain(text) for _, text in self.cells]
        if not label.startswith(texts[0]):
            return False
        rest = label[len(texts[0]) :]
        for text in texts[1:]:
            if text and rest.startswith(f", {text}"):
                rest = rest[len(text) + 2 :]
        return not rest


@dataclass(frozen=True)
class Cell:
    """A cell as a figure names it; `text` is None for the cell that is empty and still counts."""

    kind: str
    row: Row
    column: str
    text: str | None


@dataclass(frozen=True)
class Figure:
    """A figure, or a statement about a target, of a card."""

    card: str
    kind: str
    content: dict[str, Any]
    source: dict[str, Any]

    @property
    def provenance(self) -> dict[str, Any]:
        found: dict[str, Any] = self.content["provenance"]
        return found


# --- the documents


@cache
def documents() -> dict[str, str]:
    """Name -> text of every document."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(SEEDS.glob("*.txt"))}


def rows_of(number: str, text: str) -> Iterator[Row]:
    """Rows of every Markdown table: those with a first cell; headings between the rows have none."""
    lines, heading, columns = text.splitlines(), "", list[str]()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("#"):
            heading, columns = line.lstrip("#").strip(), []
        elif "|" not in line:
            columns = []
        elif not columns and is_rule(following):
            columns = split(line)
        elif columns and not is_rule(line) and split(line)[0].strip("- "):
            cells = split(line)
            padded = [*cells, *[""] * len(columns)]
            yield Row(number, heading, tuple(zip(columns, padded, strict=False)))


def split(line: str) -> list[str]:
    """Cells of a line; the outer bars are optional in Markdown."""
    return [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]


def is_rule(line: str) -> bool:
    """Whether a line is the rule below a table's head."""
    return "|" in line and "---" in line and not line.strip(" |-:")


def plain(cell: str) -> str:
    """A cell without its link's address."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", cell).strip()


@cache
def rows() -> tuple[Row, ...]:
    return tuple(row for name, text in documents().items() for row in rows_of(name[:3], text))


@cache
def section(document: str, heading: str) -> str:
    """The text from one heading to the next."""
    lines, inside, found = documents()[document].splitlines(), False, list[str]()
    for line in lines:
        if line.startswith("#"):
            inside = line.lstrip("#").strip() == heading
        elif inside:
            found.append(line)
    return "\n".join(found)


def expected_cells() -> list[Cell]:
    """Every cell that must be a figure, by the documents alone."""
    found = []
    for row in rows():
        for column, text in row.cells:
            kind = kind_of(row, column)
            if kind == "metrics" and not text:
                found.append(Cell(kind, row, column, None))
            elif kind and text not in NO_FIGURE:
                found.append(Cell(kind, row, column, text))
    return found


def kind_of(row: Row, column: str) -> str | None:
    """The list of the card that a cell belongs to."""
    if column == "Value":
        return INFORMATION.get(row.cells[0][1])
    return next((kind for kind, columns in COLUMNS.items() if column in columns), None)


# --- the cards


@cache
def cards() -> dict[str, dict[str, Any]]:
    """publisher/model -> card, of the publishers that the documents are from."""
    paths = sorted(path for name in PUBLISHERS for path in (CARDS / name).glob("*.yaml"))
    return {f"{path.parent.name}/{path.stem}": yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths}


def figures() -> list[Figure]:
    """Every figure of every variant, and every statement about a target, the common ones once."""
    found = []
    for name, card in cards().items():
        for holder in (card.get("common", {}), *card["variants"]):
            for kind in COLUMNS:
                for content in holder.get(kind, []):
                    found.append(Figure(name, kind, content, card["sources"][content["provenance"]["source"]]))
    return found


def from_documents() -> list[Figure]:
    """Those figures whose source is one of the documents; TI's list of compiled files is not."""
    return [figure for figure in figures() if figure.source["document"] in documents()]


def provenances(value: Any) -> Iterator[dict[str, Any]]:
    """Every provenance anywhere in a card."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "provenance":
                yield item
            else:
                yield from provenances(item)
    elif isinstance(value, list):
        for item in value:
            yield from provenances(item)


def strings(value: Any) -> Iterator[str]:
    """Every text of a card."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value


def named_row(source: dict[str, Any], provenance: dict[str, Any]) -> Row:
    """The one row that a provenance names."""
    place, label = (source["document"][:3], source["heading"]), provenance["row"]
    found = [row for row in rows() if (row.document, row.heading) == place and row.is_called(label)]
    assert len(found) == 1, f"{label!r} names {len(found)} rows of {place}"
    return found[0]


def cited_cell(figure: Figure) -> Cell:
    """The cell that a figure claims to come from."""
    provenance = figure.provenance
    return Cell(figure.kind, named_row(figure.source, provenance), provenance["column"], provenance.get("text"))


def compare(expected: list[Cell], found: list[Cell]) -> tuple[list[Cell], list[Cell]]:
    """Cells without a figure, and figures without a cell; each counted as often as it occurs."""
    wanted, given = Counter(expected), Counter(found)
    return list((wanted - given).elements()), list((given - wanted).elements())


def number(text: str) -> Decimal:
    """The first number of a cell."""
    match = re.search(r"\d+(\.\d+)?", text)
    assert match, f"no number in {text!r}"
    return Decimal(match.group())


def exactly(value: float) -> Decimal:
    """A number as the card writes it, so that 0.7343999 is not 0.7344."""
    return Decimal(str(value))


def in_tables() -> list[Figure]:
    return [figure for figure in from_documents() if "row" in figure.provenance]


# --- the tests


def test_the_documents_have_87_rows_in_18_tables() -> None:
    assert dict(Counter(row.document for row in rows())) == ROWS
    assert sum(ROWS.values()) == 87
    assert len({(row.document, row.heading, row.cells[0][0]) for row in rows()}) == TABLES


@pytest.mark.parametrize(("publisher", "count"), PUBLISHERS.items())
def test_every_model_of_the_documents_is_a_variant(publisher: str, count: int) -> None:
    found = [card["variants"] for name, card in cards().items() if name.startswith(f"{publisher}/")]
    names = [[variant["name"] for variant in variants] for variants in found]
    assert sum(map(len, names)) == count
    assert all(len(set(of_card)) == len(of_card) for of_card in names)


@pytest.mark.parametrize(
    ("kind", "names", "count"),
    [
        ("metrics", {"mean-iou", "pixel-accuracy"}, 70),
        ("footprints", None, 19),
        ("latencies", None, 10),
        ("compute", {"multiply-accumulates"}, 34),
        ("compute", {"operations"}, 2),
    ],
)
def test_figures_are_counted(kind: str, names: set[str] | None, count: int) -> None:
    found = [figure for figure in figures() if figure.kind == kind]
    assert sum(names is None or figure.content["name"] in names for figure in found) == count


def test_every_cell_is_one_figure_and_every_figure_one_cell() -> None:
    missing, surplus = compare(expected_cells(), [cited_cell(figure) for figure in in_tables()])
    assert not missing
    assert not surplus


def test_a_changed_or_lost_figure_is_noticed() -> None:
    """The comparison itself: it must be able to fail."""
    good = expected_cells()
    changed = [Cell(good[0].kind, good[0].row, good[0].column, f"{good[0].text}1"), *good[1:]]
    assert compare(good, changed) == ([good[0]], [changed[0]])
    assert compare(good, good[1:]) == ([good[0]], [])
    assert compare(good, [*good, good[0]]) == ([], [good[0]])
    with pytest.raises(AssertionError, match="names 0 rows"):
        named_row({"document": "000", "heading": good[0].row.heading}, {"row": "deeplabv3_999"})


def test_the_figure_of_a_sentence_is_the_only_one_outside_a_table() -> None:
    outside = [figure for figure in from_documents() if "row" not in figure.provenance]
    named = [
        (figure.kind, figure.source["document"][:3], figure.source["heading"], figure.provenance["text"])
        for figure in outside
    ]
    assert named == [PROSE]


def test_every_text_stands_in_its_document_under_its_heading() -> None:
    checked = 0
    for name, card in cards().items():
        for provenance in provenances(card):
            source = card["sources"][provenance["source"]]
            if source["document"] not in documents():
                continue
            assert section(source["document"], source["heading"]), f"{name}: no heading {source['heading']!r}"
            text = provenance.get("text")
            if "row" in provenance:
                cell = named_row(source, provenance).by_column[provenance["column"]]
                assert plain(cell) == (text or ""), f"{name}: {provenance}"
            else:
                assert (text or "") in section(source["document"], source["heading"]), f"{name}: {text!r}"
            checked += 1
    assert checked > 150


def test_every_source_names_a_heading_that_its_document_has() -> None:
    for name, card in cards().items():
        for key, source in card["sources"].items():
            if source["document"] in documents():
                assert section(source["document"], source["heading"]), f"{name}: {key}"


def test_values_agree_with_their_texts() -> None:
    for figure in from_documents():
        if figure.kind == "targets":
            continue
        text, value = figure.provenance.get("text"), figure.content["value"]
        if text in (None, "TODO"):
            assert value is None, figure
            continue
        stated = number(text)
        if figure.kind == "metrics" and stated > 1:
            stated /= 100
        assert exactly(value) == stated, figure


def test_units_agree_with_the_documents() -> None:
    for figure in in_tables():
        column, text = figure.provenance["column"], figure.provenance.get("text") or ""
        unit = figure.content.get("unit")
        if figure.kind == "footprints":
            match = re.search(r"MiB|KiB|KB|MB", column + text)
            stated = match.group() if match else "count"
            assert unit == {"KB": "kB"}.get(stated, stated)
        elif figure.kind == "compute":
            assert unit == ("GMAC" if column.lower() == "gigamacs" else "GOP")
            assert unit == "GMAC" or "B" in text


def test_conditions_of_the_times_agree_with_their_rows() -> None:
    checked = Counter[str]()
    for figure in in_tables():
        if figure.kind != "latencies":
            continue
        content, row = figure.content, named_row(figure.source, figure.provenance).by_column
        share = content.get("share", {})
        pairs = {
            "throughput": ("Inf / sec", content.get("throughput"), 1),
            "clock_mhz": ("Frequency", content.get("clock_mhz"), 1),
            "npu": ("%NPU", share.get("npu"), 100),
            "gpu": ("%GPU", share.get("gpu"), 100),
            "cpu": ("%CPU", share.get("cpu"), 100),
        }
        for key, (column, value, factor) in pairs.items():
            assert (value is None) == (column not in row), (key, row)
            if value is not None:
                assert exactly(value) * factor == number(row[column]), (key, row)
                checked[key] += 1
        for column, key in {"Board": "board", "Execution Engine": "engine", "Command": "command"}.items():
            assert row.get(column, content.get(key)) == content.get(key)
    assert checked == {"throughput": 3, "clock_mhz": 4, "npu": 4, "gpu": 4, "cpu": 4}


def test_tool_versions_agree_with_their_rows() -> None:
    columns = [f"{tool} version" for tool in ("STM32Cube.AI", "STEdgeAI Core", "X-LINUX-AI")]
    checked = 0
    for figure in in_tables():
        if figure.kind not in ("footprints", "latencies"):
            continue
        row = named_row(figure.source, figure.provenance).by_column
        versions = {tool["name"]: tool["version"] for tool in figure.content.get("tools", [])}
        for column in columns:
            if column in row:
                assert versions[column.removesuffix(" version")] == row[column]
                checked += 1
    assert checked == 34


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.document}-{plain(row.cells[0][1])[:40]}")
def test_every_row_is_in_a_card(row: Row) -> None:
    """By a provenance that names it, or with the texts of all its cells in one note."""
    citing = [
        name
        for name, card in cards().items()
        for provenance in provenances(card)
        if (source := card["sources"][provenance["source"]])["document"][:3] == row.document
        and source.get("heading") == row.heading
        and "row" in provenance
        and row.is_called(provenance["row"])
    ]
    if not citing:
        parts = [part for _, cell in row.cells for part in words(cell)]
        texts = [text for card in cards_with(row) for text in strings(card)]
        assert any(all(part in text for part in parts) for text in texts), f"in no text together: {parts}"


def cards_with(row: Row) -> list[dict[str, Any]]:
    """Cards that name the table of a row under their sources."""
    place = (row.document, row.heading, "table")
    return [
        card
        for card in cards().values()
        if any((s["document"][:3], s.get("heading"), s["kind"]) == place for s in card["sources"].values())
    ]


def words(cell: str) -> list[str]:
    """What a cell says: its text without tags, or the addresses and files that it only shows."""
    shown = re.findall(r'src="([^"]+)"|\]\((https?:[^)]+)\)', cell)
    return [part for pair in shown for part in pair if part] or [cell]


def test_notes_below_the_time_table_are_kept() -> None:
    variants = {variant["name"]: variant for variant in cards()["st/deeplabv3"]["variants"]}
    text = section(next(name for name in documents() if name.startswith("001")), variants_heading())
    images = re.findall(r"- (\d{4}_\d{6})", text)
    calibration = variants["512-aspp1-int8-qdq"]["quantization"]["calibration"]
    assert len(images) == 4
    assert calibration["images"] == images
    assert calibration["count"] == len(images)


def variants_heading() -> str:
    """The heading of the table with the shares of the engines."""
    return next(row.heading for row in rows() if "%NPU" in row.by_column)


def test_availability_follows_the_tables() -> None:
    for figure in in_tables():
        if figure.kind != "metrics" or figure.source["document"][:3] != "004":
            continue
        row = named_row(figure.source, figure.provenance)
        expected = "available" if row.by_column["Available"] == "Y" else "unavailable"
        if row.heading == "Other Miscellaneous Models":
            expected = "reference-only"
        card = cards()[figure.card]
        holder = next(variant for variant in card["variants"] if figure.content in variant["metrics"])
        assert holder.get("availability", card.get("common", {}).get("availability")) == expected, row
