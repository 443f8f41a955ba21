"""Does a model fit a target? The verdict with its reasons in words and numbers; pure, from the file's own graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from packaging.version import InvalidVersion, Version

from registry import figures
from registry.capacity import Placement, place
from registry.card import Variant
from registry.facts import Facts
from registry.footprint import Footprint
from registry.target import Rule, Target
from registry.units import format_bytes

Verdict = Literal["yes", "no", "unknown"]


@dataclass(frozen=True)
class Memory:
    """Memory that the model needs on the target.

    Attributes:
        ram: Bytes of activations.
        flash: Bytes of weights.
        source: `published` for the card's figures on this target, `estimated` from the graph.
        least, most: Bounds of the activations in bytes; equal to `ram` for a published figure.
    """

    ram: int
    flash: int
    source: str
    least: int
    most: int


@dataclass(frozen=True)
class Fit:
    """The verdict for one target.

    Attributes:
        target: Its name.
        verdict: `yes`, `no`, or `unknown` where the target's card does not say enough.
        engine: The fastest engine that takes the file; None when the toolchain refuses it.
        reasons: What rules it out, or what is not known.
        notes: What a user should know all the same: spills, what runs elsewhere, what a faster engine refuses.
        memory: What it needs.
        placement: Where that would lie.
    """

    target: str
    verdict: Verdict
    engine: str | None
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    memory: Memory
    placement: Placement


def fit(facts: Facts, footprint: Footprint, target: Target, variant: Variant | None = None) -> Fit:
    """Judge a model on a target.

    Args:
        facts: What the file says.
        footprint: What its graph needs.
        target: Where it should run.
        variant: The variant that the file belongs to; its published figures on the target go before estimates.
    """
    scheme = facts.scheme
    words = (facts.graph.format, scheme.scheme, scheme.granularity, scheme.representation)
    engine = target.engine_for(*words)
    reasons, notes = [], []
    if engine is None:
        reasons.append(f"{target.name} takes no {describe(words)} file")
        notes += [f"{one}: {why}" for one, why in _refusals(target, words, target.engines)]
    else:
        faster = target.engines[: target.engines.index(engine)] if engine in target.engines else ()
        notes += [f"runs on the {engine}, not on the {one}: {why}" for one, why in _refusals(target, words, faster)]
    reasons += _special_operators(facts)
    reasons += _too_new(facts, target)
    memory = _memory(footprint, target, variant)
    placement = place(target, memory.ram, memory.flash)
    if placement.fits is False:
        reasons.append(f"{placement.reason} ({memory.source})")
    if engine is not None:
        notes += _memory_notes(target, memory, placement)
    unknown = [placement.reason] if placement.fits is None and not reasons else []
    verdict: Verdict = "no" if reasons else "unknown" if unknown else "yes"
    return Fit(target.name, verdict, engine, tuple(reasons + unknown), tuple(notes), memory, placement)


def describe(words: Iterable[str]) -> str:
    """Format and quantization in words, such as `onnx int8 per-channel qdq`."""
    return " ".join(dict.fromkeys(word for word in words if word not in ("none", "unknown"))) or "unknown"


def _refusals(
    target: Target, words: tuple[str, str, str, str], engines: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """Why engines do not take a file: by the rule of each that comes nearest."""
    for engine in engines:
        rules = [rule for rule in target.rules if rule.engine == engine]
        if not rules:
            continue
        wrong = min((_mismatches(rule, words) for rule in rules), key=len)
        yield engine, "; ".join(wrong)


def _mismatches(rule: Rule, words: tuple[str, str, str, str]) -> list[str]:
    """What a rule does not take; the granularity of another scheme says nothing."""
    allowed = (rule.formats, rule.schemes, rule.granularities, rule.representations)
    wrong = [
        f"it takes {' or '.join(options)}, found {word}"
        for options, word in zip(allowed, words, strict=True)
        if options and word not in options
    ]
    return wrong[:1] if words[1] not in rule.schemes else wrong


def _special_operators(facts: Facts) -> list[str]:
    """Operators that no toolchain has by itself."""
    names = dict.fromkeys(one.native for one in facts.graph.operators if one.custom)
    return [f"operators that only special code can run: {', '.join(names)}"] if names else []


def _too_new(facts: Facts, target: Target) -> Iterator[str]:
    """A TFLite file states the oldest runtime that has all its operators' versions."""
    needed = facts.graph.metadata.get("min_runtime_version", "")
    for tool in target.document.get("toolchain", ()):
        if tool["name"] != "TensorFlow Lite" or not needed:
            continue
        try:
            if Version(tool.get("version", "")) < Version(needed):
                yield f"it needs TensorFlow Lite {needed} or later, {target.name} has {tool['version']}"
        except InvalidVersion:
            continue


def _memory(footprint: Footprint, target: Target, variant: Variant | None) -> Memory:
    estimated = Memory(
        footprint.estimate_bytes,
        footprint.weights_bytes,
        "estimated",
        footprint.lower_bytes,
        footprint.upper_bytes,
    )
    if variant is None:
        return estimated
    ram, flash = figures.ram_bytes(variant, target.name), figures.flash_bytes(variant, target.name)
    if ram is None:
        return estimated
    known = footprint.weights_bytes if flash is None else round(flash)
    return Memory(round(ram), known, "published", round(ram), round(ram))


def _memory_notes(target: Target, memory: Memory, placement: Placement) -> Iterator[str]:
    if placement.spill:
        inside = sum(size for pool, size in placement.used if pool.kind == "internal-ram")
        yield (
            f"{format_bytes(placement.spill)} of the activations spill into external RAM, which is slower;"
            f" {format_bytes(inside)} are internal"
        )
    if placement.fits and place(target, memory.most, memory.flash).fits is False:
        yield f"by the upper bound of {format_bytes(memory.most)} it would not fit: the compiler decides"
    if placement.fits is False and place(target, memory.least, memory.flash).fits:
        yield f"by the lower bound of {format_bytes(memory.least)} it would fit: a better compiler might do it"
