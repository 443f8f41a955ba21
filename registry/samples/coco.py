"""COCO 2017 instances painted as PASCAL VOC masks, and put together with VOC; `panoptic` does it with segments.

Outlines are filled by Pillow, which differs from COCO's own tools by pixels on the edge.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from registry.dataset import Dataset
from registry.errors import RejectedError
from registry.files import place, unreadable
from registry.parallel import ordered_map
from registry.progress import Progress
from registry.samples.folder import new_folder, write_card, write_list
from registry.samples.pictures import png_mask, require_extra
from registry.samples.regions import covered
from registry.samples.voc import IMAGES, MASKS, VocFolder

LEAST_AREA = 1000
"""An image stays if one of its annotations covers more square pixels than this."""

LARGEST = 1 << 26
"""Pixels that an image may have at most."""

CATEGORIES = (
    *("airplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "dining table", "dog"),
    *("horse", "motorcycle", "person", "potted plant", "sheep", "couch", "train", "tv"),
)
"""COCO's names of the classes of VOC, in order of their VOC ids from 1."""

LARGEST_DOCUMENT = 1 << 31
"""Bytes that a document may have at most; COCO's greatest, the instances of train2017, have 448 million."""

Plain = Mapping[str, Any]
Job = tuple[Plain, Any]
"""An image of a document, and what its mask is painted from."""


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
    jobs = _selected(read(instances, "instances"), instances)
    return assemble(jobs, _painted, images, voc, dataset.document, destination, progress, train)


def assemble(
    jobs: list[Job],
    paint: Callable[[Job], bytes],
    images: Path,
    voc: VocFolder,
    card: Plain,
    destination: Path,
    progress: Progress,
    train: str,
) -> dict[str, list[str]]:
    """Write images with the masks that `paint` makes, and VOC; see `build`.

    Args:
        jobs: In order of the list.
        paint: Importable by name, since it runs in processes of its own; gives the mask as PNG.
        images: Folder of the images.
        voc: PASCAL VOC 2012.
        card: Document of the result's card.
        destination: New folder.
        progress: Hears of each image.
        train: VOC's list of training images.
    """
    with new_folder(destination) as root:
        painted = list(_paint_all(jobs, paint, images, root, progress))
        names = {"train": painted + _add(voc, train, root, progress), "val": _add(voc, "val", root, progress)}
        for split, listed in names.items():
            write_list(root, split, listed)
        write_card(root, card, names)
    return names


def read(path: Path, kind: str) -> Plain:
    """A document of COCO.

    Args:
        path: The file.
        kind: What it should hold, for messages.

    Raises:
        RejectedError: It is none, or larger than `LARGEST_DOCUMENT`.
        UnavailableError: It cannot be read.
    """
    try:
        if (size := path.stat().st_size) > LARGEST_DOCUMENT:
            raise RejectedError(f"{path}: expected at most {LARGEST_DOCUMENT} bytes, found {size}")
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise unreadable(path, error) from None
    except (ValueError, RecursionError):
        raise RejectedError(f"{path}: expected COCO's {kind}, found no JSON") from None
    if not isinstance(document, dict) or not {"images", "annotations", "categories"} <= document.keys():
        raise RejectedError(f"{path}: expected images, annotations and categories, as COCO's {kind} has")
    return document


def labels_of(document: Plain) -> dict[int, int]:
    """VOC ids of the categories that VOC has, by COCO's id.

    Raises:
        KeyError, TypeError: The document is not COCO's.
    """
    ids = {name: number for number, name in enumerate(CATEGORIES, 1)}
    return {item["id"]: ids[item["name"]] for item in document["categories"] if item["name"] in ids}


def size_of(image: Plain) -> tuple[int, int]:
    """Height and width that a document says of an image.

    Raises:
        KeyError, TypeError, ValueError: It says none, or more than `LARGEST`.
    """
    height, width = int(image["height"]), int(image["width"])
    if height <= 0 or width <= 0 or height * width > LARGEST:
        raise ValueError(f"{width}x{height} pixels")
    return height, width


def _selected(document: Plain, path: Path) -> list[Job]:
    """Images that stay, by name, each with its annotations in file order and their VOC ids."""
    try:
        labels = labels_of(document)
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
    jobs: list[Job], paint: Callable[[Job], bytes], images: Path, root: Path, progress: Progress
) -> Iterator[str]:
    with progress.task("painting COCO", len(jobs), unit="images") as advance:
        for (image, _), mask in zip(jobs, ordered_map(paint, jobs), strict=True):
            file = str(image["file_name"])
            _put(inside(images, file), PurePath(file).stem, root)
            (root / MASKS / f"{PurePath(file).stem}.png").write_bytes(mask)
            advance(1)
            yield PurePath(file).stem


def inside(folder: Path, name: str) -> Path:
    """The path of a file that must be directly in a folder.

    Raises:
        RejectedError: The name leads elsewhere.
    """
    if PurePath(name).name != name or "\\" in name:
        raise RejectedError(f"expected the name of a file in {folder}, found {name[:80]!r}")
    return folder / name


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


def _painted(job: Job) -> bytes:
    """The mask of an image as PNG: annotations in file order, later over earlier, crowds included."""
    import numpy as np

    image, annotations = job
    try:
        height, width = size_of(image)
        mask = np.zeros((height, width), np.uint8)
        for label, item in annotations:
            mask[covered(item["segmentation"], height, width)] = label
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise RejectedError(f"annotations of {image.get('file_name')}: {type(error).__name__} {error}") from None
    return png_mask(mask)
