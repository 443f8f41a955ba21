"""A picture of live bytes over the layers."""

from __future__ import annotations

from pathlib import Path

from registry.errors import RequestError
from registry.footprint.plan import Footprint
from registry.plotting import new_figure

KIBIBYTE = 1024


def chart(footprint: Footprint, path: Path) -> None:
    """Write a PNG of live and working bytes of each layer, the peak marked and the bounds as lines.

    Args:
        footprint: With at least one layer.
        path: Ends in `.png`.

    Raises:
        RequestError: No layers, another ending, or a folder that cannot be written.
        UnavailableError: matplotlib is not installed.
    """
    if path.suffix.lower() != ".png":
        raise RequestError(f"{path}: expected a name that ends in .png", hint="give the chart such a name")
    if footprint.peak is None:
        raise RequestError("nothing to draw: the model has no operators", hint="give a model with operators")
    figure = new_figure(10, 4)
    axes = figure.subplots()
    numbers = range(len(footprint.layers))
    live = [layer.live_bytes / KIBIBYTE for layer in footprint.layers]
    working = [layer.scratch_bytes / KIBIBYTE for layer in footprint.layers]
    axes.bar(numbers, live, width=0.9, label="tensors")
    axes.bar(numbers, working, width=0.9, bottom=live, label="working space")
    bounds = (("lower bound", footprint.lower_bytes, ":"), ("upper bound", footprint.upper_bytes, "--"))
    for name, value, style in bounds:
        axes.axhline(value / KIBIBYTE, linestyle=style, linewidth=1, color="grey", label=name)
    peak, place = footprint.peak, footprint.layers.index(footprint.peak)
    late = place > len(live) / 2  # the words go where there is room
    axes.annotate(
        f"peak: {peak.name[-40:]}, {peak.bytes / KIBIBYTE:.1f} KiB",
        (place, peak.bytes / KIBIBYTE),
        xytext=(-8 if late else 8, -14),
        textcoords="offset points",
        ha="right" if late else "left",
        fontsize=8,
    )
    axes.set(xlabel="layer, in order of execution", ylabel="KiB", title="Activation memory")
    figure.legend(loc="outside right upper")
    try:
        figure.savefig(path, dpi=120, format="png")
    except OSError as problem:
        raise RequestError(
            f"{path}: cannot be written: {problem.strerror}", hint="name a folder that exists and can be written to"
        ) from problem
