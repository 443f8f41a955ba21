"""The options that say what a variant must satisfy, shared by `zoo list` and `zoo pull`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli import complete

if TYPE_CHECKING:
    from registry.constraints import Constraints

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--publisher", metavar="NAME", help="Who published it: st, nxp, ti, google."),
    click.option("--file-format", metavar="FORMAT", help="tflite, onnx, keras, keras-h5, ..."),
    click.option("--quantization", metavar="SCHEME", help="float32, int8, uint8, mixed, ..."),
    click.option("--granularity", metavar="KIND", help="per-tensor, per-channel, mixed or none."),
    click.option("--resolution", metavar="SIZE", help="Input size: 512, or 768x384 (width x height)."),
    click.option(
        "--dataset", metavar="NAME", shell_complete=complete.datasets, help="Trained or measured on this dataset."
    ),
    click.option("--classes", metavar="COUNT", help="Number of classes, background included."),
    click.option(
        "--licence",
        "--license",
        multiple=True,
        metavar="SPDX",
        help="Licence of the weights; repeat to allow several.",
    ),
    click.option(
        "--min-metric",
        multiple=True,
        metavar="NAME=VALUE",
        help="Least value, such as mean-iou=0.7 or mean-iou=70%.",
    ),
    click.option("--max-ram", metavar="SIZE", help="Most RAM on the target, such as 2.5MiB."),
    click.option("--max-flash", metavar="SIZE", help="Most flash for weights on the target."),
    click.option("--max-latency", metavar="TIME", help="Slowest inference on the target, such as 50ms."),
)
NAMES = (
    "publisher",
    "file_format",
    "quantization",
    "granularity",
    "resolution",
    "dataset",
    "classes",
    "licence",
    "min_metric",
    "max_ram",
    "max_flash",
    "max_latency",
)


def constraint_options(command: Command) -> Command:
    """Add the options to a command; `take` gathers their values."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def take(options: dict[str, Any]) -> dict[str, Any]:
    """Remove the constraints from a command's options: those that were given, as typed."""
    given = {name: options.pop(name) for name in NAMES}
    return {
        name.replace("_", "-"): list(value) if isinstance(value, tuple) else value
        for name, value in given.items()
        if value not in (None, ())
    }


def parse(typed: dict[str, Any]) -> Constraints:
    """Constraints from what was typed.

    Raises:
        RequestError: A value is of the wrong form.
    """
    from registry import units
    from registry.constraints import Constraints

    height, width = units.parse_resolution(typed["resolution"]) if "resolution" in typed else (None, None)
    return Constraints(
        publisher=typed.get("publisher"),
        format=typed.get("file-format"),
        scheme=typed.get("quantization"),
        granularity=typed.get("granularity"),
        height=height,
        width=width,
        dataset=typed.get("dataset"),
        classes=_count(typed["classes"]) if "classes" in typed else None,
        licences=tuple(typed.get("licence", ())),
        metrics=dict(_metric(text) for text in typed.get("min-metric", ())),
        max_ram=units.parse_bytes(typed["max-ram"]) if "max-ram" in typed else None,
        max_flash=units.parse_bytes(typed["max-flash"]) if "max-flash" in typed else None,
        max_latency=units.parse_milliseconds(typed["max-latency"]) if "max-latency" in typed else None,
    )


def require_words(given: dict[str, str | None]) -> None:
    """Refuse a word that no card could have, by the schema of cards.

    Raises:
        RequestError: The hint has the words there are.
    """
    from registry.catalog.names import near_or_all
    from registry.errors import RequestError
    from registry.schema import load_schema

    schema = load_schema("model-card")
    quantization = schema["$defs"]["quantization"]["properties"]
    allowed = {
        "file-format": schema["$defs"]["variant"]["properties"]["format"]["enum"],
        "quantization": quantization["scheme"]["enum"],
        "granularity": quantization["granularity"]["enum"],
        "task": schema["properties"]["task"]["enum"],
    }
    for name, word in given.items():
        if word is not None and word not in allowed[name]:
            raise RequestError(f"unknown {name} {word!r}", hint=near_or_all(word, allowed[name]))


def _metric(text: str) -> tuple[str, float]:
    from registry.errors import RequestError
    from registry.units import parse_fraction

    name, sign, value = text.partition("=")
    if not sign or name not in METRICS:
        raise RequestError(
            f"not a metric with its least value: {text!r}",
            hint=f"write NAME=VALUE; names are {', '.join(METRICS)}",
        )
    return name, parse_fraction(value)


METRICS = ("mean-iou", "pixel-accuracy", "mean-accuracy", "frequency-weighted-iou")


def _count(text: str) -> int:
    from registry.errors import RequestError

    if not (text.isascii() and text.isdecimal()) or len(text) > 9 or not int(text):
        raise RequestError(f"not a number of classes: {text!r}", hint="write a whole number such as 21")
    return int(text)
