"""A folder of images and masks on the command line: which dataset card it is held to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cli.session import Voice, open_catalog

if TYPE_CHECKING:
    from registry.dataset import Dataset
    from registry.settings import Settings

VOC = "pascal-voc-2012"


def dataset_of(folder: Path, name: str | None, settings: Settings, voice: Voice) -> Dataset:
    """The card to hold a folder against: the one asked for, its own, or that of PASCAL VOC."""
    from registry.samples.voc import CARD

    if name is None and (folder / CARD).exists():
        from registry.samples.own_card import read_card

        return read_card(folder / CARD)
    if name is None:
        voice.note(f"{folder} has no {CARD}; held against {VOC}, or against another with --dataset")
    return open_catalog(settings, voice).require_dataset(name or VOC)
