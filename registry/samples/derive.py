"""Datasets made of others: `trainaug`, and a few classes of many.

The rules are those of ST's dataset scripts; where these depend on the order of a directory, ours sort.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from registry.dataset import Dataset
from registry.errors import RejectedError, RequestError, UnavailableError
from registry.files import place, write_atomically
from registry.parallel import ordered_map
from registry.progress import Progress
from registry.samples.folder import new_folder, write_card, write_list
from registry.samples.pictures import VOID, png_mask, read_mask, require_extra
from registry.samples.voc import AUGMENTED, IMAGES, MASK_TYPES, MASKS, Sample, VocFolder

LEAST_PIXELS = 800
"""An image stays if one class that is asked for has more pixels than this."""

Mode = Literal["zoo", "st"]


def trainaug(folder: VocFolder) -> list[str]:
    """Write the list `trainaug`: every augmented mask whose image is not in `val`, sorted; returns its identifiers.

    Raises:
        RequestError: There are no augmented masks, or there is no list `val`.
        RejectedError: The list `val` is no list.
        UnavailableError: A list cannot be read or written.
    """
    masks = folder.masks("trainaug")
    if masks.name.lower() != AUGMENTED.lower():
        raise RequestError(
            f"{folder.root}: found no folder {AUGMENTED}", hint="trainaug is the list of what is in it"
        )
    held = set(folder.names("val"))
    stems = {path.stem for path in masks.iterdir() if path.suffix.lower() in MASK_TYPES}
    names = sorted(stems - held)
    path = folder.lists / "trainaug.txt"
    try:
        write_atomically(path, "".join(f"{name}\n" for name in names).encode())
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be written: {error.strerror or error}") from None
    return names


def few_classes(
    source: VocFolder,
    dataset: Dataset,
    wanted: Sequence[str],
    destination: Path,
    progress: Progress,
    *,
    train: str = "train",
    mode: Mode = "zoo",
) -> dict[str, list[str]]:
    """Keep some classes of a dataset, renumbered from 1 in the order given; everything else, void too, becomes 0.

    Args:
        source: The whole dataset.
        dataset: Its card.
        wanted: Names of classes, without background.
        destination: New folder.
        progress: Hears of each image.
        train: Split to take for training.
        mode: `zoo` keeps both lists apart and in their order. `st` does what ST's script does: the validation list
            is topped up from training images until it is as long as the original, which leaks by design. ST's order
            there is the directory's; here it is the sorted one, so that a folder copied elsewhere gives the same.

    Raises:
        RequestError: A class is unknown, a list or the masks are missing, or the destination exists.
        RejectedError: A mask is missing or damaged.
        UnavailableError: The destination cannot be written, or the extra [eval] is missing.
    """
    require_extra()
    numbers = _numbers(dataset, wanted)
    with new_folder(destination) as root:
        kept = {
            split: list(_keep(source, source_split, numbers, root, progress))
            for split, source_split in (("train", train), ("val", "val"))
        }
        if mode == "st":
            missing = len(source.names("val")) - len(kept["val"])
            spare = [name for name in sorted(kept["train"]) if name not in set(kept["val"])]
            kept["val"] += spare[: max(0, missing)]
        for split, names in kept.items():
            write_list(root, split, names)
        write_card(root, _card(dataset, wanted, train, mode), kept)
    return kept


def _numbers(dataset: Dataset, wanted: Sequence[str]) -> dict[int, int]:
    """New id of each class that is kept, by its old one."""
    known = {name: number for number, name in enumerate(dataset.class_names) if number}
    if unknown := [name for name in wanted if name not in known]:
        raise RequestError(
            f"{dataset.name} has no class {unknown[0]!r}",
            hint=f"it has {', '.join(known) or 'no names of classes'}",
        )
    if not wanted or len(set(wanted)) < len(wanted):
        raise RequestError("expected classes to keep, each once", hint="give --class NAME for each")
    return {known[name]: position for position, name in enumerate(wanted, 1)}


def _keep(source: VocFolder, split: str, numbers: dict[int, int], root: Path, progress: Progress) -> Iterator[str]:
    samples = list(source.samples(split))
    renumber = functools.partial(_renumbered, numbers=numbers)
    with progress.task(f"masks of {split}", len(samples), unit="images") as advance:
        for sample, mask in zip(samples, ordered_map(renumber, samples), strict=True):
            advance(1)
            if mask is not None:
                if not sample.image.is_file():
                    raise RejectedError(f"{sample.image}: is missing", hint="`zoo dataset check` tells all that is")
                place(sample.image, root / IMAGES / f"{sample.name}{sample.image.suffix}")
                target = root / MASKS / f"{sample.name}.png"
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(mask)
                yield sample.name


def _renumbered(sample: Sample, *, numbers: dict[int, int]) -> bytes | None:
    """The new mask as PNG, or None where no class has enough pixels."""
    import numpy as np

    table = np.zeros(256, np.uint8)
    for old, new in numbers.items():
        table[old] = new
    ids = table[read_mask(sample.mask)]
    counts = np.bincount(ids.ravel(), minlength=256)
    return png_mask(ids) if counts[1:VOID].max() > LEAST_PIXELS else None


def _card(dataset: Dataset, wanted: Sequence[str], train: str, mode: Mode) -> dict[str, Any]:
    name = f"{'-'.join(wanted)}-{dataset.name}".lower().replace(" ", "-").replace("/", "-")[:64].rstrip(".-")
    how = (
        f"zoo dataset build classes, {mode} mode, from {train} and val: images where one of the classes has more "
        f"than {LEAST_PIXELS} pixels, ids renumbered by position, everything else 0."
    )
    return {
        "schema": "dataset/1",
        "name": name,
        "title": f"{', '.join(wanted)} of {dataset.title}",
        "licence": dataset.document["licence"],
        "task": "semantic-segmentation",
        "parents": [dataset.name],
        "derivation": how,
        "classes": {"count": len(wanted) + 1, "names": ["background", *wanted], "palette": "voc"},
        "provenance": {"document": "registry/samples/derive.py", "note": "Built here from its parent."},
    }
