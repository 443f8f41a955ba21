"""The calibration set: named images, prepared for the network as inference prepares them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import pictures
from registry.digest import Digest
from registry.errors import RequestError
from registry.parallel import mapped_ahead
from registry.progress import Progress
from registry.quantization.configuration import Calibration
from registry.runtime.base import Array
from registry.samples import VocFolder
from registry.samples.lists import list_digest
from registry.segmenter import Segmenter

_MOST_NAMED = 8


@dataclass(frozen=True)
class CalibrationSet:
    """Images that ranges of activations are found from.

    Attributes:
        split: List that they are of.
        names: Identifiers, in the order in which they are used.
        images: Their files.
    """

    split: str
    names: tuple[str, ...]
    images: tuple[Path, ...]

    @property
    def digest(self) -> Digest:
        """SHA-256 of the identifiers, one a line: the form that dataset cards use."""
        return list_digest(list(self.names))

    def inputs(self, segmenter: Segmenter, progress: Progress, *, most: int | None = None) -> Iterator[Array]:
        """What the float model's input stores for each image, opened as they are asked for.

        Args:
            segmenter: The float model: calibration sees exactly what its inference sees.
            progress: Hears of each image.
            most: Only so many, from the first on.
        """
        images = self.images[:most]
        ahead = mapped_ahead(lambda path: segmenter.prepare(pictures.read(path))[0], images)
        with progress.task("calibrate", len(images), unit="images") as advance, closing(ahead) as prepared:
            for stored in prepared:
                yield stored
                advance(1)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"split": self.split, "images": len(self.names), "sha256": self.digest.hex, "ids": list(self.names)}


def calibration_set(asked: Calibration) -> CalibrationSet:
    """Find the images that are asked for.

    Raises:
        RequestError: There is no such folder, list or identifier, or there are fewer images than asked for.
        RejectedError: A name of the list leads out of the folder, or it is no list.
        UnavailableError: It cannot be read.
    """
    folder = VocFolder(Path(asked.data))
    listed = folder.names(asked.split)
    names = asked.ids or _drawn(sorted(set(listed)), asked)
    if unknown := sorted(set(names) - set(listed)):
        more = f" and {len(unknown) - _MOST_NAMED} more" if len(unknown) > _MOST_NAMED else ""
        raise RequestError(
            f"calibration: {', '.join(map(repr, unknown[:_MOST_NAMED]))}{more}:"
            f" no such images in the list {asked.split!r} of {folder.root}",
            hint=f"its lists are {', '.join(folder.splits())}; each image is named as a line of its list",
        )
    return CalibrationSet(asked.split, tuple(names), tuple(folder.image(name) for name in names))


def _drawn(listed: Sequence[str], asked: Calibration) -> Sequence[str]:
    """The first of a sorted list, or a sample of it."""
    count = asked.count if asked.share is None else max(1, int(len(listed) * asked.share))
    count = count or 0
    if count > len(listed):
        raise RequestError(
            f"calibration: expected at most the {len(listed)} images of the list {asked.split!r}, found {count}",
            hint="ask for fewer, or name another split",
        )
    if asked.seed is None:
        return listed[:count]
    return random.Random(asked.seed).sample(listed, count)  # noqa: S311 - a choice that must be the same each time
