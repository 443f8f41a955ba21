"""The protocols written down once more, pixel by pixel in plain Python, as slow as they are clear."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

VOID = 255
Ids = Sequence[Sequence[int]]
Image = tuple[Ids, Ids]
"""Prediction and mask."""


@dataclass
class Defined:
    """What a definition says; None where nothing was counted."""

    mean_iou: Fraction | None
    pixel_accuracy: Fraction | None
    class_iou: list[Fraction | None]
    unseen: Fraction | None


def mean(values: Iterable[Fraction | None]) -> Fraction | None:
    known = [value for value in values if value is not None]
    return sum(known, Fraction(0)) / len(known) if known else None


def labelled(image: Image, *, void_is_background: bool = False) -> list[tuple[int, int]]:
    """(class of the mask, class of the prediction) of each pixel that counts."""
    pixels = [pair for rows in zip(*image, strict=True) for pair in zip(*rows, strict=True)]
    if void_is_background:
        return [(0 if true == VOID else true, found) for found, true in pixels]
    return [(true, found) for found, true in pixels if true != VOID]


def iou(pixels: list[tuple[int, int]], wanted: int) -> Fraction | None:
    both = sum(true == wanted and found == wanted for true, found in pixels)
    either = sum(wanted in (true, found) for true, found in pixels)
    return Fraction(both, either) if either else None


def accuracy(pixels: list[tuple[int, int]]) -> Fraction | None:
    return Fraction(sum(true == found for true, found in pixels), len(pixels)) if pixels else None


def unseen(pixels: list[tuple[int, int]]) -> Fraction | None:
    """Share without a prediction; it is of no predicted class, so the other definitions need no word on it."""
    return Fraction(sum(found == VOID for _, found in pixels), len(pixels)) if pixels else None


def voc(images: list[Image], classes: int) -> Defined:
    pixels = [pixel for image in images for pixel in labelled(image)]
    values = [iou(pixels, number) for number in range(classes)]
    return Defined(mean(values), accuracy(pixels), values, unseen(pixels))


def ti_global(images: list[Image], classes: int) -> Defined:
    found = voc(images, classes)
    if found.mean_iou is None:
        return found
    values: list[Fraction | None] = [value or Fraction(0) for value in found.class_iou]
    return Defined(mean(values), found.pixel_accuracy, values, found.unseen)


def st_present_classes(images: list[Image], classes: int) -> Defined:
    of_images = [labelled(image, void_is_background=True) for image in images]
    by_class: list[list[Fraction | None]] = [[] for _ in range(classes)]
    for pixels in of_images:
        for number in {true for true, _ in pixels}:
            by_class[number].append(iou(pixels, number))
    pooled = mean(value for values in by_class for value in values)
    class_iou = [mean(values) for values in by_class]
    return Defined(pooled, mean(map(accuracy, of_images)), class_iou, mean(map(unseen, of_images)))


def per_image(images: list[Image], classes: int) -> Defined:
    of_images = [labelled(image) for image in images]
    tables = [[iou(pixels, number) for number in range(classes)] for pixels in of_images]
    by_class = [mean(table[number] for table in tables) for number in range(classes)]
    mean_iou = mean(mean(table) for table in tables)
    return Defined(mean_iou, mean(map(accuracy, of_images)), by_class, mean(map(unseen, of_images)))


DEFINITIONS = {
    "voc": voc,
    "ti-global": ti_global,
    "st-present-classes": st_present_classes,
    "per-image": per_image,
}
