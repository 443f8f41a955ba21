"""Pictures of a run, as PNG: learning curves, what each layer loses when it is quantized, what each class loses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any

from registry.plotting import new_figure

_MOST_BARS = 40
"""Rows of a bar chart; the greatest are shown."""

_CURVES = {
    "loss": (("loss", "training"), ("val_loss", "validation")),
    "share": (("val_mean_iou", "mean IoU"), ("val_pixel_accuracy", "pixel accuracy")),
    "learning rate": (("learning_rate", ""),),
}
"""Panels by their axis: keys of an epoch's figures, and what to call them."""


def learning_curves(epochs: Sequence[Mapping[str, Any]]) -> bytes:
    """Loss, accuracy and learning rate over the epochs of a `training.json`.

    Raises:
        UnavailableError: matplotlib is not installed.
    """
    figure = new_figure(8.0, 8.0)
    for axes, (title, curves) in zip(figure.subplots(len(_CURVES), sharex=True), _CURVES.items(), strict=True):
        for key, label in curves:
            known = [(one["epoch"], one[key]) for one in epochs if one.get(key) is not None]
            if known:
                axes.plot(*zip(*known, strict=True), marker="." if len(known) < 80 else "", label=label or None)
        axes.set_ylabel(title)
        axes.grid(alpha=0.3)
        if axes.get_legend_handles_labels()[0]:
            axes.legend()
    figure.axes[-1].set_xlabel("epoch")
    return _png(figure)


def layer_losses(mixed: Mapping[str, Any]) -> bytes:
    """What each layer loses when it alone is quantized, greatest first, from `mixed` of a `quantization.json`.

    Raises:
        UnavailableError: matplotlib is not installed.
    """
    floats = set(mixed["float"])
    rows = sorted(((one["loss"], one["layer"]) for one in mixed["layers"]), reverse=True)[:_MOST_BARS]
    colours = ["tab:orange" if name in floats else "tab:blue" for _, name in rows]
    return _bars(
        [(_short(name), loss) for loss, name in rows],
        colours,
        "difference of the output when this layer alone is int8\norange: stays float",
    )


def class_losses(classes: Iterable[Mapping[str, Any]], protocol: str) -> bytes:
    """IoU that each class loses against the float parent, in points, from the gate of a `quantization.json`.

    Raises:
        UnavailableError: matplotlib is not installed.
    """
    rows = [(one["name"], 100 * one["loss"]) for one in classes if one.get("loss") is not None]
    colours = ["tab:orange" if loss > 0 else "tab:blue" for _, loss in rows]
    return _bars(rows, colours, f"points of IoU lost against the parent ({protocol})")


def _short(layer: str) -> str:
    """A layer's own name: converters join the names of all that they fuse by `;`, each a path of scopes."""
    scopes = layer.rpartition(";")[2].split("/")
    return scopes[1] if len(scopes) > 2 else scopes[-1]


def _bars(rows: Sequence[tuple[str, float]], colours: Sequence[str], title: str) -> bytes:
    figure = new_figure(8.0, 1.2 + 0.25 * max(1, len(rows)))
    axes = figure.subplots()
    places = range(len(rows))
    axes.barh(places, [value for _, value in rows], color=colours)
    axes.set_yticks(places, [name[-48:] for name, _ in rows], fontsize=8, parse_math=False)
    axes.invert_yaxis()
    axes.set_xlabel(title)
    return _png(figure)


def _png(figure: Any) -> bytes:
    data = BytesIO()
    figure.savefig(data, dpi=110, format="png", metadata={"Software": None})  # the same figures, the same bytes
    return data.getvalue()
