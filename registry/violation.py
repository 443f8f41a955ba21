"""The first thing that a user asked for and a variant does not satisfy, in words."""

from __future__ import annotations

from collections.abc import Callable

from registry import figures
from registry.card import Variant
from registry.constraints import Constraints
from registry.target import Target
from registry.units import format_bytes


def violation(variant: Variant, constraints: Constraints, target: Target | None) -> str | None:
    """The first constraint that a variant breaks, in words, or None."""
    exact: tuple[tuple[str, object, object], ...] = (
        ("publisher", constraints.publisher, variant.publisher),
        ("format", constraints.format, variant.format),
        ("quantization", constraints.scheme, variant.scheme),
        ("granularity", constraints.granularity, variant.granularity),
        ("input height", constraints.height, variant.height),
        ("input width", constraints.width, variant.width),
        ("number of classes", constraints.classes, variant.classes),
    )
    for name, wanted, found in exact:
        if wanted is not None and found != wanted:
            return f"{name} is {_known(found)}, asked for {wanted}"
    if constraints.dataset is not None and constraints.dataset not in variant.datasets:
        return f"not trained or measured on {constraints.dataset}"
    if constraints.licences and variant.weights_licence not in constraints.licences:
        return f"licence of the weights is {variant.weights_licence}, asked for {' or '.join(constraints.licences)}"
    return _metric_violation(variant, constraints) or _limit_violation(variant, constraints, target)


def _metric_violation(variant: Variant, constraints: Constraints) -> str | None:
    own = figures.own_metrics(variant)
    for name, least in constraints.metrics.items():
        values = [
            value for key, value in own.items() if key.metric == name and constraints.dataset in (None, key.dataset)
        ]
        if not values:
            return f"{name} of this file is unknown, asked for at least {least:g}"
        if max(values) < least:
            return f"{name} is {max(values):g}, asked for at least {least:g}"
    return None


def _limit_violation(variant: Variant, constraints: Constraints, target: Target | None) -> str | None:
    limits: tuple[tuple[str, float | None, Callable[[Variant, str], float | None], Callable[[float], str]], ...] = (
        ("RAM", constraints.max_ram, figures.ram_bytes, format_bytes),
        ("flash", constraints.max_flash, figures.flash_bytes, format_bytes),
        ("latency", constraints.max_latency, figures.latency_ms, lambda value: f"{value:g} ms"),
    )
    for name, most, figure, shown in limits:
        if most is None:
            continue
        value = figure_on(variant, target, figure)
        place = target.name if target else "any target"
        if value is None:
            return f"{name} on {place} is unknown, asked for at most {shown(most)}"
        if value > most:
            return f"{name} on {place} is {shown(value)}, asked for at most {shown(most)}"
    return None


def figure_on(
    variant: Variant, target: Target | None, figure: Callable[[Variant, str], float | None]
) -> float | None:
    """A figure on the target, or the best over all targets when none is given."""
    if target:
        return figure(variant, target.name)
    values = [value for name in variant.figure_targets if (value := figure(variant, name)) is not None]
    return min(values, default=None)


def _known(value: object) -> object:
    return "unknown" if value is None else value
