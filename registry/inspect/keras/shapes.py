"""Layers of Keras that move data: padding, cropping, resizing, reshaping; and those that only training needs."""

from __future__ import annotations

from math import prod
from typing import Any

from registry.inspect.graph import Dimension, Shape
from registry.inspect.keras.build import Step


def _spatial(step: Step, rank: int) -> tuple[Shape | None, range]:
    """Shape of the input, and where its spatial dimensions are."""
    first = step.channels_first()
    return step.shape(rank=rank + 2), range(2, rank + 2) if first else range(1, rank + 1)


def _sized(shape: Shape | None, places: range, sizes: list[Dimension]) -> Shape | None:
    """A shape with other spatial dimensions."""
    if shape is None:
        return None
    named = dict(zip(places, sizes, strict=True))
    return tuple(named.get(place, size) for place, size in enumerate(shape))


def pad(step: Step, rank: int) -> int:
    """ZeroPadding1D to ZeroPadding3D."""
    sides = step.options.sides("padding", rank)
    shape, places = _spatial(step, rank)
    sizes = [_plus(shape[place] if shape else None, sum(side)) for place, side in zip(places, sides, strict=True)]
    pads = [(0, 0)] * (rank + 2)
    for place, side in zip(places, sides, strict=True):
        pads[place] = side
    return step.emit("pad", (step.given(),), _sized(shape, places, sizes), pads=tuple(pads))


def _plus(size: Dimension, more: int) -> Dimension:
    return None if size is None else max(size + more, 0)


def crop(step: Step, rank: int) -> int:
    """Cropping1D to Cropping3D."""
    sides = step.options.sides("cropping", rank)
    shape, places = _spatial(step, rank)
    sizes = [_plus(shape[place] if shape else None, -sum(side)) for place, side in zip(places, sides, strict=True)]
    return step.emit("slice", (step.given(),), _sized(shape, places, sizes))


def center_crop(step: Step) -> int:
    """CenterCrop, for images that are at least as large."""
    return _to_size(step, "slice", {})


def _to_size(step: Step, kind: str, attributes: dict[str, Any]) -> int:
    first, shape = step.channels_first(), step.shape()
    sizes: list[Dimension] = [step.options.integer("height", least=1), step.options.integer("width", least=1)]
    if shape is not None and len(shape) not in (3, 4):
        raise step.malformed("input", "an image", f"{len(shape)} dimensions")
    start = 0 if shape is None else len(shape) - (2 if first else 3)
    return step.emit(kind, (step.given(),), _sized(shape, range(start, start + 2), sizes), **attributes)


def resizing(step: Step) -> int:
    """Resizing."""
    kind = step.options.word("interpolation", "bilinear")
    common = {"bilinear": "resize-bilinear", "nearest": "resize-nearest"}.get(kind, "other")
    attributes: dict[str, Any] = {"align_corners": False, "half_pixel_centers": True}
    return _to_size(step, common, attributes if common != "other" else {"interpolation": kind[:80]})


def upsampling(step: Step, rank: int) -> int:
    """UpSampling1D to UpSampling3D."""
    factors = step.options.numbers("size", rank, 2)
    shape, places = _spatial(step, rank)
    given = [shape[place] if shape else None for place in places]
    sizes = [None if size is None else size * factor for size, factor in zip(given, factors, strict=True)]
    kind = step.options.word("interpolation", "nearest")
    common = {"bilinear": "resize-bilinear", "nearest": "resize-nearest"}.get(kind, "other")
    attributes: dict[str, Any] = {"align_corners": False, "half_pixel_centers": True}
    common = "upsample" if rank != 2 else common
    return step.emit(common, (step.given(),), _sized(shape, places, sizes), **attributes)


def reshape(step: Step) -> int:
    """Reshape, of everything but the batch."""
    shape, target = step.shape(), step.options.raw("target_shape")
    rest = reshaped(shape[1:] if shape else None, target)
    result = None if rest is None else (shape[0] if shape else None, *rest)
    return step.emit("reshape", (step.given(),), result)


def reshaped(shape: Shape | None, target: Any) -> Shape | None:
    """A shape with as many elements; one dimension of the target may be -1."""
    if not isinstance(target, list) or len(target) > 16 or not all(type(size) is int for size in target):
        return None
    sizes: list[Dimension] = [None if size < 0 else size for size in target]
    known = prod(size for size in sizes if size)
    whole = shape is not None and None not in shape
    if sizes.count(None) == 1 and whole and shape is not None and known:
        total = prod(size for size in shape if size is not None)
        sizes[sizes.index(None)] = total // known
    return tuple(sizes)


def flatten(step: Step) -> int:
    """Flatten."""
    shape = step.shape()
    result: Shape | None = None
    if shape is not None:
        rest = shape[1:]
        result = (shape[0] if shape else None, None if None in rest else prod(size or 0 for size in rest))
    return step.emit("flatten", (step.given(),), result)


def permute(step: Step) -> int:
    """Permute: dimensions count from 1, the batch stays."""
    shape, dims = step.shape(), step.options.raw("dims")
    good = isinstance(dims, list) and all(type(place) is int for place in dims)
    if not good or (shape is not None and sorted(dims) != list(range(1, len(shape)))):
        raise step.malformed("dims", "each dimension from 1 once", dims)
    result = None if shape is None else (shape[0], *(shape[place] for place in dims))
    return step.emit("transpose", (step.given(),), result, permutation=(0, *dims))


def repeat_vector(step: Step) -> int:
    """RepeatVector."""
    shape, times = step.shape(rank=2), step.options.integer("n", least=1)
    return step.emit("tile", (step.given(),), None if shape is None else (shape[0], times, shape[1]))


def dropout(step: Step) -> int:
    """Dropout, which does nothing when a model is used."""
    return step.emit("dropout", (step.given(),), step.shape())


def identity(step: Step) -> int:
    """What only training needs: noise, random changes of images, regularisation."""
    return step.emit("identity", (step.given(),), step.shape())
