"""The PASCAL VOC layout: `JPEGImages`, `SegmentationClass` or `SegmentationClassAug`, `ImageSets/Segmentation`.

Tolerant of case and extension, never of a name that leads out of the folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from registry.digest import Digest
from registry.errors import RejectedError, RequestError
from registry.files import unreadable
from registry.samples.lists import IMAGE_TYPES, Line, list_digest, read_lines

IMAGES, MASKS, AUGMENTED, LISTS = (
    "JPEGImages",
    "SegmentationClass",
    "SegmentationClassAug",
    "ImageSets/Segmentation",
)
CARD = "dataset.yaml"
"""A dataset card in the folder itself, which generated and derived datasets have."""

MASK_TYPES = (".png", ".bmp", ".tif", ".tiff")


@dataclass(frozen=True)
class Sample:
    """An image and its mask; either file may be missing, which opening it tells.

    Attributes:
        name: Identifier, as the list has it.
        image: Path of the image.
        mask: Path of the mask.
    """

    name: str
    image: Path
    mask: Path


@dataclass
class _Files:
    """Files of one folder by name without extension, whatever the case; listed once a plain name is missing."""

    folder: Path
    types: tuple[str, ...]
    _listed: dict[str, str] | None = field(default=None, init=False)

    def find(self, name: str) -> Path:
        """The file of an identifier, or the path where it is missed."""
        plain = self.folder / f"{name}{self.types[0]}"
        if not plain.is_file():
            return self._by_any_case(name) or plain
        return plain

    def _by_any_case(self, name: str) -> Path | None:
        if self._listed is None:
            known = {kind: rank for rank, kind in enumerate(self.types)}
            paths = [path for path in self.folder.rglob("*") if path.suffix.lower() in known]
            # the best known type is put in last, and stays
            paths.sort(key=lambda path: (-known[path.suffix.lower()], path.as_posix()))
            named = (path.relative_to(self.folder) for path in paths)
            self._listed = {path.with_suffix("").as_posix().lower(): path.as_posix() for path in named}
        found = self._listed.get(name.lower())
        return self.folder / found if found else None


class VocFolder:
    """A dataset folder in the PASCAL VOC layout.

    Attributes:
        root: The folder.
        images: Its folder of images.
        lists: Its folder of image lists.
    """

    def __init__(self, root: Path) -> None:
        """Find the parts of the layout.

        Raises:
            RequestError: It is no folder, or has no images or no lists.
            UnavailableError: It cannot be read.
        """
        self.root = root
        if not root.is_dir():
            raise RequestError(f"{root}: no such folder", hint="name the folder that has JPEGImages in it")
        self.images = self._require(IMAGES)
        self.lists = self._require(LISTS)
        self._files: dict[Path, _Files] = {}

    def _require(self, name: str) -> Path:
        if (found := _below(self.root, name)) is None:
            raise RequestError(
                f"{self.root}: expected the PASCAL VOC layout, found no folder {name}",
                hint=f"it needs {IMAGES}, {MASKS} or {AUGMENTED}, and {LISTS}/SPLIT.txt",
            )
        return found

    def splits(self) -> list[str]:
        """Names of the image lists, sorted."""
        return sorted(
            path.stem for path in _entries(self.lists) if path.suffix.lower() == ".txt" and path.is_file()
        )

    def masks(self, split: str) -> Path:
        """Folder of a split's masks: the augmented one where the split's name says so, or there is no other.

        Raises:
            RequestError: There is none.
        """
        plain, augmented = _below(self.root, MASKS), _below(self.root, AUGMENTED)
        found = (augmented or plain) if "aug" in split.lower() else (plain or augmented)
        return found or self._require(MASKS)

    def lines(self, split: str) -> list[Line]:
        """Lines of a split's list that are not blank, in its order.

        Raises:
            RequestError: There is no such list.
            RejectedError: It is no text, or larger than a list can be.
            UnavailableError: It cannot be read.
        """
        return read_lines(self._list(split))

    def names(self, split: str) -> list[str]:
        """Identifiers of a split, in the order of its list.

        Raises:
            RequestError: There is no such list.
            RejectedError: A name in it leads out of the folder, or it is no list.
            UnavailableError: It cannot be read.
        """
        lines = self.lines(split)
        if unsafe := next((line for line in lines if not line.safe), None):
            raise RejectedError(
                f"{self._list(split)}:{unsafe.number}: expected a name in {IMAGES}, found {unsafe.name[:80]!r}",
                hint="correct the list; `zoo dataset check` tells all that is wrong",
            )
        return [line.name for line in lines]

    def samples(self, split: str) -> Iterator[Sample]:
        """Images and masks of a split, found one by one, in the order of its list.

        Raises:
            RequestError: There is no such list, or there are no masks.
            RejectedError: A name in it leads out of the folder, or it is no list.
            UnavailableError: It cannot be read.
        """
        names, masks = self.names(split), self.masks(split)
        return (self.locate(name, masks) for name in names)

    def locate(self, name: str, masks: Path) -> Sample:
        """The files of an identifier that is safe.

        Raises:
            RejectedError: A link leads out of the folder.
        """
        return Sample(name, self.image(name), self._find(masks, MASK_TYPES, name))

    def image(self, name: str) -> Path:
        """The image of an identifier that is safe.

        Raises:
            RejectedError: A link leads out of the folder.
        """
        return self._find(self.images, IMAGE_TYPES, name)

    def list_digest(self, split: str) -> Digest:
        """SHA-256 of a split's identifiers, one a line: the form that dataset cards use.

        Raises:
            RequestError: There is no such list.
            RejectedError: A name in it leads out of the folder, or it is no list.
            UnavailableError: It cannot be read.
        """
        return list_digest(self.names(split))

    def _find(self, folder: Path, types: tuple[str, ...], name: str) -> Path:
        path = self._files.setdefault(folder, _Files(folder, types)).find(name)
        real = path.resolve()  # the folder of images may itself be a link that the user made
        if not (real.is_relative_to(folder.resolve()) or real.is_relative_to(self.root.resolve())):
            raise RejectedError(
                f"{path}: is a link that leads out of {self.root}", hint="put the file itself there"
            )
        return path

    def _list(self, split: str) -> Path:
        for path in _entries(self.lists):
            if path.name.lower() == f"{split.lower()}.txt":
                return path
        raise RequestError(
            f"{self.lists}: no split {split!r}", hint=f"it has {', '.join(self.splits()) or 'no list at all'}"
        )


def _below(root: Path, name: str) -> Path | None:
    """A folder below another, whatever the case of its name."""
    path = root
    for part in PurePosixPath(name).parts:
        near = [item for item in _entries(path) if item.name.lower() == part.lower() and item.is_dir()]
        if not near:
            return None
        path = path / part if path / part in near else near[0]
    return path


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise unreadable(folder, error) from None
