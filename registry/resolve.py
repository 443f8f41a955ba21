"""Which variant a request means, and why not the others. Pure: values in, a verdict out.

Filter by what the target supports and by the constraints; order by support (measured > declared >
compatible), then by the preference; take the first whose bytes can be verified. What is for bring-up only
comes last, whatever its figures. Every candidate keeps the one reason that it lost.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from registry import figures
from registry.card import Variant
from registry.constraints import Constraints
from registry.figures import Conditions
from registry.support import Support, support_of
from registry.target import Target
from registry.units import format_bytes
from registry.violation import figure_on, violation


@dataclass(frozen=True)
class Candidate:
    """One variant and its fate.

    Attributes:
        variant: The variant.
        support: What the target makes of it; None without a target.
        value: The figure that the preference looks at, in its own unit; None when unknown.
        reason: Why it was not chosen; empty for the chosen one.
        eligible: Whether the target and the constraints allow it.
    """

    variant: Variant
    support: Support | None
    value: float | None
    reason: str
    eligible: bool


@dataclass(frozen=True)
class Resolution:
    """The verdict.

    Attributes:
        chosen: The variant to pull, or None.
        candidates: All candidates: the eligible ones in order of preference, then the rest by name.
        unpinned: Whether an unpinned variant would have been chosen, had it been allowed.
        compared: What accuracies were compared under, when the preference is accuracy.
    """

    chosen: Variant | None
    candidates: tuple[Candidate, ...]
    unpinned: bool
    compared: Conditions | None

    @property
    def passed_over(self) -> tuple[Candidate, ...]:
        """Candidates that come before the chosen one in order, but whose bytes nobody can verify or get."""
        eligible = [candidate for candidate in self.candidates if candidate.eligible]
        return tuple(itertools.takewhile(lambda candidate: candidate.variant is not self.chosen, eligible))


def resolve(
    variants: Iterable[Variant],
    target: Target | None,
    constraints: Constraints,
    prefer: str,
    *,
    allow_unpinned: bool = False,
    held: Collection[str] = (),
) -> Resolution:
    """Choose one of several variants.

    Args:
        variants: Everything that the name may mean.
        target: What it has to run on, or None for anywhere.
        constraints: What it must satisfy.
        prefer: `accuracy`, `latency`, `ram`, `flash` or `size`.
        allow_unpinned: Whether a variant without digests may be chosen.
        held: Full names of variants made by a recipe whose files are here already.
    """
    can = _Can(allow_unpinned, frozenset(held))
    judged = [_judge(variant, target, constraints) for variant in sorted(variants, key=lambda item: item.full_name)]
    eligible = [candidate for candidate in judged if candidate.eligible]
    serious, toys = ([item for item in eligible if item.variant.bring_up is toy] for toy in (False, True))
    conditions = {toy: _conditions(group, constraints, prefer) for toy, group in ((False, serious), (True, toys))}
    compared = conditions[not serious]
    preferences = {toy: _preference(prefer, target, found) for toy, found in conditions.items()}
    valued = [_valued(candidate, preferences[candidate.variant.bring_up]) for candidate in eligible]
    ordered = sorted(valued, key=lambda candidate: _order(candidate, prefer))

    pullable = [item for item in ordered if can.obstacle(item.variant) is None]
    chosen = pullable[0] if pullable else None
    fates = [_fate(candidate, chosen, prefer, can, compared) for candidate in ordered]
    rest = [candidate for candidate in judged if not candidate.eligible]
    obtainable = [item for item in ordered if _Can(True, can.held).obstacle(item.variant) is None]
    return Resolution(
        chosen=chosen.variant if chosen else None,
        candidates=(*fates, *rest),
        unpinned=bool(obtainable) and not pullable,
        compared=compared,
    )


def _judge(variant: Variant, target: Target | None, constraints: Constraints) -> Candidate:
    support = support_of(variant, target) if target else None
    refused = support.reason if support else ""
    reason = refused or violation(variant, constraints, target) or ""
    return Candidate(variant, support, None, reason, eligible=not reason)


def _conditions(eligible: list[Candidate], constraints: Constraints, prefer: str) -> Conditions | None:
    return _common_conditions(eligible, constraints) if prefer == "accuracy" else None


def _common_conditions(eligible: list[Candidate], constraints: Constraints) -> Conditions | None:
    """Conditions that most candidates have an accuracy under: only there can they be ordered."""
    counts = Counter(
        key
        for candidate in eligible
        for key in figures.own_metrics(candidate.variant)
        if key.metric == figures.ACCURACY and constraints.dataset in (None, key.dataset)
    )
    # the best supported candidates decide, so that a crowd elsewhere does not drown what was measured here
    best = min((candidate.support.rank[0] for candidate in eligible if candidate.support), default=None)
    for candidate in eligible:
        if candidate.support and candidate.support.rank[0] == best:
            counts.update({key: len(eligible) for key in figures.own_metrics(candidate.variant) if key in counts})
    return min(counts, key=lambda key: (-counts[key], key.rank), default=None)


def _preference(
    prefer: str, target: Target | None, compared: Conditions | None
) -> Callable[[Variant], float | None]:
    if prefer == "accuracy":
        return lambda variant: figures.own_metrics(variant).get(compared) if compared else None
    if prefer == "size":
        return figures.size_bytes
    figure = {"latency": figures.latency_ms, "ram": figures.ram_bytes, "flash": figures.flash_bytes}[prefer]
    return lambda variant: figure_on(variant, target, figure)


def _valued(candidate: Candidate, figure: Callable[[Variant], float | None]) -> Candidate:
    return Candidate(candidate.variant, candidate.support, figure(candidate.variant), "", eligible=True)


def _order(candidate: Candidate, prefer: str) -> tuple[object, ...]:
    """What is for deployment first, then support, the preferred figure, the smaller file, the name."""
    value, size = candidate.value, figures.size_bytes(candidate.variant)
    level, engine = candidate.support.rank if candidate.support else (0, 0)
    signed = 0.0 if value is None else -value if prefer == "accuracy" else value
    return (
        candidate.variant.bring_up,
        level,
        value is None,
        signed,
        engine,
        candidate.variant.availability != "available",
        size is None,
        size or 0,
        candidate.variant.full_name,
    )


@dataclass(frozen=True)
class _Can:
    """What may be pulled at all.

    Attributes:
        unpinned: Whether variants without digests may be.
        held: Full names of variants made by a recipe whose files are here.
    """

    unpinned: bool
    held: frozenset[str]

    def obstacle(self, variant: Variant) -> str | None:
        """Why a variant cannot be pulled, or None."""
        if variant.availability == "reference-only":
            return "listed by its publisher for reference only"
        if variant.made_here and variant.full_name not in self.held:
            return f"made here from its parent, not fetched: `zoo build {variant.full_name}`"
        addressed = all(any(source.kind == "file" for source in file.sources) for file in variant.files)
        if not variant.pinned and not (variant.files and addressed):
            return (
                "its publisher marks it unavailable"
                if variant.availability != "available"
                else "no address gives its file"
            )
        if not variant.pinned and not self.unpinned:
            return "unpinned: no digest to verify the bytes by"
        return None


def _fate(
    candidate: Candidate,
    chosen: Candidate | None,
    prefer: str,
    can: _Can,
    compared: Conditions | None,
) -> Candidate:
    if chosen is not None and candidate.variant is chosen.variant:
        return candidate
    reason = can.obstacle(candidate.variant) or _behind(candidate, chosen, prefer, compared)
    return Candidate(candidate.variant, candidate.support, candidate.value, reason, eligible=True)


def _behind(candidate: Candidate, chosen: Candidate | None, prefer: str, compared: Conditions | None) -> str:
    """Why the chosen one came before a candidate that could have been pulled."""
    if chosen is None:  # cannot happen: something pullable would have been chosen
        return "not chosen"
    winner = chosen.variant.full_name
    if candidate.variant.bring_up != chosen.variant.bring_up:
        return f"for bring-up and tests only; {winner} is for deployment"
    mine, best = candidate.support, chosen.support
    if mine and best and mine.level != best.level:
        return f"{mine.level} support; {winner} is {best.level}"
    return _behind_by_figures(candidate, chosen, prefer, compared)


def _behind_by_figures(candidate: Candidate, chosen: Candidate, prefer: str, compared: Conditions | None) -> str:
    """The same of two that are equally well supported."""
    winner = chosen.variant.full_name
    mine, best = candidate.support, chosen.support
    if candidate.value is None and chosen.value is not None:
        where = f" ({compared})" if compared else ""
        return f"{prefer} unknown{where}; that of {winner} is known"
    if candidate.value is not None and candidate.value != chosen.value:
        return f"{prefer} {_shown(prefer, candidate.value)}; {winner} has {_shown(prefer, chosen.value)}"
    if mine and best and mine.engine != best.engine:
        return f"runs on the {mine.engine}; {winner} runs on the {best.engine}"
    if candidate.variant.availability != chosen.variant.availability:
        return f"marked {candidate.variant.availability}; {winner} is {chosen.variant.availability}"
    one, other = figures.size_bytes(candidate.variant), figures.size_bytes(chosen.variant)
    if one != other:
        return f"{prefer} does not tell them apart; {format_bytes(one)}, and {winner} has {format_bytes(other)}"
    return f"equal to {winner}, which comes first by name"


def shown_value(prefer: str, candidate: Candidate) -> str:
    """The figure that the preference looks at, for people; `?` when unknown."""
    return _shown(prefer, candidate.value)


def _shown(prefer: str, value: float | None) -> str:
    if value is None:
        return "?"
    if prefer == "accuracy":
        return f"{value:.2%}"
    return f"{value:g} ms" if prefer == "latency" else format_bytes(value)
