"""COCO 2017 panoptic painted as PASCAL VOC masks, and put together with VOC.

Every pixel of a panoptic PNG is of one segment: its id is red + 256 green + 65536 blue, and a JSON document says
the category of each (https://cocodataset.org/#format-data). Outlines are COCO's own to the pixel, unlike those that
`coco` fills.

- Categories of VOC have their VOC id; stuff, and things that VOC does not have, are background.
- Crowds are included, as with instances: their pixels do show the class.
- Id 0, where COCO's annotators said nothing, is void: what is there may be of a class, so it is no background.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.dataset import Dataset
from registry.errors import RejectedError
from registry.progress import Progress
from registry.samples.coco import LEAST_AREA, Job, Plain, assemble, inside, labels_of, read, size_of
from registry.samples.pictures import VOID, png_mask, read_colours, require_extra
from registry.samples.voc import VocFolder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_ID = (1 << 24) - 1
_DERIVATION = """\
Take the images of panoptic_train2017 with any of the 20 VOC categories and map the categories to VOC ids (airplane
to 1, ... tv to 20). Paint each segment of these, crowds included; all other segments are background, and unlabelled
pixels void. Keep an image if at least one selected segment has an area above 1000. Add the VOC images and masks.
The validation list is that of VOC.
"""
_NAMED = 10


@dataclass(frozen=True)
class Segments:
    """What the mask of an image is painted from: its PNG, and the class of each segment in it."""

    path: Path
    classes: dict[int, int]


def build(
    document: Path,
    masks: Path,
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
        document: `panoptic_train2017.json`.
        masks: Folder of its PNGs.
        images: Folder of its images.
        voc: PASCAL VOC 2012.
        dataset: Card of the result with COCO's instances, from the catalogue.
        destination: New folder.
        progress: Hears of each image.
        train: VOC's list of training images.

    Raises:
        RequestError: A list of VOC is missing, or the destination exists.
        RejectedError: The document is not COCO's, or an image or mask is missing or not as it says.
        UnavailableError: Something cannot be read or written, or the extra [eval] is missing.
    """
    require_extra()
    jobs = _selected(read(document, "panoptic"), document, masks)
    card = {**dataset.document, "derivation": _DERIVATION}
    return assemble(jobs, _painted, images, voc, card, destination, progress, train)


def _selected(document: Plain, path: Path, masks: Path) -> list[Job]:
    """Images that stay, by name."""
    try:
        labels = labels_of(document)
        chosen: dict[Any, Segments] = {}
        for annotation in document["annotations"]:
            listed = annotation["segments_info"]
            if any(one["category_id"] in labels and one["area"] > LEAST_AREA for one in listed):
                if annotation["image_id"] in chosen:
                    raise ValueError(f"image {annotation['image_id']} is annotated twice")
                chosen[annotation["image_id"]] = Segments(
                    inside(masks, str(annotation["file_name"])), _classes(listed, labels)
                )
        jobs = [(image, chosen[image["id"]]) for image in document["images"] if image["id"] in chosen]
        return sorted(jobs, key=lambda job: str(job[0]["file_name"]))
    except (KeyError, TypeError, ValueError) as error:
        raise RejectedError(f"{path}: not as COCO's panoptic is: {type(error).__name__} {error}") from None


def _classes(listed: list[Plain], labels: dict[int, int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for segment in listed:
        number = segment["id"]
        if type(number) is not int or not 0 < number <= MOST_ID or number in found:
            raise ValueError(f"a segment of id {str(number)[:40]!r}, expected each of 1 to {MOST_ID} once at most")
        found[number] = labels.get(segment["category_id"], 0)
    return found


def _painted(job: Job) -> bytes:
    """The mask of an image as PNG."""
    image, segments = job
    path = segments.path
    try:
        height, width = size_of(image)
    except (KeyError, TypeError, ValueError) as error:
        raise RejectedError(f"size of {image.get('file_name')}: {type(error).__name__} {error}") from None
    if not path.is_file():
        raise RejectedError(f"{path}: is missing", hint="unpack the panoptic PNGs of the same split first")
    if path.resolve().parent != path.parent.resolve():
        raise RejectedError(f"{path}: is a link that leads out of the folder, so it is not opened")
    ids = segment_ids(read_colours(path, height, width))
    return png_mask(classes_of(ids, segments.classes, str(path)))


def segment_ids(colours: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Ids (H, W) of colours (H, W, 3): red + 256 green + 65536 blue."""
    import numpy as np

    red, green, blue = (colours[..., channel].astype(np.int32) for channel in range(3))
    found: NDArray[np.int32] = red | green << 8 | blue << 16
    return found


def classes_of(ids: NDArray[np.int32], classes: dict[int, int], name: str) -> NDArray[np.uint8]:
    """Classes (H, W) of segment ids (H, W); id 0 is void.

    Args:
        ids: Of each pixel.
        classes: By id.
        name: What errors call the PNG.

    Raises:
        RejectedError: An id has no class.
    """
    import numpy as np

    known = np.array(sorted({0, *classes}), np.int32)
    places = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    strange = known[places] != ids
    if strange.any():
        found = np.unique(ids[strange])
        listed = ", ".join(map(str, found[:_NAMED].tolist()))
        raise RejectedError(
            f"{name}: expected the segments that the document lists, found {len(found)} more: {listed}"
        )
    table = np.array([classes.get(number, VOID) for number in known.tolist()], np.uint8)
    painted: NDArray[np.uint8] = table[places]
    return painted
