"""Sizes, times and shares as people write them, turned into bytes, milliseconds and fractions."""

from __future__ import annotations

import re

from registry.errors import RequestError

BYTES = {
    "B": 1,
    "kB": 1000,
    "KB": 1000,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
}
"""Bytes of a unit: decimal prefixes are powers of 1000, binary ones of 1024 (IEC 80000-13)."""

_NUMBER = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z%]*)\s*")
_RESOLUTION = re.compile(r"([1-9][0-9]{0,5})(?:x([1-9][0-9]{0,5}))?")
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_MILLISECONDS = {"": 1.0, "ms": 1.0, "s": 1000.0, "us": 0.001}


def parse_bytes(text: str) -> float:
    """Bytes of a size such as `2.5MiB`, `600 kB` or `4096`.

    Raises:
        RequestError: Not a number with a known unit.
    """
    number, unit = _split(text, "a size such as 2.5MiB or 600kB")
    by_lower = {name.lower(): value for name, value in BYTES.items()}
    if unit and unit.lower() not in by_lower:
        raise RequestError(f"unknown unit of size {unit!r} in {text!r}", hint=f"use one of {', '.join(BYTES)}")
    return number * by_lower.get(unit.lower(), 1)


def parse_milliseconds(text: str) -> float:
    """Milliseconds of a time such as `50ms` or `0.2s`; a bare number is milliseconds.

    Raises:
        RequestError: Not a number with a known unit.
    """
    number, unit = _split(text, "a time such as 50ms")
    if unit not in _MILLISECONDS:
        raise RequestError(f"unknown unit of time {unit!r} in {text!r}", hint="use us, ms or s")
    return number * _MILLISECONDS[unit]


def parse_seconds(text: str) -> float:
    """Seconds of a time such as `7d`, `12h`, `30min` or `90s`; only 0 needs no unit.

    Raises:
        RequestError: Not a number with a known unit.
    """
    number, unit = _split(text, "a time such as 7d or 12h")
    if unit not in _SECONDS and (unit or number):
        raise RequestError(f"unknown unit of time {unit!r} in {text!r}", hint=f"use one of {', '.join(_SECONDS)}")
    return number * _SECONDS.get(unit, 1.0)


def parse_fraction(text: str) -> float:
    """A fraction of 1, written as `0.7` or `70%`.

    Raises:
        RequestError: Not a number, or outside 0 to 1.
    """
    number, unit = _split(text, "a fraction such as 0.7 or 70%")
    value = number / 100 if unit == "%" else number
    if unit not in ("", "%") or not 0 <= value <= 1:
        raise RequestError(f"not a fraction of 1: {text!r}", hint="metrics are fractions: write 0.7 or 70%")
    return value


def parse_resolution(text: str) -> tuple[int, int]:
    """Height and width in pixels of `512` or `768x384`, which is width x height as vendors write it.

    Raises:
        RequestError: Another form.
    """
    match = _RESOLUTION.fullmatch(text.strip().lower())
    if not match:
        raise RequestError(f"not a resolution: {text!r}", hint="write 512 or 768x384 (width x height)")
    return int(match[2] or match[1]), int(match[1])


def counted(number: int, noun: str) -> str:
    """`1 variant`, `2 variants`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def format_bytes(count: float | None) -> str:
    """Bytes for people, in binary units with three digits; `?` for unknown."""
    if count is None:
        return "?"
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= size:
            return f"{count / size:.3g} {unit}" if count / size < 1000 else f"{count / size:.0f} {unit}"
    return f"{count:.0f} B"


def _split(text: str, example: str) -> tuple[float, str]:
    match = _NUMBER.fullmatch(text)
    if not match:
        raise RequestError(f"not {example.split(' such', maxsplit=1)[0]}: {text!r}", hint=f"write {example}")
    return float(match[1]), match[2]
