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
from registry.operators import placement_of, table_of
from registry.support import SEGMENTATION
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
    ignorant = [] if target.rules else [f"what the toolchain of {target.name} takes is not in our sources"]
    if engine is None and target.rules:
        reasons.append(f"{target.name} takes no {describe(words)} file")
        notes += [f"{one}: {why}" for one, why in _refusals(target, words, target.engines)]
    elif engine is not None:
        faster = target.engines[: target.engines.index(engine)] if engine in target.engines else ()
        notes += [f"runs on the {engine}, not on the {one}: {why}" for one, why in _refusals(target, words, faster)]
    if not target.segments and _segments(facts, variant):
        reasons.append(f"its vendor does not support {SEGMENTATION} on {target.name}")
    reasons += _special_operators(facts)
    reasons += _out_of_range(facts, target)
    notes += _elsewhere(facts, target, engine)
    memory = _memory(footprint, target, variant)
    placement = place(target, memory.ram, memory.flash)
    if placement.fits is False:
        reasons.append(f"{placement.reason} ({memory.source})")
    if engine is not None:
        notes += _memory_notes(target, memory, placement)
    unknown = [*ignorant, *([placement.reason] if placement.fits is None else [])] if not reasons else []
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
        nearest = min(rules, key=lambda rule: (words[0] not in rule.formats, len(_mismatches(rule, words))))
        wrong = _mismatches(nearest, words)
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


def _segments(facts: Facts, variant: Variant | None) -> bool:
    """Whether it is a segmentation network: by its card, else by its parts."""
    if variant is not None:
        return variant.task == SEGMENTATION
    return facts.structure.argmax or bool(facts.structure.branches)


def _special_operators(facts: Facts) -> list[str]:
    """Operators that no toolchain has by itself."""
    names = dict.fromkeys(one.native for one in facts.graph.operators if one.custom)
    return [f"operators that only special code can run: {', '.join(names)}"] if names else []


def _out_of_range(facts: Facts, target: Target) -> Iterator[str]:
    """Versions that the toolchain or runtime does not take, by the range that the target's card states."""
    needed = {
        "tflite-runtime": facts.graph.metadata.get("min_runtime_version", ""),
        "onnx-opset": str(facts.graph.versions.get("ai.onnx", "")),
    }
    words = {"tflite-runtime": "TensorFlow Lite", "onnx-opset": "ONNX opset"}
    for item in target.document.get("runtimes", ()):
        try:
            found = Version(needed.get(item["name"], ""))
            least = "least" in item and item["name"] == "onnx-opset" and found < Version(item["least"])
            if least or ("most" in item and found > Version(item["most"])):
                span = f"{item.get('least', '')} to {item.get('most', '')}".strip()
                yield f"it needs {words[item['name']]} {found}, {target.name} has {span}"
        except InvalidVersion:
            continue


def _elsewhere(facts: Facts, target: Target, engine: str | None) -> Iterator[str]:
    """Operators that the engine lacks, by type, and where they run instead."""
    card = next((one for one in target.document["engines"] if one["name"] == engine), None)
    table = table_of(card, facts.graph.format) if card else None
    if table is None:
        return
    lacking: dict[tuple[str, str], int] = {}
    for one in placement_of(facts.graph, table):
        lacking[one.native, one.reason] = lacking.get((one.native, one.reason), 0) + 1
    where = f"run on the {table.otherwise}" if table.otherwise else "run elsewhere, where is not stated"
    for (native, reason), count in lacking.items():
        yield f"{count} {native} {where}: {reason}"


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
    for board in dict.fromkeys(pool.board for pool, _size in placement.used if pool.board):
        names = ", ".join(pool.name for pool, _size in placement.used if pool.board == board)
        yield f"{names}: on {board} only"
    if placement.fits and place(target, memory.most, memory.flash).fits is False:
        yield f"by the upper bound of {format_bytes(memory.most)} it would not fit: the compiler decides"
    if placement.fits is False and place(target, memory.least, memory.flash).fits:
        yield f"by the lower bound of {format_bytes(memory.least)} it would fit: a better compiler might do it"
