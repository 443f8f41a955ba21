"""What a user asks of a variant."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Constraints(NamedTuple):
    """What a chosen variant must satisfy. None and empty allow anything; an unknown figure satisfies nothing.

    Attributes:
        metrics: Least values of metrics by name, fractions of 1.
        max_ram, max_flash: Bytes on the target.
        max_latency: Milliseconds on the target.
        licences: Allowed licences of the weights.
        classes: Exact number of classes.
        height, width: Exact input size in pixels.
    """

    publisher: str | None = None
    format: str | None = None
    scheme: str | None = None
    granularity: str | None = None
    height: int | None = None
    width: int | None = None
    dataset: str | None = None
    classes: int | None = None
    licences: tuple[str, ...] = ()
    metrics: Mapping[str, float] = MappingProxyType({})
    max_ram: float | None = None
    max_flash: float | None = None
    max_latency: float | None = None
