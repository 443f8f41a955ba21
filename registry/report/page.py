"""The page: plain data of an evaluation through a template that escapes all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from registry.drawing import voc_colour
from registry.errors import UnavailableError
from registry.report import charts
from registry.report.pictures import MISTAKES, Exhibit
from registry.resources import packaged
from registry.samples.pictures import VOID

_TEMPLATE = "page.html.j2"
_CHART_OF = "voc"

MEANINGS = {
    "voc": "One confusion matrix over all images at the masks' own size, void left out;"
    " the mean is over the classes that occur in a mask or a prediction, background included.",
    "st-present-classes": "At the network's size, void counted as background; the IoU of each class in an image's"
    " mask, pooled over all images and averaged.",
    "per-image": "The IoU of the classes in an image's mask or prediction, averaged within the image,"
    " then over the images; void left out.",
    "ti-global": "The matrix of voc; a class that never occurs counts as IoU 0 in the mean.",
}
"""What each protocol is, in a sentence."""


def require_template_engine() -> None:
    """See that Jinja2 is installed; asked before the work.

    Raises:
        UnavailableError: It is not.
    """
    try:
        import jinja2  # noqa: F401 - whether it is there
    except ImportError:
        raise UnavailableError(
            "Jinja2 is not installed, so no report can be made", hint="pip install 'edge-model-zoo[eval]'"
        ) from None


def render(document: Mapping[str, Any], names: Sequence[str], exhibits: Sequence[Exhibit]) -> str:
    """The page of an evaluation; the same input gives the same page.

    Args:
        document: The evaluation as plain data, with the judgements of a check in `check`, or None there.
        names: Names of the dataset's classes by id.
        exhibits: Images to show, the worst first.

    Returns:
        HTML that refers to nothing outside itself.

    Raises:
        UnavailableError: Jinja2 is not installed.
    """
    require_template_engine()
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(packaged("report")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(share=_share, colour=_colour)
    protocols = document["protocols"]
    chart = _CHART_OF if _CHART_OF in protocols else next(iter(protocols))
    return environment.get_template(_TEMPLATE).render(
        title=document["variant"] or f"sha256:{document['artifact']}",
        one=document,
        meanings=MEANINGS,
        chart=chart,
        bars=charts.bars(protocols[chart], names),
        matrices=charts.matrices(protocols, names),
        exhibits=exhibits,
        mistakes=[f"rgb{colour}" for colour in MISTAKES],
        class_name=lambda one: "void" if one == VOID else charts.class_name(names, one),
    )


def _visible(value: Any) -> Any:
    """Text without control characters and without those that turn the direction of what follows."""
    if type(value) is not str or value.isprintable():
        return value
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in value)


def _share(value: float | None) -> str:
    return "none" if value is None else f"{value:.2%}"


def _colour(class_id: int) -> str:
    return f"rgb{voc_colour(class_id)}"
