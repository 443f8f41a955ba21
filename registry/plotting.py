"""A figure of matplotlib without any screen: what every chart of this library begins with."""

from __future__ import annotations

from typing import Any

from registry.errors import UnavailableError


def new_figure(width: float, height: float) -> Any:
    """An empty figure, sizes in inches, that is drawn into memory.

    Raises:
        UnavailableError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ModuleNotFoundError as missing:
        raise UnavailableError(
            "a chart needs matplotlib, which is not installed", hint="pip install 'edge-model-zoo[plot]'"
        ) from missing
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure
