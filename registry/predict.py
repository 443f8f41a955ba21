"""The verb predict: class maps of pictures, drawn and counted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from registry import drawing, pictures
from registry.errors import UnavailableError, ZooError
from registry.files import write_atomically
from registry.progress import Progress, Silent
from registry.runtime.base import Array
from registry.samples.pictures import VOID
from registry.segmenter import Segmenter


@dataclass(frozen=True)
class Share:
    """How much of a picture a class covers.

    Attributes:
        id: The class; 255 for what the model has not seen.
        name: Its name, or its number where no name is known.
        pixels: How many.
        share: Of all pixels of the picture, 0 to 1.
    """

    id: int
    name: str
    pixels: int
    share: float

    def __str__(self) -> str:
        """Name and per cent, such as `cat 20.2%`."""
        return f"{self.name} " + ("<0.1%" if self.share < 0.0005 else f"{self.share:.1%}")


@dataclass(frozen=True)
class Prediction:
    """What came of one picture.

    Attributes:
        image: The file.
        height, width: Of the picture in pixels; 0 where it could not be opened.
        classes: What covers it, the most first.
        files: What was written, by kind: `classes`, `overlay` and `shares`.
        problem: Why there is nothing; None where there is.
    """

    image: Path
    height: int = 0
    width: int = 0
    classes: tuple[Share, ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
    problem: str | None = None


def predict(
    segmenter: Segmenter,
    images: Sequence[Path],
    folder: Path,
    *,
    names: Sequence[str] = (),
    about: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> list[Prediction]:
    """Write for each picture a class map, an overlay and a list of shares; a bad picture does not stop the others.

    Args:
        segmenter: The model.
        images: Picture files.
        folder: Where to write; made where it is missing. Files of these names are replaced.
        names: Names of classes by id.
        about: What the list of shares says of the model.
        progress: Who listens.

    Raises:
        UnavailableError: Nothing can be written there.
    """
    progress = progress or Silent()
    found = []
    with progress.task("predict", len(images), unit="images") as advance:
        for image, stem in zip(images, stems(images), strict=True):
            try:
                picture = pictures.read(image)
                class_map = segmenter.class_map(picture)
            except ZooError as error:
                found.append(Prediction(image, problem=error.message))
            else:
                shares = shares_of(class_map, names)
                height, width = class_map.shape
                files = _write(folder / stem, image, picture, class_map, shares, about or {})
                found.append(Prediction(image, height, width, shares, files))
            advance(1)
    return found


def stems(images: Iterable[Path]) -> list[str]:
    """A name for each picture's results: its own without the ending, with a number where that is taken.

    Names that differ in case only are taken too: many file systems hold them for one.
    """
    taken: set[str] = set()
    found = []
    for image in images:
        name, number = image.stem, 1
        while name.casefold() in taken:
            number += 1
            name = f"{image.stem}-{number}"
        taken.add(name.casefold())
        found.append(name)
    return found


def shares_of(class_map: Array, names: Sequence[str] = ()) -> tuple[Share, ...]:
    """What covers a class map, the most first."""
    import numpy as np

    ids, counts = np.unique(class_map, return_counts=True)
    found = [
        Share(int(one), _name(int(one), names), int(count), int(count) / class_map.size)
        for one, count in zip(ids, counts, strict=True)
    ]
    return tuple(sorted(found, key=lambda one: (-one.pixels, one.id)))


def _name(class_id: int, names: Sequence[str]) -> str:
    if 0 <= class_id < len(names):
        return names[class_id]
    return "not seen" if class_id == VOID else str(class_id)


def _write(
    beginning: Path,
    image: Path,
    picture: Array,
    class_map: Array,
    shares: Sequence[Share],
    about: Mapping[str, Any],
) -> dict[str, Path]:
    """Write the three files of a picture."""
    legend = [(one.id, str(one)) for one in shares]
    height, width = class_map.shape
    document = {
        "image": image.name,
        "width": width,
        "height": height,
        **about,
        "classes": [asdict(one) for one in shares],
    }
    contents = {
        "classes": (".classes.png", drawing.class_map_png(class_map)),
        "overlay": (".overlay.png", drawing.overlay_png(picture, class_map, legend)),
        "shares": (".json", (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()),
    }
    files = {}
    for kind, (ending, data) in contents.items():
        path = beginning.with_name(beginning.name + ending)
        try:
            write_atomically(path, data)
        except OSError as error:
            raise UnavailableError(
                f"{path}: cannot be written: {error.strerror or error}", hint="choose another folder with -o DIR"
            ) from None
        files[kind] = path
    return files
