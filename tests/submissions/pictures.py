"""Small pictures of bright blocks on dark ground in the layout of PASCAL VOC, the same bytes each time."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from PIL import Image

from registry.digest import Digest
from registry.samples.lists import list_digest

SIDE = 16
NOISE = 70
"""Standard deviation of a picture's noise, of 255: enough that no network is right everywhere."""


def dataset(splits: Mapping[str, Sequence[int]]) -> Iterator[tuple[str, bytes]]:
    """Files of a dataset: pictures, masks and lists.

    Args:
        splits: Seeds of the pictures of each split; a picture that is in two splits has two names.
    """
    for split, seeds in splits.items():
        names = _names(split, len(seeds))
        for name, seed in zip(names, seeds, strict=True):
            picture, mask = _scene(seed)
            yield f"JPEGImages/{name}.png", _png(picture)
            yield f"SegmentationClass/{name}.png", _png(mask)
        yield f"ImageSets/Segmentation/{split}.txt", "".join(f"{name}\n" for name in names).encode()


def list_of(split: str, count: int) -> Digest:
    """Digest of the list of a split's pictures, by which figures and lineage records name them."""
    return list_digest(_names(split, count))


def _names(split: str, count: int) -> list[str]:
    return [f"{split}-{number:02}" for number in range(count)]


def _scene(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A picture (SIDE, SIDE, 3) and its mask (SIDE, SIDE), uint8: 1 is the block, 0 the ground."""
    random = np.random.default_rng(seed)
    top, left, height, width = random.integers([1, 1, 5, 5], [6, 6, 10, 10])
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[top : top + height, left : left + width] = 1
    light = np.where(mask, 180, 75)[..., np.newaxis] + random.normal(0, NOISE, (SIDE, SIDE, 3))
    return np.clip(np.rint(light), 0, 255).astype(np.uint8), mask


def _png(values: np.ndarray) -> bytes:
    """Without compression, whose bytes differ from one library to the next."""
    out = io.BytesIO()
    Image.fromarray(values).save(out, "PNG", compress_level=0)
    return out.getvalue()
