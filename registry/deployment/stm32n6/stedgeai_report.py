"""The report of `stedgeai generate` for the NPU of STM32N6, read back into numbers.

Its form is the one that ST shows in "Getting started - How to evaluate a model on STM32N6 development board"
(section "Outputs of the generate command", ST Edge AI Core 3.0 and 4.0, said to be subject to changes): a summary
of `name : value`, a line for each memory pool, and the number of epochs, the steps that the NPU or the CPU runs. kB
and MB are powers of 1024 there: 4,060 B stand as 3.965 kB.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from registry.deployment.base import Reading
from registry.errors import RejectedError

TOOL = "stedgeai"

_UNITS = {"B": 1, "kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
_AMOUNT = r"(\d{1,12}(?:\.\d{1,6})?) {1,20}(B|kB|MB|GB)\b"
_POOL = re.compile(
    rf"^[ \t]*(?P<name>\w{{1,40}})[ \t]{{1,40}}\[0x[0-9A-Fa-f]{{1,16}} - 0x[0-9A-Fa-f]{{1,16}}\]: {{1,20}}{_AMOUNT}"
    rf"[^-\n]{{0,200}}-- weights: {{1,20}}{_AMOUNT}[^\n]{{0,80}}?activations: {{1,20}}{_AMOUNT}",
    re.MULTILINE,
)
_SUMMARY = {
    "weights": re.compile(r"^ *weights \(ro\) {0,20}: {0,20}([\d,]{1,20}) B\b", re.MULTILINE),
    "activations": re.compile(r"^ *activations \(rw\) {0,20}: {0,20}([\d,]{1,20}) B\b", re.MULTILINE),
}
_MACC = re.compile(r"^ *macc {0,20}: {0,20}([\d,]{1,20})", re.MULTILINE)
_EPOCHS = {
    "epochs": re.compile(r"^ *Total number of epochs:? {1,60}(\d{1,9})", re.MULTILINE),
    "software-epochs": re.compile(r"^ *>> pure software \(SW\) epochs {1,60}(\d{1,9})", re.MULTILINE),
    "hybrid-epochs": re.compile(r"^ *>> hybrid epochs(?: \([^)\n]{1,60}\))? {1,60}(\d{1,9})", re.MULTILINE),
    "hardware-epochs": re.compile(r"^ *>> pure hardware \(HW or EC\) epochs {1,60}(\d{1,9})", re.MULTILINE),
}
_SOFTWARE_BEFORE_3 = re.compile(r"Total number of epochs: {1,60}\d{1,9} of which (\d{1,9}) implemented in software")
_VERSION = re.compile(r"ST Edge AI Core v(\d[\w.+-]{0,40})")
_QUANTIZATION = re.compile(
    r"^ *(input|output) 1/1 {0,20}: [^\n]{0,200}QLinear\((\d{1,6}\.\d{1,12}),(-?\d{1,4}),(u?int8)\)", re.MULTILINE
)
_MOST_POOLS = 64
_LONGEST_LINE = 400


@dataclass(frozen=True)
class Used:
    """What lies in a memory pool, bytes."""

    name: str
    weights: int
    activations: int
    text: str


@dataclass(frozen=True)
class Stored:
    """How the compiled network stores its input or output: real = scale * (stored - zero point)."""

    dtype: str
    scale: float
    zero_point: int


def stored_by(text: str) -> dict[str, Stored]:
    """What the report says of a single `input` and a single `output` of 8 bits."""
    said = _QUANTIZATION.finditer(_sensible(text))
    return {found[1]: Stored(found[4], float(found[2]), int(found[3])) for found in said}


def version_of(text: str) -> str | None:
    """The version that the tool says of itself."""
    found = _VERSION.search(text)
    return found[1] if found else None


def readings(text: str, kinds: Mapping[str, str]) -> tuple[Reading, ...]:
    """Numbers of a report: memory as cards name it, memory by pool, work, and epochs.

    Args:
        text: The report, or what the tool printed.
        kinds: Kind of each memory pool by name, as on the target card.

    Raises:
        RejectedError: Nothing in it is a line of such a report.
    """
    text = _sensible(text)
    pools = list(_pools(text))
    found = [*_by_kind(pools, kinds), *_by_pool(pools), *_summary(text), *_epochs(text)]
    if not found:
        raise RejectedError(
            f"{TOOL}: expected memory pools or epochs in its report, found neither",
            hint="its form may have changed; the report itself is in the package",
        )
    return tuple(found)


def _sensible(text: str) -> str:
    """The lines that may be a report's: an endless one would keep the patterns busy for as long."""
    return "\n".join(line for line in text.splitlines() if len(line) <= _LONGEST_LINE)


def _pools(text: str) -> Iterator[Used]:
    for found in itertools.islice(_POOL.finditer(text), _MOST_POOLS):
        weights, activations = _bytes(found[4], found[5]), _bytes(found[6], found[7])
        yield Used(found["name"], weights, activations, " ".join(found[0].split()))


def _bytes(number: str, unit: str) -> int:
    return round(float(number) * _UNITS[unit])


def _by_kind(pools: list[Used], kinds: Mapping[str, str]) -> Iterator[Reading]:
    """Footprints as cards name them."""
    if not pools:
        return
    for name, kind in (("internal-ram", "internal-ram"), ("external-ram", "external-ram")):
        ours = [pool for pool in pools if kinds.get(pool.name) == kind]
        words = ", ".join(pool.text for pool in ours if pool.activations) or "0 B in every pool of the kind"
        yield Reading(name, sum(pool.activations for pool in ours), "bytes", words, TOOL)
    flash = [pool for pool in pools if kinds.get(pool.name, "").endswith("flash")]
    words = ", ".join(pool.text for pool in flash if pool.weights) or "0 B in flash"
    yield Reading("weights-flash", sum(pool.weights for pool in flash), "bytes", words, TOOL)


def _by_pool(pools: list[Used]) -> Iterator[Reading]:
    for pool in pools:
        if pool.weights or pool.activations:
            yield Reading(pool.name, pool.weights + pool.activations, "bytes", pool.text, TOOL)


def _summary(text: str) -> Iterator[Reading]:
    for name, pattern in _SUMMARY.items():
        if (found := pattern.search(text)) and (number := _whole(found[1])) is not None:
            yield Reading(name, number, "bytes", found[0].strip(), TOOL)
    # ST's own example reports 0 for a network that computes: it is not counted for the NPU
    if (found := _MACC.search(text)) and (number := _whole(found[1])):
        yield Reading("macs", number, "operations", found[0].strip(), TOOL)


def _epochs(text: str) -> Iterator[Reading]:
    for name, pattern in _EPOCHS.items():
        if found := pattern.search(text):
            yield Reading(name, int(found[1]), "epochs", found[0].strip(), TOOL)
    if found := _SOFTWARE_BEFORE_3.search(text):
        yield Reading("software-epochs", int(found[1]), "epochs", found[0], TOOL)


def _whole(text: str) -> int | None:
    digits = text.replace(",", "")
    return int(digits) if digits else None
