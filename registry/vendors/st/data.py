"""Section `dataset`: triples of paths become a folder in the PASCAL VOC layout and one of its lists."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from registry.vendors.st.config import Config

CARDS = {
    "pascal_voc": ("pascal-voc-2012", "coco-2017-voc-2012"),
    "coco_2017_pascal_voc_2012": ("coco-2017-voc-2012",),
    "person_pascal_voc": ("person-coco-2017-voc-2012",),
    "person_coco_2017_pascal_voc_2012": ("person-coco-2017-voc-2012",),
    "indoor_pascal_voc": ("indoor-coco-2017-voc-2012",),
    "outdoor_pascal_voc": ("outdoor-coco-2017-voc-2012",),
}
"""Dataset cards by ST's names for datasets."""

_IMAGES, _MASKS, _LISTS = "JPEGImages", ("SegmentationClass", "SegmentationClassAug"), "ImageSets/Segmentation"


@dataclass(frozen=True)
class Part:
    """Images of one purpose.

    Attributes:
        folder: In the PASCAL VOC layout.
        split: Name of its list.
        masks: Folder of masks below it that is asked for.
        key: Key of the configuration that names the list.
    """

    folder: str
    split: str
    masks: str
    key: tuple[str, str]


def part_of(config: Config, purpose: str) -> Part | None:
    """The images of a purpose: `training`, `validation`, `test` or `quantization`; None where none are named."""
    names = [f"{purpose}_{kind}" for kind in ("path", "masks_path", "files_path")]
    stated = [name for name in names if config.has("dataset", name)]
    texts = {name: config.word("dataset", name) for name in names}
    if not stated:
        return None
    if missing := [name for name in names if name not in stated]:
        expected = f"all of {', '.join(names)}: images are named by a list"
        config.refuse(("dataset", stated[0]), "paths", f"needs {', '.join(missing)} beside it", expected)
        return None
    if None in texts.values():
        return None
    paths = [PurePosixPath(os.path.normpath(str(texts[name]).replace("\\", "/"))) for name in names]
    images, masks, listed = paths
    root = images.parent
    wanted = (
        (names[0], images.name == _IMAGES, f"a folder {_IMAGES}"),
        (names[1], masks.parent == root and masks.name in _MASKS, f"{root / _MASKS[0]}, or {_MASKS[1]}"),
        (names[2], listed.parent == root / _LISTS and listed.suffix == ".txt", f"a list {root / _LISTS}/NAME.txt"),
    )
    wrong = [(name, expected) for name, right, expected in wanted if not right]
    for name, expected in wrong:
        config.refuse(("dataset", name), "layout", "is outside the PASCAL VOC layout", expected, texts[name])
    return None if wrong else Part(str(root), listed.stem, masks.name, ("dataset", names[2]))


def card_of(config: Config, known: Mapping[str, Sequence[str]]) -> tuple[str, Sequence[str]] | None:
    """The dataset card that is meant, and its classes; None where it is refused or not named.

    Args:
        config: The configuration.
        known: Class names by dataset card; of a card without names there are none.
    """
    key = next((name for name in ("dataset_name", "name") if config.has("dataset", name)), "name")
    name = config.word("dataset", key)
    stated = config.any("dataset", "class_names")
    config.only("dataset", "classes_file_path", accepted=(), why="class names are read from 'class_names' alone")
    if name is None:
        return None
    cards = [card for card in CARDS.get(name, (name,)) if card in known]
    if not cards:
        expected = "one of " + ", ".join(sorted({*CARDS, *known}))
        config.refuse(("dataset", key), "dataset", "names no dataset that has a card", expected, name)
        return None
    fitting = [card for card in cards if stated is None or list(known[card]) == stated]
    if not fitting:
        expected = ", ".join(known[cards[0]]) or f"nothing: the card of {cards[0]} names no classes"
        config.refuse(("dataset", "class_names"), "classes", f"are not those of {cards[0]}", expected, stated)
        return None
    return fitting[0], known[fitting[0]]
