"""What lies beside a pulled model, known by the endings of names: card, licence note and labels."""

from __future__ import annotations

from registry import manifest
from registry.manifest import Layer

CARD_ENDING = ".card.yaml"
ENDINGS = (CARD_ENDING, ".licence.txt", ".labels.txt")
MAX_BYTES = 8 << 20
"""Largest of them that is read; a card of one variant takes some KiB."""


def layers_beside(data: bytes, subject: str) -> tuple[Layer, ...]:
    """The layers of a published manifest that a pull of it puts beside the model.

    Args:
        data: The manifest, proven by its digest.
        subject: What it is, for messages.

    Raises:
        MismatchError: It is no manifest of a model.
    """
    layers = manifest.parse(data, subject).layers
    return tuple(one for one in layers if one.title.endswith(ENDINGS) and one.size <= MAX_BYTES)
