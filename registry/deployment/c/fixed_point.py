"""Fixed-point numbers as TensorFlow Lite prepares them for its integer kernels.

The formulas are those of https://github.com/google-ai-edge/LiteRT, `quantization_util.cc` (QuantizeMultiplier),
`kernel_util.cc` (the range of a fused activation) and `common.h` (MultiplyByQuantizedMultiplier), in the variant
with two roundings that its releases are built with.
"""

from __future__ import annotations

import math
from struct import Struct

_FLOAT32 = Struct("<f")
_ONE = 1 << 31
_BOUNDS = {"relu": (0.0, math.inf), "relu6": (0.0, 6.0), "relu-n1-to-1": (-1.0, 1.0)}
FLOAT_MOST = 3.4028234663852886e38
"""The largest 32-bit float."""


def float32(value: float) -> float:
    """The nearest 32-bit float; the largest for a number beyond it."""
    limited = min(max(value, -FLOAT_MOST), FLOAT_MOST)
    return float(_FLOAT32.unpack(_FLOAT32.pack(limited))[0])


def nearest(value: float) -> int:
    """The nearest integer, halves away from zero."""
    return math.floor(abs(value) + 0.5) * (1 if value >= 0 else -1)


def multiplier(real: float) -> tuple[int, int]:
    """A factor as (multiplier, shift): real = multiplier / 2^31 * 2^shift, multiplier in [2^30, 2^31).

    Args:
        real: Above zero.
    """
    fraction, shift = math.frexp(real)
    fixed = nearest(fraction * _ONE)
    if fixed == _ONE:
        fixed, shift = fixed // 2, shift + 1
    if shift < -31:
        return 0, 0
    return (_ONE - 1, 30) if shift > 30 else (fixed, shift)


def rescaled(value: int, factor: tuple[int, int]) -> int:
    """An integer times such a factor, rounded as the kernels round."""
    fixed, shift = factor
    high = ((value << max(shift, 0)) * fixed + (1 << 30)) >> 31
    right = max(-shift, 0)
    mask = (1 << right) - 1
    return (high >> right) + ((high & mask) > (mask >> 1) + (high < 0))


def limits(activation: str, scale: float, zero_point: int, least: int = -128, most: int = 127) -> tuple[int, int]:
    """Stored values that an activation's range leaves of `least` to `most`."""
    low, high = _BOUNDS.get(activation, (-math.inf, math.inf))
    if low > -math.inf:
        least = max(least, zero_point + nearest(float32(low / scale)))
    if high < math.inf:
        most = min(most, zero_point + nearest(float32(high / scale)))
    return min(least, most), most


def real_limits(activation: str) -> tuple[float, float]:
    """The range of an activation, as 32-bit floats."""
    low, high = _BOUNDS.get(activation, (-math.inf, math.inf))
    return max(low, -FLOAT_MOST), min(high, FLOAT_MOST)


ACTIVATIONS = frozenset(_BOUNDS) | {"none"}
"""Fused activations that are ranges."""
