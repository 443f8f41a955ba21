"""A dataset folder that is written whole or not at all: beside its destination, then renamed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from registry.files import whole_folder
from registry.samples.lists import list_digest
from registry.samples.voc import CARD, IMAGES, LISTS, MASKS


@contextlib.contextmanager
def new_folder(destination: Path) -> Iterator[Path]:
    """A temporary folder with the parts of the VOC layout, renamed to `destination` if the block succeeds.

    Raises:
        RequestError: There is something already.
        UnavailableError: The disk is full or cannot be written.
    """
    with whole_folder(destination) as temporary:
        for name in (IMAGES, MASKS, LISTS):
            (temporary / name).mkdir(parents=True)
        yield temporary


def write_list(root: Path, split: str, names: list[str]) -> None:
    """Write a split's list, one identifier a line.

    Raises:
        OSError: It cannot be written.
    """
    (root / LISTS / f"{split}.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def write_card(root: Path, document: Mapping[str, Any], splits: Mapping[str, list[str]]) -> None:
    """Write the folder's own dataset card: a document without its splits, and the splits that it has here.

    Raises:
        OSError: It cannot be written.
    """
    import yaml

    stated = {
        name: {"images": len(names) or None, "sha256": list_digest(names).hex} for name, names in splits.items()
    }
    text = yaml.safe_dump({**document, "splits": stated}, sort_keys=False, allow_unicode=True, width=110)
    (root / CARD).write_text(text, encoding="utf-8")
