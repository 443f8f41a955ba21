"""What a machine is: processor, cores, clock, board and system, from the files in which Linux says it."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

CPUINFO, BOARD, CLOCK, GOVERNOR, LOAD, SYSTEM = "cpuinfo", "board", "clock", "governor", "load", "system"
FILES = {
    CPUINFO: "/proc/cpuinfo",
    BOARD: "/proc/device-tree/model",
    CLOCK: "/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq",
    GOVERNOR: "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
    LOAD: "/proc/loadavg",
}
"""Where Linux says it (Documentation/admin-guide/pm/cpufreq.rst, Documentation/devicetree/usage-model.rst)."""

IDLE = 0.5
"""Load average of the last minute below which a machine is as good as idle."""

ARM_PARTS = {
    "0xd03": "Cortex-A53",
    "0xd04": "Cortex-A35",
    "0xd05": "Cortex-A55",
    "0xd07": "Cortex-A57",
    "0xd08": "Cortex-A72",
    "0xd09": "Cortex-A73",
    "0xd0a": "Cortex-A75",
    "0xd0b": "Cortex-A76",
    "0xd41": "Cortex-A78",
}
"""Arm's cores by the part number of their MIDR_EL1 (arch/arm64/include/asm/cputype.h)."""

_LONGEST = 120
_MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class Host:
    """A machine that measures.

    Attributes:
        processor: Model of its processor; `unknown` where it does not say.
        cores: Number of them that the system has; None where it does not say.
        clock_mhz: Highest clock of the first core, MHz; None where it does not say.
        governor: What sets the clock, such as `performance`; empty where it does not say.
        board: What the device tree calls the board; empty where there is none.
        system: Operating system, release and architecture.
        load: Programs that wanted to run in the last minute, on average; None where it does not say.
    """

    processor: str
    cores: int | None
    clock_mhz: float | None
    governor: str
    board: str
    system: str
    load: float | None = None

    def __str__(self) -> str:
        cores = f"{self.cores} core{'' if self.cores == 1 else 's'}" if self.cores else ""
        return ", ".join(part for part in (self.board, self.processor, cores, self.system) if part)

    def to_document(self) -> dict[str, Any]:
        """The same as plain data, without what is not known."""
        return {name: value for name, value in vars(self).items() if value}

    @property
    def notes(self) -> tuple[str, ...]:
        """What makes a measurement doubtful, however steady it is."""
        found = []
        if self.governor not in ("", "performance"):
            found.append(f"the clock is set by the governor {self.governor}, so it may have changed between runs")
        if self.load is not None and self.load > IDLE:
            found.append(f"other programs ran: load average {self.load:g} in the minute before")
        return tuple(found)


def this_host() -> Host:
    """The machine that this runs on."""
    texts = {name: text for name, path in FILES.items() if (text := _read(Path(path)))}
    about = f"{platform.system()} {platform.release()} {platform.machine()}"
    found = of_texts({**texts, SYSTEM: about})
    if texts:
        return found
    return replace(found, processor=_plain(platform.processor()) or "unknown", cores=os.cpu_count())


def of_texts(texts: Mapping[str, str]) -> Host:
    """A machine by what stands in `FILES`; whatever stands there, never raises.

    Args:
        texts: Contents by the names of `FILES`, and `SYSTEM` for what `uname` says.
    """
    lines = list(_pairs(texts.get(CPUINFO, "")))
    return Host(
        _processor(lines) or "unknown",
        sum(name == "processor" for name, _value in lines) or None,
        _clock(texts.get(CLOCK, ""), lines),
        _plain(texts.get(GOVERNOR, "")),
        _plain(texts.get(BOARD, "")),
        _plain(texts.get(SYSTEM, "")),
        _number(texts.get(LOAD, "").partition(" ")[0]),
    )


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """The `name : value` lines of /proc/cpuinfo."""
    for line in text[:_MOST_BYTES].splitlines():
        name, colon, value = line.partition(":")
        if colon:
            yield name.strip(), value.strip()


def _processor(lines: list[tuple[str, str]]) -> str:
    """Its model; on Arm, which names none, the kinds of cores."""
    named = [value for name, value in lines if name == "model name"]
    parts = [value.lower() for name, value in lines if name == "CPU part"]
    arm = [ARM_PARTS.get(part, f"Arm part {part}") for part in dict.fromkeys(parts)]
    return _plain(named[0] if named else " + ".join(arm))


def _clock(kilohertz: str, lines: list[tuple[str, str]]) -> float | None:
    """MHz by cpufreq, which gives kHz, else what /proc/cpuinfo says of the first core now."""
    if found := re.fullmatch(r"[0-9]{1,9}", kilohertz.strip()):
        return round(int(found[0]) / 1000, 1) or None
    now = _number(next((value for name, value in lines if name == "cpu MHz"), ""))
    return round(now, 1) or None if now else None


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text) else None


def _plain(text: str) -> str:
    """A short line of printable letters: what a device says of itself goes onto cards and terminals."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text[:1000]).split())[:_LONGEST]
