"""Small datasets in the PASCAL VOC layout, for the tests."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
from PIL import Image

from registry.samples.pictures import png_mask


def write_image(path: Path, width: int, height: int, seed: int) -> None:
    """A picture of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.frombytes("RGB", (width, height), random.Random(seed).randbytes(width * height * 3)).save(path)


def write_mask(path: Path, rows: list[list[int]]) -> None:
    """A palette mask of these ids."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png_mask(np.array(rows, np.uint8)))


def write_list(root: Path, split: str, *lines: str) -> None:
    """A list of identifiers."""
    path = root / "ImageSets" / "Segmentation" / f"{split}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def dataset(root: Path, masks: str = "SegmentationClass", side: int = 4, **splits: list[str]) -> Path:
    """A sound dataset; the left half of each mask is class 1, and one pixel is void."""
    for split, names in splits.items():
        write_list(root, split, *names)
        for seed, name in enumerate(names):
            write_image(root / "JPEGImages" / f"{name}.png", side, side, hash_of(split, seed))
            rows = [[1] * (side // 2) + [0] * (side - side // 2) for _ in range(side)]
            rows[0][-1] = 255
            write_mask(root / masks / f"{name}.png", rows)
    return root


def hash_of(split: str, seed: int) -> int:
    """A number of its own for each picture of each split."""
    return sum(split.encode()) * 1000 + seed
