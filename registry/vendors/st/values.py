"""Values as ST's configurations write them: fractions and tuples are text for YAML."""

from __future__ import annotations

import re
from typing import Any

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_FRACTION = re.compile(rf"\s*({_NUMBER})\s*(?:/\s*({_NUMBER}))?\s*")


def number(value: Any) -> int | float | None:
    """A number, or a fraction such as `1/127.5`; None for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or not (found := _FRACTION.fullmatch(value)):
        return None
    above, below = found[1], found[2]
    if below is None:
        return int(above) if re.fullmatch(r"[-+]?\d+", above) else float(above)
    return float(above) / float(below) if float(below) else None


def numbers(value: Any) -> list[int | float] | None:
    """Numbers of a list, or of text such as `(512, 512, 3)`; None for anything else."""
    if isinstance(value, str) and re.fullmatch(r"\s*(\(.*\)|\[.*\])\s*", value):
        value = [word for word in value.strip()[1:-1].split(",") if word.strip()]
    if not isinstance(value, list):
        return None
    found = [number(one) for one in value]
    known = [one for one in found if one is not None]
    return known if len(known) == len(found) else None


def empty(value: Any) -> bool:
    """Whether a key is there and asks for nothing: ST reads the word None as no value, as YAML's null."""
    return value is None or value == {} or (isinstance(value, str) and value.strip().lower() in ("none", ""))


def interpolated(value: Any) -> bool:
    """Whether a value is only known when Hydra has filled it in, as `${now:%Y}`."""
    if isinstance(value, list):
        return any(interpolated(one) for one in value)
    return isinstance(value, str) and "${" in value
