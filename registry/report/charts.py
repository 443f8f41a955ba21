"""What the charts of a report show, as plain values: bars of classes and the cells of a confusion matrix. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Plain = Mapping[str, Any]

_MOST_CONFUSIONS = 10
_LONGEST_LABEL = 22
_LETTER = 0.62
"""Width of a letter by its font's size, on the large side."""
_SIZES = ((25, 32, 12), (60, 20, 11), (255, 13, 9))
"""For matrices of up to so many classes: pixels of a cell's side, and of its labels' font."""
_WITH_NUMBERS = 25
"""Classes up to which a cell has room for a number."""


@dataclass(frozen=True)
class Bar:
    """A class in the chart.

    Attributes:
        id: Of the class.
        name: Its name, or its number.
        value: IoU, 0 to 1; None where the class never occurs.
    """

    id: int
    name: str
    value: float | None


@dataclass(frozen=True)
class Cell:
    """A cell of a confusion matrix that has pixels.

    Attributes:
        row, column: Place among the classes that are shown.
        share: Of the pixels of its row, 0 to 1.
        text: What it says in words.
    """

    row: int
    column: int
    share: float
    text: str


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix, normalised by row, ready to be drawn.

    Attributes:
        protocols: Whose it is.
        labels: Id and name of the classes that are shown, and the same shortened, in order of the ids.
        left_out: Classes that have pixels neither in masks nor in predictions.
        cells: Those that have pixels.
        confusions: The most frequent mistakes: mask's class, predicted class, pixels, share of the mask's class.
        side: Pixels of a cell's side.
        font: Pixels of the labels' font.
        margin: Pixels that the labels take.
        numbers: Whether cells have room for a number.
    """

    protocols: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]
    left_out: int
    cells: tuple[Cell, ...]
    confusions: tuple[tuple[str, str, int, float], ...]
    side: int
    font: int
    margin: int
    numbers: bool


def class_name(names: Sequence[str], class_id: int) -> str:
    """Name of a class, or its number where none is known."""
    return names[class_id] if class_id < len(names) else str(class_id)


def class_value(scores: Plain, class_id: int) -> float | None:
    """IoU of a class; None where it never occurs, also under a protocol that counts this as 0.

    Args:
        scores: A protocol's, as `Scores.to_json` gives them.
        class_id: The class.
    """
    confusion = scores["confusion"]
    if confusion and not (any(confusion[class_id]) or any(row[class_id] for row in confusion)):
        return None
    value: float | None = scores["class-iou"][class_id]
    return value


def bars(scores: Plain, names: Sequence[str]) -> list[Bar]:
    """The classes of a protocol in order of their ids."""
    ids = range(len(scores["class-iou"]))
    return [Bar(one, class_name(names, one), class_value(scores, one)) for one in ids]


def matrices(protocols: Mapping[str, Plain], names: Sequence[str]) -> list[Matrix]:
    """The confusion matrices that protocols have; what several share is drawn once."""
    found: list[tuple[list[str], Any]] = []
    for name, scores in protocols.items():
        confusion = scores["confusion"]
        if confusion is None:
            continue
        if same := next((holders for holders, other in found if other == confusion), None):
            same.append(name)
        else:
            found.append(([name], confusion))
    return [_matrix(tuple(holders), confusion, names) for holders, confusion in found]


def _matrix(protocols: tuple[str, ...], confusion: Sequence[Sequence[int]], names: Sequence[str]) -> Matrix:
    predicted = [sum(column) for column in zip(*confusion, strict=True)]
    shown = [one for one, row in enumerate(confusion) if predicted[one] or any(row)]
    labels = [f"{one} {class_name(names, one)}" for one in shown]
    short = [label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…" for label in labels]
    cells, mistakes = [], []
    for row, truth in enumerate(shown):
        total = sum(confusion[truth])
        for column, found in enumerate(shown):
            if count := confusion[truth][found]:
                share = count / total
                one, other = class_name(names, truth), class_name(names, found)
                verb = "found as" if truth == found else "taken for"
                text = f"{one} {verb} {other}: {count:,} of {total:,} pixels, {share:.1%}"
                cells.append(Cell(row, column, share, text))
                if truth != found:
                    mistakes.append((one, other, count, share))
    mistakes.sort(key=lambda mistake: -mistake[2])
    side, font = next((side, font) for most, side, font in _SIZES if len(shown) <= most)
    return Matrix(
        protocols,
        tuple(zip(labels, short, strict=True)),
        len(confusion) - len(shown),
        tuple(cells),
        tuple(mistakes[:_MOST_CONFUSIONS]),
        side,
        font,
        round(max(map(len, short), default=0) * font * _LETTER) + 12,
        len(shown) <= _WITH_NUMBERS,
    )
