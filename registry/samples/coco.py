"""COCO 2017 instances painted as PASCAL VOC masks, and put together with VOC.

Outlines are filled by Pillow, which differs from COCO's own tools by pixels on the edge.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from registry.dataset import Dataset
from registry.errors import RejectedError
from registry.files import place, unreadable
from registry.parallel import ordered_map
from registry.progress import Progress
from registry.samples.folder import new_folder, write_card, write_list
from registry.samples.pictures import png_mask, require_extra
from registry.samples.voc import IMAGES, MASKS, VocFolder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_AREA = 1000
"""An image stays if one of its annotations covers more square pixels than this."""

LARGEST = 1 << 26
"""Pixels that an image may have at most."""

CATEGORIES = (
    *("airplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "dining table", "dog"),
    *("horse", "motorcycle", "person", "potted plant", "sheep", "couch", "train", "tv"),
)
"""COCO's names of the classes of VOC, in order of their VOC ids from 1."""

Plain = Mapping[str, Any]


def build(
    instances: Path,
    images: Path,
    voc: VocFolder,
    dataset: Dataset,
    destination: Path,
    progress: Progress,
    *,
    train: str = "trainaug",
) -> dict[str, list[str]]:
    """Write COCO's images of VOC classes, and VOC, as one dataset; `val` is that of VOC.

    Args:
        instances: `instances_train2017.json`.
        images: Folder of its images.
        voc: PASCAL VOC 2012.
        dataset: Card of the result, from the catalogue.
        destination: New folder.
        progress: Hears of each image.
        train: VOC's list of training images.

    Raises:
        RequestError: A list of VOC is missing, or the destination exists.
        RejectedError: The document is not COCO's, or an image or mask is missing.
        UnavailableError: Something cannot be read or written, or the extra [eval] is missing.
    """
    require_extra()
    jobs = _selected(_read(instances), instances)
    with new_folder(destination) as root:
        painted = list(_paint_all(jobs, images, root, progress))
        names = {"train": painted + _add(voc, train, root, progress), "val": _add(voc, "val", root, progress)}
        for split, listed in names.items():
            write_list(root, split, listed)
        write_card(root, dataset.document, names)
    return names


def _read(path: Path) -> Plain:
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise unreadable(path, error) from None
    except (ValueError, RecursionError):
        raise RejectedError(f"{path}: expected COCO's instances, found no JSON") from None
    if not isinstance(document, dict) or not {"images", "annotations", "categories"} <= document.keys():
        raise RejectedError(f"{path}: expected images, annotations and categories, as COCO's instances have")
    return document


def _selected(document: Plain, path: Path) -> list[tuple[Plain, list[tuple[int, Plain]]]]:
    """Images that stay, by name, each with its annotations in file order and their VOC ids."""
    try:
        ids = {name: number for number, name in enumerate(CATEGORIES, 1)}
        labels = {item["id"]: ids[item["name"]] for item in document["categories"] if item["name"] in ids}
        found: dict[int, list[tuple[int, Plain]]] = defaultdict(list)
        for item in document["annotations"]:
            if item["category_id"] in labels:
                found[item["image_id"]].append((labels[item["category_id"]], item))
        large = {key for key, items in found.items() if any(item["area"] > LEAST_AREA for _, item in items)}
        chosen = [image for image in document["images"] if image["id"] in large]
        chosen.sort(key=lambda image: str(image["file_name"]))
        return [(image, found[image["id"]]) for image in chosen]
    except (KeyError, TypeError) as error:
        raise RejectedError(f"{path}: not as COCO's instances are: {type(error).__name__} {error}") from None


def _paint_all(
    jobs: list[tuple[Plain, list[tuple[int, Plain]]]], images: Path, root: Path, progress: Progress
) -> Iterator[str]:
    with progress.task("painting COCO", len(jobs), unit="images") as advance:
        for (image, _), mask in zip(jobs, ordered_map(_painted, jobs), strict=True):
            file = str(image["file_name"])
            if PurePath(file).name != file or "\\" in file:
                raise RejectedError(f"expected the name of a file in {images}, found {file[:80]!r}")
            _put(images / file, PurePath(file).stem, root)
            (root / MASKS / f"{PurePath(file).stem}.png").write_bytes(mask)
            advance(1)
            yield PurePath(file).stem


def _add(voc: VocFolder, split: str, root: Path, progress: Progress) -> list[str]:
    samples = list(voc.samples(split))
    with progress.task(f"adding {split} of VOC", len(samples), unit="images") as advance:
        for sample in samples:
            _put(sample.image, sample.name, root)
            if not sample.mask.is_file():
                raise RejectedError(f"{sample.mask}: is missing", hint="`zoo dataset check` tells all that is")
            place(sample.mask, root / MASKS / f"{sample.name}{sample.mask.suffix}")
            advance(1)
    return [sample.name for sample in samples]


def _put(image: Path, name: str, root: Path) -> None:
    if not image.is_file():
        raise RejectedError(f"{image}: is missing", hint="download the whole set of images first")
    place(image, root / IMAGES / f"{name}{image.suffix}")


def _painted(job: tuple[Plain, list[tuple[int, Plain]]]) -> bytes:
    """The mask of an image as PNG: annotations in file order, later over earlier, crowds included."""
    import numpy as np

    image, annotations = job
    try:
        height, width = int(image["height"]), int(image["width"])
        if not 0 < height * width <= LARGEST:
            raise ValueError(f"{width}x{height} pixels")
        mask = np.zeros((height, width), np.uint8)
        for label, item in annotations:
            mask[covered(item["segmentation"], height, width)] = label
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise RejectedError(f"annotations of {image.get('file_name')}: {type(error).__name__} {error}") from None
    return png_mask(mask)


def covered(segmentation: Any, height: int, width: int) -> NDArray[np.bool_]:
    """Pixels (H, W) of an annotation: a list of polygons x, y, x, y, ..., or run lengths by columns.

    Raises:
        ValueError: The runs do not add up to the image, or a polygon has no three corners.
    """
    import numpy as np
    from PIL import Image, ImageDraw

    if isinstance(segmentation, dict):
        runs = segmentation["counts"]
        runs = unpacked(runs) if isinstance(runs, str) else runs
        if min(runs, default=0) < 0 or sum(runs) != height * width:
            raise ValueError(f"run lengths add up to {sum(runs)} instead of {height * width} pixels")
        bits = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
        return bits.reshape(width, height).T
    sheet = Image.new("1", (width, height))
    drawing = ImageDraw.Draw(sheet)
    for corners in segmentation:
        if len(corners) < 6:
            raise ValueError(f"a polygon of {len(corners)} numbers")
        drawing.polygon([float(number) for number in corners], fill=1)
    return np.asarray(sheet)


def unpacked(text: str) -> list[int]:
    """Run lengths of COCO's compressed form: five bits a letter from '0', lowest first, bit 6 for more to come.

    From the fourth on, a number is the difference to the one before the last.

    Raises:
        ValueError: A letter is not of this form, or the last number is cut short.
    """
    runs: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - 48
        if not 0 <= bits < 64 or shift > 40:
            raise ValueError(f"compressed run lengths with {letter!r}")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            value -= (1 << shift) if bits & 16 else 0
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    if shift:
        raise ValueError("compressed run lengths that are cut short")
    return runs
