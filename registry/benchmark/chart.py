"""A picture of accuracy against latency, the Pareto front marked."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from registry.benchmark.comparison import Comparison
from registry.errors import RequestError
from registry.files import write_atomically
from registry.plotting import new_figure

FORMATS = (".png", ".svg")

_FRONT, _BEHIND = "#0b6e4f", "#8a8f98"
_WIDE_RANGE = 12
"""From this ratio of slowest to fastest on, a linear axis would press the fast ones together."""
_DISTANCES = (7, 14, 24, 36, 50)
_DIRECTIONS = ((1, 0), (1, 1), (1, -1), (0, 1), (0, -1), (-1, 1), (-1, -1), (-1, 0))
_FONT = 8
_LONGEST = 40


def chart(comparison: Comparison, path: Path) -> None:
    """Write a picture of a comparison.

    Args:
        comparison: With at least one row.
        path: Ends in `.png` or `.svg`.

    Raises:
        RequestError: Another ending, or a folder that cannot be written.
        UnavailableError: matplotlib is not installed.
    """
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise RequestError(f"{path}: expected a name that ends in .png or .svg", hint="give the chart such a name")
    figure = new_figure(9, 5.6)
    from matplotlib import rc_context

    # names may hold `$`, which is no formula; the same comparison gives the same SVG
    with rc_context({"text.parse_math": False, "svg.hashsalt": "zoo", "svg.fonttype": "none"}):
        axes = figure.subplots()
        _draw(axes, comparison)
        figure.supxlabel("\n".join(comparison.sources), fontsize=7, color="#555555", x=0.01, ha="left")
        figure.canvas.draw()
        _label(axes, comparison)
        picture = BytesIO()
        figure.savefig(picture, dpi=150, format=ending[1:], metadata={"Date": None} if ending == ".svg" else None)
    try:
        write_atomically(path, picture.getvalue())
    except OSError as problem:
        raise RequestError(
            f"{path}: cannot be written: {problem.strerror}", hint="name a folder that can be written to"
        ) from problem


def _draw(axes: Any, comparison: Comparison) -> None:
    """Points, the front as steps, and the axes."""
    best = [row for row in comparison.rows if row.on_front]
    others = [row for row in comparison.rows if not row.on_front]
    times = [row.milliseconds for row in comparison.rows]
    front = ([row.milliseconds for row in best], [100 * row.accuracy for row in best])
    axes.set_xscale("log" if max(times) > _WIDE_RANGE * min(times) else "linear")
    axes.margins(x=0.12, y=0.12)
    # between two points of the front the best that so much time buys is what the faster one gives
    axes.step(*front, where="post", color=_FRONT, linewidth=1.4, alpha=0.7, zorder=2)
    axes.scatter(*front, s=46, color=_FRONT, zorder=3, label="Pareto front: nothing is faster and as accurate")
    axes.scatter(
        [row.milliseconds for row in others],
        [100 * row.accuracy for row in others],
        s=42,
        facecolors="white",
        edgecolors=_BEHIND,
        linewidths=1.5,
        zorder=3,
        label="another is faster and as accurate" if others else None,
    )
    conditions = comparison.conditions
    axes.set_xlabel(f"latency on {comparison.target}, ms (less is better)")
    axes.set_ylabel(f"{conditions.metric}, % (more is better)")
    axes.set_title(
        f"Accuracy against latency on {comparison.target}\n"
        f"{conditions.dataset}, split {conditions.split}, protocol {conditions.protocol}",
        fontsize=11,
    )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(_plain)
        axis.set_minor_formatter(_plain_few if axis is axes.xaxis else _nothing)
    axes.grid(alpha=0.25, zorder=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(which="both", length=4)
    axes.figure.legend(loc="outside lower right", ncols=2, fontsize=8, frameon=False)


def _plain(value: float, _place: int | None = None) -> str:
    return f"{value:g}"


def _plain_few(value: float, _place: int | None = None) -> str:
    """Of the minor ticks of a logarithmic axis only 2 and 5 have room for a number."""
    digit = value / 10 ** math.floor(math.log10(value)) if value > 0 else 0
    return f"{value:g}" if round(digit, 6) in (2, 5) else ""


def _nothing(_value: float, _place: int | None = None) -> str:
    return ""


Box = tuple[float, float, float, float]
"""Left, low, right and high side, pixels."""


def _label(axes: Any, comparison: Comparison) -> None:
    """Name each point beside it, where that hides neither a point nor another name, as far as there is room."""
    renderer = axes.figure.canvas.get_renderer()
    rows = comparison.rows
    places = axes.transData.transform([(row.milliseconds, 100 * row.accuracy) for row in rows]).tolist()
    taken: list[Box] = [(x - 5, y - 5, x + 5, y + 5) for x, y in places]
    taken += _steps([place for place, row in zip(places, rows, strict=True) if row.on_front])
    inside = axes.get_window_extent(renderer).extents.tolist()
    for row, place, name in zip(rows, places, _names([row.variant.full_name for row in rows]), strict=True):
        text = axes.annotate(
            name,
            (row.milliseconds, 100 * row.accuracy),
            (0, 0),
            textcoords="offset points",
            fontsize=_FONT,
            color=_FRONT if row.on_front else "#555b63",
            zorder=4,
        )
        width, height = text.get_window_extent(renderer).size.tolist()
        scale = axes.figure.dpi / 72
        box, offset = _best(place, width, height, scale, taken, inside)
        taken.append(box)
        text.xyann = offset
        text.set_horizontalalignment(_aligned(offset[0], "left", "center", "right"))
        text.set_verticalalignment(_aligned(offset[1], "bottom", "center", "top"))


def _steps(front: Sequence[Sequence[float]]) -> Iterator[Box]:
    """What the line through the front covers; it comes by its points in order of time, pixels."""
    for (x, y), (next_x, next_y) in itertools.pairwise(front):
        yield x, y - 1, next_x, y + 1
        yield next_x - 1, y, next_x + 1, next_y


def _best(
    place: Sequence[float], width: float, height: float, scale: float, taken: Sequence[Box], inside: Box
) -> tuple[Box, tuple[float, float]]:
    """The nearest of the least crowded places of a name: what it covers there, and its offset in points.

    Args:
        place: Of its point, pixels.
        width: Of the name, pixels.
        height: Of the name, pixels.
        scale: Pixels of a point of type.
        taken: What lies there already.
        inside: Where names may be.
    """
    found = []
    for far, (x, y) in itertools.product(_DISTANCES, _DIRECTIONS):
        offset = (x * far, y * far)
        left = place[0] + offset[0] * scale - width * (1 - x) / 2
        low = place[1] + offset[1] * scale - height * (1 - y) / 2
        box = (left, low, left + width, low + height)
        hidden = sum(_shared(box, other) for other in taken) + width * height - _shared(box, inside)
        found.append((round(hidden), math.hypot(*offset), box, offset))
    _hidden, _far, box, offset = min(found, key=lambda one: one[:2])
    return box, offset


def _shared(one: Box, other: Box) -> float:
    """What two boxes cover both, square pixels."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0) * max(height, 0)


def _aligned(value: float, above: str, same: str, below: str) -> str:
    return above if value > 0 else below if value < 0 else same


def _names(full: Sequence[str]) -> list[str]:
    """Names without what all of them begin with, short and printable."""
    parts = [name.split("/") for name in full]
    skip = next((at for at in range(2) if len({part[at] for part in parts}) > 1), 2)
    shown = ["/".join(part[skip:]) for part in parts]
    return [name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…" for name in shown]
