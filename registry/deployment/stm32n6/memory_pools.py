"""Memory pools for ST's NPU compiler, its profile, and what the memory plan places in them.

The form of `.mpool` and `user_neuralart.json` is the one that ST documents ("ST Neural-ART compiler primer", ST
Edge AI Core 2.2 and 3.0) and ships with its applications; sizes, and addresses where it states them, are the target
card's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from registry.deployment.base import Subject
from registry.errors import RejectedError
from registry.fit import Fit
from registry.target import Target
from registry.units import format_bytes

PROFILE = "default"
OPTIONS = (
    "--native-float --mvei --cache-maintenance --Ocache-opt --enable-virtual-mem-pools --Os --optimization 3"
    " --enable-epoch-controller"
)
"""The compiler's options: those of the profile `allmems--O3-ec` in ST's "Getting started - How to evaluate a model
on STM32N6 development board". The epoch controller makes `network_ecblobs.h`, which ST's applications include."""

_KIBIBYTE = 1024
_NPU = {"throughput": "HIGH", "latency": "LOW", "byteWidth": 8, "freqRatio": 1.25}
_CPU = {"throughput": "MID", "latency": "MID", "byteWidth": 8, "freqRatio": 2.5}
_RAM = {"throughput": "MID", "latency": "HIGH", "byteWidth": 2, "freqRatio": 5.0, "cacheable": "CACHEABLE_ON"}
_FLASH = {"throughput": "MID", "latency": "HIGH", "byteWidth": 1, "freqRatio": 6.0, "cacheable": "CACHEABLE_ON"}
_BLOCKS: dict[str, tuple[str, int | None, dict[str, Any]]] = {
    "cpuRAM2": ("AXISRAM2", 0x34100000, _CPU),
    "npuRAM3": ("AXISRAM3", 0x34200000, _NPU),
    "npuRAM4": ("AXISRAM4", 0x34270000, _NPU),
    "npuRAM5": ("AXISRAM5", 0x342E0000, _NPU),
    "npuRAM6": ("AXISRAM6", 0x34350000, _NPU),
    "hyperRAM": ("xSPI1", None, _RAM),
    "octoFlash": ("xSPI2", None, _FLASH),
}
"""Hardware block, address and properties of a pool. Addresses: the memory section of the report in ST's "Getting
started". Properties as in the pools of its applications: bytes a beat, and clocks of the NPU for one of the memory;
what they say of power is left out, it only serves an estimate."""

_CACHE = {
    "nlines": 512,
    "linesize": 64,
    "associativity": 8,
    "bypass_enable": 1,
    "prop": {"rights": "ACC_WRITE", **_CPU},
}
_ON_CHIP_KIBIBYTES = 1024
"""ST's `max_onchip_sram_size` for this device."""


@dataclass(frozen=True)
class Pool:
    """A memory that the compiler may use.

    Attributes:
        name: As the target card and the compiler's report name it.
        block: The hardware's name, which the compiler's output files carry.
        kind: As on the target card.
        address: First byte.
        size: Bytes.
        properties: What the compiler weighs.
    """

    name: str
    block: str
    kind: str
    address: int
    size: int
    properties: dict[str, Any]

    @property
    def constant(self) -> bool:
        """Whether a running network only reads it."""
        return self.kind.endswith("flash")


def pools_of(target: Target) -> tuple[Pool, ...]:
    """The memories of a target card as the compiler has to know them, in the card's order.

    Raises:
        RejectedError: The card has a memory that this module knows no address of, or none for weights.
    """
    found = []
    for memory in target.document.get("memories", ()):
        block, address, properties = _BLOCKS.get(memory["name"], ("", None, {}))
        stated = memory.get("address")
        address = int(str(stated), 16) if stated else address
        if not block or address is None:
            raise RejectedError(
                f"{target.name}: memory {memory['name']}: expected one of {', '.join(_BLOCKS)} with an address",
                hint="correct the target's card",
            )
        found.append(Pool(memory["name"], block, memory["kind"], address, memory["size"], properties))
    if sum(pool.constant for pool in found) != 1:
        raise RejectedError(f"{target.name}: expected one flash, for the weights", hint="correct the target's card")
    return tuple(found)


def flash_of(pools: Sequence[Pool]) -> Pool:
    """Where the weights lie."""
    return next(pool for pool in pools if pool.constant)


def pool_file(pools: Sequence[Pool], reserved: int) -> bytes:
    """The `.mpool` file.

    Args:
        pools: What there is.
        reserved: Bytes at the end of the flash that the compiler must leave alone.
    """
    document = {
        "params": {"param": [{"paramname": "max_onchip_sram_size", **_amount(_ON_CHIP_KIBIBYTES * _KIBIBYTE)}]},
        "memory": {
            "cacheinfo": [_CACHE],
            "mem_file_prefix": "atonbuf",
            "mempools": [_entry(pool, pool.size - reserved * pool.constant) for pool in pools],
        },
    }
    return _json(document)


def _entry(pool: Pool, size: int) -> dict[str, Any]:
    external = pool.kind.startswith("external")
    rights = "ACC_READ" if pool.constant else "ACC_WRITE"
    preferred = {"constants_preferred": "true"} if external else {}
    return {
        "fname": pool.block,
        "name": pool.name,
        "fformat": "FORMAT_RAW",
        "prop": {"rights": rights, **pool.properties, **preferred},
        "offset": {"value": f"0x{pool.address:08x}", "magnitude": "BYTES"},
        "size": _amount(size),
    }


def _amount(size: int) -> dict[str, str]:
    return {"value": str(size // _KIBIBYTE), "magnitude": "KBYTES"}


def profile_file(pool_file_name: str) -> bytes:
    """`user_neuralart.json`: the profile that names the pools and the compiler's options."""
    return _json({"Globals": {}, "Profiles": {PROFILE: {"memory_pool": f"./{pool_file_name}", "options": OPTIONS}}})


def report(subject: Subject, pools: Sequence[Pool], reserved: int) -> str:
    """What the memory plan places where, before the compiler has decided."""
    memory = subject.fit.memory
    used = {pool.name: size for pool, size in subject.fit.placement.used}
    lines = [
        f"Memory of {subject.name} on {subject.target.name}",
        "",
        f"activations  {format_bytes(memory.ram)} {memory.source}{_bounds(subject.fit)}",
        f"weights      {format_bytes(memory.flash)}",
        "",
        f"{'POOL':<10} {'ADDRESS':<10} {'BYTES':>10} {'PLANNED':>10}  FOR",
    ]
    for pool in pools:
        what = "weights" if pool.constant else "activations"
        size = pool.size - reserved * pool.constant
        lines.append(f"{pool.name:<10} 0x{pool.address:08X} {size:>10} {used.get(pool.name, 0):>10}  {what}")
    flash = flash_of(pools)
    end = flash.address + flash.size - reserved
    lines.append(f"{'':<10} 0x{end:08X} {reserved:>10} {reserved:>10}  model file (network_data)")
    lines += ["", "Planned from the graph, pools filled in the order of their size; the compiler's report decides."]
    notes = (f"- {note}" for note in (*subject.fit.notes, *subject.footprint.notes))
    return "\n".join((*lines, *notes, ""))


def _bounds(fit: Fit) -> str:
    if fit.memory.source != "estimated":
        return ""
    return f", between {format_bytes(fit.memory.least)} and {format_bytes(fit.memory.most)}"


def _json(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=2) + "\n").encode()
