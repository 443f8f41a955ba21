"""How a picture reaches the input of a model file, as far as the file tells."""

from __future__ import annotations

import math
from typing import Any

from registry.card import BLANK
from registry.facts import Facts
from registry.scaffold.tensors import short

Plain = dict[str, Any]

_COLOURS = {"RGB": "RGB", "BGR": "BGR", "GRAYSCALE": "grey"}
"""Order of the colours by the word of TFLite metadata."""


def preprocessing_of(facts: Facts, source: str) -> Plain | None:
    """`preprocessing` of a variant; None where no picture goes in.

    Args:
        facts: What the file says.
        source: Key of what was read from files among the card's sources.
    """
    if not facts.image:
        return None
    found: Plain = {"resize": BLANK, "interpolation": BLANK}
    numbers, note = _normalisation(facts)
    found |= numbers
    word = facts.graph.metadata.get("input.0.content", "").partition(" ")[0].upper()
    found["colour_mode"] = "grey" if facts.image.get("channels") == 1 else _COLOURS.get(word, BLANK)
    return found | ({"note": note, "provenance": {"source": source}} if note else {})


def _normalisation(facts: Facts) -> tuple[Plain, str]:
    """Mean and scale, and where they were read; both marked where the file does not say them."""
    said = {key: values for key, values in facts.normalisation.items() if len(values) in (1, 3)}
    if len(said) == 2 and all(map(math.isfinite, (*said["mean"], *said["scale"]))):
        found = {key: _one_or_three(values) for key, values in said.items()}
        return found, "Mean and scale are those of the file's metadata."
    tensor = facts.graph.tensors[facts.graph.inputs[0]]
    quantization = tensor.quantization
    shift = {"uint8": 0, "int8": 128}.get(tensor.dtype)
    if quantization is None or shift is None or quantization.dtype or len(quantization.scales) != 1:
        return {"mean": BLANK, "scale": BLANK}, ""
    scale = quantization.scales[0]
    if not (math.isfinite(scale) and scale > 0 and -(2**31) <= quantization.zero_points[0] < 2**31):
        return {"mean": BLANK, "scale": BLANK}, ""
    found = {"mean": quantization.zero_points[0] + shift, "scale": short(scale)}
    into = "as they are" if shift == 0 else "less 128"
    return found, f"Mean and scale are the input's own zero point and scale, so that pixel bytes go in {into}."


def _one_or_three(values: list[float]) -> Any:
    plain = [int(one) if one.is_integer() and abs(one) < 2**31 else one for one in values]
    return plain[0] if len(set(plain)) == 1 else plain
